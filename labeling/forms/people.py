"""People of the team: who they are, and what they do in it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from accounts.styled_forms import EditForm, StyledForm
from labeling.forms.work import GoalForm


class _NamedForm(StyledForm):
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


class DetailsForm(EditForm, _NamedForm):
    """Change that."""

    @classmethod
    def about(cls, user: User, data: Any = None) -> DetailsForm:
        """The form filled with what is known of the person."""
        return cls(data, initial={name: getattr(user, name) for name in cls.base_fields})


class RoleForm(StyledForm):
    """What somebody does in the team."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        help_text=_("Each role can also do everything that the roles before it can."),
    )


class InvitationForm(RoleForm, _NamedForm):
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
