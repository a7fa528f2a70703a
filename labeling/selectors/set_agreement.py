"""How far people agreed on one set of questions, against the sets before it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from labeling.choices import QuestionState
from labeling.models import QuestionSet, RowLabel
from labeling.selectors.controls import independent_groupings
from partitions import Measure, reliability


@dataclass(frozen=True, slots=True)
class SetFigures:
    """A set with so many questions, of which so many are disputed. ``alpha`` is Krippendorff's with the upper end of its 95 % interval,
    ``before`` that of all earlier sets; None where too few questions were answered by two people."""

    questions: int
    disputed: int
    alpha: float | None
    high: float | None
    before: float | None


def set_figures(*, question_set: QuestionSet) -> SetFigures:
    """The figures of a set and of the sets of its transform before it. Four queries."""
    questions = question_set.questions
    here = _alpha(RowLabel.objects.filter(answer__question__question_set=question_set))
    earlier = _alpha(
        RowLabel.objects.filter(
            answer__question__question_set__transform=question_set.transform_id,
            answer__question__question_set__number__lt=question_set.number,
        )
    )
    return SetFigures(
        questions=questions.count(),
        disputed=questions.filter(state=QuestionState.DISPUTED).count(),
        alpha=here.value,
        high=here.high,
        before=earlier.value,
    )


def _alpha(labels: QuerySet[RowLabel]) -> Measure:
    return reliability(independent_groupings(labels))
