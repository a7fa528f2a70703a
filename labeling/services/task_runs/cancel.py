"""People stop runs, in whatever state they are."""

from __future__ import annotations

import logging
from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import User
from labeling.aws import glue
from labeling.choices import AT_GLUE, RunKind, RunStatus
from labeling.exceptions import GlueError, RunConflictError
from labeling.models import TaskRun
from labeling.services import apply
from labeling.services.task_runs.transitions import transition

logger = logging.getLogger(__name__)

STOPPABLE = (RunStatus.QUEUED, RunStatus.STARTING, RunStatus.RUNNING)
"""States in which a wish to stop can be carried out at once."""


class StopOutcome(StrEnum):
    """What came of the wish to stop a run."""

    STOPPED = "stopped"
    ASKED = "asked"
    """Glue was asked, and says when it has."""
    NOTED = "noted"
    """Nobody can stop it just now: it is being handed over, or Glue does not answer. The sweep does it as soon as it can be done."""


def cancel_run(*, run: TaskRun, user: User) -> StopOutcome:
    """Stop the run: at once while it is queued; Glue is asked while it is there; while neither can be done the wish is kept.

    Raises ``RunConflictError`` if it has ended, ``GlueError`` if Glue refuses.
    """
    note = _("Stopped by %(user)s.") % {"user": user.display_name}
    run.refresh_from_db()
    logger.info("run %s (%s): user %s asks to stop it", run.pk, run.status, user.pk)
    try:
        if (outcome := _stop(run, note)) is not None:
            return outcome
    except GlueError as error:
        if not error.retryable:
            raise
    if not TaskRun.objects.filter(pk=run.pk, status__in=(*STOPPABLE, RunStatus.SUBMITTING)).update(stop_wanted=True):
        return cancel_run(run=run, user=user)  # it has moved on meanwhile
    return StopOutcome.NOTED


def carry_out_stop(*, run: TaskRun) -> None:
    """Do what a person wished for earlier. Raises ``GlueError`` while Glue cannot be asked."""
    _stop(run, _("Stopped as requested earlier."))


def _stop(run: TaskRun, note: str) -> StopOutcome | None:
    """None if it cannot be done now. Raises ``RunConflictError`` if the run has ended, ``GlueError``."""
    if run.status == RunStatus.QUEUED:
        return StopOutcome.STOPPED if transition(run=run, to=RunStatus.STOPPED, note=note) else None
    if run.status == RunStatus.SUBMITTING:
        return None
    if run.status not in AT_GLUE:
        raise RunConflictError(_("The run has ended."))
    if run.status != RunStatus.STOPPING:
        if run.kind == RunKind.FIND_MATCHES and not run.foreign:
            apply.stop_job(run=run)
        else:
            glue.cancel_ml_task_run(transform_id=run.transform.glue_transform_id, task_run_id=run.glue_run_id)
        transition(run=run, to=RunStatus.STOPPING, note=note)
    return StopOutcome.ASKED
