"""Questions are asked again of the people who answered them, because somebody doubts the answer."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.exceptions import InvalidAnswerError
from labeling.models import Answer, Question
from labeling.services.answers import release_question, reopen_answer


@transaction.atomic
def ask_again(*, question: Question, user: User) -> list[Answer]:
    """Reopen what decided the question: the adjudication if there is one, else everybody's answer. What was said stays as their draft.

    Where an adjudication has overruled what people agreed on, they are asked and not the adjudicator: else what was overruled would just
    be the result again. Gives the answers of those who are asked. Raises ``InvalidAnswerError`` if nothing is submitted, or if it is a
    control question.
    """
    if question.is_control:
        raise InvalidAnswerError(_("This is a control question. Make it an ordinary question first."))
    submitted = Answer.objects.filter(question=question, status=AnswerStatus.SUBMITTED, control=False)
    asked = _reopened(submitted.filter(kind=AnswerKind.ADJUDICATION), user)
    if not asked or Question.objects.filter(pk=question.pk, state=QuestionState.SETTLED).exists():
        for adjudication in asked:
            release_question(question=question, steward=adjudication.steward)
        asked = _reopened(submitted, user)
    if not asked:
        raise InvalidAnswerError(_("Nobody has answered this question, or it has already been reopened."))
    return asked


def _reopened(answers: QuerySet[Answer], user: User) -> list[Answer]:
    return [reopen_answer(answer=answer, user=user) for answer in answers.order_by("created_at")]
