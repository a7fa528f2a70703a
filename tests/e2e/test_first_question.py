"""The first question of a new steward, and what somebody at work sees and hears of how far they are."""

from __future__ import annotations

from playwright.sync_api import expect

from labeling.choices import GoalPeriod
from labeling.models import WorkGoal
from tests.e2e.conftest import Portal, Visit
from tests.e2e.data import people_transform
from tests.e2e.workbench import begin_with_next, press, submit


def test_who_has_a_goal_sees_how_far_they_are_and_that_it_is_reached(portal: Portal, visit: Visit) -> None:
    transform, questions = people_transform(portal, questions=4, rows=2)
    WorkGoal.objects.create(team=portal.team, user=portal.steward, questions=3, period=GoalPeriod.DAY)
    submit(questions[0], portal.steward, "AB")
    page = visit(portal.steward)
    page.goto(f"/transforms/{transform.pk}/questions/next/")
    pace = page.locator("[data-pace]")
    expect(pace).to_have_text("1 of 3 today")
    for done in ("2 of 3 today", "3 of 3 today · goal reached"):
        press(page, "w", "Enter")
        expect(pace).to_have_text(done)
    press(page, "z")
    expect(pace).to_have_text("2 of 3 today")


def test_who_does_not_see_the_page_hears_which_question_has_come(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin_with_next(page, portal, rows=2)
    press(page, "t")
    expect(page.locator("[data-live]")).to_have_text("All rows are in one group.")
    press(page, "Enter")
    expect(page.locator("[data-live]")).to_have_text("Question 2 of 3. Row 1 of 2, no group.")
