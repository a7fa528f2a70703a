"""Forms about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.utils.translation import gettext_lazy as _

from accounts.links import mail_link, make_link
from accounts.models import User


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


class ChoosePasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Django's own, in the look of the site: a new password, twice."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **{"label_suffix": "", **kwargs})
        _style(self)
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""


class ChangePasswordForm(PasswordChangeForm):
    """The same, with the password that goes before."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **{"label_suffix": "", **kwargs})
        _style(self)
        self.fields["old_password"].label = _("Password until now")
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""


class ForgottenPasswordForm(PasswordResetForm):
    """Whoever has this address gets a link, also those who have not taken up their invitation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        _style(self)
        self.fields["email"].label = _("E-mail address")

    def save(self, *_args: Any, **_options: Any) -> None:
        """Mail the links."""
        for user in User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True):
            mail_link(user=user, path=make_link(user=user))


def _style(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        field.widget.attrs["class"] = "form-control"


class ThemeForm(forms.Form):
    """Light, dark, or what the system says."""

    theme = forms.ChoiceField(choices=[("auto", "auto"), ("light", "light"), ("dark", "dark")])
