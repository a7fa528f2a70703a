"""What beat sends is taken by somebody."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from celery.utils.imports import symbol_by_name
from django.conf import settings

from labelportal.run.config import ROOT

NAMES = "from django.conf import settings; print(*settings.CELERY_BEAT_SCHEDULE)"


@pytest.mark.parametrize(
    ("env", "swept"),
    [
        ({"AWS_ENDPOINT_URL_GLUE": "http://glue:8010"}, True),
        ({"AWS_ENDPOINT_URL_GLUE": "http://elsewhere:8010", "LOCALGLUE_HERE": "false"}, False),
        ({"AWS_ENDPOINT_URL_GLUE": ""}, False),
        ({"AWS_ENDPOINT_URL_GLUE": "", "LOCALGLUE_ALONE": "true"}, True),
    ],
    ids=["embedded", "of another installation", "AWS", "alone"],
)
def test_the_queue_of_the_engine_is_swept_only_where_an_engine_works(env: dict[str, str], swept: bool) -> None:
    """In front of AWS nobody takes the ticks, and Redis, which must not forget, would fill with them."""
    inherited = {name: value for name, value in os.environ.items() if name != "LOCALGLUE_HERE"}
    done = subprocess.run(
        [sys.executable, "-c", NAMES], env={**inherited, **env}, cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = done.stdout.split()
    assert ("sweep-glue-runs" in names) == swept
    assert ("sync-task-runs" in names) == ("LOCALGLUE_ALONE" not in env)


def test_a_clock_that_is_set_back_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beat notes when each task is due next; without care it would send nothing until the clock is there again."""
    now = datetime(2027, 3, 1, 12, tzinfo=UTC)
    app = Celery("clock", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {
        name: {"task": name, "schedule": seconds} for name, seconds in (("often", 2.0), ("seldom", 60.0))
    }
    monkeypatch.setattr(app, "now", lambda: now)
    scheduler = symbol_by_name(settings.CELERY_BEAT_SCHEDULER)(app=app)
    sent: list[str] = []
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, **_: sent.append(entry.name))

    def run(seconds: int) -> None:
        nonlocal now
        for _ in range(seconds):
            while scheduler.tick() == 0:
                pass
            now += timedelta(seconds=1)

    run(90)
    assert (sent.count("often"), sent.count("seldom")) == (44, 1)
    now -= timedelta(hours=1)
    run(90)
    assert (sent.count("often"), sent.count("seldom")) == (88, 2)
