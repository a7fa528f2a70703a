"""Celery entry points of the queue ``engine``. They carry primary keys only; the row says what is to be done."""

from __future__ import annotations

import contextlib
from typing import Any

from celery import shared_task
from django.utils import timezone


@shared_task(name="localglue.execute_run")
def execute_run(run_pk: int, **_later: Any) -> None:
    """Take a run and work on it to its end, or leave it if it is not to be taken. Any number of these messages may arrive."""
    from localglue import runs  # the models need the apps, which are not ready when Celery looks for tasks
    from localglue.engine_client import engine_server
    from localglue.supervise import supervise

    with contextlib.suppress(OSError):  # it will not start for the run either, which then says so
        engine_server.load()  # before the lease begins: on a busy machine loading can take longer than a lease lasts
    run = runs.claim(run_pk, now=timezone.now())
    if run is not None:
        supervise(run)
        runs.wait_for_messages()


@shared_task(name="localglue.sweep_runs")
def sweep_runs(**_later: Any) -> None:
    """Move along what nobody moves, and clean up after what is gone."""
    from localglue import deletion, runs  # as above

    runs.sweep(now=timezone.now())
    deletion.tidy()
