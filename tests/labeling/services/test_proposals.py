from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from labeling.models import Answer, Question, QuestionSet, Row, Transform
from labeling.selectors.questions import question_work
from labeling.services import proposals
from labeling.services.answers import open_question, reopen_answer, save_draft, submit_answer
from labeling.services.proposals import PAUSE, refresh_proposals, sweep_proposals
from partitions import LABELS
from tests.labeling.builders import Cast, answer, grouping, question_set

pytestmark = pytest.mark.django_db

NAMES = ("Margaret Oakfield", "Margaret Oakfeld", "Tim Brandt")
OTHERS = ("Olusegun Abara", "Olusegun Abara", "Chiara Venturi")


@pytest.fixture
def questions(people: Cast, of: Transform) -> list[Question]:
    """Two questions: two rows for one person, one for another."""
    made = question_set(of, people.admin, [3, 3])
    for question, names in zip(made, (NAMES, OTHERS), strict=True):
        name(question, names)
    return made


def name(question: Question, names: tuple[str, ...]) -> None:
    for row in question.rows.all():
        row.values = [row.key, names[row.position - 1]]
        row.save()


def letters(question: Question) -> str:
    return "".join(question.rows.order_by("position").values_list("proposed", flat=True))


def test_rows_get_letters_and_how_sure(of: Transform, questions: list[Question]) -> None:
    assert refresh_proposals(transform=of) == 2
    assert [letters(question) for question in questions] == ["AAB", "AAB"]
    for row in Row.objects.all():
        assert row.proposed_confidence is not None
        assert 0 < row.proposed_confidence <= 1
    assert not Answer.objects.exists()


def test_a_row_beyond_the_fifteenth_group_has_a_proposal_too(people: Cast, of: Transform) -> None:
    (large,) = question_set(of, people.admin, [30])
    name(large, tuple(hashlib.sha256(bytes([number])).hexdigest() for number in range(30)))
    refresh_proposals(transform=of)
    assert list(large.rows.order_by("position").values_list("proposed", flat=True)) == list(LABELS)


def test_what_somebody_holds_or_has_begun_or_answered_stays(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    Row.objects.filter(question=questions[0]).update(proposed="C")
    open_question(question=questions[0], steward=people.steward)
    save_draft(question=questions[1], steward=people.colleague, labels={})
    Question.objects.filter(pk=questions[1].pk).update(lease_expires_at=timezone.now())
    assert refresh_proposals(transform=of) == 0
    assert [letters(question) for question in questions] == ["CCC", ""]


def test_a_question_opened_before_there_were_letters_gets_them_once(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    held, _other = questions
    open_question(question=held, steward=people.steward)
    sweep_proposals()
    assert letters(held) == "AAB"
    name(held, OTHERS[::-1])
    Transform.objects.update(proposals_at=timezone.now() - PAUSE)
    of.refresh_from_db()
    refresh_proposals(transform=of)
    assert letters(held) == "AAB"  # by now they may be on the screen
    # Who answers what they opened without letters has not seen any.
    submitted = submit_answer(
        question=held, steward=people.steward, labels=grouping(held, "AAB"), seconds=1, keys=1, proposal_shown=False
    )
    assert (submitted.proposal_shown, submitted.accepted_untouched) == (False, False)


def test_answers_teach(people: Cast, of: Transform, questions: list[Question]) -> None:
    """Told often that equal names are different people, the engine no longer puts them together."""
    refresh_proposals(transform=of)
    for question in question_set(of, people.admin, [3] * 6, first_key=100):
        name(question, NAMES)
        answer(question, people.steward, "ABB")
    of.refresh_from_db()
    refresh_proposals(transform=of)
    assert [letters(question)[:2] for question in questions] == ["AB", "AB"]


def test_a_sweep_comes_when_something_changed_and_not_too_often(
    people: Cast, of: Transform, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Transform] = []
    real = proposals.refresh_proposals

    def counted(*, transform: Transform) -> int:
        calls.append(transform)
        return real(transform=transform)

    monkeypatch.setattr(proposals, "refresh_proposals", counted)

    def sweeps() -> int:
        before = len(calls)
        sweep_proposals()
        return len(calls) - before

    long_ago = timezone.now() - timedelta(hours=1)
    assert sweeps() == 1
    Question.objects.update(changed_at=long_ago)
    assert sweeps() == 0
    Transform.objects.update(proposals_at=timezone.now() - PAUSE)
    assert sweeps() == 0
    answer(questions[0], people.steward, "AAB")
    assert sweeps() == 1
    reopen_answer(answer=Answer.objects.get(), user=people.steward)
    assert sweeps() == 0
    Transform.objects.update(proposals_at=timezone.now() - PAUSE)
    answer(questions[1], people.colleague, "AAB")
    assert sweeps() == 0  # nothing untouched is left


def test_of_two_at_a_time_one_does_nothing(of: Transform, questions: list[Question]) -> None:
    stale = Transform.objects.get(pk=of.pk)
    assert refresh_proposals(transform=of) == 2
    assert refresh_proposals(transform=stale) == 0


def test_a_blank_key_is_passed_over(of: Transform, questions: list[Question]) -> None:
    Row.objects.filter(question=questions[0], position=1).update(key=" ", values=[" ", "x"])
    assert refresh_proposals(transform=of) == 1
    assert letters(questions[0]) == ""


def test_a_person_sees_it_where_the_set_allows(people: Cast, of: Transform, questions: list[Question]) -> None:
    refresh_proposals(transform=of)

    def shown() -> int:
        question = Question.objects.select_related("question_set__transform").get(pk=questions[0].pk)
        return len(question_work(question=question, steward=people.steward).proposal)

    assert shown() == 3
    Question.objects.update(is_control=True, known={})
    assert shown() == 0
    Question.objects.update(is_control=False)
    QuestionSet.objects.update(show_proposals=False)
    assert shown() == 0


def test_while_control_questions_are_asked_others_miss_the_proposal_too(people: Cast, of: Transform) -> None:
    questions = question_set(of, people.admin, [2] * 200)
    Row.objects.update(proposed="A")
    Transform.objects.filter(pk=of.pk).update(control_percent=30)
    missing = 0
    for question in Question.objects.select_related("question_set__transform"):
        work = question_work(question=question, steward=people.steward)
        assert work.proposal == question_work(question=question, steward=people.steward).proposal
        missing += not work.proposal
    assert 0.15 < missing / len(questions) < 0.45


@pytest.mark.parametrize(
    ("given", "shown", "noted"),
    [
        ("AAB", True, (True, True)),
        ("CCA", True, (True, True)),
        ("ABB", True, (True, False)),
        ("AAB", False, (False, False)),
    ],
)
def test_an_answer_says_whether_it_was_shown_and_accepted(
    people: Cast, of: Transform, questions: list[Question], given: str, shown: bool, noted: tuple[bool, bool]
) -> None:
    for row, letter in zip(questions[0].rows.order_by("position"), "AAB", strict=True):
        Row.objects.filter(pk=row.pk).update(proposed=letter)
    submitted = submit_answer(
        question=questions[0],
        steward=people.steward,
        labels=grouping(questions[0], given),
        seconds=1,
        keys=1,
        proposal_shown=shown,
    )
    assert (submitted.proposal_shown, submitted.accepted_untouched) == noted


@pytest.mark.parametrize("rows", [2, 15])
def test_to_submit_with_a_proposal_costs_the_same_however_many_rows(
    people: Cast, of: Transform, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    question_set(of, people.admin, [rows])
    Row.objects.update(proposed="A", proposed_confidence=0.9)
    question = Question.objects.select_related("question_set__transform").get()
    labels = grouping(question, "A" * rows)
    with django_assert_num_queries(20):
        submit_answer(question=question, steward=people.steward, labels=labels, seconds=1, keys=1, proposal_shown=True)


def test_nothing_was_shown_where_nothing_may_be_shown(people: Cast, questions: list[Question]) -> None:
    Row.objects.update(proposed="A")
    QuestionSet.objects.update(show_proposals=False)
    question = Question.objects.select_related("question_set__transform").get(pk=questions[0].pk)
    submitted = submit_answer(
        question=question,
        steward=people.steward,
        labels=grouping(question, "AAA"),
        seconds=1,
        keys=1,
        proposal_shown=True,
    )
    assert (submitted.proposal_shown, submitted.accepted_untouched) == (False, False)
