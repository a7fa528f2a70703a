"""Celery's clock, for machines whose own clock may be set back, and what it says when nothing can be sent."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import beat

from labelportal.pulse import touch

logger = logging.getLogger(__name__)
_SET_BACK = timedelta(seconds=1)


class SteadyScheduler(beat.Scheduler):
    """In memory: what recurs is due again within the hour, so nothing is worth a file.

    Celery notes at which time each entry is due. Where the clock is set back by an hour, as when a machine that was started with a wrong one
    asks the net, it would send nothing for an hour: no run would be followed.

    While the broker is away several tasks come due every few seconds. Celery's own writes two stacks for each; this one a sentence when it begins,
    or when the reason is another, and one when it is over.
    """

    _seen: datetime | None = None
    _reason = ""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One step of the clock; the seconds until the next."""
        now: datetime = self.app.now()
        if self._seen is not None and now < self._seen - _SET_BACK:
            for entry in self.schedule.values():
                entry.last_run_at = now
            self._heap = None  # made anew from the entries
        self._seen = now
        seconds: float = super().tick(*args, **kwargs)
        if not self._reason:
            touch()
        return seconds

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one task that is due. What cannot be sent is due again soon."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except beat.SchedulingError as error:
            reason = str(error.__context__ or error).rstrip(".")
            if reason != self._reason:
                logger.error("No task can be sent: %s. It is tried again whenever one is due.", reason)
            self._reason = reason
        else:
            if self._reason:
                logger.warning("Tasks are sent again.")
            self._reason = ""
