"""Rows that a worker works on for itself: ``claimed_at`` dates its claim, ``attempts`` counts the claims so far."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from labeling.models import MatchResult, PairExplanation, ShadowEstimate, SheetUpload

Claimed = ShadowEstimate | MatchResult | SheetUpload | PairExplanation

_PENDING: dict[type[Model], Q] = {
    MatchResult: Q(read_at__isnull=True),
    SheetUpload: Q(waiting=True),
    PairExplanation: Q(answered_at__isnull=True),
}

CLAIM = timedelta(minutes=10)
"""So long a worker may take; then another one takes over."""

MAX_ATTEMPTS = 3


def unclaimed(claimed_at: str = "claimed_at") -> Q:
    """Claimed by nobody who may still be at work; ``claimed_at`` is the field that dates the claim."""
    return Q(**{f"{claimed_at}__isnull": True}) | Q(**{f"{claimed_at}__lte": timezone.now() - CLAIM})


def free() -> Q:
    """Nobody is at work, and it is not given up."""
    return unclaimed() & Q(attempts__lt=MAX_ATTEMPTS)


def is_given_up(row: MatchResult | SheetUpload | PairExplanation) -> bool:
    """Whether nobody works on it any more, though it was never brought to its end."""
    return just(row).filter(unclaimed(), _PENDING[type(row)], attempts__gte=MAX_ATTEMPTS).exists()


def just(row: Claimed) -> QuerySet[Any]:
    """The row, to be asked for or changed as it stands in the database."""
    model: type[Model] = type(row)
    return model._default_manager.filter(pk=row.pk)
