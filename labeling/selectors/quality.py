"""Quality over time: what each estimate said, the imports that moved it, and how far people agreed meanwhile."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from labeling.choices import AnswerKind, AnswerStatus, RunKind, RunStatus
from labeling.intervals import Estimate, f1_estimate, precision_estimate, recall_estimate
from labeling.metrics import Metrics
from labeling.models import Question, TaskRun, Transform
from labeling.selectors.groupings import Groupings, groupings_of, independent_answers, shared_answers
from labeling.selectors.shadow import estimates_of
from partitions import Measure, reliability

_DAYS_BY_DAY = 31
_DAYS_BY_WEEK = 366


@dataclass(frozen=True, slots=True)
class QualityPoint:
    """One quality estimate. ``imports`` ended well between the estimate before and this one, oldest first: they moved it.

    ``labels`` is what Glue held then, None where it did not say. ``run.content_hash`` tells which labels those were.
    """

    run: TaskRun
    at: dt.datetime
    labels: int | None
    metrics: Metrics
    precision: Estimate
    recall: Estimate
    f1: Estimate
    imports: tuple[TaskRun, ...]


@dataclass(frozen=True, slots=True)
class ShadowPoint:
    """What the embedded engine made of the labels of an import; ``labels`` are those at Glue after it, None where that is not known."""

    run: TaskRun
    at: dt.datetime
    labels: int | None
    metrics: Metrics
    f1: Estimate
    content_hash: str


@dataclass(frozen=True, slots=True)
class AgreementPoint:
    """Krippendorff's alpha over the ``questions`` whose last answer was first submitted from ``since`` to ``until`` (both days included)."""

    since: dt.date
    until: dt.date
    questions: int
    alpha: Measure


def quality_points(*, transform: Transform, newest: int | None = None) -> list[QualityPoint]:
    """Every estimate that succeeded, or the newest so many, oldest first. One query, or two."""
    runs = (
        TaskRun.objects.filter(
            transform=transform,
            kind__in=(RunKind.EVALUATION, RunKind.IMPORT_LABELS),
            status=RunStatus.SUCCEEDED,
        )
        .select_related("requested_by", "label_file")
        .order_by("completed_at", "created_at")
    )
    if newest is not None:
        # From the estimate before them on: what was imported between moved the first of them.
        estimates = runs.filter(kind=RunKind.EVALUATION, metrics__isnull=False).order_by("-completed_at", "-created_at")
        before = list(estimates.values_list("completed_at", flat=True)[newest : newest + 1])
        runs = runs.filter(completed_at__gte=before[0]) if before else runs
        return _points(runs)[-newest:]
    return _points(runs)


def _points(runs: QuerySet[TaskRun]) -> list[QualityPoint]:
    points: list[QualityPoint] = []
    imports: list[TaskRun] = []
    for run in runs:
        if run.kind == RunKind.IMPORT_LABELS:
            imports.append(run)
        elif metrics := run.measured:
            points.append(_point(run, metrics, imports))
            imports = []
    return points


def shadow_points(*, transform: Transform) -> list[ShadowPoint]:
    """The engine's estimate for each import that went well and has one, oldest first. One query."""
    points = []
    for estimate in estimates_of(transform=transform):
        run, metrics = estimate.import_run, Metrics.from_stored(estimate.metrics or {})
        at = run.completed_at or run.created_at
        points.append(ShadowPoint(run, at, run.labels_after, metrics, f1_estimate(metrics), estimate.content_hash))
    return points


def columns_over_time(points: Sequence[QualityPoint]) -> dict[str, list[float | None]]:
    """The share of each column in each estimate, columns by their share in the newest one; None where an estimate does not name it."""
    shares = [dict(point.metrics.column_importances) for point in points]
    names = {name: None for share in reversed(shares) for name in share}
    return {name: [share.get(name) for share in shares] for name in names}


def agreement_points(*, transform: Transform) -> list[AgreementPoint]:
    """How far people agreed on the questions of each day, week or month (the longer the history, the coarser), oldest first.

    Only questions that two or more people have answered say anything; adjudications and control questions are left out. Two queries.
    """
    submitted = Q(answers__kind=AnswerKind.ANSWER, answers__status=AnswerStatus.SUBMITTED, answers__control=False)
    questions = Question.objects.filter(question_set__transform=transform).annotate(
        people=Count("answers", filter=submitted), end=Max("answers__first_submitted_at", filter=submitted)
    )
    shared = {pk: timezone.localdate(end) for pk, end in questions.filter(people__gt=1).values_list("pk", "end") if end}
    if not shared:
        return []
    days = (max(shared.values()) - min(shared.values())).days
    period_of = {question: _period(day, days) for question, day in shared.items()}
    questions_in = Counter(period_of.values())
    given: dict[tuple[dt.date, dt.date], Groupings] = {period: defaultdict(dict) for period in sorted(questions_in)}
    answers = independent_answers().filter(question__question_set__transform=transform)
    for person, groupings in groupings_of(shared_answers(answers)).items():
        for question in groupings.keys() & period_of.keys():
            given[period_of[question]][person][question] = groupings[question]
    return [AgreementPoint(*period, questions_in[period], reliability(here)) for period, here in given.items()]


def _point(run: TaskRun, metrics: Metrics, imports: Sequence[TaskRun]) -> QualityPoint:
    return QualityPoint(
        run=run,
        at=run.completed_at or run.created_at,
        labels=run.labels_after,
        metrics=metrics,
        precision=precision_estimate(metrics),
        recall=recall_estimate(metrics),
        f1=f1_estimate(metrics),
        imports=tuple(imports),
    )


def _period(day: dt.date, days: int) -> tuple[dt.date, dt.date]:
    """The day, week (from Monday) or month that the day belongs to."""
    if days <= _DAYS_BY_DAY:
        return day, day
    if days <= _DAYS_BY_WEEK:
        monday = day - dt.timedelta(days=day.weekday())
        return monday, monday + dt.timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
