"""Estimates by the embedded engine, and the questions on which it disagrees with people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db.models import F, QuerySet
from django.utils import timezone

from labeling.choices import ACTIVE, RETRYABLE, RunKind, RunStatus
from labeling.metrics import Metrics
from labeling.models import JudgedQuestion, LabelFile, Row, ShadowEstimate, TaskRun, Transform
from labeling.selectors.claims import CLAIM, MAX_ATTEMPTS
from labeling.selectors.known_labels import runs_held

NEXT_QUESTIONS = 10
"""So many questions are what the next file holds when its gain is worked out."""

_SOON = timedelta(minutes=1)


class CurveState(StrEnum):
    """Why an estimate has no learning curve yet."""

    WAITING = "waiting"
    WORKING = "working"
    GIVEN_UP = "given up"


class Cell(StrEnum):
    """A cell of the confusion matrix: what people say against what the engine says that has not seen their answer."""

    TRUE_POSITIVES = "true_positives"
    FALSE_POSITIVES = "false_positives"
    FALSE_NEGATIVES = "false_negatives"
    TRUE_NEGATIVES = "true_negatives"

    @property
    def match(self) -> bool:
        """What people say in this cell."""
        return self in (Cell.TRUE_POSITIVES, Cell.FALSE_NEGATIVES)

    @property
    def wrong(self) -> bool:
        """Whether the engine says something else."""
        return self in (Cell.FALSE_POSITIVES, Cell.FALSE_NEGATIVES)


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two rows of a question with the score of the engine."""

    rows: tuple[Row, Row]
    score: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A question behind a cell: its pair that is furthest from what people say, how many more are in the cell, and whether the
    question has changed since."""

    judged: JudgedQuestion
    pair: ShownPair | None
    more: int
    changed: bool


def files_learned(*, run: TaskRun) -> list[LabelFile] | None:
    """The label files, oldest first, that Glue holds once this import has gone well: of two that hold a set the later one counts.

    None if the portal does not have all of them.
    """
    earlier = TaskRun.objects.filter(transform=run.transform_id, created_at__lt=run.created_at)
    before = [] if run.replace_all_labels else runs_held(earlier.select_related("label_file"))
    files = []
    for one in [*before, run]:
        if one.label_file is not None:
            files.append(one.label_file)
        elif one.kind == RunKind.IMPORT_LABELS:
            return None
    return files


def estimates_of(*, transform: Transform) -> list[ShadowEstimate]:
    """Every estimate whose import went well, oldest first, with its import."""
    return list(
        ShadowEstimate.objects.filter(
            transform=transform, metrics__isnull=False, import_run__status=RunStatus.SUCCEEDED
        )
        .select_related("import_run__requested_by", "import_run__label_file")
        .order_by("import_run__completed_at")
    )


def newest_estimate(*, transform: Transform) -> ShadowEstimate | None:
    """The newest estimate that brought figures, also of an import that Glue still works on: not of one from which Glue has not learned."""
    return (
        ShadowEstimate.objects.filter(transform=transform, metrics__isnull=False)
        .exclude(import_run__status__in=RETRYABLE)
        .select_related("import_run__label_file")
        .order_by("-created_at")
        .first()
    )


def curve_state(*, estimate: ShadowEstimate) -> CurveState:
    """What becomes of a learning curve that is not there yet: it waits for the runs of its transform. At most one query."""
    if estimate.claimed_at and estimate.claimed_at > timezone.now() - CLAIM:
        return CurveState.WORKING
    if estimate.attempts >= MAX_ATTEMPTS:
        return CurveState.GIVEN_UP
    runs = TaskRun.objects.filter(transform=estimate.transform_id, status__in=ACTIVE)
    return CurveState.WAITING if runs.exists() else CurveState.WORKING


def estimate_for(*, run: TaskRun) -> Metrics | None:
    """The estimate for this import; None for other runs, and before it is worked out."""
    if run.kind != RunKind.IMPORT_LABELS:
        return None
    stored = ShadowEstimate.objects.filter(import_run=run).values_list("metrics", flat=True).first()
    return Metrics.from_stored(stored) if stored else None


def estimate_awaited(*, run: TaskRun) -> bool:
    """Whether the estimate for this import is being worked out, or is about to be: imports that ended longer ago get one only when their turn comes."""
    ours = run.kind == RunKind.IMPORT_LABELS and run.label_file_id is not None
    if not ours or run.status != RunStatus.SUCCEEDED or run.completed_at is None:
        return False
    estimate = ShadowEstimate.objects.filter(import_run=run).first()
    since, waiting = (run.completed_at, _SOON) if estimate is None else (estimate.claimed_at, CLAIM)
    done = estimate is not None and estimate.completed_at is not None
    return not done and since is not None and since > timezone.now() - waiting


def questions_behind(*, estimate: ShadowEstimate, cell: Cell) -> QuerySet[JudgedQuestion]:
    """The questions with pairs in the cell; where the engine is wrong, those on which it is most sure of itself first."""
    found = estimate.questions.filter(**{f"{cell}__gt": 0}).select_related("question__question_set")
    place = (F("question__question_set__number"), F("question__position"))
    return found.order_by("-worst", *place) if cell.wrong else found.order_by(*place)


def disagreements(*, estimate: ShadowEstimate, cell: Cell, judged: list[JudgedQuestion]) -> list[Disagreement]:
    """What to show of these questions. One query."""
    rows: dict[tuple[object, str], Row] = {}
    for row in Row.objects.filter(question__in=[one.question_id for one in judged]):
        rows[row.question_id, row.key] = row
    threshold = estimate.threshold if estimate.threshold is not None else 0.5
    shown = []
    for one in judged:
        inside = [
            (abs(score - match), first, second, score)
            for first, second, match, score in one.pairs
            if match == cell.match and ((score >= threshold) != match) == cell.wrong
        ]
        _distance, first, second, score = max(inside, default=(0.0, "", "", 0.0))
        ends = rows.get((one.question_id, first)), rows.get((one.question_id, second))
        pair = ShownPair((ends[0], ends[1]), score) if ends[0] and ends[1] else None
        changed = estimate.completed_at is not None and one.question.changed_at > estimate.created_at
        shown.append(Disagreement(one, pair, max(len(inside) - 1, 0), changed))
    return shown
