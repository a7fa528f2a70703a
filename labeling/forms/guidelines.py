"""What a team writes about a transform."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.styled_forms import StyledForm


class GuidelinesForm(StyledForm):
    """The guidelines of a transform, in Markdown. How long they may be is the service's to say. ``seen`` tells over which text they were written."""

    text = forms.CharField(
        label=_("Guidelines"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "true"}),
        help_text=_("In Markdown: # headings, - lists, **bold**, tables. If empty, nothing is shown."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
