"""People stop runs."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from accounts.models import User
from labeling.aws import glue
from labeling.choices import AT_GLUE, RunKind, RunStatus
from labeling.exceptions import RunConflictError
from labeling.models import TaskRun
from labeling.services import apply
from labeling.services.task_runs.transitions import transition

logger = logging.getLogger(__name__)


def cancel_run(*, run: TaskRun, user: User) -> TaskRun:
    """Stop the run: at once if it is still queued, else Glue is asked to.

    Raises ``RunConflictError`` if it has ended or is just being handed to Glue, ``GlueError`` if Glue refuses.
    """
    note = _("Stopped by %(user)s.") % {"user": user.display_name}
    if run.status == RunStatus.QUEUED and transition(run=run, to=RunStatus.STOPPED, note=note):
        return run
    run.refresh_from_db()
    if run.status == RunStatus.SUBMITTING:
        raise RunConflictError(_("The run is just being handed to Glue. Try again in a moment."))
    if run.status not in AT_GLUE:
        raise RunConflictError(_("The run has ended."))
    if run.status != RunStatus.STOPPING:
        if run.kind == RunKind.FIND_MATCHES:
            apply.stop_job(run=run)
        else:
            glue.cancel_ml_task_run(transform_id=run.transform.glue_transform_id, task_run_id=run.glue_run_id)
        transition(run=run, to=RunStatus.STOPPING, note=note)
    logger.info("run %s stopped by user %s", run.pk, user.pk)
    return run
