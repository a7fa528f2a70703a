"""Question sets and the settings for labeling: what a lead sees, decides and gives out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from labeling.choices import ConsensusRule, NotificationEvent, QuestionState
from labeling.models import Occurrence, QuestionAssignment, QuestionSet, Transform
from labeling.services.notifications import sweep_notifications
from labeling.views import question_sets
from tests.labeling.builders import Cast, answer, question_set, wanting
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import shown_before

DECISIONS: dict[str, Any] = {
    "title": "Pilot",
    "goal": "Find out how far we agree.",
    "priority": "7",
    "due_on": "2026-01-31",
    "skill": "Names",
    "answers_wanted": "2",
}


@pytest.fixture
def made(people: Cast, people_transform: Transform) -> QuestionSet:
    """Three questions, the first answered."""
    questions = question_set(people_transform, people.lead, [2, 2, 2], first_key=100)
    answer(questions[0], people.steward, "AA")
    return questions[0].question_set


def address(name: str, made: QuestionSet) -> str:
    return reverse(f"labeling:question-set-{name}", args=[made.pk])


def assigned(made: QuestionSet) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in QuestionAssignment.objects.filter(question__question_set=made).select_related("user"):
        counts[one.user.username] = counts.get(one.user.username, 0) + 1
    return counts


@pytest.mark.parametrize(
    ("action", "method"), [("detail", "get"), ("edit", "post"), ("assign", "post"), ("clear", "post")]
)
def test_sets_are_for_leads(people: Cast, made: QuestionSet, client_for: ClientFor, action: str, method: str) -> None:
    for person, expected in ((people.steward, {403}), (people.stranger, {404}), (people.lead, {200, 302, 422})):
        assert getattr(client_for(person), method)(address(action, made)).status_code in expected, person


def test_the_page_says_how_far_it_is(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    page = " ".join(client_for(people.lead).get(address("detail", made)).content.decode().split())
    assert "1 of 3 answers" in page
    assert "Set 1" in page
    assert "Steward" in page
    assert "Open to everyone" not in page  # nobody has any assigned: nothing to take back


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_as_often_for_three_as_for_one(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        questions = question_set(people_transform, people.lead, [2] * count, first_key=100 * number)
        answer(questions[0], people.steward, "AB")
    client = client_for(people.lead)
    with django_assert_num_queries(10):
        page = client.get(reverse("labeling:question-set-list", args=[people_transform.pk])).content.decode()
    assert page.count(f"1 of {count} answers") == count


def test_of_many_sets_a_page_shows_some(
    people: Cast, people_transform: Transform, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the whole list: what is asked, then what is answered."""
    monkeypatch.setattr(question_sets, "PAGE_SIZE", 2)
    for number in range(3):
        (question,) = question_set(people_transform, people.lead, [2], first_key=10 * number)
        if number == 0:
            answer(question, people.steward, "AB")
    lead, url = client_for(people.lead), reverse("labeling:question-set-list", args=[people_transform.pk])
    first, second = (" ".join(lead.get(url, {"page": page}).content.decode().split()) for page in (1, 2))
    assert [f"Set {number}" in first for number in (1, 2, 3)] == [False, True, True]
    assert [f"Set {number}" in second for number in (1, 2, 3)] == [True, False, False]
    assert 'href="?page=2"' in first
    assert "3–3 / 3" in second


def test_a_set_that_the_team_cannot_finish_says_so(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    def page() -> str:
        return " ".join(client_for(people.lead).get(address("detail", made)).content.decode().split())

    assert "cannot be finished" not in page()
    QuestionSet.objects.update(skill="greek")
    assert "and 0 people of the team have the skill “greek”." in page()
    QuestionSet.objects.update(skill="", answers_wanted=5)
    assert "Each question needs 5 people, and the team has 4." in page()
    client_for(people.lead).post(address("assign", made), {"people": [str(people.steward.pk)], "how": "split"})
    assert "cannot be finished" not in page()


def test_no_questions_yet(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(reverse("labeling:question-set-list", args=[people_transform.pk]))
    assert b"No questions yet" in page.content


def test_what_a_lead_decides_is_kept_and_shown(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    page = client_for(people.lead).post(address("edit", made), DECISIONS, follow=True).content.decode()
    made.refresh_from_db()
    assert (made.title, made.priority, made.due_on, made.skill) == ("Pilot", 7, date(2026, 1, 31), "names")
    assert (made.answers_wanted, made.show_proposals) == (2, False)
    assert made.questions.filter(state=QuestionState.OPEN).count() == 3
    assert "The set has been saved." in page
    assert "overdue" in page
    assert "Find out how far we agree." in page
    assert "1 of 6 answers" in " ".join(page.split())


def test_impossible_decisions_are_refused_beside_the_field(
    people: Cast, made: QuestionSet, client_for: ClientFor
) -> None:
    page = client_for(people.lead).post(address("edit", made), {**DECISIONS, "answers_wanted": "6"})
    assert page.status_code == 422
    assert b"less than or equal to 5" in page.content
    skills = client_for(people.lead).post(address("edit", made), {**DECISIONS, "skill": "names, places"})
    assert skills.status_code == 422
    assert b"one skill at most" in skills.content
    made.refresh_from_db()
    assert made.title == ""


def test_split_gives_each_open_question_to_one(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    both = [str(people.steward.pk), str(people.colleague.pk)]
    page = client_for(people.lead).post(address("assign", made), {"people": both, "how": "split"}, follow=True)
    assert b"2 questions have been assigned." in page.content
    assert assigned(made) == {"steward": 1, "colleague": 1}
    client_for(people.lead).post(address("assign", made), {"people": both, "how": "all"})
    assert assigned(made) == {"steward": 2, "colleague": 2}


def test_a_column_filter_narrows(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    chosen = {"people": [str(people.colleague.pk)], "how": "all", "column": "name", "text": "NAME 104"}
    page = client_for(people.lead).post(address("assign", made), chosen, follow=True)
    assert b"1 question has been assigned." in page.content
    assert QuestionAssignment.objects.get().question.position == 3
    half = client_for(people.lead).post(address("assign", made), {**chosen, "text": ""})
    assert half.status_code == 422
    assert b"Enter the text" in half.content


def test_only_members_can_be_chosen(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    for wrong in ([], [str(people.stranger.pk)]):
        page = client_for(people.lead).post(address("assign", made), {"people": wrong, "how": "all"})
        assert page.status_code == 422
    assert assigned(made) == {}


def test_assignments_are_taken_back(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    both = [str(people.steward.pk), str(people.colleague.pk)]
    lead.post(address("assign", made), {"people": both, "how": "all"})
    page = lead.post(address("clear", made), {"person": str(people.steward.pk)}, follow=True).content.decode()
    assert assigned(made) == {"colleague": 2}
    assert "2 assignments of open questions are taken back" in page  # asked before all are
    lead.post(address("clear", made))
    assert assigned(made) == {}
    assert lead.post(address("clear", made), {"person": str(people.stranger.pk)}).status_code == 404
    assert lead.post(address("clear", made), {"person": "nobody"}).status_code == 404


def test_settings(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:labeling-settings", args=[people_transform.pk])
    lead = client_for(people.lead)
    wanted = {"answers_per_question": "3", "consensus_rule": "unanimous", "control_percent": "10"}
    page = lead.post(url, {**wanted, "links_in_cells": "on"}, follow=True)
    assert b"The settings have been saved." in page.content
    people_transform.refresh_from_db()
    assert people_transform.answers_per_question == 3
    assert people_transform.consensus_rule == ConsensusRule.UNANIMOUS
    assert people_transform.control_percent == 10
    assert (people_transform.links_in_cells, people_transform.images_in_cells) == (True, False)
    assert people_transform.show_proposals is False
    assert lead.post(url, {**wanted, "control_percent": "31"}).status_code == 422


def test_what_another_lead_has_decided_meanwhile_stays(people: Cast, made: QuestionSet, client_for: ClientFor) -> None:
    lead, admin = client_for(people.lead), client_for(people.admin)
    before = {"title": "", "goal": "", "priority": "0", "due_on": "", "skill": "", "answers_wanted": "1"}
    shown = shown_before(lead.get(address("detail", made)).content)
    admin.post(address("edit", made), {**before, "answers_wanted": "2", "goal": "Find\nout.", "show_proposals": "on"})
    lead.post(address("edit", made), {**shown, **before, "title": "Pilot"})
    made.refresh_from_db()
    assert (made.title, made.answers_wanted, made.goal) == ("Pilot", 2, "Find\nout.")
    assert not made.show_proposals, "which the lead switched off"
    assert made.questions.get(position=1).state == QuestionState.OPEN, "as it wants a second answer"

    url = reverse("labeling:labeling-settings", args=[made.transform_id])
    wanted = {"answers_per_question": "1", "consensus_rule": "majority", "control_percent": "0"}
    shown = shown_before(lead.get(url).content)
    admin.post(url, {**wanted, "control_percent": "10", "show_proposals": "on"})
    lead.post(url, {**shown, **wanted, "show_proposals": "on", "links_in_cells": "on"})
    made.transform.refresh_from_db()
    assert (made.transform.control_percent, made.transform.links_in_cells) == (10, True)


@pytest.mark.parametrize(("title", "called"), [("", "Set 2"), ("Hard ones", "Hard ones")])
def test_a_set_has_one_name_everywhere(
    people: Cast, people_transform: Transform, made: QuestionSet, client_for: ClientFor, title: str, called: str
) -> None:
    question = question_set(people_transform, people.lead, [3])[0]
    second = question.question_set
    QuestionSet.objects.filter(pk=second.pk).update(title=title)
    wanting([question], 2)
    answer(question, people.steward, "AAB")
    answer(question, people.colleague, "ABB")
    Occurrence.objects.create(
        transform=people_transform,
        event=NotificationEvent.SET_FINISHED,
        key=str(second.pk),
        question_set=second,
        figures={"questions": 1, "disputed": 1},
    )
    sweep_notifications()
    lead = client_for(people.lead)
    names = ("question-set-list", "answer-list", "agreement", "adjudication-list", "sheet-list")
    pages = {name: lead.get(reverse(f"labeling:{name}", args=[people_transform.pk])) for name in names}
    pages["set"] = lead.get(address("detail", second))
    pages["notifications"] = lead.get(reverse("labeling:notification-list"))
    texts = {name: " ".join(response.content.decode().split()) for name, response in pages.items()}
    assert [name for name, page in texts.items() if called not in page] == []
    assert [name for name, page in texts.items() if "People 2" in page or (title and "Set 2" in page)] == []
    assert f"{called}, question 1" in texts["adjudication-list"]
    assert f"People: all questions of “{called}” are answered" in texts["notifications"]
