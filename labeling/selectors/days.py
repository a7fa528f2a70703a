"""Days of the current time zone, which is the team's, as moments."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone


def midnight(day: dt.date) -> dt.datetime:
    """When the day begins."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def bounds(since: dt.date | None, until: dt.date | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When the day ``since`` begins and ``until`` ends. The first and the last day of the calendar bound nothing: elsewhere on earth it is no day."""
    return (
        midnight(since) if since is not None and since > dt.date.min else None,
        midnight(until + dt.timedelta(days=1)) if until is not None and until < dt.date.max else None,
    )
