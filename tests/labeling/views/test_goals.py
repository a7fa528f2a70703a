"""Goals: who sets them, who sees how far they are."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse_lazy
from django.utils import timezone

from accounts.models import Membership
from labeling.choices import GoalPeriod
from labeling.models import Answer, Transform, WorkGoal
from labeling.selectors.goals import Pace, goals_for, goals_of, pace_of, period_start
from tests.labeling.builders import Cast, answer, question_set, saved_for
from tests.labeling.views.conftest import ClientFor

PEOPLE = reverse_lazy("labeling:people")


def goal_of(people: Cast, **sent: str) -> dict[str, str]:
    return saved_for(Membership.objects.get(user=people.steward), **sent)


def test_a_lead_sets_goals_and_people_see_theirs(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    first, second, third = question_set(people_transform, people.lead, [2, 2, 2])
    answer(first, people.steward, "AA")
    answer(second, people.colleague, "AA")
    answer(third, people.steward, "AB")
    Answer.objects.filter(question=third).update(first_submitted_at=timezone.now() - dt.timedelta(days=8))
    lead = client_for(people.lead)
    lead.post(PEOPLE, goal_of(people, questions="2"))
    page = lead.post(PEOPLE, saved_for(None, questions="2", period="week"), follow=True).content.decode()
    assert "The goal of Team has been saved." in page
    assert "1 so far" in page
    assert {(goal.goal.user, goal.done, goal.is_reached) for goal in goals_of(team=people.team)} == {
        (people.steward, 1, False),
        (None, 2, True),
    }
    assert pace_of(team=people.team, user=people.steward) == Pace(1, 2, GoalPeriod.DAY)
    assert pace_of(team=people.team, user=people.colleague) == Pace(1, None, GoalPeriod.DAY)
    home = client_for(people.steward).get("/").content.decode()
    assert "Your goal today" in home
    assert "1 of 2 questions" in home
    assert "The team’s goal this week" in home
    colleague = client_for(people.colleague).get("/").content.decode()
    assert "Your goal" not in colleague
    assert "2 of 2 questions" in colleague
    lead.post(PEOPLE, goal_of(people, questions="", shown="2"))
    assert goals_for(team=people.team, user=people.steward)[0].goal.user is None


@pytest.mark.parametrize("sent", [{"questions": "0"}, {"questions": "5", "period": "year"}])
def test_what_is_no_goal(people: Cast, client_for: ClientFor, sent: dict[str, str]) -> None:
    page = client_for(people.lead).post(PEOPLE, goal_of(people, skills="names", **sent))
    assert page.status_code == 422
    assert 'value="names"' in page.content.decode(), "what else was typed is still there"
    assert not Membership.objects.exclude(skills="").exists()
    assert not WorkGoal.objects.exists()


def test_goals_are_for_leads_of_the_team(people: Cast, client_for: ClientFor) -> None:
    for sent in (goal_of(people, questions="5"), saved_for(None, questions="5")):
        assert client_for(people.steward).post(PEOPLE, sent).status_code == 403
    assert client_for(people.stranger).post(PEOPLE, goal_of(people, questions="5")).status_code == 302
    assert not WorkGoal.objects.exists()


def test_weeks_begin_on_monday() -> None:
    sunday = dt.datetime(2026, 3, 8, 23, 30, tzinfo=dt.UTC)
    assert period_start(GoalPeriod.DAY, sunday) == dt.datetime(2026, 3, 8, tzinfo=dt.UTC)
    assert period_start(GoalPeriod.WEEK, sunday) == dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
