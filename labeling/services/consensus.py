"""From the answers to a question to its state and its result.

Everything that changes an answer calls ``settle`` in the same transaction, after it has changed the answer. ``settle`` locks the question and counts
anew, so that the outcome is the same in whatever order people press.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import QuerySet
from django.utils import timezone

from labeling.choices import UNSURE, AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question, Row
from labeling.selectors.chunks import in_chunks
from labeling.selectors.groupings import labels_by_answer
from labeling.selectors.imports import refused_questions
from partitions import Grouping, Rule, find_consensus

logger = logging.getLogger(__name__)

_OUTCOME = ("state", "result", "result_version", "sure_rows", "refused", "changed_at")


def settle(*, question: Question) -> Question:
    """Bring ``answers_missing``, ``state`` and ``result`` up to the answers as they stand; the question, locked and new.

    An adjudication decides alone. Otherwise the question is open until the set's number of people have answered; a single answer is then the result
    as it is, of several the consensus is, or the question is disputed. ``result_version`` grows when the result becomes another.
    To be called in a transaction.
    """
    locked = _locked(Question.objects.filter(pk=question.pk)).get()
    became = _work_out([locked])
    locked.save(update_fields=["answers_missing", *(_OUTCOME if became else ())])
    return locked


def settle_all(*, questions: QuerySet[Question]) -> None:
    """``settle`` each, in an order that keeps two of these calls from waiting for each other. To be called in a transaction."""
    ids = list(questions.order_by("pk").values_list("pk", flat=True))
    for some in in_chunks(ids):
        locked = list(_locked(Question.objects.filter(pk__in=some)).order_by("pk"))
        _save_all(locked, became=_work_out(locked))


def _save_all(questions: Sequence[Question], *, became: Sequence[Question]) -> None:
    """One statement for all that have become alike: one that has a value for each question takes ten times as long."""
    missing: dict[int, list[uuid.UUID]] = defaultdict(list)
    for question in questions:
        missing[question.answers_missing].append(question.pk)
    for people, ids in missing.items():
        Question.objects.filter(pk__in=ids).update(answers_missing=people)
    for state in (QuestionState.OPEN, QuestionState.DISPUTED):
        alike = [question for question in became if question.state == state]
        if alike:
            without = {"result": None, "sure_rows": 0, "refused": False, "changed_at": alike[0].changed_at}
            Question.objects.filter(pk__in=[question.pk for question in alike]).update(state=state, **without)
    Question.objects.bulk_update([question for question in became if question.result is not None], _OUTCOME)


def _locked(questions: QuerySet[Question]) -> QuerySet[Question]:
    return questions.select_for_update(of=("self",)).select_related("question_set__transform")


def _work_out(questions: Sequence[Question]) -> list[Question]:
    """Bring these up to their answers, saving nothing; those whose state or result became another. Up to four queries."""
    adjudications, given = _standing(questions)
    deciding: dict[uuid.UUID, list[uuid.UUID]] = {}
    for question in questions:
        adjudication, answers = adjudications.get(question.pk), given[question.pk]
        missing = 0 if adjudication else max(0, question.question_set.answers_wanted - len(answers))
        question.answers_missing = missing
        if not missing:
            deciding[question.pk] = [adjudication] if adjudication else answers
    results = _results([question for question in questions if question.pk in deciding], deciding)
    became, now = [], timezone.now()
    for question in questions:
        result = results.get(question.pk)
        open_or_disputed = QuestionState.OPEN if question.answers_missing else QuestionState.DISPUTED
        state = open_or_disputed if result is None else QuestionState.SETTLED
        if (question.state, question.result) != (state, result):
            question.state, question.result, question.changed_at = state, result, now
            question.sure_rows = sum(label != UNSURE for label in (result or {}).values())
            question.result_version += result is not None
            became.append(question)
    refused = refused_questions(questions=[question for question in became if question.result is not None])
    for question in became:
        question.refused = question.pk in refused
    return became


def _standing(questions: Sequence[Question]) -> tuple[dict[uuid.UUID, uuid.UUID], dict[uuid.UUID, list[uuid.UUID]]]:
    """By question, the adjudication that stands and the answers that do, in the order in which they were given."""
    answers = Answer.objects.filter(question__in=questions, status=AnswerStatus.SUBMITTED, control=False)
    adjudications: dict[uuid.UUID, uuid.UUID] = {}
    given: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for pk, question_id, kind in answers.order_by("submitted_at", "pk").values_list("pk", "question_id", "kind"):
        if kind == AnswerKind.ADJUDICATION:
            adjudications[question_id] = pk
        else:
            given[question_id].append(pk)
    return adjudications, given


def _results(
    questions: Sequence[Question], deciding: Mapping[uuid.UUID, Sequence[uuid.UUID]]
) -> dict[uuid.UUID, dict[str, str] | None]:
    """What the people of each question agree on, for all rows; None if they do not."""
    labels = labels_by_answer([pk for answers in deciding.values() for pk in answers]) if deciding else {}
    several = [question for question in questions if len(deciding[question.pk]) > 1]
    rows: dict[uuid.UUID, list[int]] = defaultdict(list)
    if several:
        in_order = Row.objects.filter(question__in=several).order_by("position")
        for question_id, row_id in in_order.values_list("question_id", "pk"):
            rows[question_id].append(row_id)
    return {
        question.pk: _result(question, [labels[pk] for pk in deciding[question.pk]], rows[question.pk])
        for question in questions
    }


def _result(question: Question, given: list[dict[int, str]], rows: list[int]) -> dict[str, str] | None:
    if len(given) == 1:
        return {str(row_id): label for row_id, label in given[0].items()}
    rule = Rule(question.question_set.transform.consensus_rule)
    consensus = find_consensus([Grouping(labels) for labels in given], rows, rule=rule)
    logger.info("question %s: %d answers, %d rows disputed", question.pk, len(given), len(consensus.disputed))
    if not consensus.settled:
        return None
    return {str(row_id): label for row_id, label in consensus.grouping.labels.items()}
