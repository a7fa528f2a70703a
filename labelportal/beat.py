"""Celery's clock, for machines whose own clock may be set back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from celery.beat import Scheduler

_SET_BACK = timedelta(seconds=1)


class SteadyScheduler(Scheduler):
    """In memory: what recurs is due again within the hour, so nothing is worth a file.

    Celery notes at which time each entry is due. Where the clock is set back by an hour, as when a machine that was started with a wrong one
    asks the net, it would send nothing for an hour: no run would be followed.
    """

    _seen: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One step of the clock; the seconds until the next."""
        now: datetime = self.app.now()
        if self._seen is not None and now < self._seen - _SET_BACK:
            for entry in self.schedule.values():
                entry.last_run_at = now
            self._heap = None  # made anew from the entries
        self._seen = now
        seconds: float = super().tick(*args, **kwargs)
        return seconds
