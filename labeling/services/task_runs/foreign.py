"""Runs that were started in the console, with the CLI or by another program come into the history, each once.

Glue is asked first and the rows are read afterwards. A run of ours is then known by its id or its path, unless it is just being handed over: while a run of ours
is SUBMITTING, unknown runs of its kind wait for the next look.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.aws import glue
from labeling.aws.clients import hurried
from labeling.choices import AT_GLUE, SILENCES, SILENT, RunKind, RunProblem, RunStatus, TransformStatus
from labeling.exceptions import GlueError
from labeling.models import TaskRun, TaskRunEvent, Transform
from labeling.services.task_runs.sync import take_known_news

logger = logging.getLogger(__name__)

OVERLAP = timedelta(hours=1)
"""So far a look goes back behind the one before: clocks differ, and a run may become visible late."""


def sweep_foreign_runs() -> None:
    """One look at every transform that is not archived; those that Glue does not know are marked, until it knows them again.

    One that cannot be asked does not keep the others from their turn.
    Where Glue was silent ``SILENCES`` times in a row the rest is left for the next sweep: a hundred transforms would hold a worker for an hour.
    """
    silences = 0
    longest_ago = F("foreign_runs_at").asc(nulls_first=True)
    for transform in Transform.objects.filter(archived_at=None).exclude(glue_transform_id="").order_by(longest_ago):
        try:
            take_in_foreign_runs(transform=transform)
        except GlueError as error:
            if error.problem == RunProblem.TRANSFORM_GONE:
                Transform.objects.filter(pk=transform.pk).update(glue_status=TransformStatus.GONE)
            logger.warning("transform %s: runs started elsewhere cannot be asked for: %s", transform.pk, error.code)
            silences = silences + 1 if error.problem in SILENT else 0
            if silences == SILENCES:
                return
        except Exception:
            logger.exception("transform %s: runs started elsewhere could not be taken in", transform.pk)
        else:
            silences = 0


@hurried(tries=2)  # see sweep_runs
def take_in_foreign_runs(*, transform: Transform) -> list[TaskRun]:
    """The runs that were found now, newest first, with all that Glue says of them. Raises ``GlueError``.

    However many there are (the first look at a transform that was added from Glue finds those of years), Glue is asked for the transform once.
    """
    now = timezone.now()
    since = transform.foreign_runs_at - OVERLAP if transform.foreign_runs_at else None
    listed = list(glue.get_ml_task_runs(transform_id=transform.glue_transform_id, started_after=since))
    unknown = _not_ours(transform, listed)
    here = None
    if transform.glue_status == TransformStatus.GONE or any(seen.status == RunStatus.SUCCEEDED for seen in unknown):
        here = glue.get_ml_transform(transform_id=transform.glue_transform_id)
    if here is not None and transform.glue_status == TransformStatus.GONE:
        Transform.objects.filter(pk=transform.pk).update(glue_status=here.status, label_count=here.label_count)
    handed_over = set(
        TaskRun.objects.filter(transform=transform, status=RunStatus.SUBMITTING).values_list("kind", flat=True)
    )
    found = []
    # Newest first: what Glue says of the transform now is what its newest runs brought.
    for seen in sorted(unknown, key=lambda one: one.started_on or now, reverse=True):
        if seen.kind not in handed_over and (run := _keep(transform, seen)) is not None:
            take_known_news(run=run, seen=seen, transform=here)
            found.append(run)
    if not any(seen.kind in handed_over for seen in unknown):
        Transform.objects.filter(pk=transform.pk).update(foreign_runs_at=now)
    return found


def _not_ours(transform: Transform, listed: Collection[glue.Run]) -> list[glue.Run]:
    if not listed:  # as it is most of the time, every minute; the history may be long
        return []
    rows = list(TaskRun.objects.filter(transform=transform).values_list("glue_run_id", "path", "foreign"))
    ids = {glue_run_id for glue_run_id, _path, _foreign in rows if glue_run_id}
    paths = {path.rstrip("/") for _id, path, foreign in rows if path and not foreign}
    return [
        seen
        for seen in listed
        if seen.kind in RunKind.values
        and seen.status in RunStatus.values
        and not ids & {seen.run_id, seen.job_run_id}
        and seen.path.rstrip("/") not in paths
    ]


def _keep(transform: Transform, seen: glue.Run) -> TaskRun | None:
    """The row, as a run that has started; None if another worker was faster."""
    started = seen.started_on or timezone.now()
    try:
        with transaction.atomic():
            run = TaskRun.objects.create(
                transform=transform,
                kind=seen.kind,
                status=RunStatus.STARTING,
                foreign=True,
                glue_run_id=seen.run_id,
                path=seen.path,
                replace_all_labels=seen.replaces,
                started_at=started,
                labels_before=transform.label_count if seen.status in AT_GLUE else None,
            )
            TaskRun.objects.filter(pk=run.pk).update(created_at=started)
            note = _("Started outside the portal.")
            TaskRunEvent.objects.create(run=run, status=RunStatus.STARTING, at=started, note=note)
    except IntegrityError:
        return None
    run.refresh_from_db()
    logger.info("run %s (%s): found at Glue as %s, started elsewhere", run.pk, run.kind, seen.run_id)
    return run
