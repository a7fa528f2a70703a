"""Webhooks: other systems are told, in JSON with signatures as in the Standard Webhooks specification (https://www.standardwebhooks.com), or as chats
take it (``selectors/webhook_messages``), which look at no signature.

``webhook-signature`` is ``v1,`` and the base64 of HMAC-SHA256 over ``webhook-id.webhook-timestamp.body``. The key is what follows ``whsec_`` in
the secret, base64 decoded. ``webhook-id`` is the same each time a message is tried, so that receivers can drop what they have had.

The secret is derived from the installation's SECRET_KEY and never stored: whoever reads the database cannot sign, and nothing is left to show again.
"""

from __future__ import annotations

import base64
import hmac
import logging
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import Details, Value, changes, record
from accounts.models import AuditAction, Team, User
from labeling import outbound
from labeling.choices import MessageFormat, NotificationEvent, OutboxState
from labeling.exceptions import InvalidWebhookError
from labeling.models import Webhook, WebhookDelivery
from labeling.selectors.webhook_messages import message_of, message_of_test
from labeling.services import outbox

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
_GONE = 410
_MAX_WEBHOOKS = 20


@transaction.atomic
def create_webhook(
    *, team: Team, user: User, url: str, events: Collection[str], message_format: str = MessageFormat.JSON
) -> Webhook:
    """A new webhook. Raises ``InvalidWebhookError`` for an address that cannot be called, no event, or too many webhooks."""
    known = _checked(url, events)
    if Webhook.objects.filter(team=team).count() >= _MAX_WEBHOOKS:
        raise InvalidWebhookError(_("A team can have up to %(n)d webhooks.") % {"n": _MAX_WEBHOOKS})
    webhook = Webhook.objects.create(team=team, url=url, events=known, message_format=message_format, created_by=user)
    _record(AuditAction.WEBHOOK_CREATED, webhook, user)
    logger.info("webhook %s created by user %s", webhook.pk, user.pk)
    return webhook


@transaction.atomic
def update_webhook(
    *, webhook: Webhook, user: User, url: str, events: Collection[str], message_format: str, in_use: bool
) -> None:
    """Change where and how it is told, of what, and whether at all. Its secret and its log stay.

    What waits goes to the new address, in the new format. Out of use nothing is sent: what waits is given up and can be sent again later.
    Raises ``InvalidWebhookError`` for an address that cannot be called or no event.
    """
    known = _checked(url, events)
    before, old_url = _described(webhook), webhook.url
    webhook.url, webhook.events, webhook.message_format, webhook.in_use = url, known, message_format, in_use
    webhook.save(update_fields=("url", "events", "message_format", "in_use"))
    if not in_use:
        waiting = WebhookDelivery.objects.filter(webhook=webhook, state=OutboxState.WAITING, claimed_at=None)
        waiting.update(state=OutboxState.FAILED, error=_("The webhook was taken out of use."), ended_at=timezone.now())
    details: Details = changes(before, _described(webhook))
    if url != old_url and "host" not in details:
        details = {"rest_of_address": True, **details}
    if details:
        record(
            team=webhook.team,
            by=user,
            action=AuditAction.WEBHOOK_CHANGED,
            subject=str(before["host"]),
            details=details,
        )
    logger.info("webhook %s changed by user %s", webhook.pk, user.pk)


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
    """A message that says nothing, tried at once and like any other; of a webhook that is not in use once and never again."""
    delivery = WebhookDelivery.objects.create(
        webhook=webhook, message_format=webhook.message_format, body=message_of_test(webhook)
    )
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
    """Send the messages that wait for webhooks in use, as many as there is time for."""
    waiting = WebhookDelivery.objects.filter(webhook__in_use=True)
    for delivery in outbox.taken(waiting.select_related("webhook")):
        _send(delivery)


def secret_of(webhook: Webhook) -> str:
    """The secret, to be shown once."""
    return "whsec_" + base64.b64encode(_key(webhook)).decode()


def signature(webhook: Webhook, *, delivery_id: str, timestamp: int, body: bytes) -> str:
    """What stands in ``webhook-signature``."""
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(webhook), signed, "sha256")).decode()


def _checked(url: str, events: Collection[str]) -> list[str]:
    """The events that there are, of an address that can be called. Raises ``InvalidWebhookError``."""
    try:
        outbound.checked_url(url)
    except outbound.OutboundError as error:
        raise InvalidWebhookError(str(error)) from error
    known = [event.value for event in NotificationEvent if event in events]
    if not known:
        raise InvalidWebhookError(_("Choose at least one event."))
    return known


def _described(webhook: Webhook) -> dict[str, Value]:
    """For the audit trail. Of the address the host alone: path and query are often what lets its caller in."""
    return {
        "host": urlsplit(webhook.url).hostname or "",
        "message_format": webhook.message_format,
        "events": ", ".join(sorted(webhook.events)),
        "in_use": webhook.in_use,
    }


def _record(action: AuditAction, webhook: Webhook, user: User) -> None:
    described = _described(webhook)
    details = {name: described[name] for name in ("message_format", "events")}
    record(team=webhook.team, by=user, action=action, subject=str(described["host"]), details=details)


def _write_anew(delivery: WebhookDelivery) -> None:
    """Put the message into the format that the webhook has now."""
    webhook = delivery.webhook
    about = delivery.occurrence
    delivery.body = message_of(about, webhook.message_format) if about else message_of_test(webhook)
    delivery.message_format = webhook.message_format
    delivery.save(update_fields=("body", "message_format"))


def _headers(delivery: WebhookDelivery, body: bytes) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "labelportal"}
    if delivery.message_format == MessageFormat.JSON:
        timestamp, key = int(timezone.now().timestamp()), str(delivery.pk)
        headers |= {
            "webhook-id": key,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(delivery.webhook, delivery_id=key, timestamp=timestamp, body=body),
        }
    return headers


def _send(delivery: WebhookDelivery) -> None:
    """Send a claimed message. A receiver that has kept us waiting for nothing would do so with each message: its others wait until this one's next try."""
    if delivery.message_format != delivery.webhook.message_format:
        _write_anew(delivery)
    body, again = delivery.body.encode(), delivery.webhook.in_use
    began = time.monotonic()
    try:
        reply = outbound.post(
            delivery.webhook.url,
            body,
            _headers(delivery, body),
            timeout=TIMEOUT_SECONDS,
            allow_private=settings.WEBHOOK_PRIVATE,
        )
    except outbound.OutboundError as error:
        logger.info("delivery %s: no answer", delivery.pk)
        later = outbox.ended(
            delivery, sent=False, again=again, error=str(error), status_code=None, ended_at=timezone.now()
        )
        if time.monotonic() - began > TIMEOUT_SECONDS / 2:
            outbox.hold_back(WebhookDelivery.objects.filter(webhook=delivery.webhook_id), until=later)
        return
    logger.info("delivery %s: status %d", delivery.pk, reply.status)
    good = 200 <= reply.status < 300
    outbox.ended(
        delivery,
        sent=good,
        again=again and reply.status != _GONE,
        error="" if good else reply.text.replace("\0", ""),
        status_code=reply.status,
        ended_at=timezone.now(),
    )


def _key(webhook: Webhook) -> bytes:
    """32 bytes that belong to this webhook and version of its secret."""
    purpose = f"webhook:{webhook.pk}:{webhook.secret_version}"
    return hmac.digest(settings.SECRET_KEY.encode(), purpose.encode(), "sha256")
