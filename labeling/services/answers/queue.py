"""Questions are offered, taken under a lease, left and given back."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import membership_in
from labeling.choices import AnswerKind, AnswerStatus
from labeling.exceptions import AlreadyAnsweredError, NotMeantError, QuestionTakenError
from labeling.models import Answer, Question, Transform
from labeling.permissions import is_lead
from labeling.selectors.queue import (
    at_it,
    control_due,
    controls_for,
    free_for,
    may_answer_control,
    meant_for,
    offers,
    shuffled,
)
from labeling.services.answers.labels import checked_labels, rows_of, write_labels
from labeling.services.answers.messages import is_past, open_to, skipped

LEASE = timedelta(minutes=10)
_BATCH = 50
_ROUNDS = 5


def next_question(*, transform: Transform, steward: User, exclude: Collection[uuid.UUID] = ()) -> Question | None:
    """The question this person should answer next, now held under a lease; None when none is left for them.

    First what they hold or have begun, then fresh questions by priority and order, then those they skipped or withdrew, longest ago
    first. At the team's rate a control question takes the place of a fresh one; control questions are held by nobody, because anybody may
    answer them at the same time. ``exclude`` names questions that are on their screen already, so that the one after can be fetched
    before it is needed.
    """
    for offer in offers(transform=transform, steward=steward, exclude=exclude):
        for _round in range(_ROUNDS):
            batch = list(offer.questions.values_list("pk", flat=True)[:_BATCH])
            if not batch:
                break
            if offer.fresh and (control := _control(transform, steward, exclude)) is not None:
                return control
            for pk in batch:
                if take(pk, steward):
                    return _loaded(pk)
    return None


def open_question(*, question: Question, steward: User) -> Question:
    """Take or renew the lease on this very question.

    Raises ``QuestionTakenError`` if it is not to be had, ``NotMeantError`` if it is meant for others, ``AlreadyAnsweredError`` if that is
    because of the person's own answer.
    """
    if _has_submitted(question, steward):
        raise answered_already()
    if not may_answer(question, steward):
        raise meant_for_others()
    hold(question, steward)
    return _loaded(question.pk)


def skip_question(
    *,
    question: Question,
    steward: User,
    labels: dict[int, str] | None = None,
    stamp: int | None = None,
    message: str = "",
) -> None:
    """Leave the question for others; it comes back to this person after everything else. What was typed stays.

    ``labels``, if given, is the grid as it stands, to be kept; then raises ``AlreadyAnsweredError`` if the person has submitted, and
    ``InvalidAnswerError`` if a label or row does not belong to the question. ``stamp`` and ``message`` are as in ``submit_answer``; a skip that
    is older than what the person did last changes nothing.
    """
    with transaction.atomic():
        answer = own_answer(question, steward)
        claimable = open_to(answer, message=message, stamp=stamp)
        if not claimable.update(**skipped(message=message, stamp=stamp)):
            answer.refresh_from_db()
            if is_past(answer, message=message, stamp=stamp):
                return
            if labels is not None:
                raise answered_already()
        elif labels is not None:
            write_labels(answer, checked_labels(rows_of(question), labels, complete=False))
        release_question(question=question, steward=steward)


def release_question(*, question: Question, steward: User) -> None:
    """Give the lease back, if the person has it; a draft stays."""
    Question.objects.filter(pk=question.pk, leased_to=steward).update(leased_to=None, lease_expires_at=None)


def hold(question: Question, steward: User) -> None:
    """Take or renew the lease, unless it is a control question, which needs none. Raises ``QuestionTakenError``."""
    if not take(question.pk, steward) and not may_answer_control(question=question, steward=steward):
        if _has_submitted(question, steward):
            raise answered_already()
        if Question.objects.filter(pk=question.pk, answers_missing__gt=0).exists():
            raise QuestionTakenError(_("Someone else is working on this question now."))
        raise QuestionTakenError(_("This question has been answered by others."))


def answered_already() -> AlreadyAnsweredError:
    """What to raise when the person's own answer stands."""
    return AlreadyAnsweredError(_("You have already answered this question. Reopen it to change your answer."))


def meant_for_others() -> NotMeantError:
    """What to raise when the question is not one that the person may answer."""
    return NotMeantError(_("This question is assigned to other people or needs a skill that you do not have."))


def take(question_id: uuid.UUID, steward: User) -> bool:
    """Put the open question under the person's lease; False if somebody else was faster."""
    now = timezone.now()
    taken = Question.objects.filter(free_for(steward), pk=question_id, answers_missing__gt=0).update(
        leased_to=steward, lease_expires_at=now + LEASE
    )
    return taken == 1


def own_answer(question: Question, steward: User, kind: AnswerKind = AnswerKind.ANSWER) -> Answer:
    """The person's answer to the question, made if there is none."""
    control = kind == AnswerKind.ANSWER and question.is_control
    answer, _created = Answer.objects.get_or_create(
        question=question, steward=steward, kind=kind, defaults={"control": control}
    )
    return answer


def may_answer(question: Question, steward: User) -> bool:
    """Whether an open question is meant for the person: by the rule of the queue, or because they are at it already. Leads may answer any."""
    if question.leased_to_id == steward.pk:
        return True
    membership = membership_in(user=steward, team=question.question_set.transform.team)
    if is_lead(membership):
        return True
    meant = meant_for(steward=steward, skills=membership.skill_tags if membership else ())
    return Question.objects.filter(at_it(steward=steward) | meant | Q(answers_missing=0), pk=question.pk).exists()


def _control(transform: Transform, steward: User, exclude: Collection[uuid.UUID]) -> Question | None:
    """A control question, if it is time for one and there is one that the person has not seen; begun ones at any time."""
    if not transform.control_percent:
        return None
    begun: dict[uuid.UUID, bool] = dict(
        controls_for(transform=transform, steward=steward).exclude(pk__in=exclude).values_list("pk", "begun")
    )
    waiting = [pk for pk, has_draft in begun.items() if has_draft]
    if not waiting and control_due(transform=transform, steward=steward, on_screen=len(exclude)):
        waiting = shuffled(begun, steward=steward)
    return _loaded(waiting[0]) if waiting else None


def _loaded(pk: uuid.UUID) -> Question:
    return Question.objects.select_related("question_set__transform").get(pk=pk)


def _has_submitted(question: Question, steward: User) -> bool:
    return Answer.objects.filter(
        question=question, steward=steward, kind=AnswerKind.ANSWER, status=AnswerStatus.SUBMITTED
    ).exists()
