"""What people dispute: the queue, the page that decides, whose letters are whose."""

from __future__ import annotations

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question, QuestionSet, Transform
from labeling.services.adjudication import open_adjudication
from labeling.services.consensus import settle
from labeling.views.adjudication import fitting_labels
from tests.labeling.builders import Cast, answer, question_set
from tests.labeling.views.conftest import ClientFor


def disputed(people: Cast, of: Transform, count: int = 1) -> list[Question]:
    """Questions of four rows: the first two are the same, the third is disputed, the last is alone."""
    questions = question_set(of, people.lead, [4] * count, first_key=100)
    QuestionSet.objects.update(answers_wanted=2)
    for question in questions:
        settle(question=question)
        answer(question, people.steward, "AAAB")
        answer(question, people.colleague, "CCDE")
        question.refresh_from_db()
        assert question.state == QuestionState.DISPUTED
    return questions


@pytest.fixture
def question(people: Cast, people_transform: Transform) -> Question:
    return disputed(people, people_transform)[0]


def page_of(question: Question) -> str:
    return reverse("labeling:question-adjudicate", args=[question.pk])


def fields(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('name="row-')[1:]]


def test_only_leads_decide(
    people: Cast, people_transform: Transform, question: Question, client_for: ClientFor
) -> None:
    for url in (
        page_of(question),
        reverse("labeling:adjudication-list", args=[people_transform.pk]),
        reverse("labeling:adjudication-next", args=[people_transform.pk]),
    ):
        assert client_for(people.steward).get(url).status_code == 403
        assert client_for(people.stranger).get(url).status_code == 404
        assert client_for(people.lead).get(url, follow=True).status_code == 200


def test_only_disputed_rows_are_open(people: Cast, question: Question, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(page_of(question)).content.decode()
    rows = list(question.rows.order_by("position"))
    assert fields(page) == [str(rows[2].pk)]
    assert page.count("data-settled") == 3
    assert "Take the grouping of Steward" in page


def test_a_decision_settles_and_leads_on(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    first, second = disputed(people, people_transform, 2)
    lead = client_for(people.lead)
    row = fields(lead.get(page_of(first)).content.decode())[0]
    moved = lead.post(page_of(first), {f"row-{row}": "N", "seconds": "12", "keys": "2"}, follow=True)
    assert moved.redirect_chain[-1][0] == page_of(second)
    first.refresh_from_db()
    assert first.state == QuestionState.SETTLED
    assert first.result_labels[int(row)] == "N"
    given = Answer.objects.get(kind=AnswerKind.ADJUDICATION)
    assert (given.steward, given.seconds, given.keys) == (people.lead, 12, 2)

    row = fields(lead.get(page_of(second)).content.decode())[0]
    last = lead.post(page_of(second), {f"row-{row}": "N"}, follow=True)
    assert b"Nothing is disputed" in last.content


def test_a_gap_is_said_and_what_was_chosen_stays(people: Cast, question: Question, client_for: ClientFor) -> None:
    page = client_for(people.lead).post(page_of(question), {"keys": "nonsense"})
    assert page.status_code == 422
    assert b"Every row needs a group" in page.content
    question.refresh_from_db()
    assert question.state == QuestionState.DISPUTED


def test_locked_rows_cannot_be_sent(people: Cast, question: Question, client_for: ClientFor) -> None:
    rows = list(question.rows.order_by("position"))
    sent = {f"row-{rows[2].pk}": "N", f"row-{rows[0].pk}": "O"}
    client_for(people.lead).post(page_of(question), sent)
    question.refresh_from_db()
    result = question.result_labels
    assert result[rows[0].pk] == result[rows[1].pk] != "O"


def test_a_draft_is_kept_and_the_question_given_back(people: Cast, question: Question, client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    row = fields(lead.get(page_of(question)).content.decode())[0]
    lead.post(page_of(question), {f"row-{row}": "F", "draft": "1"})
    assert Answer.objects.get(kind=AnswerKind.ADJUDICATION).status == AnswerStatus.DRAFT
    question.refresh_from_db()
    assert question.leased_to is None
    assert '<option value="F" selected>' in lead.get(page_of(question)).content.decode()


def test_somebody_else_holds_it(
    people: Cast, people_transform: Transform, question: Question, client_for: ClientFor
) -> None:
    open_adjudication(question=question, user=people.admin)
    lead = client_for(people.lead)
    page = lead.get(page_of(question), follow=True)
    assert b"somebody else holds it" in page.content
    queue = lead.get(reverse("labeling:adjudication-list", args=[people_transform.pk]))
    assert b"Admin" in queue.content


def test_a_settled_question_can_be_overruled(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    settled = question_set(people_transform, people.lead, [2])[0]
    answer(settled, people.steward, "AB")
    lead = client_for(people.lead)
    history = reverse("labeling:question-history", args=[settled.pk])
    assert page_of(settled) in lead.get(history).content.decode()
    rows = fields(lead.get(page_of(settled)).content.decode())
    lead.post(page_of(settled), {f"row-{row}": "A" for row in rows})
    settled.refresh_from_db()
    assert set(settled.result_labels.values()) == {"A"}
    assert page_of(settled) not in lead.get(history).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_asks_as_often_for_three_as_for_one(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    questions = disputed(people, people_transform, count)
    client = client_for(people.lead)
    with django_assert_num_queries(8):
        page = client.get(reverse("labeling:adjudication-list", args=[people_transform.pk])).content.decode()
    assert all(page_of(question) in page for question in questions)


def test_letters_of_a_person_fit_the_settled_rows() -> None:
    settled = {1: "A", 2: "A", 4: "B"}
    assert fitting_labels({1: "C", 2: "C", 3: "D", 4: "E"}, settled) == {1: "A", 2: "A", 3: "D", 4: "B"}
    assert fitting_labels({1: "B", 2: "B", 3: "A", 4: "?"}, settled) == {1: "A", 2: "A", 3: "C", 4: "?"}
    assert fitting_labels({1: "A", 2: "A", 3: "B"}, {}) == {1: "A", 2: "A", 3: "B"}
    full = dict(enumerate("ABCDEFGHIJKLMNO", start=10))
    assert fitting_labels({1: "A", **dict.fromkeys(full, "B")}, full)[1] == ""
