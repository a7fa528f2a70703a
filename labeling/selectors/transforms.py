"""Transforms as the pages show them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from accounts.models import Team
from labeling.choices import ACTIVE, RunKind, RunStatus, TransformStatus
from labeling.metrics import Metrics
from labeling.models import TaskRun, Transform
from labeling.selectors.natural_order import BY_NAME
from labeling.selectors.questions import QuestionProgress, question_progress_by_transform


@dataclass(frozen=True, slots=True)
class TransformOverview:
    """One transform with how far its questions are, what runs, and what the last runs brought.

    ``last_apply`` is one with a table that the portal knows: of those from outside it knows none.
    """

    transform: Transform
    questions: QuestionProgress
    active_runs: tuple[TaskRun, ...]
    last_evaluation: TaskRun | None
    last_import: TaskRun | None
    last_apply: TaskRun | None

    @property
    def metrics(self) -> Metrics | None:
        """The newest quality estimate, None before the first."""
        return self.last_evaluation.measured if self.last_evaluation else None

    @property
    def has_learned(self) -> bool:
        """Glue learned from labels, perhaps before the portal had the transform, in a run that Glue no longer lists."""
        ready = self.transform.glue_status == TransformStatus.READY
        return self.last_import is not None or (ready and self.transform.label_count > 0)

    @property
    def has_new_rows(self) -> bool:
        """The table has rows that were uploaded after the last result."""
        source = self.transform.source_file
        return source is not None and self.last_apply is not None and source.created_at > self.last_apply.created_at


def transforms_for_team(*, team: Team) -> QuerySet[Transform]:
    """The team's transforms by name, those that are archived among them: their runs and answers are history."""
    return Transform.objects.filter(team=team).select_related("source_file", "created_by").order_by(*BY_NAME)


def archived_transforms(*, team: Team) -> QuerySet[Transform]:
    """The team's transforms that it is done with, by name."""
    return transforms_for_team(team=team).filter(archived_at__isnull=False)


def transform_overviews(*, team: Team) -> list[TransformOverview]:
    """An overview of each transform that the team works with, by name, in a constant number of queries."""
    return _overviews(list(transforms_for_team(team=team).filter(archived_at=None)))


def transform_overview(*, transform: Transform) -> TransformOverview:
    """The overview of one transform."""
    return _overviews([transform])[0]


def _overviews(transforms: Sequence[Transform]) -> list[TransformOverview]:
    progress = question_progress_by_transform(transforms=transforms)
    active: dict[uuid.UUID, list[TaskRun]] = defaultdict(list)
    runs = TaskRun.objects.filter(transform__in=transforms).select_related("requested_by")
    for run in runs.filter(status__in=ACTIVE).order_by("created_at"):
        active[run.transform_id].append(run)
    newest = (
        TaskRun.objects.filter(transform__in=transforms, status=RunStatus.SUCCEEDED)
        .exclude(kind=RunKind.FIND_MATCHES, result_uri="")
        .values("transform", "kind")
        .annotate(newest=Max("created_at"))
        .order_by()
    )
    wanted = {(row["transform"], row["kind"], row["newest"]) for row in newest}
    last = {
        (run.transform_id, run.kind): run
        for run in runs.filter(status=RunStatus.SUCCEEDED, created_at__in={created for _t, _k, created in wanted})
        if (run.transform_id, run.kind, run.created_at) in wanted
    }
    return [
        TransformOverview(
            transform=transform,
            questions=progress[transform.pk],
            active_runs=tuple(active[transform.pk]),
            last_evaluation=last.get((transform.pk, RunKind.EVALUATION)),
            last_import=last.get((transform.pk, RunKind.IMPORT_LABELS)),
            last_apply=last.get((transform.pk, RunKind.FIND_MATCHES)),
        )
        for transform in transforms
    ]
