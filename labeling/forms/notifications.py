"""Where other systems are told, and of what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.styled_forms import EditForm, StyledForm
from labeling.choices import MessageFormat, NotificationEvent
from labeling.models import Webhook


class WebhookForm(StyledForm):
    """A new webhook. Whether the address may be called is the service's to say."""

    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=_("http or https. Messages are sent there with POST."),
    )
    message_format = forms.ChoiceField(
        label=_("Format"),
        choices=MessageFormat.choices,
        initial=MessageFormat.JSON,
        help_text=_(
            "JSON is for programs. For Slack, the address is that of an incoming webhook; for Microsoft Teams, that of the workflow “Post to a channel when a webhook request is received”."
        ),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=NotificationEvent.choices,
        initial=NotificationEvent.values,
        widget=forms.CheckboxSelectMultiple,
    )


class WebhookEditForm(EditForm, WebhookForm):
    """Changes a webhook; its secret and its log stay."""

    in_use = forms.BooleanField(
        required=False,
        label=_("In use"),
        help_text=_(
            "If not, nothing is sent: messages that are waiting are given up, and what happens meanwhile is not sent later."
        ),
    )

    @classmethod
    def about(cls, webhook: Webhook, data: Any = None) -> WebhookEditForm:
        """The form filled with the webhook as it is."""
        return cls(data, initial={name: getattr(webhook, name) for name in cls.base_fields})
