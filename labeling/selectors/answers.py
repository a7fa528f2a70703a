"""Answers as a team looks back at them: who said what, and every change of it."""

from __future__ import annotations

import json

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts.models import Membership, User
from labeling.choices import AnswerStatus, QuestionState
from labeling.models import Answer, AnswerChange, Question, QuestionSet, Row, RowLabel, Transform
from labeling.permissions import can_see_answers

LISTED = (AnswerStatus.SUBMITTED, AnswerStatus.WITHDRAWN)
"""Drafts are their people's own; what was submitted once and is open again stands in the history."""


def answers_for_transform(
    *,
    transform: Transform,
    steward: User | None = None,
    state: QuestionState | None = None,
    status: AnswerStatus | None = None,
    corrected: bool | None = None,
    question_set: QuestionSet | None = None,
    search: str = "",
) -> QuerySet[Answer]:
    """Submitted and withdrawn answers, what changed last first, with question, set, person and ``row_labels`` in the order of rows.

    ``state`` is that of the question, ``corrected`` means that its groups were changed after it had been submitted, ``search`` is part of a value in one of the rows. Two queries.
    """
    answers = Answer.objects.filter(question__question_set__transform=transform, status__in=LISTED)
    if steward is not None:
        answers = answers.filter(steward=steward)
    if state is not None:
        answers = answers.filter(question__state=state)
    if status is not None:
        answers = answers.filter(status=status)
    if corrected is not None:
        answers = answers.filter(corrected=corrected)
    if question_set is not None:
        answers = answers.filter(question__question_set=question_set)
    if search:
        answers = answers.filter(Exists(_rows_with(search).filter(question=OuterRef("question"))))
    labels = RowLabel.objects.order_by("row__position")
    return (
        answers.select_related("question__question_set", "steward")
        .prefetch_related(Prefetch("row_labels", queryset=labels))
        .order_by("-updated_at", "pk")
    )


def _rows_with(text: str) -> QuerySet[Row]:
    """Rows with the text in a value, in capitals or not. Looked for as JSON has it: SQLite keeps other scripts escaped, PostgreSQL does not."""
    written = [json.dumps(text, ensure_ascii=escaped)[1:-1] for escaped in (True, False)]
    return Row.objects.alias(written=Cast("values", TextField())).filter(
        Q(written__icontains=written[0]) | Q(written__icontains=written[1])
    )


def may_read(*, answer: Answer, viewer: Membership) -> bool:
    """Whether the person may see the grouping: their own always, those of others as a lead and once the question is done.

    Somebody who could still answer the question would otherwise no longer answer it alone.
    """
    if answer.steward_id == viewer.user_id:
        return True
    return can_see_answers(viewer) and answer.question.state != QuestionState.OPEN


def answers_visible_to(*, question: Question, viewer: Membership) -> list[Answer]:
    """The submitted answers to a question that the person may read, oldest first, with their people and ``row_labels``."""
    labels = RowLabel.objects.order_by("row__position")
    return list(
        Answer.objects.filter(_readable(question, viewer, ""), question=question, status=AnswerStatus.SUBMITTED)
        .select_related("steward", "question")
        .prefetch_related(Prefetch("row_labels", queryset=labels))
        .order_by("submitted_at", "pk")
    )


def answer_history(*, question: Question, viewer: Membership) -> list[AnswerChange]:
    """Every change of the answers that the person may read, newest first, with answer, its person and who changed it."""
    return list(
        AnswerChange.objects.filter(_readable(question, viewer, "answer__"), answer__question=question)
        .select_related("answer__steward", "by")
        .order_by("-at", "-pk")
    )


def _readable(question: Question, viewer: Membership, path: str) -> Q:
    """``may_read`` as a filter."""
    if can_see_answers(viewer) and question.state != QuestionState.OPEN:
        return Q()
    return Q(**{f"{path}steward": viewer.user_id})
