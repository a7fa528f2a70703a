"""Agreement, control questions, contradictions, work in numbers, skills: who sees what."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, User
from labeling.choices import QuestionState
from labeling.models import Answer, Question, QuestionSet, Transform
from labeling.services.consensus import settle
from labeling.services.contradictions import check_contradictions
from labeling.views import agreement, work
from tests.labeling.builders import Cast, answer, question_set, saved_for, wanting
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import for_excel

WORK = reverse("labeling:work")
CSV = reverse("labeling:work-download")
PEOPLE = reverse("labeling:people")


def text(response: object) -> str:
    return " ".join(response.content.decode().split())  # type: ignore[attr-defined]


def answered_by_two(people: Cast, of: Transform, count: int = 1) -> list[Question]:
    questions = question_set(of, people.lead, [3] * count, first_key=100)
    QuestionSet.objects.update(answers_wanted=2)
    for question in questions:
        settle(question=question)
        answer(question, people.steward, "AAB")
        answer(question, people.colleague, "AAB")
    return questions


def test_agreement_of_everybody_is_for_leads(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    answered_by_two(people, people_transform, 2)
    url = reverse("labeling:agreement", args=[people_transform.pk])
    page = text(client_for(people.lead).get(url))
    assert "Steward" in page
    assert "Colleague" in page
    assert "1.000" in page
    assert "with two, the consensus is only what both said" in page
    assert "Nothing to compare yet" in text(client_for(people.steward).get(url))
    third = question_set(people_transform, people.lead, [3], first_key=200)[0]
    wanting([third], 3)
    for person in (people.steward, people.colleague, people.admin):
        answer(third, person, "AAB")
    own = text(client_for(people.steward).get(url))
    assert "Your agreement" in own
    assert "1.000" in own
    assert "Colleague" not in own
    assert client_for(people.stranger).get(url).status_code == 404


@pytest.mark.parametrize("role", ["lead", "steward"])
def test_agreement_before_anybody_answered(
    people: Cast, people_transform: Transform, client_for: ClientFor, role: str
) -> None:
    page = text(client_for(getattr(people, role)).get(reverse("labeling:agreement", args=[people_transform.pk])))
    assert ("Nobody has answered yet" in page) == (role == "lead")
    assert ("Nothing to compare yet" in page) == (role == "steward")


def test_agreement_of_many_is_told_page_by_page(
    people: Cast, people_transform: Transform, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People and sets each have their pages; a line is with everybody all the same."""
    for name in ("PEOPLE", "SHOWN"):
        monkeypatch.setattr(agreement, name, 1)
    for _set in range(2):
        answered_by_two(people, people_transform)
    url, lead = reverse("labeling:agreement", args=[people_transform.pk]), client_for(people.lead)
    page = text(lead.get(url))
    assert page.count('<th scope="row">') == 1
    assert '<th scope="row">Colleague</th>' in page
    assert '<th scope="col">Steward</th>' in page
    assert ("Set 2" in page, "Set 1" in page) == (True, False)
    assert ('href="?people=2#people-title"' in page, 'href="?sets=2#alpha-title"' in page) == (True, True)
    more = text(lead.get(url, {"people": 2, "sets": 2}))
    assert ('<th scope="row">Steward</th>' in more, "Set 1" in more, "Set 2" in more) == (True, True, False)
    assert 'href="?people=2&amp;sets=1#alpha-title"' in more


def test_a_settled_question_becomes_a_control_question_and_back(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question = answered_by_two(people, people_transform)[0]
    lead = client_for(people.lead)
    mark, unmark = (reverse(f"labeling:control-{name}", args=[question.pk]) for name in ("mark", "unmark"))
    assert client_for(people.steward).post(mark).status_code == 403
    assert client_for(people.stranger).post(mark).status_code == 404
    page = text(lead.post(mark, follow=True))
    assert "Make it an ordinary question" in page
    question.refresh_from_db()
    assert question.is_control
    figures = text(lead.get(reverse("labeling:agreement", args=[people_transform.pk])))
    assert reverse("labeling:question-history", args=[question.pk]) in figures
    steward = text(client_for(people.steward).get(reverse("labeling:question-history", args=[question.pk])))
    assert "ontrol question" not in steward
    assert "Result" not in steward
    assert "Make it a control question" in text(lead.post(unmark, follow=True))
    question.refresh_from_db()
    assert not question.is_control


def test_an_open_question_has_no_known_answer(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    question = question_set(people_transform, people.lead, [2])[0]
    page = client_for(people.lead).post(reverse("labeling:control-mark", args=[question.pk]), follow=True)
    assert "Only a settled question has a known answer." in text(page)
    assert question.state == QuestionState.OPEN


def test_contradictions_lead_to_their_questions(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    url = reverse("labeling:contradictions", args=[people_transform.pk])
    lead = client_for(people.lead)
    assert "No contradictions" in text(lead.get(url))
    same = question_set(people_transform, people.lead, [2], first_key=100)[0]
    different = question_set(people_transform, people.lead, [2], first_key=100)[0]
    answer(same, people.steward, "AA")
    answer(different, people.steward, "AB")
    check_contradictions(transform=people_transform)
    page = text(lead.get(url))
    assert "100 ≠ 101" in page
    assert "100 = 101" in page or "101 = 100" in page
    for question in (same, different):
        assert reverse("labeling:question-history", args=[question.pk]) in page
    assert client_for(people.steward).get(url).status_code == 403
    assert client_for(people.stranger).get(url).status_code == 404


def test_of_many_contradictions_a_page_shows_some(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agreement, "SHOWN", 2)
    monkeypatch.setattr(agreement, "SUSPECTS", 1)
    for letters in ("AA", "AB", "AB", "AB"):
        answer(question_set(people_transform, people.lead, [2], first_key=100)[0], people.steward, letters)
    check_contradictions(transform=people_transform)
    url, lead = reverse("labeling:contradictions", args=[people_transform.pk]), client_for(people.lead)
    page = text(lead.get(url))
    assert (page.count('<h2 class="mono">'), page.count("?look=questions:")) == (2, 1)
    assert "Look again at 4 questions" in page
    assert "in 3 contradictions" in page
    assert 'href="?page=2"' in page
    assert text(lead.get(url, {"page": 2})).count('<h2 class="mono">') == 1


def test_work_of_everybody_is_for_leads(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    answered_by_two(people, people_transform, 2)
    page = text(client_for(people.lead).get(WORK))
    assert page.count('<td class="lead-cell nowrap">') == 2
    filtered = client_for(people.lead).get(f"{WORK}?person={people.steward.pk}", headers={"HX-Request": "true"})
    assert "HX-Request" in filtered["Vary"]  # Back must not show the table alone
    one = text(filtered)
    assert one.count('<td class="lead-cell nowrap">') == 1
    assert "<html" not in one
    own = text(client_for(people.steward).get(f"{WORK}?person={people.colleague.pk}"))
    assert "Colleague" not in own
    assert own.count('<td class="lead-cell nowrap">') == 1
    assert "No answers in this period" in text(client_for(people.stranger).get(WORK))
    assert "No answers in this period" in text(client_for(people.lead).get(f"{WORK}?until=2001-01-01"))


def test_half_of_the_answers_alike_are_no_second_figure(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    answered_by_two(people, people_transform, 3)
    Answer.objects.update(keys=5)
    keys = re.search(r'data-label="Keystrokes"> (.*?) </td>', text(client_for(people.steward).get(WORK)))
    assert keys is not None
    assert keys[1] == "5"


def test_whose_work_it_is_goes_without_saying_where_it_is_ones_own(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    """Who sees their own alone sees their days, the newest first."""
    first, _second = answered_by_two(people, people_transform, 2)
    first.answers.filter(steward=people.steward).update(first_submitted_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    steward = client_for(people.steward)
    days = re.findall(r"<td[^>]*>(\d{4}-\d\d-\d\d)</td>", text(steward.get(WORK)))
    assert (len(days), days[1]) == (2, "2026-03-01")
    assert ">Person</th>" not in text(steward.get(WORK, {"by": "all"}))
    answers = reverse("labeling:answer-list", args=[people_transform.pk])
    assert ">Person</th>" not in text(steward.get(answers))
    for url in (WORK, answers):
        assert ">Person</th>" in text(client_for(people.lead).get(url))


def test_of_many_lines_of_work_a_page_shows_some(
    people: Cast, people_transform: Transform, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "PAGE_SIZE", 1)
    answered_by_two(people, people_transform, 2)
    lead = client_for(people.lead)
    first, second = (text(lead.get(WORK, {"by": "all", "page": page})) for page in (1, 2))
    names = [[name in page.split("</thead>")[1] for name in ("Colleague", "Steward")] for page in (first, second)]
    assert names == [[True, False], [False, True]]
    assert 'href="?by=all&amp;page=2"' in first
    assert len(lead.get(CSV, {"page": 2}).getvalue().decode().splitlines()) == 3


def test_work_as_csv(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    answered_by_two(people, people_transform, 2)
    response = client_for(people.lead).get(CSV)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="work-')
    rows = list(csv.DictReader(for_excel(response.getvalue()).splitlines()))
    assert [(row["person"], row["transform"], row["answers"], row["seconds, median"]) for row in rows] == [
        ("Colleague", "People", "2", "9"),
        ("Steward", "People", "2", "9"),
    ]
    own = list(csv.DictReader(for_excel(client_for(people.steward).get(CSV).getvalue()).splitlines()))
    assert [row["person"] for row in own] == ["Steward"]


@pytest.mark.parametrize("count", [1, 3])
def test_work_asks_as_often_for_three_as_for_one(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    answered_by_two(people, people_transform, count)
    client = client_for(people.lead)
    with django_assert_num_queries(10):
        client.get(f"{WORK}?by=all")


def test_skills(people: Cast, client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    member = Membership.objects.get(user=people.steward)
    page = text(lead.post(PEOPLE, saved_for(member, skills="Names, names,  Old  addresses"), follow=True))
    assert "Saved for 1 person." in page
    member.refresh_from_db()
    assert member.skill_tags == {"names", "old addresses"}
    assert "Old addresses" in text(lead.get(PEOPLE))
    assert "at most 500" in text(lead.post(PEOPLE, saved_for(member, skills="x" * 501)))


def test_what_others_have_changed_since_a_page_was_shown_stays(people: Cast, client_for: ClientFor) -> None:
    """Everybody on the page is sent, with what it showed; only what this person changed is saved."""
    mine, other = (Membership.objects.get(user=user) for user in (people.steward, people.colleague))
    lead = client_for(people.lead)
    stale = saved_for(mine, skills="names") | saved_for(other) | saved_for(None)
    page = text(lead.get(PEOPLE))
    assert not [name for name in stale if f'name="{name}"' not in page and "team-goal-skills" not in name]
    Membership.objects.filter(pk=other.pk).update(skills="addresses")
    assert "Saved for 1 person." in text(lead.post(PEOPLE, stale, follow=True))
    assert dict(Membership.objects.exclude(skills="").values_list("user", "skills")) == {
        people.steward.pk: "names",
        people.colleague.pk: "addresses",
    }


def test_people_of_a_large_team_are_found(people: Cast, client_for: ClientFor) -> None:
    many = [User(username=f"p{number}", last_name=f"Number {number:02}", password="!") for number in range(30)]
    User.objects.bulk_create(many)
    Membership.objects.bulk_create(Membership(team=people.team, user=user) for user in many)
    Membership.objects.filter(user=many[29]).update(skills="old addresses")
    lead = client_for(people.lead)
    first = text(lead.get(PEOPLE))
    assert "1–25 / 34" in first
    assert "Number 29" not in first
    assert "Number 29" in text(lead.get(f"{PEOPLE}?page=2"))
    for search in ("number 29", "ADDRESSES", "steward p29"):
        found = text(lead.get(PEOPLE, {"q": search}))
        assert "Number 29" in found, search
        assert "Number 28" not in found, search
    assert "Nobody in the team matches" in text(lead.get(PEOPLE, {"q": "nobody"}))


def test_skills_are_for_leads_of_the_team(people: Cast, client_for: ClientFor) -> None:
    member = Membership.objects.get(user=people.steward)
    assert client_for(people.steward).get(PEOPLE).status_code == 403
    assert client_for(people.steward).post(PEOPLE, saved_for(member, skills="x")).status_code == 403
    client_for(people.stranger).post(PEOPLE, saved_for(member, skills="x"))
    member.refresh_from_db()
    assert member.skills == ""


def test_answers_per_hour_are_whole_and_grouped(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    answer(question_set(people_transform, people.lead, [3])[0], people.steward, "AAB")
    Answer.objects.update(seconds=3)
    assert ">1,200</td>" in text(client_for(people.lead).get(WORK))
