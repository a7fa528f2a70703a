"""Answers are taken back: to be changed, or for good. Also after import; the next import then carries what has changed."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import AnswerStatus, ChangeAction
from labeling.exceptions import InvalidAnswerError
from labeling.models import Answer, Question, RowLabel
from labeling.selectors.adjudication import is_adjudicated
from labeling.selectors.chunks import in_chunks
from labeling.selectors.queue import free_for
from labeling.selectors.withdrawal import Withdrawal, why_it_stays, withdrawal_of
from labeling.services.answers.labels import labels_of, remember_taken_back, remember_withdrawn
from labeling.services.answers.queue import LEASE
from labeling.services.consensus import settle, settle_all

logger = logging.getLogger(__name__)


@transaction.atomic
def reopen_answer(*, answer: Answer, user: User) -> Answer:
    """Turn a submitted answer or adjudication back into its person's draft, with the lease on its question.

    What Glue has learned from it stays until the next import after it is submitted again. Raises ``InvalidAnswerError`` if it is not
    submitted, or if others rely on it: see ``withdraw_answer``.
    """
    now = timezone.now()
    _take_back(answer, AnswerStatus.DRAFT, ChangeAction.REOPENED, user, now)
    if not answer.control:
        Question.objects.filter(free_for(answer.steward), pk=answer.question_id).update(
            leased_to=answer.steward_id, lease_expires_at=now + LEASE
        )
    answer.refresh_from_db()
    return answer


@transaction.atomic
def withdraw_answers(*, answers: QuerySet[Answer], user: User, learned: bool, seen: str) -> Withdrawal:
    """Take all of these back as ``withdraw_answer`` does that can be, with or without those that Glue has ``learned`` from; which those are.

    ``seen`` is the digest of the withdrawal that the person has seen. Raises ``InvalidAnswerError`` if it would be another by now.
    As many queries for a thousand answers as for one, but for every 500 once.
    """
    # Questions before answers, in the order of all who lock several.
    list(
        Question.objects.filter(pk__in=answers.values("question")).order_by("pk").select_for_update().values_list("pk")
    )
    found = withdrawal_of(answers=answers, reader=user)
    if found.digest != seen:
        raise InvalidAnswerError(_("Answers have been given or changed in the meantime. Nothing was withdrawn yet."))
    going = [*found.going, *(found.learned if learned else ())]
    now = timezone.now()
    for some in in_chunks(going):
        ids = [answer.pk for answer in some]
        remember_withdrawn(some, by=user, at=now)
        RowLabel.objects.filter(answer__in=ids).delete()
        Answer.objects.filter(pk__in=ids).update(status=AnswerStatus.WITHDRAWN, submitted_at=None, updated_at=now)
    for questions in in_chunks(sorted({answer.question_id for answer in going if not answer.control})):
        settle_all(questions=Question.objects.filter(pk__in=questions))
    logger.info("%d answers withdrawn by user %s", len(going), user.pk)
    return found


@transaction.atomic
def withdraw_answer(*, answer: Answer, user: User) -> Answer:
    """Take a submitted answer or adjudication back for good; its question is asked again, or disputed again.

    Its labels stay in the history alone. Raises ``InvalidAnswerError`` if it is not submitted, if the question has been
    adjudicated since, or if the question became a control question by it.
    """
    _take_back(answer, AnswerStatus.WITHDRAWN, ChangeAction.WITHDRAWN, user, timezone.now())
    answer.row_labels.all().delete()
    answer.refresh_from_db()
    return answer


def _take_back(answer: Answer, status: AnswerStatus, action: ChangeAction, user: User, now: datetime) -> None:
    if not answer.control:
        # The question before the answer, as a decision that overrules another does it: both at once would wait for each other.
        Question.objects.select_for_update(of=("self",)).get(pk=answer.question_id)
    taken = Answer.objects.filter(pk=answer.pk, status=AnswerStatus.SUBMITTED).update(
        status=status, submitted_at=None, updated_at=now
    )
    if not taken:
        raise InvalidAnswerError(_("Only a submitted answer can be taken back."))
    answer.refresh_from_db()
    remember_taken_back(answer, action, by=user, at=now, labels=labels_of(answer))
    if not answer.control:
        answer.question = settle(question=answer.question)
    adjudicated = not answer.control and is_adjudicated(question=answer.question)
    if why := why_it_stays(answer=answer, adjudicated=adjudicated, reader=user):
        raise InvalidAnswerError(why)
    logger.info("answer %s %s by user %s", answer.pk, action, user.pk)
