"""The run history and what single runs brought."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Team
from labeling.choices import RunKind, RunStatus
from labeling.models import LabelFile, QuestionSet, TaskRun, TaskRunEvent, Transform

_TAKEN_UP_WITHIN = timedelta(seconds=30)


def runs_for_team(*, team: Team) -> QuerySet[TaskRun]:
    """Every run of every transform of the team, newest first."""
    return _runs().filter(transform__team=team)


def runs_for_transform(*, transform: Transform) -> QuerySet[TaskRun]:
    """Every run of the transform, newest first."""
    return _runs().filter(transform=transform)


def run_events(*, run: TaskRun) -> list[TaskRunEvent]:
    """The timeline of the run, oldest first."""
    return list(run.events.order_by("at", "pk"))


def foreign_replacement(*, transform: Transform) -> TaskRun | None:
    """The run by which somebody replaced all labels outside the portal, as long as the portal has imported nothing since. Two queries.

    What happened before the portal had the transform took nothing away from it.
    """
    imports = TaskRun.objects.filter(transform=transform, kind=RunKind.IMPORT_LABELS, status=RunStatus.SUCCEEDED)
    replaced = imports.filter(foreign=True, replace_all_labels=True, started_at__gte=transform.created_at)
    found = replaced.order_by("-started_at").first()
    if found is None or imports.filter(foreign=False, started_at__gt=found.started_at).exists():
        return None
    return found


def usual_seconds(*, run: TaskRun) -> int | None:
    """How long the last ten runs of this kind took for this transform, in the middle; None before the first that succeeded."""
    earlier = TaskRun.objects.filter(
        transform=run.transform_id, kind=run.kind, status=RunStatus.SUCCEEDED, completed_at__isnull=False
    ).exclude(pk=run.pk)
    times = earlier.order_by("-created_at").values_list("created_at", "completed_at")[:10]
    seconds = [(completed - created).total_seconds() for created, completed in times if completed is not None]
    return round(median(seconds)) if seconds else None


def _runs() -> QuerySet[TaskRun]:
    return with_what_is_shown(TaskRun.objects.all()).order_by("-created_at")


def with_what_is_shown(runs: QuerySet[TaskRun]) -> QuerySet[TaskRun]:
    """The runs with all that a line of the history tells, in one query."""
    return runs.select_related("transform", "requested_by", "label_file", "question_set__label_file")


def label_file_of(run: TaskRun) -> LabelFile | None:
    """The file that an import sent, or that the questions of a generation came in."""
    question_set: QuestionSet | None = getattr(run, "question_set", None)
    return question_set.label_file if question_set else run.label_file


def not_taken_up(*, run: TaskRun) -> bool:
    """Whether no worker looks after runs: one that works takes up what is queued and due, or sends its message again every few seconds."""
    late = timezone.now() - _TAKEN_UP_WITHIN
    due = run.not_before is None or run.not_before < late
    return run.status == RunStatus.QUEUED and due and run.enqueued_at is not None and run.enqueued_at < late
