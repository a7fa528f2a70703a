"""Settled questions that cannot all be right."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, Q, QuerySet

from labeling.models import Contradiction, Question, Row, Transform

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Suspected(TypedDict):
    """In how many standing contradictions the question takes part."""

    times: int


@dataclass(frozen=True, slots=True)
class StepView:
    """``question`` says that the rows with these keys are the same."""

    question: Question
    first_key: str
    second_key: str


@dataclass(frozen=True, slots=True)
class ContradictionView:
    """``different`` says that two rows are different; the steps lead from the one to the other.

    ``row_a`` and ``row_b`` are the two rows as ``different`` shows them. Without steps, that question holds one row in two groups.
    """

    contradiction: Contradiction
    different: Question
    row_a: Row
    row_b: Row
    steps: tuple[StepView, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """All that take part, each once: the fewest that explain the contradiction."""
        return tuple(dict.fromkeys([self.different, *(step.question for step in self.steps)]))


def contradictions_for(*, transform: Transform) -> QuerySet[Contradiction]:
    """Those that stand, what was found last first."""
    return (
        Contradiction.objects.filter(transform=transform, cleared_at__isnull=True)
        .select_related("different_question__question_set__transform")
        .order_by("-found_at", "key_a", "key_b", "pk")
    )


def contradiction_views(contradictions: Iterable[Contradiction]) -> list[ContradictionView]:
    """These, each with what explains it. Two queries."""
    contradictions = list(contradictions)
    ids = {uuid.UUID(step["question"]) for item in contradictions for step in item.steps}
    questions = {
        question.pk: question
        for question in Question.objects.filter(pk__in=ids).select_related("question_set__transform")
    }
    keys = {key for item in contradictions for key in (item.key_a, item.key_b)}
    rows: dict[tuple[uuid.UUID, str], list[Row]] = {}
    shown = Row.objects.filter(question__in={item.different_question_id for item in contradictions}, key__in=keys)
    for row in shown.order_by("position"):
        rows.setdefault((row.question_id, row.key), []).append(row)
    return [
        ContradictionView(
            contradiction=item,
            different=item.different_question,
            row_a=rows[item.different_question_id, item.key_a][0],
            row_b=rows[item.different_question_id, item.key_b][-1],
            steps=tuple(
                StepView(questions[uuid.UUID(step["question"])], step["first"], step["second"]) for step in item.steps
            ),
        )
        for item in contradictions
    ]


def contradiction_suspects(*, transform: Transform) -> QuerySet[WithAnnotations[Question, Suspected]]:
    """The questions that take part in standing contradictions, with their sets, most first: to look at these first settles most."""
    standing = Q(contradictions__cleared_at__isnull=True)
    return (
        Question.objects.filter(question_set__transform=transform)
        .select_related("question_set")
        .annotate(times=Count("contradictions", filter=standing))
        .filter(times__gt=0)
        .order_by("-times", "question_set__number", "position")
    )
