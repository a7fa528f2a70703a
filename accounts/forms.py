"""Forms about people."""

from __future__ import annotations

import logging
from typing import Any, NoReturn, cast

from django import forms
from django.conf import settings
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    PasswordResetForm,
    SetPasswordForm,
    UsernameField,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts import brake
from accounts.brake import client_address
from accounts.exceptions import DEACTIVATED
from accounts.models import Role, User
from accounts.styled_forms import EditForm, StyledForm
from accounts.tasks import mail_new_links

logger = logging.getLogger(__name__)


class SignInForm(StyledForm, AuthenticationForm):
    """Django's own, in the look of the site, with a brake on guessing."""

    username = UsernameField(
        label="",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        label="",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The sign-in name or the password is wrong. Both are case-sensitive."),
    }

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Refuse unread what was tried too often. The log has the id of whoever is meant, never what was typed."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password or self.request is None:
            return super().clean()
        person = User.objects.filter(username=name).first()
        who = person.pk if person else "nobody here"
        address = client_address(self.request)
        try:
            attempt = brake.begin(name=name, address=address)
        except brake.TooManyAttemptsError as error:
            logger.warning("sign-in as %s from %s refused: too many failures", who, address)
            raise _too_many(error) from error
        try:
            if person is not None and not person.is_active:
                self._refuse_deactivated(person, password)
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            logger.warning("sign-in as %s from %s failed", who, address)
            raise
        brake.succeed(attempt)
        return cleaned

    @sensitive_variables()
    def _refuse_deactivated(self, person: User, password: str) -> NoReturn:
        """Only who knows the password is told. Instead of Django's own look at it, not after: how long it takes must not tell others."""
        if person.check_password(password):
            raise ValidationError(DEACTIVATED, code="inactive")
        raise self.get_invalid_login_error()


class ChoosePasswordForm(StyledForm, SetPasswordForm):  # type: ignore[type-arg]
    """Django's own, in the look of the site: a new password, twice."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields["new_password2"].label = _("Repeat the new password")
        self.fields["new_password2"].help_text = ""


class ChangePasswordForm(StyledForm, PasswordChangeForm):
    """The same, with the password that goes before. ``address`` is where the request comes from."""

    def __init__(self, user: User, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self._address = address
        self.fields["old_password"].label = _("Current password")
        self.fields["new_password2"].label = _("Repeat the new password")
        self.fields["new_password2"].help_text = ""

    @sensitive_variables()
    def clean_old_password(self) -> str:
        """Must be the person's own, and is no easier to guess here than at the sign-in."""
        password: str = self.cleaned_data["old_password"]
        assert isinstance(self.user, User)
        _check_own_password(self.user, password, self._address)
        return password


class AccountForm(EditForm):
    """What somebody is called, and where mail reaches them; whoever changes the address must know the password. With single sign-on administrators change it."""

    first_name = forms.CharField(
        label=_("First name"), max_length=150, required=False, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=150, required=False, widget=forms.TextInput({"autocomplete": "family-name"})
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        widget=forms.EmailInput({"autocomplete": "email"}),
        help_text=_("Notifications and links to choose a new password are sent there."),
    )
    password = forms.CharField(
        label=_("Your password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
        help_text=_("Only needed to change the e-mail address."),
    )

    def __init__(self, user: User, *args: Any, address: str, **kwargs: Any) -> None:
        initial = {name: getattr(user, name) for name in ("first_name", "last_name", "email")}
        super().__init__(*args, initial=initial, **kwargs)
        self._user, self._address = user, address
        self.fields["password"].show_hidden_initial = False
        if not user.uses_password or settings.OIDC_ISSUER:
            # By the address the provider's people are known the first time: whoever could enter that of a colleague would get them in as themselves.
            del self.fields["password"]
            self.fields["email"].disabled = True
            self.fields["email"].help_text = _(
                "Notifications are sent there. An administrator of your team can change it."
            )

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """With the mail of another address one can choose another password, so this one is asked for."""
        cleaned = super().clean()
        email = cleaned.get("email")  # none if it is no address
        other = email is not None and User.objects.normalize_email(email) != self._user.email
        if other and "password" in self.fields:
            try:
                _check_own_password(self._user, cleaned["password"], self._address)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


_WRITING = {
    Role.LEAD: _("read, start and stop runs, and upload labels"),
    Role.ADMIN: _("read, start and stop runs, upload labels and rows, and make transforms"),
}


class TokenForm(StyledForm):
    """A new API token for somebody with the role: what it is called, how long it is good, and whether it may change anything."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("Which program uses it, for example “nightly pipeline”."),
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[
            ("30", _("in 30 days")),
            ("90", _("in 90 days")),
            ("365", _("in a year")),
            ("", _("never")),
        ],
        initial="90",
    )
    may_write = forms.TypedChoiceField(
        label=_("Allowed to"),
        coerce=lambda text: text == "write",
        choices=[("read", _("read"))],
        initial="read",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, role: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if writing := _WRITING.get(Role(role)):
            may_write = cast("forms.TypedChoiceField", self.fields["may_write"])
            may_write.choices = [("read", _("read")), ("write", writing)]


class ForgottenPasswordForm(StyledForm, PasswordResetForm):
    """Whoever has this address gets a link, also those who have not taken up their invitation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")

    def save(self, *_args: Any, **options: Any) -> None:
        """Have the links mailed, unless somebody fills a mailbox with them. Who has the address is looked up by the worker, so that the time which
        an answer takes does not tell. Raises ``OperationalError`` of Kombu if the worker cannot be told."""
        address = self.cleaned_data["email"]
        try:
            # No sign-in name has a blank in it.
            brake.begin(name=f"mail to {address}", address=client_address(options["request"]))
        except brake.TooManyAttemptsError:
            logger.warning("no link is mailed: too many were asked for")
            return
        mail_new_links.delay(email=address)


@sensitive_variables()
def _check_own_password(user: User, password: str, address: str) -> None:
    """Raises ``ValidationError`` if it is not the password of whoever is signed in, or was guessed at too often."""
    try:
        attempt = brake.begin(name=user.username, address=address)
    except brake.TooManyAttemptsError as error:
        logger.warning("password of user %s from %s refused: too many failures", user.pk, address)
        raise _too_many(error) from error
    if not user.check_password(password):
        logger.warning("password of user %s from %s is wrong", user.pk, address)
        raise ValidationError(_("This is not your password."), code="password_incorrect")
    brake.succeed(attempt)


def _too_many(error: brake.TooManyAttemptsError) -> ValidationError:
    return ValidationError(
        _("Too many failed attempts. Try again in %(minutes)d min."), code="too_many", params={"minutes": error.minutes}
    )


class ThemeForm(forms.Form):
    """Light, dark, or what the system says."""

    theme = forms.ChoiceField(choices=[("auto", "auto"), ("light", "light"), ("dark", "dark")])
