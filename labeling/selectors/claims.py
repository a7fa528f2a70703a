"""Rows that a worker works on for itself: ``claimed_at`` dates its claim, ``attempts`` counts the claims so far."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

CLAIM = timedelta(minutes=10)
"""So long a worker may take; then another one takes over."""

MAX_ATTEMPTS = 3


def unclaimed() -> Q:
    """Claimed by nobody who may still be at work."""
    return Q(claimed_at__isnull=True) | Q(claimed_at__lte=timezone.now() - CLAIM)


def free() -> Q:
    """Nobody is at work, and it is not given up."""
    return unclaimed() & Q(attempts__lt=MAX_ATTEMPTS)
