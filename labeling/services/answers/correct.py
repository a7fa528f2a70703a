"""Answers are taken back: to be changed, or for good. Also after import; the next import then carries what has changed."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import AnswerKind, AnswerStatus, ChangeAction
from labeling.exceptions import InvalidAnswerError
from labeling.models import Answer, Question
from labeling.selectors.adjudication import is_adjudicated
from labeling.selectors.queue import free_for
from labeling.services.answers.labels import labels_of, remember_taken_back
from labeling.services.answers.queue import LEASE
from labeling.services.consensus import settle

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
    if answer.control:
        if not Question.objects.filter(pk=answer.question_id, is_control=True).exists():
            raise InvalidAnswerError(_("This question is no longer asked, and your answer to it no longer counts."))
    else:
        question = settle(question=answer.question)
        if question.is_control:
            raise InvalidAnswerError(_known_answer(own=answer.steward_id == user.pk))
        if answer.kind == AnswerKind.ANSWER and is_adjudicated(question=question):
            raise InvalidAnswerError(
                _(
                    "This question has been adjudicated. Its answers can be changed once a team lead has reopened the adjudication."
                )
            )
    logger.info("answer %s %s by user %s", answer.pk, action, user.pk)


def _known_answer(*, own: bool) -> str:
    """Why the known answer of a control question stays. Its person is not told which questions are control questions."""
    if own:
        return _("Others rely on this answer now, so it cannot be changed. If it is wrong, tell a team lead.")
    return _("This is the known answer of a control question. Make it an ordinary question first.")
