"""Drafts are kept and answers are submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import AnswerStatus
from labeling.exceptions import AlreadyAnsweredError, NewerGroupingError, NotMeantError, QuestionTakenError
from labeling.models import Answer, Question
from labeling.selectors.queue import free_for, proposal_for
from labeling.services.answers.labels import (
    checked_labels,
    labels_of,
    remember_submission,
    rows_of,
    write_draft,
    write_labels,
)
from labeling.services.answers.messages import gone_on, open_to, submitted
from labeling.services.answers.queue import (
    answered_already,
    hold,
    may_answer,
    meant_for_others,
    own_answer,
    skip_question,
)
from labeling.services.consensus import settle
from partitions import Grouping


def save_draft(*, question: Question, steward: User, labels: dict[int, str], stamp: int | None = None) -> Answer:
    """Keep the grouping as it stands and renew the lease; a draft with a greater ``stamp`` is newer and stays.

    ``labels`` maps row ids to a group, ``?`` or nothing; rows that are not named have none. Raises ``QuestionTakenError`` if
    somebody else holds the question or it is answered (``AlreadyAnsweredError``: by this person), ``NotMeantError`` if it is meant for
    others and the person is not at it, ``InvalidAnswerError`` if a label or row does not belong to it.
    """
    rows = rows_of(question)
    wanted = checked_labels(rows, labels, complete=False)
    with transaction.atomic():
        meant = may_answer(question, steward)  # before there is a draft: whoever has one is at it
        answer = own_answer(question, steward)
        # The answer before the question, as a submission does it: of both at once the second waits and has nothing that the first needs.
        write_draft(answer, wanted, stamp=stamp, complete=len(wanted) == len(rows))
        if not meant and answer.status != AnswerStatus.SUBMITTED:
            raise meant_for_others()
        hold(question, steward)
        if answer.status == AnswerStatus.SUBMITTED:
            raise answered_already()
        return answer


def submit_answer(
    *,
    question: Question,
    steward: User,
    labels: dict[int, str],
    seconds: int,
    keys: int,
    proposal_shown: bool = False,
    stamp: int | None = None,
    message: str = "",
) -> Answer:
    """Finish a question: every row has a group or ``?``. If nobody else is asked, it is then settled or disputed.

    ``seconds`` and ``keys`` are what this round of work took; rounds add up. ``proposal_shown`` is noted if the person may see the proposal at
    all. ``stamp`` says when the grouping was made, as in ``save_draft``. Submitting the same once more changes nothing, and the same
    ``message`` not even if the answer was taken back since: a page that was closed leaves it to the next one to send. Raises
    ``InvalidAnswerError`` if rows are blank; ``AlreadyAnsweredError`` if another answer by this person stands; ``NewerGroupingError`` if they
    have done something with a greater ``stamp``; ``QuestionTakenError`` if somebody else was faster: the grouping is then kept as a draft;
    ``NotMeantError`` as ``save_draft`` does: it is then kept as that of a question that they skipped.
    """
    rows = rows_of(question)
    wanted = checked_labels(rows, labels, complete=True)
    proposed = proposal_for(question=question, steward=steward, rows=rows.values()) if proposal_shown else {}
    fields = {
        **submitted(seconds=seconds, keys=keys, message=message, stamp=stamp),
        "proposal_shown": bool(proposed),
        "accepted_untouched": bool(proposed)
        and Grouping({row_id: item.label for row_id, item in proposed.items()}) == Grouping(wanted),
    }
    try:
        with transaction.atomic():
            return _submit(question, steward, wanted, fields, stamp=stamp, message=message)
    except (AlreadyAnsweredError, NewerGroupingError):
        raise
    except NotMeantError:
        # Nothing of the sort may be lost, but whoever has a draft may answer.
        skip_question(question=question, steward=steward, labels=labels, stamp=stamp)
        raise
    except QuestionTakenError:
        with transaction.atomic():
            write_draft(own_answer(question, steward), wanted, stamp=stamp, complete=True)
        raise


def _submit(
    question: Question,
    steward: User,
    labels: Mapping[int, str],
    fields: Mapping[str, Any],
    *,
    stamp: int | None,
    message: str,
) -> Answer:
    meant = may_answer(question, steward)  # before there is a draft
    answer = own_answer(question, steward)
    # The answer is claimed before the question: a second tab of the same person waits here and then finds it submitted.
    claimed = open_to(answer, message=message, stamp=stamp).update(**fields)
    if not claimed:
        answer.refresh_from_db()
        stands = answer.status == AnswerStatus.SUBMITTED
        if (message and answer.last_message == message) or (stands and labels_of(answer) == labels):
            return answer
        raise answered_already() if stands else gone_on()
    if not meant:
        raise meant_for_others()
    _count(question, steward, answer)
    write_labels(answer, labels, complete=True)
    answer.refresh_from_db()
    remember_submission(answer, by=steward, labels=labels)
    if not answer.control:
        settle(question=question)
    return answer


def _count(question: Question, steward: User, answer: Answer) -> None:
    """Use up one of the answers that the question still needs; control questions take any number."""
    if answer.control:
        counted = Question.objects.filter(pk=question.pk, is_control=True).exists()
    else:
        counted = (
            Question.objects.filter(free_for(steward), pk=question.pk, answers_missing__gt=0).update(
                answers_missing=F("answers_missing") - 1, leased_to=None, lease_expires_at=None
            )
            == 1
        )
    if not counted:
        raise QuestionTakenError(
            _("Someone else has taken this question in the meantime. Your grouping is saved as a draft.")
        )
