"""Stewards take questions, save drafts, and submit.

A question is held by one person at a time under a lease. Taking, submitting and reopening are compare-and-set updates, so that two
people who press at the same moment never get the same question and never answer it twice. What was typed is kept even when the
question is gone: as a draft that reaches no label file.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import GROUP_LABELS, UNSURE, AnswerStatus
from labeling.exceptions import InvalidAnswerError, QuestionTakenError
from labeling.models import Answer, Question, RowLabel, Transform
from labeling.selectors.questions import takeable_by

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
_BATCH = 50
_ROUNDS = 5
_DAY = 86_400
_LABELS = frozenset({*GROUP_LABELS, UNSURE})


def next_question(*, transform: Transform, steward: User, exclude: Collection[uuid.UUID] = ()) -> Question | None:
    """The question this steward should answer next, now held under a lease; None when none is left for them.

    First what they hold or have begun, then fresh questions in order, then those they skipped, longest ago first.
    ``exclude`` names questions that are on their screen already, so that the one after can be fetched before it is needed.
    """
    mine = Answer.objects.filter(question=OuterRef("pk"), steward=steward)
    candidates = (
        takeable_by(steward=steward)
        .filter(question_set__transform=transform)
        .exclude(pk__in=exclude)
        .annotate(
            turn=Case(
                When(Q(leased_to=steward, lease_expires_at__gt=timezone.now()), then=Value(0)),
                When(Exists(mine.filter(status=AnswerStatus.DRAFT)), then=Value(0)),
                When(Exists(mine.filter(status=AnswerStatus.SKIPPED)), then=Value(2)),
                default=Value(1),
                output_field=IntegerField(),
            ),
            skipped_at=Subquery(mine.filter(status=AnswerStatus.SKIPPED).values("updated_at")[:1]),
        )
        .order_by("turn", "skipped_at", "question_set__number", "position")
    )
    for _round in range(_ROUNDS):
        batch = list(candidates[:_BATCH])
        for question in batch:
            if _take(question, steward):
                return Question.objects.select_related("question_set__transform").get(pk=question.pk)
        if not batch:
            return None
    return None


def open_question(*, question: Question, steward: User) -> Question:
    """Take or renew the lease on this very question. Raises ``QuestionTakenError`` if it is not to be had."""
    if _has_submitted(question, steward):
        raise QuestionTakenError(_("You have answered this question. Reopen it to change your answer."))
    if not _take(question, steward):
        raise QuestionTakenError(_("Somebody else holds this question or has answered it."))
    return Question.objects.select_related("question_set__transform").get(pk=question.pk)


@transaction.atomic
def save_draft(*, question: Question, steward: User, labels: dict[int, str]) -> Answer:
    """Keep the grouping as it stands and renew the lease.

    ``labels`` maps row ids to a group, ``?`` or nothing; rows that are not named have none. Raises ``QuestionTakenError`` if
    somebody else holds the question or it is answered, ``InvalidAnswerError`` if a label or row does not belong to it.
    """
    wanted = _checked_labels(question, labels)
    open_question(question=question, steward=steward)
    return _keep_draft(question, steward, wanted)


def submit_answer(*, question: Question, steward: User, labels: dict[int, str], seconds: int, keys: int) -> Answer:
    """Finish a question: every row has a group or ``?``.

    ``seconds`` and ``keys`` are what this round of work took; rounds add up. Submitting the same once more changes nothing.
    Raises ``InvalidAnswerError`` if rows are blank or another answer by this steward stands; ``QuestionTakenError`` if somebody
    else was faster: the grouping is then kept as a draft.
    """
    wanted = _checked_labels(question, labels)
    if len(wanted) < question.rows.count():
        raise InvalidAnswerError(_("Every row needs a group, or a question mark if you cannot tell."))
    try:
        with transaction.atomic():
            return _submit(question, steward, wanted, seconds=seconds, keys=keys)
    except QuestionTakenError:
        _keep_draft(question, steward, wanted)
        raise


def skip_question(*, question: Question, steward: User, labels: dict[int, str] | None = None) -> None:
    """Leave the question for others; it comes back to this steward after everything else. What was typed stays.

    ``labels``, if given, is the grid as it stands, to be kept first.
    """
    with transaction.atomic():
        if labels is not None:
            _keep_draft(question, steward, _checked_labels(question, labels))
        answer, _created = Answer.objects.get_or_create(question=question, steward=steward)
        Answer.objects.filter(pk=answer.pk).exclude(status=AnswerStatus.SUBMITTED).update(
            status=AnswerStatus.SKIPPED, updated_at=timezone.now()
        )
        release_question(question=question, steward=steward)


def release_question(*, question: Question, steward: User) -> None:
    """Give the lease back, if the steward has it; a draft stays."""
    Question.objects.filter(pk=question.pk, leased_to=steward).update(leased_to=None, lease_expires_at=None)


@transaction.atomic
def reopen_answer(*, answer: Answer, user: User) -> Answer:
    """Turn a submitted answer back into its steward's draft, with the lease on its question.

    What Glue has learned from it stays until the next import after it is submitted again.
    """
    now = timezone.now()
    reopened = Answer.objects.filter(pk=answer.pk, status=AnswerStatus.SUBMITTED).update(
        status=AnswerStatus.DRAFT, submitted_at=None, updated_at=now
    )
    if not reopened:
        raise InvalidAnswerError(_("Only a submitted answer can be reopened."))
    Question.objects.filter(pk=answer.question_id).update(answers_missing=F("answers_missing") + 1)
    free = Q(leased_to__isnull=True) | Q(lease_expires_at__lte=now)
    Question.objects.filter(free, pk=answer.question_id).update(
        leased_to=answer.steward_id, lease_expires_at=now + LEASE
    )
    logger.info("answer %s reopened by user %s", answer.pk, user.pk)
    answer.refresh_from_db()
    return answer


def _take(question: Question, steward: User) -> bool:
    """Put the question under the steward's lease; False if somebody else was faster."""
    now = timezone.now()
    free = Q(leased_to__isnull=True) | Q(leased_to=steward) | Q(lease_expires_at__lte=now)
    taken = Question.objects.filter(free, pk=question.pk, answers_missing__gt=0).update(
        leased_to=steward, lease_expires_at=now + LEASE
    )
    return taken == 1


def _submit(question: Question, steward: User, labels: dict[int, str], *, seconds: int, keys: int) -> Answer:
    now = timezone.now()
    answer, _created = Answer.objects.get_or_create(question=question, steward=steward)
    # The answer is claimed before the question: a second tab of the same steward waits here and then finds it submitted.
    claimed = (
        Answer.objects.filter(pk=answer.pk)
        .exclude(status=AnswerStatus.SUBMITTED)
        .update(
            status=AnswerStatus.SUBMITTED,
            submitted_at=now,
            updated_at=now,
            version=F("version") + 1,
            seconds=Coalesce(F("seconds"), 0) + min(max(seconds, 0), _DAY),
            keys=Coalesce(F("keys"), 0) + min(max(keys, 0), _DAY),
        )
    )
    if not claimed:
        if dict(answer.row_labels.values_list("row_id", "label")) == labels:
            answer.refresh_from_db()
            return answer
        raise InvalidAnswerError(_("You have answered this question. Reopen it to change your answer."))
    free = Q(leased_to__isnull=True) | Q(leased_to=steward) | Q(lease_expires_at__lte=now)
    counted = Question.objects.filter(free, pk=question.pk, answers_missing__gt=0).update(
        answers_missing=F("answers_missing") - 1, leased_to=None, lease_expires_at=None
    )
    if not counted:
        raise QuestionTakenError(
            _("Somebody else has taken this question meanwhile. Your grouping is kept as a draft.")
        )
    _write_labels(answer, labels)
    answer.refresh_from_db()
    return answer


@transaction.atomic
def _keep_draft(question: Question, steward: User, labels: dict[int, str]) -> Answer:
    """The steward's draft with these labels. A submitted answer is left as it is."""
    answer, _created = Answer.objects.get_or_create(question=question, steward=steward)
    kept = (
        Answer.objects.filter(pk=answer.pk)
        .exclude(status=AnswerStatus.SUBMITTED)
        .update(status=AnswerStatus.DRAFT, updated_at=timezone.now())
    )
    if not kept:
        raise QuestionTakenError(_("You have answered this question. Reopen it to change your answer."))
    _write_labels(answer, labels)
    answer.refresh_from_db()
    return answer


def _has_submitted(question: Question, steward: User) -> bool:
    return Answer.objects.filter(question=question, steward=steward, status=AnswerStatus.SUBMITTED).exists()


def _checked_labels(question: Question, labels: dict[int, str]) -> dict[int, str]:
    """The labels that are given, blanks left out. Raises ``InvalidAnswerError`` for what does not belong to the question."""
    given = {row_id: label for row_id, label in labels.items() if label}
    if not set(given.values()) <= _LABELS:
        raise InvalidAnswerError(_("A group is a letter from A to O, or a question mark if you cannot tell."))
    if not set(labels) <= set(question.rows.values_list("pk", flat=True)):
        raise InvalidAnswerError(_("A row does not belong to this question. Load the page again."))
    return given


def _write_labels(answer: Answer, labels: dict[int, str]) -> None:
    """Make the answer's row labels exactly these."""
    RowLabel.objects.filter(answer=answer).exclude(row_id__in=labels).delete()
    RowLabel.objects.bulk_create(
        [RowLabel(answer=answer, row_id=row_id, label=label) for row_id, label in labels.items()],
        update_conflicts=True,
        unique_fields=["answer", "row"],
        update_fields=["label"],
    )
