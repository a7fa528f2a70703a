"""Applying a transform is a Spark job at Glue: one job for all transforms, one run per request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from labeling import aws
from labeling.aws import glue, storage
from labeling.exceptions import GlueError, LabelportalError
from labeling.models import TaskRun

JOB_NAME = "labelportal-find-matches"
SCRIPT_KEY = "scripts/find_matches_apply.py"
_EXISTS = frozenset({"AlreadyExistsException", "IdempotentParameterMismatchException"})


class NoResultError(LabelportalError):
    """The job ended well but what it wrote is not there."""


def ensure_job() -> None:
    """Upload the script and create the job if it is missing. Raises ``GlueError``."""
    script = Path(aws.__file__).with_name("find_matches_apply.py")
    storage.overwrite(SCRIPT_KEY, script.read_bytes())
    try:
        glue.create_job(name=JOB_NAME, role=settings.GLUE_ROLE, script_location=storage.our_uri(SCRIPT_KEY))
    except GlueError as error:
        if error.code not in _EXISTS:
            raise


def start_job(*, run: TaskRun) -> str:
    """Start the job for a claimed run; the id of the job run. Raises ``GlueError``."""
    transform = run.transform
    return glue.start_job_run(
        job_name=JOB_NAME,
        arguments={
            "--transform-id": transform.glue_transform_id,
            "--database": transform.database_name,
            "--table": transform.table_name,
            "--output-path": run.path,
            "--output-format": "csv",
            "--match-confidence": "true",
        },
    )


def job_run(*, run: TaskRun) -> glue.Run:
    """What Glue says of the run now. Raises ``GlueError``."""
    return glue.get_job_run(job_name=JOB_NAME, run_id=run.glue_run_id)


def job_runs(*, started_after: datetime) -> Iterator[glue.Run]:
    """Runs of the job since a moment. Raises ``GlueError``."""
    return glue.get_job_runs(job_name=JOB_NAME, started_after=started_after)


def stop_job(*, run: TaskRun) -> None:
    """Ask Glue to stop the run. Raises ``GlueError``."""
    glue.batch_stop_job_run(job_name=JOB_NAME, run_id=run.glue_run_id)


def find_result(*, run: TaskRun) -> storage.ListedObject:
    """The file that the job wrote. Raises ``NoResultError`` if there is not exactly one, ``GlueError``."""
    found = storage.list_objects(run.path)
    if len(found) != 1:
        raise NoResultError(_("The job should have written one file, but there are %(count)d.") % {"count": len(found)})
    return found[0]
