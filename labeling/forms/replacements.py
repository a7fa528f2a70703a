"""Confirming a replacement of all labels."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.styled_forms import StyledForm
from labeling.models import Transform


class ConfirmReplacementForm(StyledForm):
    """The transform's name, typed by whoever makes Glue forget its labels."""

    confirm_name = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, transform: Transform, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = transform.name

    def clean_confirm_name(self) -> str:
        """The name, exactly."""
        name = str(self.cleaned_data["confirm_name"]).strip()
        if name != self._name:
            raise forms.ValidationError(_("Type the name of the transform exactly as it is written above."))
        return name
