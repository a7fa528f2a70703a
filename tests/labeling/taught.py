"""A small transform at the real localglue, with questions and answers that wait for import."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Team, User
from labeling.aws import glue
from labeling.choices import RunKind, RunStatus
from labeling.models import SourceFile, TaskRun, Transform
from labeling.services.sources import stage_source, staged_preview
from labeling.services.task_runs import submit_run, sweep_runs
from labeling.services.transforms import create_transform
from tests.labeling.builders import answer, cast, question_set
from tests.support.servers import wait_until

LABELS = 7
ROWS = 40
EVER = datetime(2020, 1, 1, tzinfo=UTC)


def transform_over(team: Team, admin: User, source: SourceFile) -> Transform:
    """A transform of the admin over a staged file, with the usual settings."""
    return create_transform(
        team=team,
        user=admin,
        name="People",
        source=source,
        preview=staged_preview(source=source),
        primary_key="id",
        precision_recall=0.5,
        accuracy_cost=0.5,
    )


def small_transform() -> Transform:
    """Forty rows, three answered questions over the first seven of them; the usual cast."""
    people = cast()
    rows = "".join(f"{key},name {key}\n" for key in range(ROWS))
    upload = SimpleUploadedFile("people.csv", f"id,name\n{rows}".encode())
    source = stage_source(team=people.team, user=people.admin, file=upload)
    transform = transform_over(people.team, people.admin, source)
    for question, letters in zip(question_set(transform, people.admin, [3, 2, 2]), ("AAB", "AA", "AB"), strict=True):
        answer(question, people.steward, letters)
    return transform


def lead() -> User:
    """The team lead of the cast."""
    return User.objects.get(username="lead")


def follow(run: TaskRun) -> TaskRun:
    """Do what beat and the workers do until the run has ended."""

    def ended() -> bool:
        sweep_runs()
        run.refresh_from_db()
        if run.status == RunStatus.QUEUED:
            submit_run(run_id=run.pk)
        return run.is_terminal

    wait_until(ended, seconds=90, what=f"the end of {run}", every=0.1)
    return run


def succeeded(run: TaskRun) -> TaskRun:
    """The run after its end; AssertionError unless it went well."""
    follow(run)
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, "")
    return run


def runs_at_glue(transform: Transform, kind: RunKind) -> list[glue.Run]:
    """What Glue has ever started of one kind."""
    return list(glue.get_ml_task_runs(transform_id=transform.glue_transform_id, task_run_type=kind, started_after=EVER))
