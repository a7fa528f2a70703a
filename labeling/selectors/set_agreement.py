"""How far people agreed on one set of questions, against the sets before it."""

from __future__ import annotations

from dataclasses import dataclass

from labeling.choices import QuestionState
from labeling.models import QuestionSet
from labeling.selectors.groupings import groupings_of, independent_answers
from partitions import Sampling, reliability

_NO_INTERVAL = Sampling(replicates=0)


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
    answers = independent_answers()
    here = reliability(groupings_of(answers.filter(question__question_set=question_set)))
    before = answers.filter(
        question__question_set__transform=question_set.transform_id,
        question__question_set__number__lt=question_set.number,
    )
    return SetFigures(
        questions=questions.count(),
        disputed=questions.filter(state=QuestionState.DISPUTED).count(),
        alpha=here.value,
        high=here.high,
        before=reliability(groupings_of(before), _NO_INTERVAL).value,
    )
