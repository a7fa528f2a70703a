"""People of the team: who they are, and what they do in it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.styled_forms import StyledForm
from labeling.forms.work import GoalForm


class DetailsForm(StyledForm):
    """What somebody is called, and where mail reaches them."""

    first_name = forms.CharField(
        label=_("First name"), max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("Links and notifications are sent there."),
    )


class RoleForm(StyledForm):
    """What somebody does in the team."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        help_text=_("Each role can also do everything that the roles before it can."),
    )


class InvitationForm(RoleForm, DetailsForm):
    """A new person. Whether the name may be used is the service's to say."""

    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("Letters, digits and @ . + - _; it cannot be changed later."),
    )
    field_order = ("username", "first_name", "last_name", "email", "role")


class MemberForm(GoalForm):
    """What somebody of the team knows about, and how much they mean to answer."""

    skills = forms.CharField(
        required=False,
        max_length=500,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
