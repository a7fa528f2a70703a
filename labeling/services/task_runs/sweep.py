"""Whatever was left behind is picked up: lost messages, interrupted submissions, runs at Glue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from labeling.aws.clients import hurried
from labeling.choices import ACTIVE, AT_GLUE, SILENCES, SILENT, RunStatus
from labeling.exceptions import GlueError
from labeling.models import TaskRun
from labeling.services.task_runs.cancel import STOPPABLE, carry_out_stop
from labeling.services.task_runs.request import enqueue
from labeling.services.task_runs.submit import recover_submission
from labeling.services.task_runs.sync import sync_run

logger = logging.getLogger(__name__)

RESEND = timedelta(seconds=10)
"""How long a message may take before it is sent again."""


# A Glue that is silent is asked again by the next sweep; all else that the portal does in the background waits for this one.
@hurried(tries=2)
def sweep_runs() -> None:
    """One look at every run that is active and due. A run that fails does not keep the others from their turn.

    Where Glue was silent about ``SILENCES`` runs one after the other, the rest is left for the next sweep: all workers would wait for it together, each for
    all runs, and nothing else would be done.
    """
    if not TaskRun.objects.filter(status__in=ACTIVE).exists():  # as it is most of the time, every few seconds
        return
    now = timezone.now()
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    runs = TaskRun.objects.select_related("transform", "label_file", "requested_by").order_by("created_at")
    orphaned = now - timedelta(seconds=settings.TASK_RUN_CLAIM_SECONDS)
    for run in runs.filter(status=RunStatus.SUBMITTING, claimed_at__lte=orphaned):
        _guarded(run, recover_submission)
    unsent = Q(enqueued_at__isnull=True) | Q(enqueued_at__lte=now - RESEND)
    for run in runs.filter(due, unsent, status=RunStatus.QUEUED):
        _guarded(run, _send_again)
    silences = 0
    for run in runs.filter(due, status__in=AT_GLUE):
        run.problem = ""  # the one before is no news
        _guarded(run, sync_run)
        silences = silences + 1 if run.problem in SILENT else 0
        if silences == SILENCES:
            return
    for run in runs.filter(due, stop_wanted=True, status__in=STOPPABLE):
        _guarded(run, carry_out_stop)


def _send_again(*, run: TaskRun) -> None:
    """At most one message per run and ``RESEND``, whoever sweeps."""
    last = Q(enqueued_at=run.enqueued_at) if run.enqueued_at else Q(enqueued_at__isnull=True)
    if TaskRun.objects.filter(last, pk=run.pk, status=RunStatus.QUEUED).update(enqueued_at=timezone.now()):
        enqueue(run.pk)


def _guarded(run: TaskRun, step: Callable[..., None]) -> None:
    try:
        step(run=run)
    except GlueError as error:
        logger.warning("run %s: %s", run.pk, error.code)
    except Exception:
        logger.exception("run %s could not be moved along", run.pk)
