"""Control questions, and how people did on them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, Q, QuerySet

from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Question, RowLabel, Transform
from partitions import Grouping

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Asked(TypedDict):
    """How many people have answered it without knowing what it is."""

    asked: int


def control_questions(*, transform: Transform) -> QuerySet[WithAnnotations[Question, Asked]]:
    """The control questions of the transform in order, with their set."""
    submitted = Q(answers__control=True, answers__status=AnswerStatus.SUBMITTED)
    return (
        Question.objects.filter(question_set__transform=transform, is_control=True)
        .select_related("question_set")
        .annotate(asked=Count("answers", filter=submitted))
        .order_by("question_set__number", "position")
    )


def known_groupings(*, transform: Transform) -> dict[uuid.UUID, Grouping[int]]:
    """The known grouping of each control question."""
    questions = Question.objects.filter(question_set__transform=transform, is_control=True)
    return {question.pk: Grouping(question.known_labels) for question in questions}


def control_groupings(*, transform: Transform) -> dict[uuid.UUID, dict[uuid.UUID, Grouping[int]]]:
    """What each person, by id, said to which control question without knowing that it is one."""
    labels = RowLabel.objects.filter(
        answer__question__question_set__transform=transform,
        answer__question__is_control=True,
        answer__control=True,
        answer__status=AnswerStatus.SUBMITTED,
    )
    return groupings_of(labels)


def independent_groupings(labels: QuerySet[RowLabel]) -> dict[uuid.UUID, dict[uuid.UUID, Grouping[int]]]:
    """What people said by themselves, of these labels, by person and question: no adjudications, and no answers to control questions.

    Krippendorff's alpha is over these wherever it is shown, with the sampling of ``partitions``: one figure and one interval for the same questions.
    """
    return groupings_of(
        labels.filter(answer__kind=AnswerKind.ANSWER, answer__status=AnswerStatus.SUBMITTED, answer__control=False)
    )


def groupings_of(labels: QuerySet[RowLabel]) -> dict[uuid.UUID, dict[uuid.UUID, Grouping[int]]]:
    """The groupings that these labels make, by person and question; one answer of a person to a question among them."""
    found: dict[uuid.UUID, dict[uuid.UUID, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    rows = labels.order_by("answer__question", "row__position").values_list(
        "answer__steward", "answer__question", "row_id", "label"
    )
    for person, question, row, label in rows.iterator(chunk_size=5000):
        found[person][question][row] = label
    return {
        person: {question: Grouping(given) for question, given in questions.items()}
        for person, questions in found.items()
    }
