"""API tokens: a program acts for a person, in one team, and may do there what the person's role allows.

A token is shown once, when it is made. It is random enough that a plain hash of it is as good as the salted one of a password, and is found by it.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.audit import record
from accounts.models import ApiToken, AuditAction, Membership, User
from accounts.selectors import active_memberships

logger = logging.getLogger(__name__)

PREFIX = "lpt_"
"""What every token begins with, so that tools that look for secrets in repositories know one."""

_BYTES = 30
_SHOWN = len(PREFIX) + 4
_USE_NOTED_EVERY = timedelta(minutes=1)


@sensitive_variables("secret")
@transaction.atomic
def create_token(*, membership: Membership, name: str, days: int | None, may_write: bool) -> tuple[ApiToken, str]:
    """A token and its secret. It is good for so many ``days``, with None until it is revoked. Raises ``ValidationError`` if the name is blank."""
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    token = ApiToken(
        membership=membership,
        name=name,
        digest=_digest(secret),
        start=secret[:_SHOWN],
        may_write=may_write,
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    token.full_clean(exclude=["membership"])
    token.save(force_insert=True)
    record(
        team=membership.team,
        by=membership.user,
        action=AuditAction.TOKEN_MADE,
        subject=token.name,
        about=membership.user,
        details={"may_write": may_write, "days": days},
    )
    logger.info("user %s has made API token %s for team %s", membership.user_id, token.pk, membership.team_id)
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User) -> None:
    """It is good for nothing any more."""
    owner = token.membership.user
    record(
        team=token.membership.team,
        by=by,
        action=AuditAction.TOKEN_REVOKED,
        subject=token.name,
        about=owner,
        details={"person": owner.display_name},
    )
    logger.info("API token %s of membership %s is revoked", token.pk, token.membership_id)
    token.delete()


def tokens_of(*, membership: Membership) -> QuerySet[ApiToken]:
    """The tokens with which programs act for this member, newest first, those that have expired among them."""
    return membership.api_tokens.order_by("-created_at")


@sensitive_variables()
def find_token(secret: str) -> ApiToken | None:
    """The token with its membership, team and user; None if there is none, its time is over, or its person is no member any more."""
    now = timezone.now()
    token = (
        ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), membership__in=active_memberships())
        .select_related("membership__team", "membership__user")
        .filter(digest=_digest(secret))
        .first()
    )
    if token is not None and (token.last_used_at is None or now - token.last_used_at > _USE_NOTED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
