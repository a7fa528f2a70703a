"""Where other systems are told, and of what."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.styled_forms import StyledForm
from labeling.choices import NotificationEvent


class WebhookForm(StyledForm):
    """A new webhook. Whether the address may be called is the service's to say."""

    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=_("http or https. Messages are sent there with POST."),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=NotificationEvent.choices,
        initial=NotificationEvent.values,
        widget=forms.CheckboxSelectMultiple,
    )
