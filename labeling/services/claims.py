"""How a worker takes on what several might."""

from __future__ import annotations

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
