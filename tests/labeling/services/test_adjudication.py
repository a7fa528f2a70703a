from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import Membership, User
from labeling.choices import AnswerStatus, ChangeAction, QuestionState
from labeling.exceptions import InvalidAnswerError, QuestionTakenError
from labeling.models import Answer, Question, Transform
from labeling.selectors.adjudication import adjudication_work, consensus_of, disputed_questions
from labeling.selectors.answers import answer_history
from labeling.selectors.imports import label_contents
from labeling.services.adjudication import (
    next_disputed,
    open_adjudication,
    save_adjudication,
    submit_adjudication,
)
from labeling.services.answers import next_question, reopen_answer, withdraw_answer
from labeling.services.ask_again import ask_again
from tests.labeling.builders import Cast, answer, grouping, question_set, wanting
from tests.support.concurrency import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed(people: Cast, of: Transform) -> Question:
    """Rows 1 and 2 are together for both people, row 3 for one of them."""
    (question,) = question_set(of, people.admin, [4])
    wanting([question], 2)
    answer(question, people.steward, "AAAB")
    answer(question, people.colleague, "BBCA")
    question.refresh_from_db()
    return question


def decide(
    question: Question, people: Cast, letters: str, *, by: User | None = None, overrules: int | None = None
) -> Answer:
    labels = grouping(question, letters)
    return submit_adjudication(
        question=question, user=by or people.lead, labels=labels, seconds=5, keys=2, overrules=overrules
    )


def test_only_what_is_disputed_is_open(people: Cast, of: Transform, disputed: Question) -> None:
    assert list(disputed_questions(transform=of)) == [disputed]
    work = adjudication_work(question=disputed, user=people.lead)
    rows = list(grouping(disputed, "xxxx"))
    assert work.disputed == {rows[2]}
    assert work.settled == {rows[0]: "A", rows[1]: "A", rows[3]: "B"}
    assert work.labels == work.settled
    assert [(person.user.username, "".join(person.labels.values())) for person in work.people] == [
        ("colleague", "BBCA"),
        ("steward", "AAAB"),
    ]


def test_a_decision_settles(people: Cast, of: Transform, disputed: Question) -> None:
    given = decide(disputed, people, "CCCD")
    disputed.refresh_from_db()
    assert (disputed.state, "".join(disputed.result_labels.values())) == (QuestionState.SETTLED, "CCCD")
    assert (given.kind, given.seconds, given.keys, given.version) == ("adjudication", 5, 2, 1)
    assert [change.action for change in given.changes.all()] == [ChangeAction.ADJUDICATED]
    assert [row.label for row in label_contents(transform=of, replace_all=False).label_file.rows] == list("CCCD")
    assert decide(disputed, people, "CCCD") == given
    with pytest.raises(QuestionTakenError):
        decide(disputed, people, "CCDD")
    with pytest.raises(QuestionTakenError):
        save_adjudication(question=disputed, user=people.lead, labels={})
    assert adjudication_work(question=disputed, user=people.lead).disputed == set(grouping(disputed, "xxxx"))


def test_the_same_decision_once_more_does_not_bring_back_what_was_taken_back(people: Cast, disputed: Question) -> None:
    sent: dict[str, Any] = {
        "question": disputed,
        "user": people.lead,
        "labels": grouping(disputed, "CCCD"),
        "message": "one",
    }
    reopen_answer(answer=submit_adjudication(**sent, seconds=5, keys=2), user=people.lead)
    assert submit_adjudication(**sent, seconds=5, keys=2).status == AnswerStatus.DRAFT
    disputed.refresh_from_db()
    assert disputed.state == QuestionState.DISPUTED


@pytest.mark.django_db(transaction=True)
def test_the_same_decision_twice_at_once_is_taken_once(people: Cast, disputed: Question) -> None:
    labels = grouping(disputed, "CCCD")
    save_adjudication(question=disputed, user=people.lead, labels=labels)
    start = threading.Barrier(2)
    heard: list[int | QuestionTakenError] = []

    def send() -> None:
        start.wait()
        try:
            sent = submit_adjudication(
                question=disputed, user=people.lead, labels=labels, seconds=5, keys=2, message="one"
            )
            heard.append(sent.version)
        except QuestionTakenError as error:
            heard.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _tab in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [1, 1]


@pytest.mark.parametrize("letters", ["ABCD", "AAAA", "AA?A", "??AB"])
def test_settled_rows_stay_as_they_are(people: Cast, disputed: Question, letters: str) -> None:
    with pytest.raises(InvalidAnswerError):
        decide(disputed, people, letters)
    disputed.refresh_from_db()
    assert disputed.state == QuestionState.DISPUTED


def test_every_row_is_needed(people: Cast, disputed: Question) -> None:
    labels = dict(list(grouping(disputed, "AAAB").items())[:3])
    with pytest.raises(InvalidAnswerError):
        submit_adjudication(question=disputed, user=people.lead, labels=labels, seconds=1, keys=1)


def test_one_adjudicator_at_a_time(people: Cast, of: Transform, disputed: Question) -> None:
    assert next_disputed(transform=of, user=people.lead) == disputed
    assert next_disputed(transform=of, user=people.admin) is None
    with pytest.raises(QuestionTakenError):
        open_adjudication(question=disputed, user=people.admin)
    with pytest.raises(QuestionTakenError):
        submit_adjudication(question=disputed, user=people.admin, labels=grouping(disputed, "AAAB"), seconds=1, keys=1)
    assert next_question(transform=of, steward=people.lead) is None


def test_drafts_are_kept(people: Cast, disputed: Question) -> None:
    rows = list(grouping(disputed, "xxxx"))
    save_adjudication(question=disputed, user=people.lead, labels={rows[2]: "B", rows[0]: ""})
    assert adjudication_work(question=disputed, user=people.lead).labels == {rows[2]: "B"}
    disputed.refresh_from_db()
    assert (disputed.state, disputed.leased_to) == (QuestionState.DISPUTED, people.lead)


def test_an_open_question_is_not_adjudicated(people: Cast, of: Transform) -> None:
    (question,) = question_set(of, people.admin, [2])
    with pytest.raises(QuestionTakenError):
        open_adjudication(question=question, user=people.lead)


def test_a_settled_question_can_be_overruled_and_given_back(people: Cast, of: Transform) -> None:
    (question,) = question_set(of, people.admin, [3])
    answer(question, people.steward, "AAB")
    work = adjudication_work(question=Question.objects.get(), user=people.lead)
    assert (work.settled, len(work.disputed), "".join(work.labels.values())) == ({}, 3, "AAB")
    decision = decide(question, people, "ABC")
    question.refresh_from_db()
    assert ("".join(question.result_labels.values()), question.result_version) == ("ABC", 2)
    reopened = reopen_answer(answer=decision, user=people.lead)
    question.refresh_from_db()
    assert reopened.status == AnswerStatus.DRAFT
    assert ("".join(question.result_labels.values()), question.leased_to) == ("AAB", people.lead)


def test_answers_under_a_decision_stay(people: Cast, disputed: Question) -> None:
    decide(disputed, people, "CCCD")
    given = Answer.objects.get(steward=people.steward)
    for take_back in (reopen_answer, withdraw_answer):
        with pytest.raises(InvalidAnswerError):
            take_back(answer=given, user=people.steward)
    given.refresh_from_db()
    disputed.refresh_from_db()
    assert (given.status, disputed.state) == (AnswerStatus.SUBMITTED, QuestionState.SETTLED)


def test_who_answered_may_also_adjudicate(people: Cast, of: Transform) -> None:
    (question,) = question_set(of, people.admin, [2])
    wanting([question], 2)
    answer(question, people.lead, "AA")
    answer(question, people.steward, "AB")
    assert consensus_of(question=question) is not None
    decide(question, people, "AB")
    question.refresh_from_db()
    assert question.state == QuestionState.SETTLED
    assert Answer.objects.filter(steward=people.lead).count() == 2


def test_asked_again_an_overruled_question_is_asked_of_the_people_who_answered_it(people: Cast, of: Transform) -> None:
    (question,) = question_set(of, people.admin, [2])
    wanting([question], 2)
    answer(question, people.steward, "AA")
    answer(question, people.colleague, "AA")
    question.refresh_from_db()
    decide(question, people, "AB", overrules=question.result_version)

    asked = ask_again(question=question, user=people.admin)
    assert {given.steward for given in asked} == {people.steward, people.colleague}
    question.refresh_from_db()
    assert (question.state, question.answers_missing, question.result) == (QuestionState.OPEN, 2, None)
    assert next_question(transform=of, steward=people.steward) == question  # the adjudicator does not hold it
    answer(question, people.steward, "AB")
    answer(question, people.colleague, "AB")
    question.refresh_from_db()
    assert "".join(question.result_labels.values()) == "AB"


def test_asked_again_a_decided_dispute_is_the_adjudicators_alone(people: Cast, disputed: Question) -> None:
    decision = decide(disputed, people, "AABB")
    assert ask_again(question=disputed, user=people.admin) == [decision]
    disputed.refresh_from_db()
    assert (disputed.state, disputed.leased_to) == (QuestionState.DISPUTED, people.lead)


def test_the_history_tells_of_a_new_decision_after_the_end_of_the_one_before(people: Cast, disputed: Question) -> None:
    decide(disputed, people, "AABC")
    disputed.refresh_from_db()
    decide(disputed, people, "ABCD", by=people.admin, overrules=disputed.result_version)
    lead = Membership.objects.get(user=people.lead)
    newest, before, *_earlier = answer_history(question=Question.objects.get(), viewer=lead)
    assert (newest.action, newest.by) == (ChangeAction.ADJUDICATED, people.admin)
    assert (before.action, before.answer.steward) == (ChangeAction.WITHDRAWN, people.lead)


@pytest.mark.locks
@pytest.mark.django_db(transaction=True)
def test_a_decision_that_is_taken_back_while_somebody_overrules_it_gives_way(people: Cast, disputed: Question) -> None:
    """Each would else have what the other waits for, and PostgreSQL would end one of them."""
    decision = decide(disputed, people, "AABC")
    disputed.refresh_from_db()
    with (
        pytest.raises(InvalidAnswerError, match="Only a submitted answer"),
        meanwhile(
            lambda: reopen_answer(answer=decision, user=decision.steward),
            after=Question.objects.select_for_update().get,  # what a decision holds first
        ),
    ):
        decide(disputed, people, "ABCD", by=people.admin, overrules=disputed.result_version)
    assert Question.objects.get().result_labels == grouping(disputed, "ABCD")
