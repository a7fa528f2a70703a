"""From the answers to a question to its state and its result.

Everything that changes an answer calls ``settle`` in the same transaction, after it has changed the answer. ``settle`` locks the question and counts
anew, so that the outcome is the same in whatever order people press.
"""

from __future__ import annotations

import logging

from django.db.models import QuerySet
from django.utils import timezone

from labeling.choices import UNSURE, AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question
from labeling.selectors.groupings import labels_by_answer
from labeling.selectors.imports import is_refused
from partitions import Grouping, Rule, find_consensus

logger = logging.getLogger(__name__)


def settle(*, question: Question) -> Question:
    """Bring ``answers_missing``, ``state`` and ``result`` up to the answers as they stand; the question, locked and new.

    An adjudication decides alone. Otherwise the question is open until the set's number of people have answered; a single answer is then the result
    as it is, of several the consensus is, or the question is disputed. ``result_version`` grows when the result becomes another.
    To be called in a transaction.
    """
    locked = (
        Question.objects.select_for_update(of=("self",)).select_related("question_set__transform").get(pk=question.pk)
    )
    answers = list(
        Answer.objects.filter(question=locked, status=AnswerStatus.SUBMITTED, control=False)
        .order_by("submitted_at", "pk")
        .only("pk", "kind")
    )
    adjudication = next((answer for answer in answers if answer.kind == AnswerKind.ADJUDICATION), None)
    given = [answer for answer in answers if answer.kind == AnswerKind.ANSWER]
    missing = 0 if adjudication else max(0, locked.question_set.answers_wanted - len(given))
    result: dict[str, str] | None = None
    if not missing:
        deciding = [adjudication] if adjudication else given
        result = _result(locked, list(labels_by_answer([answer.pk for answer in deciding]).values()))
    state = QuestionState.OPEN if missing else QuestionState.DISPUTED if result is None else QuestionState.SETTLED
    locked.answers_missing = missing
    fields = ["answers_missing"]
    if (locked.state, locked.result) != (state, result):
        locked.state, locked.result, locked.changed_at = state, result, timezone.now()
        locked.sure_rows = sum(label != UNSURE for label in (result or {}).values())
        locked.refused = result is not None and is_refused(question=locked, labels=result)
        fields += ["state", "result", "sure_rows", "refused", "changed_at"]
        if result is not None:
            locked.result_version += 1
            fields.append("result_version")
    locked.save(update_fields=fields)
    return locked


def settle_all(*, questions: QuerySet[Question]) -> None:
    """``settle`` each, in an order that keeps two of these calls from waiting for each other. To be called in a transaction."""
    for question in questions.order_by("pk").only("pk"):
        settle(question=question)


def _result(question: Question, given: list[dict[int, str]]) -> dict[str, str] | None:
    """What the people agree on, for all rows; None if they do not."""
    if len(given) == 1:
        return {str(row_id): label for row_id, label in given[0].items()}
    rows = list(question.rows.order_by("position").values_list("pk", flat=True))
    rule = Rule(question.question_set.transform.consensus_rule)
    consensus = find_consensus([Grouping(labels) for labels in given], rows, rule=rule)
    logger.info("question %s: %d answers, %d rows disputed", question.pk, len(given), len(consensus.disputed))
    if not consensus.settled:
        return None
    return {str(row_id): label for row_id, label in consensus.grouping.labels.items()}
