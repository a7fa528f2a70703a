"""Forms about people."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """Django's own, in the look of the site."""

    username = forms.CharField(
        label="",
        max_length=150,
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label="",
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "current-password"}),
    )


class ThemeForm(forms.Form):
    """Light, dark, or what the system says."""

    theme = forms.ChoiceField(choices=[("auto", "auto"), ("light", "light"), ("dark", "dark")])
