from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import transaction as database_transaction

from accounts.models import Agent, Role, User
from accounts.services import set_role
from labeling.choices import AnswerStatus, ChangeAction, QuestionState
from labeling.exceptions import AlreadyAnsweredError, InvalidAnswerError
from labeling.models import Answer, AnswerChange, Question, Transform
from labeling.selectors.import_preview import import_preview
from labeling.selectors.imports import label_contents
from labeling.services.answers import next_question, reopen_answer, withdraw_answer
from labeling.services.consensus import settle
from tests.labeling.builders import Cast, answer, grouping, person, question_set, wanting

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(people: Cast) -> list[User]:
    """Three stewards."""
    third = person("third")
    set_role(team=people.team, user=third, role=Role.STEWARD, by=Agent.COMMAND)
    return [people.steward, people.colleague, third]


def asked(of: Transform, user: User, sizes: list[int], people: int) -> list[Question]:
    """Questions that so many people are to answer."""
    questions = question_set(of, user, sizes)
    wanting(questions, people)
    return questions


def outcome(question: Question) -> tuple[str, str]:
    """State, and the labels of the result in the order of the rows."""
    question.refresh_from_db()
    labels = question.result_labels
    return question.state, "".join(labels[pk] for pk in grouping(question, "x" * question.rows.count()) if pk in labels)


def test_one_answer_is_the_result_as_it_is(people: Cast, of: Transform) -> None:
    (question,) = asked(of, people.admin, [3], 1)
    answer(question, people.steward, "CA?")
    assert outcome(question) == (QuestionState.SETTLED, "CA?")
    assert question.result_version == 1


def test_a_majority_settles_and_the_import_carries_the_result(of: Transform, people: Cast, crowd: list[User]) -> None:
    (question,) = asked(of, people.admin, [3], 3)
    for steward, letters in zip(crowd, ("AAB", "CCD", "ABC"), strict=True):
        assert outcome(question) == (QuestionState.OPEN, "")
        answer(question, steward, letters)
    assert outcome(question) == (QuestionState.SETTLED, "AAB")
    rows = label_contents(transform=of, replace_all=False).label_file.rows
    assert [row.label for row in rows] == ["A", "A", "B"]


def test_unanimous_needs_all(of: Transform, people: Cast, crowd: list[User]) -> None:
    Transform.objects.filter(pk=of.pk).update(consensus_rule="unanimous")
    (question,) = asked(of, people.admin, [3], 3)
    for steward, letters in zip(crowd, ("AAB", "CCD", "ABC"), strict=True):
        answer(question, steward, letters)
    assert outcome(question) == (QuestionState.DISPUTED, "")
    assert label_contents(transform=of, replace_all=True).included == ()


def test_two_who_differ_dispute(of: Transform, people: Cast) -> None:
    (question,) = asked(of, people.admin, [2], 2)
    answer(question, people.steward, "AA")
    answer(question, people.colleague, "AB")
    assert outcome(question) == (QuestionState.DISPUTED, "")
    assert question.answers_missing == 0
    assert next_question(transform=of, steward=people.lead) is None


def test_reopening_takes_the_result_back_until_it_is_answered_again(of: Transform, people: Cast) -> None:
    (question,) = asked(of, people.admin, [2], 1)
    answer(question, people.steward, "AA")
    Question.objects.update(imported_version=1)
    reopen_answer(answer=Answer.objects.get(), user=people.lead)
    assert outcome(question) == (QuestionState.OPEN, "")
    assert import_preview(transform=of).not_taken_back == 1
    answer(question, people.steward, "AB")
    assert outcome(question) == (QuestionState.SETTLED, "AB")
    contents = label_contents(transform=of, replace_all=False)
    assert contents.included == ((question.pk, 2),)
    assert (contents.not_taken_back, contents.corrected_rows) == (0, 2)


def test_withdrawing_asks_again_and_others_first(of: Transform, people: Cast) -> None:
    first, second = asked(of, people.admin, [2, 2], 1)
    answer(first, people.steward, "AA")
    Question.objects.filter(pk=first.pk).update(imported_version=1)
    given = withdraw_answer(answer=Answer.objects.get(), user=people.steward)
    assert (given.status, given.row_labels.count()) == (AnswerStatus.WITHDRAWN, 0)
    assert outcome(first) == (QuestionState.OPEN, "")
    assert import_preview(transform=of).not_taken_back == 1
    assert label_contents(transform=of, replace_all=True).not_taken_back == 0
    assert next_question(transform=of, steward=people.steward) == second
    assert next_question(transform=of, steward=people.colleague) == first
    with pytest.raises(InvalidAnswerError):
        withdraw_answer(answer=given, user=people.steward)


def test_every_change_is_remembered(of: Transform, people: Cast) -> None:
    (question,) = asked(of, people.admin, [2], 1)
    stored = [{str(row): label for row, label in grouping(question, letters).items()} for letters in ("AA", "AB")]
    answer(question, people.steward, "AA")
    given = Answer.objects.get()
    reopen_answer(answer=given, user=people.lead)
    answer(question, people.steward, "AB")
    withdraw_answer(answer=given, user=people.admin)
    changes = given.changes.values_list("action", "version", "by__username", "before", "after")
    expected: list[Any] = [
        (ChangeAction.SUBMITTED, 1, "steward", {}, stored[0]),
        (ChangeAction.REOPENED, 1, "lead", stored[0], {}),
        (ChangeAction.CORRECTED, 2, "steward", stored[0], stored[1]),
        (ChangeAction.WITHDRAWN, 2, "admin", stored[1], {}),
    ]
    assert list(changes) == expected


def test_a_failed_submission_leaves_no_history(of: Transform, people: Cast) -> None:
    (question,) = asked(of, people.admin, [2], 1)
    answer(question, people.steward, "AA")
    with pytest.raises(AlreadyAnsweredError):
        answer(question, people.steward, "AB")
    assert AnswerChange.objects.count() == 1


def test_settling_again_changes_nothing(of: Transform, people: Cast) -> None:
    (question,) = asked(of, people.admin, [2], 1)
    answer(question, people.steward, "AA")
    question.refresh_from_db()
    with database_transaction.atomic():
        again = settle(question=question)
    assert (again.result_version, again.changed_at) == (1, question.changed_at)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_people_do_the_question_is_what_its_answers_say(
    of: Transform, people: Cast, crowd: list[User], seed: int
) -> None:
    """Random submissions, reopenings and withdrawals: the counts and states are always those of the answers that stand."""
    draw = random.Random(seed)  # noqa: S311
    wanted = draw.choice([1, 2, 3])
    (question,) = asked(of, people.admin, [3], wanted)
    for _step in range(25):
        steward = draw.choice(crowd)
        mine = Answer.objects.filter(steward=steward, status=AnswerStatus.SUBMITTED).first()
        question.refresh_from_db()
        if mine is not None:
            draw.choice([reopen_answer, withdraw_answer])(answer=mine, user=steward)
            Question.objects.update(leased_to=None)
        elif question.answers_missing:
            answer(question, steward, draw.choice(["AAB", "AAA", "ABC", "A?B"]))
        question.refresh_from_db()
        standing = Answer.objects.filter(status=AnswerStatus.SUBMITTED)
        assert question.answers_missing == wanted - standing.count()
        assert (question.state == QuestionState.OPEN) == (question.answers_missing > 0)
        assert (question.result is not None) == (question.state == QuestionState.SETTLED)
        for given in standing:
            labels = {str(row): label for row, label in given.row_labels.values_list("row", "label")}
            last = given.changes.last()
            assert last is not None
            assert last.after == labels
