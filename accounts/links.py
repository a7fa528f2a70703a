"""One-time links with which people choose a password: how invited people get in, and those who have forgotten theirs.

Django signs them (``PASSWORD_RESET_TIMEOUT`` says for how long); nothing of them is stored. A link is void once a password was chosen, once the
person has signed in, and once their e-mail address has changed.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from accounts.audit import By, record_of_person
from accounts.models import AuditAction, User

logger = logging.getLogger(__name__)

_NOWHERE = ("console", "dummy")


def make_link(*, user: User) -> str:
    """The path of a new link, for somebody who asks for one themselves. Of somebody who was invited and has not come in yet all earlier links are void."""
    if is_invited(user=user):
        user.set_unusable_password()
        user.save(update_fields=["password"])
    name = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("accounts:password-set", args=[name, default_token_generator.make_token(user)])


@transaction.atomic
def make_link_for(*, user: User, by: By) -> str:
    """The same for somebody else: whoever has the link can become that person, so the audit trail tells who has made it."""
    record_of_person(user=user, by=by, action=AuditAction.LINK_MADE)
    return make_link(user=user)


def is_invited(*, user: User) -> bool:
    """Whether they have never been able to sign in: no password was chosen, and nobody came as them from the OpenID Connect provider."""
    return not user.has_usable_password() and not user.uses_single_sign_on


def absolute(path: str) -> str:
    """The address of the path at which people find this installation."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def valid_days() -> int:
    """How many whole days a link is good for."""
    return int(settings.PASSWORD_RESET_TIMEOUT // 86_400)


def mail_is_set_up() -> bool:
    """Whether mail reaches people; without ``EMAIL_URL`` it would be written to a log, where a link has no business."""
    return settings.EMAIL_BACKEND.split(".")[-2] not in _NOWHERE


def mail_link(*, user: User, path: str, provider: str = "") -> bool:
    """Mail the link to the person; False if that cannot be done, for lack of an address or of a server that takes it.

    With the name of a ``provider`` the link leads to the sign-in page, and the message says that they have an account there.
    """
    if not user.email or not mail_is_set_up():
        return False
    invited = is_invited(user=user)
    subject = _("You have been invited to the label portal") if invited else _("A new password for the label portal")
    context = {
        "user": user,
        "link": absolute(path),
        "days": valid_days(),
        "invited": invited,
        "provider": provider,
    }
    message = EmailMessage(
        subject=subject,
        body=render_to_string("accounts/link_mail.txt", context),
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except OSError as error:  # also what smtplib raises
        logger.warning("the link for user %s could not be mailed: %s", user.pk, type(error).__name__)
        return False
    return True
