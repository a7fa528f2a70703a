"""What beat sends is taken by somebody."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from celery.schedules import schedule
from celery.utils.imports import symbol_by_name
from django.conf import settings

from labelportal.beat import SteadyScheduler
from labelportal.run.config import ROOT
from tests.support.environment import free_port

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


def test_a_broker_that_is_away_is_said_once_in_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    app = Celery(broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    app.conf.update(task_publish_retry=False, broker_transport_options={"max_retries": 0, "socket_timeout": 1})
    scheduler = SteadyScheduler(app, schedule={}, lazy=True)
    entries = [
        scheduler.Entry(name, f"labeling.{name}", schedule=schedule(1), app=app) for name in ("one", "two", "one")
    ]
    with caplog.at_level(logging.INFO):
        for entry in entries:
            scheduler.apply_entry(entry)
        scheduler.app = Celery(broker="memory://", set_as_current=False)
        scheduler.apply_entry(entries[0])
    said = [record for record in caplog.records if record.name == "labelportal.beat"]
    assert [record.levelname for record in said] == ["ERROR", "WARNING"]
    assert said[0].getMessage().startswith("No task can be sent: Error 111 connecting to 127.0.0.1:")
    assert "\n" not in said[0].getMessage()
    assert said[0].exc_info is None
