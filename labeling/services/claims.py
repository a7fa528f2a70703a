"""How a worker takes on what several might."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone

from labeling.models import MatchResult, ShadowEstimate
from labeling.selectors.claims import free


def claim(row: ShadowEstimate | MatchResult) -> bool:
    """Take the row, unless somebody else has or it is given up. What comes of it is kept only while ``claimed_at`` is as it is then."""
    now = timezone.now()
    taken = type(row).objects.filter(free(), pk=row.pk).update(claimed_at=now, attempts=F("attempts") + 1)
    row.claimed_at = now
    return taken == 1


def try_again_later(row: ShadowEstimate | MatchResult, **fields: Any) -> None:
    """S3 is silent or refuses: another worker tries when the claim is over, however often, since that says nothing about the row."""
    mine = type(row).objects.filter(pk=row.pk, claimed_at=row.claimed_at)
    mine.update(attempts=F("attempts") - 1, **fields)
