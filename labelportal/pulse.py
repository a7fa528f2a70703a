"""The pulse of workers and beat, which listen nowhere: a file that is touched while they work, for whoever watches their containers.

Off unless ``LABELPORTAL_PULSE`` names the file. To ask a worker by Celery's ping costs seconds of a core each time; to look at a file costs nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery import bootsteps
from django.conf import settings

SECONDS = 15
"""So often at least the file is touched."""


def touch() -> None:
    """This process has just done its work."""
    if settings.PULSE_FILE:
        Path(settings.PULSE_FILE).touch()


class Pulse(bootsteps.StartStopStep):
    """Touches the file while a worker has its queue and its main loop goes round: no longer when the broker is away, or the worker hangs."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _timer: Any = None

    def start(self, parent: Any) -> None:
        """The worker is connected."""
        if settings.PULSE_FILE:
            touch()
            self._timer = parent.timer.call_repeatedly(SECONDS, touch)

    def stop(self, parent: Any) -> None:
        """The connection is lost, or the worker ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
