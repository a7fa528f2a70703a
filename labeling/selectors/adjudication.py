"""Disputed questions, and what each person said about their rows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import User
from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question, Row, RowLabel, Transform
from labeling.selectors.groupings import independent_answers, labels_by_answer
from labeling.selectors.queue import IN_ORDER
from partitions import Consensus, Grouping, Rule, find_consensus


@dataclass(frozen=True, slots=True)
class PersonGrouping:
    """One person's labels by row id."""

    user: User
    answer: Answer
    labels: dict[int, str]


@dataclass(frozen=True, slots=True)
class AdjudicationWork:
    """A question as the adjudicator sees it.

    ``settled`` are the rows that people agree on, with labels that fit each other: they are locked. ``disputed`` are the rows that are open. ``labels`` is
    the draft so far; before there is one, the settled rows (or, to overrule a settled question, its result).
    """

    question: Question
    transform: Transform
    rows: list[Row]
    people: tuple[PersonGrouping, ...]
    settled: dict[int, str]
    disputed: frozenset[int]
    labels: dict[int, str]
    answer: Answer | None


def disputed_questions(*, transform: Transform) -> QuerySet[Question]:
    """Questions that wait for adjudication, in the order in which sets are asked."""
    disputed = Question.objects.filter(
        question_set__transform=transform, state=QuestionState.DISPUTED, is_control=False
    )
    return disputed.select_related("question_set__transform", "leased_to").order_by(*IN_ORDER)


def is_adjudicated(*, question: Question) -> bool:
    """Whether somebody has decided the question, so that what its people said counts no more until the decision is taken back."""
    return question.answers.filter(kind=AnswerKind.ADJUDICATION, status=AnswerStatus.SUBMITTED).exists()


def adjudication_work(*, question: Question, user: User) -> AdjudicationWork:
    """The rows of a disputed or settled question with everybody's grouping, people by name; ``question`` with its set and transform."""
    rows = list(question.rows.order_by("position"))
    people = _groupings(question)
    settled = settled_part(question=question)
    answer = Answer.objects.filter(question=question, steward=user, kind=AnswerKind.ADJUDICATION).first()
    labels = dict(RowLabel.objects.filter(answer=answer).values_list("row_id", "label")) if answer else {}
    return AdjudicationWork(
        question=question,
        transform=question.question_set.transform,
        rows=rows,
        people=people,
        settled=settled,
        disputed=frozenset(row.pk for row in rows) - settled.keys(),
        labels=labels or settled or question.result_labels,
        answer=answer,
    )


def consensus_of(*, question: Question) -> Consensus[int] | None:
    """What the people who answered agree on, whether or not somebody has adjudicated since; None before anybody has answered."""
    groupings = [Grouping(person.labels) for person in _groupings(question)]
    if not groupings:
        return None
    rows = list(question.rows.order_by("position").values_list("pk", flat=True))
    rule = Rule(question.question_set.transform.consensus_rule)
    return find_consensus(groupings, rows, rule=rule)


def settled_part(*, question: Question) -> dict[int, str]:
    """The rows of a disputed question that its people agree on, by id; of any other question none, so that all are open."""
    consensus = consensus_of(question=question) if question.state == QuestionState.DISPUTED else None
    return dict(consensus.grouping.labels) if consensus else {}


def _groupings(question: Question) -> tuple[PersonGrouping, ...]:
    answers = list(
        independent_answers()
        .filter(question=question)
        .select_related("steward")
        .order_by("steward__last_name", "steward__first_name", "steward__username")
    )
    labels = labels_by_answer([answer.pk for answer in answers])
    return tuple(PersonGrouping(answer.steward, answer, labels[answer.pk]) for answer in answers)
