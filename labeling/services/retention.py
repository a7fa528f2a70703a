"""What is thrown away when it is old: messages about what happened, and the logs of their sending. Labels, runs and files are kept for good."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils import timezone

from accounts.brake import forget_old_attempts
from labeling.choices import OutboxState
from labeling.models import Notification, Occurrence, WebhookDelivery

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Model)
_BATCH = 1000


def prune_messages() -> None:
    """Forget old webhook deliveries, then old occurrences with their notifications. What waits to be told or sent stays, however old.

    Counts of failed attempts to sign in go as well, which matter for minutes, and sessions that have run out.
    """
    sent = WebhookDelivery.objects.exclude(state=OutboxState.WAITING)
    _forget(sent, settings.WEBHOOK_LOG_DAYS)
    waiting = [
        model.objects.filter(occurrence=OuterRef("pk"), state=OutboxState.WAITING)
        for model in (Notification, WebhookDelivery)
    ]
    told = Occurrence.objects.filter(*(~Exists(messages) for messages in waiting), told_at__isnull=False)
    _forget(told, settings.NOTIFICATION_DAYS)
    forget_old_attempts()
    SessionStore.clear_expired()


def _forget(rows: QuerySet[M], days: int) -> None:
    """Delete what is older, some at a time so that no transaction takes long. No days: everything is kept."""
    if not days:
        return
    old = rows.filter(created_at__lt=timezone.now() - timedelta(days=days)).order_by("created_at")
    while some := list(old.values_list("pk", flat=True)[:_BATCH]):
        # Asked again with the condition: a delivery may have been put back to be sent.
        gone, _by_model = old.filter(pk__in=some).order_by().delete()
        logger.info("%s: %d rows older than %d days forgotten", rows.model.__name__, gone, days)
        if not gone:
            return
