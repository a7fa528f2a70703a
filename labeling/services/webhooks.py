"""Webhooks: other systems are told, with signatures as in the Standard Webhooks specification (https://www.standardwebhooks.com).

``webhook-signature`` is ``v1,`` and the base64 of HMAC-SHA256 over ``webhook-id.webhook-timestamp.body``. The key is what follows ``whsec_`` in
the secret, base64 decoded. ``webhook-id`` is the same each time a message is tried, so that receivers can drop what they have had.

The secret is derived from the installation's SECRET_KEY and never stored: whoever reads the database cannot sign, and nothing is left to show again.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import AuditAction, Team, User
from labeling import outbound
from labeling.choices import NotificationEvent, OutboxState
from labeling.exceptions import InvalidWebhookError
from labeling.models import Webhook, WebhookDelivery
from labeling.services import outbox

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
_GONE = 410
_MAX_WEBHOOKS = 20


@transaction.atomic
def create_webhook(*, team: Team, user: User, url: str, events: Collection[str]) -> Webhook:
    """A new webhook. Raises ``InvalidWebhookError`` for an address that cannot be called, no event, or too many webhooks."""
    try:
        outbound.checked_url(url)
    except outbound.OutboundError as error:
        raise InvalidWebhookError(str(error)) from error
    known = [event.value for event in NotificationEvent if event in events]
    if not known:
        raise InvalidWebhookError(_("Choose at least one event."))
    if Webhook.objects.filter(team=team).count() >= _MAX_WEBHOOKS:
        raise InvalidWebhookError(_("A team can have up to %(n)d webhooks.") % {"n": _MAX_WEBHOOKS})
    webhook = Webhook.objects.create(team=team, url=url, events=known, created_by=user)
    _record(AuditAction.WEBHOOK_CREATED, webhook, user)
    logger.info("webhook %s created by user %s", webhook.pk, user.pk)
    return webhook


@transaction.atomic
def renew_secret(*, webhook: Webhook, user: User) -> None:
    """From now on messages are signed with a new secret; the old one is worth nothing."""
    Webhook.objects.filter(pk=webhook.pk).update(secret_version=F("secret_version") + 1)
    webhook.refresh_from_db()
    _record(AuditAction.WEBHOOK_RENEWED, webhook, user)
    logger.info("webhook %s: new secret by user %s", webhook.pk, user.pk)


@transaction.atomic
def delete_webhook(*, webhook: Webhook, user: User) -> None:
    """Nothing more is sent to it, and its log is gone."""
    _record(AuditAction.WEBHOOK_DELETED, webhook, user)
    logger.info("webhook %s deleted by user %s", webhook.pk, user.pk)
    webhook.delete()


def send_test(*, webhook: Webhook) -> WebhookDelivery:
    """A message that says nothing, tried at once and like any other."""
    content = {"event": "test", "at": timezone.now().isoformat(), "team": {"id": str(webhook.team_id)}}
    delivery = WebhookDelivery.objects.create(webhook=webhook, body=json.dumps(content))
    if outbox.claim(delivery):
        _send(delivery)
    delivery.refresh_from_db()
    return delivery


def send_again(*, delivery: WebhookDelivery) -> None:
    """Try a message that was given up once more, under the same id."""
    WebhookDelivery.objects.filter(pk=delivery.pk, state=OutboxState.FAILED).update(
        state=OutboxState.WAITING, attempts=0, not_before=None, ended_at=None
    )


def send_deliveries() -> None:
    """Send the messages that wait, as many as there is time for."""
    for delivery in outbox.taken(WebhookDelivery.objects.select_related("webhook")):
        _send(delivery)


def secret_of(webhook: Webhook) -> str:
    """The secret, to be shown once."""
    return "whsec_" + base64.b64encode(_key(webhook)).decode()


def signature(webhook: Webhook, *, delivery_id: str, timestamp: int, body: bytes) -> str:
    """What stands in ``webhook-signature``."""
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(webhook), signed, "sha256")).decode()


def _record(action: AuditAction, webhook: Webhook, user: User) -> None:
    """The host alone: path and query of an address are often what lets its caller in."""
    host = urlsplit(webhook.url).hostname or ""
    record(
        team=webhook.team, by=user, action=action, subject=host, details={"events": ", ".join(sorted(webhook.events))}
    )


def _send(delivery: WebhookDelivery) -> None:
    """Send a claimed message. A receiver that has kept us waiting for nothing would do so with each message: its others wait until this one's next try."""
    body, timestamp = delivery.body.encode(), int(timezone.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "labelportal",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(delivery.webhook, delivery_id=str(delivery.pk), timestamp=timestamp, body=body),
    }
    began = time.monotonic()
    try:
        reply = outbound.post(
            delivery.webhook.url,
            body,
            headers,
            timeout=TIMEOUT_SECONDS,
            allow_private=settings.WEBHOOK_PRIVATE,
        )
    except outbound.OutboundError as error:
        logger.info("delivery %s: no answer", delivery.pk)
        later = outbox.ended(delivery, sent=False, error=str(error), status_code=None, ended_at=timezone.now())
        if time.monotonic() - began > TIMEOUT_SECONDS / 2:
            outbox.hold_back(WebhookDelivery.objects.filter(webhook=delivery.webhook_id), until=later)
        return
    logger.info("delivery %s: status %d", delivery.pk, reply.status)
    good = 200 <= reply.status < 300
    outbox.ended(
        delivery,
        sent=good,
        again=reply.status != _GONE,
        error="" if good else reply.text.replace("\0", ""),
        status_code=reply.status,
        ended_at=timezone.now(),
    )


def _key(webhook: Webhook) -> bytes:
    """32 bytes that belong to this webhook and version of its secret."""
    purpose = f"webhook:{webhook.pk}:{webhook.secret_version}"
    return hmac.digest(settings.SECRET_KEY.encode(), purpose.encode(), "sha256")
