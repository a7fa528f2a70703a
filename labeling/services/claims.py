"""How a worker takes on what several might."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone

from labeling.selectors.claims import Claimed, free, just


def claim(row: Claimed) -> bool:
    """Take the row, unless somebody else has or it is given up. What comes of it is kept only while ``claimed_at`` is as it is then."""
    now = timezone.now()
    taken = just(row).filter(free()).update(claimed_at=now, attempts=F("attempts") + 1)
    row.claimed_at = now
    return taken == 1


def try_again_later(row: Claimed, **fields: Any) -> None:
    """S3 is silent or refuses: another worker tries when the claim is over, however often, since that says nothing about the row."""
    just(row).filter(claimed_at=row.claimed_at).update(attempts=F("attempts") - 1, **fields)
