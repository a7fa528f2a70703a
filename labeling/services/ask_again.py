"""Questions are asked again of the people who answered them, because somebody doubts the answer."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import AnswerKind, AnswerStatus
from labeling.exceptions import InvalidAnswerError
from labeling.models import Answer, Question
from labeling.services.answers import reopen_answer


@transaction.atomic
def ask_again(*, question: Question, user: User) -> list[Answer]:
    """Reopen what decided the question: the adjudication if there is one, else everybody's answer. What was said stays as their draft.

    Raises ``InvalidAnswerError`` if nothing is submitted, or if it is a control question.
    """
    if question.is_control:
        raise InvalidAnswerError(_("This is a control question. Make it an ordinary question first."))
    submitted = Answer.objects.filter(question=question, status=AnswerStatus.SUBMITTED, control=False)
    deciding = submitted.filter(kind=AnswerKind.ADJUDICATION)
    answers = list((deciding if deciding.exists() else submitted).order_by("created_at"))
    if not answers:
        raise InvalidAnswerError(_("Nobody has answered this question, or it has already been reopened."))
    return [reopen_answer(answer=answer, user=user) for answer in answers]
