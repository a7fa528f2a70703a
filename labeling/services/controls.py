"""Control questions: settled questions that are asked again, of people who have not seen them, to learn how people group."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import AnswerStatus, ChangeAction, QuestionState
from labeling.exceptions import InvalidAnswerError
from labeling.models import Answer, Question
from labeling.services.answers.labels import labels_of, remember_taken_back
from labeling.services.consensus import settle

logger = logging.getLogger(__name__)


@transaction.atomic
def mark_control(*, question: Question, user: User) -> Question:
    """Make a settled question a control question; its result is the known answer, and no import takes it any more.

    It is offered at the rate that the team has set. What Glue has learned from it already stays until labels are replaced. Raises
    ``InvalidAnswerError`` if it is not settled, or stands beside the guidelines as an example.
    """
    locked = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    if locked.is_control:
        return locked
    if locked.state != QuestionState.SETTLED:
        raise InvalidAnswerError(_("Only a settled question has a known answer."))
    if locked.examples.exists():
        raise InvalidAnswerError(_("This question is an example in the guidelines, so everyone knows its answer."))
    locked.is_control, locked.known, locked.changed_at = True, locked.result, timezone.now()
    locked.save(update_fields=["is_control", "known", "changed_at"])
    logger.info("question %s became a control question, by user %s", locked.pk, user.pk)
    return locked


@transaction.atomic
def unmark_control(*, question: Question, user: User) -> Question:
    """Make it an ordinary question again.

    Answers that were given to it as a control question are withdrawn: they were never to decide anything, and their people may be asked
    again if the question needs more answers.
    """
    locked = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    if not locked.is_control:
        return locked
    locked.is_control, locked.known, locked.changed_at = False, None, timezone.now()
    locked.save(update_fields=["is_control", "known", "changed_at"])
    locked.answers.filter(control=True).exclude(status=AnswerStatus.SUBMITTED).delete()
    for answer in locked.answers.filter(control=True):
        _withdraw(answer, user)
    logger.info("question %s became an ordinary question, by user %s", locked.pk, user.pk)
    return settle(question=locked)


def _withdraw(answer: Answer, user: User) -> None:
    """Leave it to the history alone. Version 0, because no version of it ever counted: label files owe nothing to it."""
    now = timezone.now()
    remember_taken_back(answer, ChangeAction.WITHDRAWN, by=user, at=now, labels=labels_of(answer))
    answer.row_labels.all().delete()
    Answer.objects.filter(pk=answer.pk).update(
        status=AnswerStatus.WITHDRAWN,
        control=False,
        version=0,
        corrected=False,
        first_submitted_at=None,
        submitted_at=None,
        updated_at=now,
    )
