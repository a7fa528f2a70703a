"""Somebody decides what people could not agree on, or what the team has got wrong."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.exceptions import InvalidAnswerError, QuestionTakenError
from labeling.models import Answer, Question, Transform
from labeling.selectors.adjudication import disputed_questions, settled_part
from labeling.selectors.queue import free_for
from labeling.services.answers import LEASE, release_question, withdraw_answer
from labeling.services.answers.labels import (
    checked_labels,
    labels_of,
    remember_submission,
    rows_of,
    write_draft,
    write_labels,
)
from labeling.services.answers.messages import gone_on, is_past, submitted
from labeling.services.answers.queue import own_answer
from labeling.services.consensus import settle
from partitions import Grouping

_DONE = (QuestionState.DISPUTED, QuestionState.SETTLED)


def next_disputed(*, transform: Transform, user: User, exclude: Collection[uuid.UUID] = ()) -> Question | None:
    """The disputed question to adjudicate next, held under a lease; None if none is left that nobody else holds."""
    waiting = disputed_questions(transform=transform).filter(free_for(user)).exclude(pk__in=exclude)
    for pk in waiting.values_list("pk", flat=True):
        if _take(pk, user):
            return _loaded(pk)
    return None


def open_adjudication(*, question: Question, user: User) -> Question:
    """Take or renew the lease on a disputed question, or on a settled one to overrule what was settled.

    Raises ``QuestionTakenError`` if people are still answering it, somebody else holds it, or it is a control question.
    """
    if not _take(question.pk, user):
        raise QuestionTakenError(_("This question is still being answered, or someone else is working on it."))
    return _loaded(question.pk)


@transaction.atomic
def save_adjudication(*, question: Question, user: User, labels: dict[int, str], stamp: int | None = None) -> Answer:
    """Keep the grid as it stands and renew the lease; a draft with a greater ``stamp`` is newer and stays.

    Raises ``QuestionTakenError``, ``InvalidAnswerError``.
    """
    wanted = checked_labels(rows_of(question), labels, complete=False)
    open_adjudication(question=question, user=user)
    answer = own_answer(question, user, AnswerKind.ADJUDICATION)
    write_draft(answer, wanted, stamp=stamp)
    if answer.status == AnswerStatus.SUBMITTED:
        raise QuestionTakenError(_("You have already adjudicated this question. Reopen it to change your decision."))
    return answer


@transaction.atomic
def skip_adjudication(
    *, question: Question, user: User, labels: dict[int, str], stamp: int | None = None, message: str = ""
) -> None:
    """Leave the question to others, or for later: the grid is kept as a draft and the question given back.

    ``stamp`` and ``message`` are as in ``skip_question``. Raises as ``save_adjudication`` does.
    """
    _locked(question)
    answer = own_answer(question, user, AnswerKind.ADJUDICATION)
    if is_past(answer, message=message, stamp=stamp):
        return
    save_adjudication(question=question, user=user, labels=labels, stamp=stamp)
    Answer.objects.filter(pk=answer.pk).update(last_message=message or F("last_message"))
    release_question(question=question, steward=user)


@transaction.atomic
def submit_adjudication(
    *,
    question: Question,
    user: User,
    labels: dict[int, str],
    seconds: int,
    keys: int,
    overrules: int | None = None,
    stamp: int | None = None,
    message: str = "",
) -> Answer:
    """Settle the question with this grouping of all its rows.

    Of a disputed question only the disputed rows are open: the others must stand to each other as the people agreed. A decision that stands is
    replaced only if ``overrules`` is the ``result_version`` it came to: then the person has seen it. Submitting the same once more changes
    nothing; ``stamp`` and ``message`` are as in ``submit_answer``. Raises ``InvalidAnswerError`` if rows are blank or that is not so;
    ``NewerGroupingError`` as ``submit_answer`` does; ``QuestionTakenError`` if somebody else holds the question or has decided.
    """
    wanted = checked_labels(rows_of(question), labels, complete=True)
    current = _locked(question)
    answer = own_answer(question, user, AnswerKind.ADJUDICATION)
    if message and answer.last_message == message:
        return answer
    if answer.status == AnswerStatus.SUBMITTED and labels_of(answer) == wanted:
        release_question(question=question, steward=user)
        return answer
    if is_past(answer, message=message, stamp=stamp):
        raise gone_on()
    open_adjudication(question=question, user=user)
    agreed = settled_part(question=current)
    if Grouping({row_id: wanted[row_id] for row_id in agreed}) != Grouping(agreed):
        raise InvalidAnswerError(_("Only the disputed rows can be changed. The others have been settled."))
    standing = question.answers.filter(kind=AnswerKind.ADJUDICATION, status=AnswerStatus.SUBMITTED)
    if current.state == QuestionState.SETTLED and current.result_version == overrules:
        for decision in standing:
            withdraw_answer(answer=decision, user=user)
    elif standing.exists():
        raise QuestionTakenError(_("This question has been adjudicated. Reopen the adjudication to change it."))
    fields = submitted(seconds=seconds, keys=keys, message=message, stamp=stamp)
    Answer.objects.filter(pk=answer.pk).update(**fields)
    write_labels(answer, wanted)
    answer.refresh_from_db()
    remember_submission(answer, by=user, labels=wanted)
    Question.objects.filter(pk=question.pk).update(leased_to=None, lease_expires_at=None)
    settle(question=question)
    return answer


def _locked(question: Question) -> Question:
    """The question as it is now, under its lock: of the same message twice at once, the second finds what the first has done."""
    return Question.objects.select_for_update(of=("self",)).get(pk=question.pk)


def _take(question_id: uuid.UUID, user: User) -> bool:
    taken = Question.objects.filter(
        free_for(user), pk=question_id, state__in=_DONE, answers_missing=0, is_control=False
    ).update(leased_to=user, lease_expires_at=timezone.now() + LEASE)
    return taken == 1


def _loaded(question_id: uuid.UUID) -> Question:
    return Question.objects.select_related("question_set__transform").get(pk=question_id)
