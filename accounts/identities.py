"""Who somebody is that the OpenID Connect provider sends: always the same person for the same account there, whatever their address is by then.

Only the first time does the address say who they are, and only if the provider vouches for it: whoever can enter any address at the provider would
else be anybody here.
"""

from __future__ import annotations

import logging
import re
import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import By, record_of_person
from accounts.exceptions import DEACTIVATED, SignInRefusedError
from accounts.models import Agent, AuditAction, Identity, Role, Team, User
from accounts.names import readings, taken_usernames
from accounts.oidc import Claims, provider_name
from accounts.selectors import memberships_for
from accounts.services import create_person, set_role

logger = logging.getLogger(__name__)

_LONGEST_NAME = 150


@transaction.atomic
def person_of(claims: Claims) -> User:
    """The person, who is made if strangers may come in (``OIDC_TEAM``). Raises ``SignInRefusedError`` with a sentence that says whom to ask."""
    user = _known(claims) or _first_time(claims)
    if not user.is_active:
        raise SignInRefusedError(DEACTIVATED)
    if not memberships_for(user=user).exists():
        raise SignInRefusedError(_("You are not a member of any team. Ask an administrator of your team to add you."))
    return user


@transaction.atomic
def forget_identities(*, user: User, by: By) -> int:
    """Their next sign-in at the provider counts as the first again. How many were forgotten."""
    count, _models = Identity.objects.filter(user=user).delete()
    if count:
        record_of_person(user=user, by=by, action=AuditAction.IDENTITIES_FORGOTTEN)
    return count


def _known(claims: Claims) -> User | None:
    identity = Identity.objects.select_related("user").filter(issuer=claims.issuer, subject=claims.subject).first()
    return identity.user if identity else None


def _first_time(claims: Claims) -> User:
    """The person with this address, or a new one. Of two first sign-ins at a time the second waits for the first."""
    if not claims.email:
        raise SignInRefusedError(
            _(
                "%(provider)s has not confirmed which e-mail address is yours, so the portal cannot tell who you are. "
                "Confirm your address there, or ask whoever runs this installation."
            )
            % {"provider": provider_name()}
        )
    user = User.objects.select_for_update().filter(email__iexact=claims.email).first()
    if user is None:
        return _newcomer(claims)
    if user.is_active:
        _tie(user, claims)
    return user


def _tie(user: User, claims: Claims) -> None:
    """An address that was given to somebody else at the provider does not open the account of whoever had it before."""
    identity, created = Identity.objects.get_or_create(
        user=user, issuer=claims.issuer, defaults={"subject": claims.subject}
    )
    if identity.subject != claims.subject:
        logger.warning("single sign-on: user %s has another account at the provider", user.pk)
        raise SignInRefusedError(
            _(
                "The person with your e-mail address has signed in here with another account of %(provider)s before. "
                "If that was you, ask whoever runs this installation to forget that account."
            )
            % {"provider": provider_name()}
        )
    if created:
        record_of_person(
            user=user, by=Agent.SINGLE_SIGN_ON, action=AuditAction.IDENTITY_TIED, details={"issuer": claims.issuer}
        )
        logger.info("single sign-on: user %s is tied to an account at the provider", user.pk)


def _newcomer(claims: Claims) -> User:
    """A data steward of ``OIDC_TEAM``, if there is such a team."""
    team = Team.objects.select_for_update().filter(name=settings.OIDC_TEAM).first() if settings.OIDC_TEAM else None
    if team is None:
        if settings.OIDC_TEAM:
            logger.error("single sign-on: there is no team with the name that OIDC_TEAM gives")
        raise SignInRefusedError(
            _(
                "Nobody here has the e-mail address %(email)s. Ask an administrator of your team to invite you with this address."
            )
            % {"email": claims.email}
        )
    if user := _known(claims):
        return user
    try:
        user = create_person(
            username=_free_username(claims),
            password=None,
            first_name=claims.first_name[:_LONGEST_NAME],
            last_name=claims.last_name[:_LONGEST_NAME],
            email=claims.email,
        )
    except ValidationError as error:
        logger.warning("single sign-on: nobody can be made of what the provider says: %s", list(error.message_dict))
        raise SignInRefusedError(
            _("An account for you could not be created. Ask an administrator of your team to invite you.")
        ) from error
    set_role(team=team, user=user, role=Role.STEWARD, by=Agent.SINGLE_SIGN_ON)
    _tie(user, claims)
    logger.info("single sign-on: user %s is new, in team %s", user.pk, team.pk)
    return user


def _free_username(claims: Claims) -> str:
    """What they are called at the provider, without what no sign-in name has in it, and with a number if somebody is called so."""
    wanted = unicodedata.normalize("NFKC", claims.username or claims.email).partition("@")[0]
    name = re.sub(r"[^\w.+-]+", ".", wanted).strip(".")[: _LONGEST_NAME - 10] or "person"
    taken = taken_usernames()
    number, free = 1, name
    while not readings(free).isdisjoint(taken):
        number += 1
        free = f"{name}{number}"
    return free
