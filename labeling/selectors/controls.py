"""Control questions, and how people did on them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from accounts.selectors import membership_in
from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Answer, Question, Transform
from labeling.permissions import can_manage_controls
from labeling.selectors.groupings import Groupings, groupings_of
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


def control_groupings(*, transform: Transform, user: User | None = None) -> Groupings:
    """What each person (or just ``user``) said to which control question without knowing that it is one."""
    answers = Answer.objects.filter(
        question__question_set__transform=transform,
        question__is_control=True,
        control=True,
        status=AnswerStatus.SUBMITTED,
    )
    return groupings_of(answers if user is None else answers.filter(steward=user))


def is_concealed(*, question: Question, reader: User) -> bool:
    """Whether it is a control question that the reader must take for an open one: as long as they have not answered it, unless they lead."""
    if not question.is_control:
        return False
    if can_manage_controls(membership_in(user=reader, team=question.question_set.transform.team)):
        return False
    own = question.answers.filter(steward=reader, kind=AnswerKind.ANSWER, status=AnswerStatus.SUBMITTED)
    return not own.exists()
