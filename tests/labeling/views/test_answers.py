"""Answers looked back at: who sees whose, filters, history, taking back."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Answer, Question, QuestionSet, Transform
from labeling.services.adjudication import submit_adjudication
from labeling.services.answers import open_question, reopen_answer, save_draft, skip_question
from labeling.services.comments import add_comment
from labeling.services.consensus import settle
from labeling.services.controls import mark_control
from tests.labeling.builders import Cast, answer, grouping, question_set
from tests.labeling.views.conftest import ClientFor

HTMX = {"HX-Request": "true"}


@pytest.fixture
def list_url(people_transform: Transform) -> str:
    return reverse("labeling:answer-list", args=[people_transform.pk])


@pytest.fixture
def question(people: Cast, people_transform: Transform) -> Question:
    """Answered by the steward, then settled."""
    made = question_set(people_transform, people.lead, [3], first_key=100)[0]
    answer(made, people.steward, "AAB")
    return made


def two_people_wanted(question: Question) -> None:
    QuestionSet.objects.update(answers_wanted=2)
    settle(question=question)


def history_of(question: Question) -> str:
    return reverse("labeling:question-history", args=[question.pk])


def badges(page: str) -> list[str]:
    return [part[0] for part in page.split('class="badge-group">')[1:]]


def test_leads_see_everybody_and_stewards_themselves(
    people: Cast, question: Question, client_for: ClientFor, list_url: str
) -> None:
    for person, sees in ((people.lead, True), (people.steward, True), (people.colleague, False)):
        page = client_for(person).get(list_url).content.decode()
        assert (badges(page) == ["A", "A", "B"]) == sees, person
        assert ("No answers yet" in page) != sees


def test_what_others_say_stays_hidden_until_the_question_is_done(
    people: Cast, question: Question, client_for: ClientFor, list_url: str
) -> None:
    two_people_wanted(question)
    lead = client_for(people.lead)
    page = lead.get(list_url).content.decode()
    assert "shown when the question is done" in page
    assert badges(page) == []
    assert badges(lead.get(history_of(question)).content.decode()) == []
    assert badges(client_for(people.steward).get(history_of(question)).content.decode()) == ["A", "A", "B"]

    answer(question, people.colleague, "AAB")
    assert badges(lead.get(list_url).content.decode()) == ["A", "A", "B"] * 2
    assert len(badges(lead.get(history_of(question)).content.decode())) == 9


def test_groups_side_by_side_have_the_same_letters_whatever_people_typed(
    people: Cast, question: Question, client_for: ClientFor
) -> None:
    two_people_wanted(question)
    answer(question, people.colleague, "BBA")
    page = client_for(people.lead).get(history_of(question)).content.decode()
    assert badges(page) == [*"AAA", *"AAA", *"BBB"]  # row by row: the steward, the colleague, the result
    assert "whatever letters people gave" in page
    assert "B: rows 1, 2" in " ".join(re.sub("<[^>]+>", " ", page).split())  # as it was typed
    own = client_for(people.colleague).get(history_of(question)).content.decode()
    assert badges(own) == [*"AA", *"AA", *"BB"]
    assert "whatever letters people gave" not in client_for(people.steward).get(history_of(question)).content.decode()


def test_no_page_offers_to_change_an_answer_that_an_adjudication_keeps(
    people: Cast, question: Question, client_for: ClientFor
) -> None:
    given = Answer.objects.get()
    reopen = [
        reverse("labeling:answer-reopen", args=[given.pk]),
        reverse("labeling:question-reopen", args=[question.pk]),
    ]
    pages = [history_of(question), reverse("labeling:question-detail", args=[question.pk])]
    for page, way in zip(pages, reopen, strict=True):
        assert way in client_for(people.steward).get(page).content.decode()
    question.refresh_from_db()
    submit_adjudication(
        question=question,
        user=people.lead,
        labels=grouping(question, "ABB"),
        seconds=1,
        keys=1,
        overrules=question.result_version,
    )
    for page, way, told in zip(
        pages, reopen, ("While an adjudication stands", "It has been adjudicated since"), strict=True
    ):
        shown = client_for(people.steward).get(page).content.decode()
        assert way not in shown
        assert told in shown
    decided = Answer.objects.get(kind=AnswerKind.ADJUDICATION)
    shown = client_for(people.lead).get(history_of(question)).content.decode()
    assert reverse("labeling:answer-reopen", args=[decided.pk]) in shown
    assert reopen[0] not in shown


def test_from_the_comments_on_an_open_question_a_way_leads_to_answering_it(
    people: Cast, question: Question, client_for: ClientFor
) -> None:
    way = f'href="{reverse("labeling:question-detail", args=[question.pk])}"'
    assert way not in client_for(people.colleague).get(history_of(question)).content.decode()
    two_people_wanted(question)
    assert way in client_for(people.colleague).get(history_of(question)).content.decode()
    assert way not in client_for(people.steward).get(history_of(question)).content.decode()  # has answered
    open_question(question=question, steward=people.lead)
    assert way not in client_for(people.colleague).get(history_of(question)).content.decode()


def test_filters(people: Cast, people_transform: Transform, client_for: ClientFor, list_url: str) -> None:
    first, second = question_set(people_transform, people.lead, [2, 2], first_key=500)
    answer(first, people.steward, "AA")
    answer(second, people.colleague, "AB")
    second.rows.filter(position=2).update(values=["503", 'O\'Neil "Müller" 北京'])
    lead = client_for(people.lead)
    for query, expected in (
        (f"person={people.colleague.pk}", ["A", "B"]),
        (f"person={people.steward.pk}", ["A", "A"]),
        ("search=503", ["A", "B"]),
        ("search=50", ["A", "B", "A", "A"]),
        ("search=NAME+501", ["A", "A"]),
        ("search=O%27Neil+%22Müller%22", ["A", "B"]),
        ("search=北京", ["A", "B"]),
        ("search=%25", []),
        ("state=disputed", []),
        ("corrected=no", ["A", "B", "A", "A"]),
        ("corrected=yes", []),
        ("status=withdrawn", []),
        (f"question_set={first.question_set_id}", ["A", "B", "A", "A"]),
        ("state=nonsense&person=nobody", ["A", "B", "A", "A"]),
    ):
        response = lead.get(f"{list_url}?{query}", headers=HTMX)
        assert "HX-Request" in response["Vary"]  # Back must not show the table alone
        page = response.content.decode()
        assert badges(page) == expected, query
        assert "<html" not in page
        assert ("No answers match" in page) == (not expected)
    own = client_for(people.steward).get(f"{list_url}?person={people.colleague.pk}").content.decode()
    assert badges(own) == ["A", "A"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_often_for_three_as_for_one(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    list_url: str,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _set in range(count):
        answer(question_set(people_transform, people.lead, [2])[0], people.steward, "AB")
    client = client_for(people.lead)
    with django_assert_num_queries(13):
        page = client.get(list_url).content.decode()
    assert len(badges(page)) == 2 * count


def test_pages(people: Cast, people_transform: Transform, client_for: ClientFor, list_url: str) -> None:
    for made in question_set(people_transform, people.lead, [2] * 51):
        answer(made, people.steward, "AB")
    client = client_for(people.lead)
    assert "1–50 / 51" in client.get(list_url).content.decode()
    assert len(badges(client.get(f"{list_url}?page=2").content.decode())) == 2


def test_a_correction_stands_in_the_history(people: Cast, question: Question, client_for: ClientFor) -> None:
    reopen_answer(answer=Answer.objects.get(), user=people.steward)
    answer(question, people.steward, "ABB")
    page = " ".join(client_for(people.lead).get(history_of(question)).content.decode().split())
    assert "Corrected" in page
    assert "Reopened" in page
    assert "row 2: A → B" in page
    assert "row 1: A → A" not in page


def test_a_lead_gives_an_answer_back(people: Cast, question: Question, client_for: ClientFor) -> None:
    url = reverse("labeling:answer-reopen", args=[Answer.objects.get().pk])
    page = client_for(people.lead).post(url, follow=True).content.decode()
    assert "reopened for Steward to change" in page
    given = Answer.objects.get()
    assert (given.status, given.steward) == (AnswerStatus.DRAFT, people.steward)
    again = client_for(people.lead).post(url, follow=True).content.decode()
    assert "Only a submitted answer can be taken back." in again


def test_withdrawing_asks_the_question_again(people: Cast, question: Question, client_for: ClientFor) -> None:
    url = reverse("labeling:answer-withdraw", args=[Answer.objects.get().pk])
    before = " ".join(client_for(people.steward).get(history_of(question)).content.decode().split())
    assert before.index("Its groups are then in the history alone.") > before.index(f'action="{url}"')  # it is asked
    page = client_for(people.steward).post(url, follow=True).content.decode()
    assert "The answer of Steward has been withdrawn." in page
    groups = re.findall(r"<span>(\w): (rows? [\d, ]+)</span>", page)
    assert groups == 2 * [("A", "rows 1, 2"), ("B", "row 3")]  # as submitted and as withdrawn
    assert "1 more person has to answer" in page
    question.refresh_from_db()
    assert question.answers_missing == 1


@pytest.mark.parametrize("action", ["answer-reopen", "answer-withdraw"])
def test_only_its_person_and_leads_take_an_answer_back(
    people: Cast, question: Question, client_for: ClientFor, action: str
) -> None:
    url = reverse(f"labeling:{action}", args=[Answer.objects.get().pk])
    assert client_for(people.colleague).post(url).status_code == 403
    assert client_for(people.stranger).post(url).status_code == 404
    assert client_for(people.lead).get(url).status_code == 405
    assert Answer.objects.get().status == AnswerStatus.SUBMITTED


def test_the_page_of_a_transform_leads_there(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    page = client_for(people.steward).get(reverse("labeling:transform-detail", args=[people_transform.pk]))
    assert reverse("labeling:answer-list", args=[people_transform.pk]) in page.content.decode()


def test_a_control_question_looks_like_an_open_one_to_those_who_have_not_answered_it(
    people: Cast, people_transform: Transform, question: Question, client_for: ClientFor
) -> None:
    add_comment(question=question, author=people.steward, text="Twins?", row=question.rows.get(position=2))
    question = mark_control(question=question, user=people.lead)
    (ordinary,) = question_set(people_transform, people.lead, [3], first_key=200)
    colleague = client_for(people.colleague)
    for one in (question, ordinary):
        page = " ".join(colleague.get(history_of(one)).content.decode().split())
        way = reverse("labeling:question-detail", args=[one.pk])
        for words in ("Open", "1 more person has to answer", "No answers that you may see yet.", f'href="{way}"'):
            assert words in page, one
        for words in ("Settled", "Twins?"):
            assert words not in page, one
        skip_question(question=one, steward=people.colleague)
        assert f'href="{way}"' in colleague.get(history_of(one)).content.decode(), one
        save_draft(question=one, steward=people.colleague, labels={})  # Undo
    shown = colleague.get(reverse("labeling:question-detail", args=[question.pk])).context["workbench"]["question"]
    assert (shown["commentsOpen"], shown["remarks"]) == (0, {})
    panel_url = reverse("labeling:question-panel", args=[question.pk])
    for url in (panel_url, reverse("labeling:home")):
        assert "Twins?" not in colleague.get(url).content.decode()

    # What they say themselves, and what is said to that, they read.
    add_comment(question=question, author=people.colleague, text="Which year?")
    add_comment(question=question, author=people.lead, text="1984")
    for url in (history_of(question), panel_url):
        page = colleague.get(url).content.decode()
        assert ("Twins?" in page, "Which year?" in page, "1984" in page) == (False, True, True)
    for person in (people.lead, people.steward):
        assert "Twins?" in client_for(person).get(history_of(question)).content.decode()
    assert "Settled" in client_for(people.lead).get(history_of(question)).content.decode()

    answer(question, people.colleague, "AAB")
    Question.objects.filter(pk=question.pk).update(imported_version=question.result_version)
    own = reverse("labeling:question-detail", args=[question.pk])
    assert "Glue has learned from it" not in colleague.get(own).content.decode()
    assert "Glue has learned from it" in client_for(people.lead).get(history_of(question)).content.decode()
    page = colleague.get(history_of(question)).content.decode()
    assert "Glue has learned from it" not in page
    assert "Settled" in page
    assert "Twins?" in page
