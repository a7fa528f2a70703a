"""Where a transform stands in the round that teaches it, and the one thing to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labeling.choices import RunKind, TransformStatus
from labeling.models import TaskRun
from labeling.selectors.transforms import TransformOverview

GOOD_F1 = 0.9
"""From here on the page suggests to use the model rather than to teach it more."""


class Step(StrEnum):
    """The round that teaches a transform; after the last comes the first again. Disputes are a part of answering."""

    QUESTIONS = "questions"
    ANSWERS = "answers"
    DISPUTES = "disputes"
    LABELS = "labels"
    QUALITY = "quality"
    RESULT = "result"


_URGENCY = (Step.LABELS, Step.DISPUTES, Step.QUALITY, Step.RESULT, Step.ANSWERS, Step.QUESTIONS)
"""What waits for a lead comes before what waits for stewards, and that before what nobody waits for."""

_STEP_OF_KIND = {
    RunKind.LABELING_SET_GENERATION: Step.QUESTIONS,
    RunKind.IMPORT_LABELS: Step.LABELS,
    RunKind.EVALUATION: Step.QUALITY,
    RunKind.FIND_MATCHES: Step.RESULT,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a transform stands: the step that makes sense next, and the runs that are under way for a step."""

    overview: TransformOverview
    next_step: Step | None
    active: dict[str, TaskRun]


def stage_of(overview: TransformOverview) -> Stage:
    """The next step of a transform, none if it is archived or gone at Glue; while a run works on a step, that run is what one looks at."""
    active = {str(_STEP_OF_KIND[RunKind(run.kind)]): run for run in overview.active_runs if run.kind in _STEP_OF_KIND}
    transform = overview.transform
    over = transform.archived_at is not None or transform.glue_status == TransformStatus.GONE
    return Stage(overview, None if over else _next_step(overview), active)


def urgency(one: Stage) -> tuple[int, bool]:
    """Sorts the most urgent first; of transforms that wait for questions, those that have learned something."""
    place = len(_URGENCY) if one.next_step is None else _URGENCY.index(one.next_step)
    return place, not one.overview.has_learned


def _next_step(overview: TransformOverview) -> Step:
    """The one thing to do now: ask, answer, import, decide what is disputed, estimate, then apply or ask again. A table with new rows is matched first.

    What can be imported does not wait for what is disputed.
    """
    questions, metrics = overview.questions, overview.metrics
    learned, measured, applied = overview.last_import, overview.last_evaluation, overview.last_apply
    if questions.open:
        return Step.ANSWERS
    if questions.waiting_for_import:
        return Step.LABELS
    if questions.disputed:
        return Step.DISPUTES
    if not overview.has_learned:
        return Step.QUESTIONS
    if overview.has_new_rows:
        return Step.RESULT
    if measured is None or _is_older(measured, learned):
        return Step.QUALITY
    if metrics is not None and metrics.f1_at_trade_off >= GOOD_F1 and (applied is None or _is_older(applied, learned)):
        return Step.RESULT
    return Step.QUESTIONS


def _is_older(run: TaskRun, than: TaskRun | None) -> bool:
    return than is not None and run.created_at < than.created_at
