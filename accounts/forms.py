"""Forms about people."""

from __future__ import annotations

import logging
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts import brake
from accounts.brake import client_address
from accounts.links import mail_link, make_link
from accounts.models import User

logger = logging.getLogger(__name__)


class SignInForm(AuthenticationForm):
    """Django's own, in the look of the site, with a brake on guessing."""

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

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Refuse unread what was tried too often. The log has the id of whoever is meant, never what was typed."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password or self.request is None:
            return super().clean()
        who = User.objects.filter(username=name).values_list("pk", flat=True).first() or "nobody here"
        address = client_address(self.request)
        try:
            attempt = brake.begin(name=name, address=address)
        except brake.TooManyAttemptsError as error:
            logger.warning("sign-in as %s from %s refused: too many failures", who, address)
            raise ValidationError(
                _("Too many failed attempts. Try again in %(minutes)d min."),
                code="too_many",
                params={"minutes": error.minutes},
            ) from error
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            logger.warning("sign-in as %s from %s failed", who, address)
            raise
        brake.succeed(attempt)
        return cleaned


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

    def save(self, *_args: Any, **options: Any) -> None:
        """Mail the links, unless somebody fills a mailbox with them."""
        try:
            # No sign-in name has a blank in it.
            brake.begin(name=f"mail to {self.cleaned_data['email']}", address=client_address(options["request"]))
        except brake.TooManyAttemptsError:
            logger.warning("no link is mailed: too many were asked for")
            return
        for user in User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True):
            mail_link(user=user, path=make_link(user=user))


def _style(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        field.widget.attrs["class"] = "form-control"


class ThemeForm(forms.Form):
    """Light, dark, or what the system says."""

    theme = forms.ChoiceField(choices=[("auto", "auto"), ("light", "light"), ("dark", "dark")])
