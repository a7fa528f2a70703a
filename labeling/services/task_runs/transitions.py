"""The one place where a run's state changes."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from labeling.choices import AT_GLUE, TERMINAL, RunStatus
from labeling.exceptions import GlueError
from labeling.models import TaskRun, TaskRunEvent
from labeling.services import occurrences

logger = logging.getLogger(__name__)

S = RunStatus
ALLOWED: dict[RunStatus, frozenset[RunStatus]] = {
    S.QUEUED: frozenset({S.SUBMITTING, S.STOPPED, S.FAILED}),
    # Back to QUEUED when the start failed in a way that waiting helps with, or was never made.
    # SUCCEEDED at once: an export where Glue holds nothing.
    S.SUBMITTING: frozenset({S.QUEUED, S.STARTING, S.FAILED, S.SUCCEEDED}),
    S.STARTING: frozenset({S.RUNNING, S.STOPPING, *TERMINAL}),
    S.RUNNING: frozenset({S.STOPPING, *TERMINAL}),
    S.STOPPING: frozenset(TERMINAL),
}
"""From each state that can be left, the states that may follow. Terminal states are not in it: they stay."""

MAX_ATTEMPTS = 20
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 300.0


def transition(*, run: TaskRun, to: RunStatus, note: str = "", **fields: Any) -> bool:
    """Move the run from the state that ``run`` shows to another, with other fields of the row, and write it on its timeline.

    False, and nothing is changed, if the table does not allow the move or the row has moved on since ``run`` was read: late and
    repeated news is ignored. On success ``run`` is brought up to date.
    """
    if to not in ALLOWED.get(RunStatus(run.status), frozenset()):
        return False
    now = timezone.now()
    if "error" in fields:
        fields.setdefault("problem", "")
    if to in TERMINAL:
        ended = fields.setdefault("completed_at", now)
        fields["took_seconds"] = max(0, round((ended - run.created_at).total_seconds()))
        fields.setdefault("not_before", None)
    with transaction.atomic():
        # A claim is part of the state: whoever holds an older claim must not move the run.
        moved = TaskRun.objects.filter(pk=run.pk, status=run.status, **_same_claim(run)).update(status=to, **fields)
        if not moved:
            return False
        # What others started may have ended long before anybody looked.
        at = fields["completed_at"] if run.foreign and to in TERMINAL else now
        TaskRunEvent.objects.create(run=run, status=to, at=at, note=note)
        before = run.status
        run.refresh_from_db()
        if to in TERMINAL:
            occurrences.run_ended(run)
    logger.info("run %s (%s): %s -> %s", run.pk, run.kind, before, to)
    return True


def fail(*, run: TaskRun, error: str, advice: str = "", problem: str = "") -> bool:
    """End the run as FAILED with a reason."""
    return transition(run=run, to=RunStatus.FAILED, note=error, error=error, advice=advice, problem=problem)


def renew_claim(*, run: TaskRun) -> bool:
    """Date the claim on a SUBMITTING run anew; False if it has been lost."""
    now = timezone.now()
    renewed = TaskRun.objects.filter(pk=run.pk, status=RunStatus.SUBMITTING, **_same_claim(run)).update(claimed_at=now)
    if renewed:
        run.claimed_at = now
    return renewed == 1


def note_problem(*, run: TaskRun, error: GlueError, attempts: int) -> None:
    """Leave the state as it is, say what stands in the way, and do not ask Glue again for a while."""
    with transaction.atomic():
        noted = TaskRun.objects.filter(pk=run.pk, status=run.status).update(
            error=str(error),
            advice=error.advice,
            problem=error.problem,
            attempts=attempts,
            not_before=timezone.now() + wait(attempts),
        )
        if noted:
            occurrences.run_waits(run, attempts)
    run.problem = error.problem


def clear_problem(*, run: TaskRun) -> None:
    """Glue answers again."""
    if run.error or run.attempts:
        TaskRun.objects.filter(pk=run.pk, status=run.status, status__in=AT_GLUE).update(
            error="", advice="", problem="", attempts=0, not_before=None
        )
        run.problem = ""


def wait(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling from 5 s to 5 min, half of it by chance so that runs spread out."""
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 16))
    return timedelta(seconds=secrets.SystemRandom().uniform(longest / 2, longest))


def _same_claim(run: TaskRun) -> dict[str, Any]:
    return {"claimed_at": run.claimed_at} if run.claimed_at else {"claimed_at__isnull": True}
