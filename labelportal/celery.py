"""The Celery application: queue ``portal`` serves labeling, queue ``engine`` serves localglue.

A database row is the truth about every run, so results are not stored and any message may be lost or repeated.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import task_success, worker_process_init

from labelportal.pulse import Pulse
from labelportal.run.lifeline import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")

app = Celery("labelportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add(Pulse)


@worker_process_init.connect
def _end_with_the_worker(**kwargs: Any) -> None:
    """A pool process whose worker was killed would go on with a task that is redelivered elsewhere."""
    die_with_parent(os.getppid())


@task_success.connect
def _note_the_sweep(*, sender: Any, **kwargs: Any) -> None:
    if sender.name == "labeling.sync_task_runs":
        from labelportal import monitoring  # models are not ready when this module is imported

        monitoring.note_sweep()
