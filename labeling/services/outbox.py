"""Messages that wait are claimed, sent and ended. A worker that dies while it sends leaves its claim; when that is over, another tries.

All background work shares a few processes. So one worker at a time sends messages of a kind, and not for long: what is left is the next tick's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from labeling.choices import OutboxState
from labeling.models.notifications import Outbox
from labeling.services.task_runs.transitions import wait

M = TypeVar("M", bound=Outbox)

MAX_ATTEMPTS = 8
"""From 5 seconds on, doubling to 5 minutes: a quarter of an hour in all."""

CLAIM = timedelta(minutes=5)
_BATCH = 20

# After so long no further message is begun.
PASS_SECONDS = 10.0
# Whoever has claimed a message within this time is still sending it; longer than a receiver or a mail server may take.
_AT_IT = timedelta(seconds=30)


def taken(messages: QuerySet[M]) -> Iterator[M]:
    """Claim one message after the other, until the time of a pass is over; none while another worker is at it."""
    if messages.filter(state=OutboxState.WAITING, claimed_at__gt=timezone.now() - _AT_IT).exists():
        return
    end = time.monotonic() + PASS_SECONDS
    for message in due(messages):
        if claim(message):
            yield message
        if time.monotonic() >= end:
            return


def due(messages: QuerySet[M]) -> list[M]:
    """The oldest messages whose turn it is."""
    return list(messages.filter(_free(), state=OutboxState.WAITING).order_by("created_at")[:_BATCH])


def claim(message: M) -> bool:
    """Take the message, unless somebody else has or it has ended since."""
    now = timezone.now()
    rows = type(message)._default_manager.filter(_free(), pk=message.pk, state=OutboxState.WAITING)
    taken = rows.update(claimed_at=now, attempts=message.attempts + 1)
    message.claimed_at, message.attempts = now, message.attempts + 1
    return taken == 1


def ended(message: Outbox, *, sent: bool, error: str = "", again: bool = True, **fields: object) -> datetime:
    """Write down what became of it: sent, or to be tried again later, or given up. When the next try is due, or would be."""
    later = timezone.now() + wait(message.attempts)
    values: dict[str, object] = {"claimed_at": None, "error": error, **fields}
    if sent:
        values["state"] = OutboxState.SENT
    elif not again or message.attempts >= MAX_ATTEMPTS:
        values["state"] = OutboxState.FAILED
    else:
        values["not_before"] = later
    rows = type(message)._default_manager.filter(pk=message.pk, claimed_at=message.claimed_at)
    rows.update(**values)
    return later


def hold_back(messages: QuerySet[M], *, until: datetime) -> None:
    """These messages wait as well; it counts as no try."""
    waiting = messages.filter(_free(), state=OutboxState.WAITING)
    waiting.filter(Q(not_before=None) | Q(not_before__lt=until)).update(not_before=until)


def _free() -> Q:
    now = timezone.now()
    return (Q(not_before=None) | Q(not_before__lte=now)) & (Q(claimed_at=None) | Q(claimed_at__lte=now - CLAIM))
