"""The first question of a new steward, and what somebody at work sees and hears of how far they are."""

from __future__ import annotations

from playwright.sync_api import expect

from labeling.choices import GoalPeriod
from labeling.models import WorkGoal
from tests.e2e.conftest import Portal, Visit
from tests.e2e.data import people_transform
from tests.e2e.workbench import begin, begin_with_next, press, propose, saved, submit


def test_three_hints_lead_through_the_first_question_and_are_gone_after_it(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin_with_next(page, portal, rows=3)
    hint = page.locator("[data-first]")
    expect(hint).to_have_text("Begin with row 1: press A to put it into a group.")
    press(page, "a")
    expect(hint).to_contain_text("Is the row the same as the one above? Press Space.")
    press(page, "Space", "b")
    expect(hint).to_contain_text("If that is so, press Enter.")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(hint).to_be_hidden()
    expect(saved(page)).to_be_visible()
    page.reload()
    expect(page.locator("[data-grid] tbody tr")).to_have_count(3)
    expect(hint).to_be_hidden()


def test_the_first_hint_of_a_proposal_is_about_it_and_a_finger_is_told_of_taps(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=3)
    propose(page, "AAB")
    expect(page.locator("[data-first]")).to_contain_text("Press Enter if they are")
    press(page, "c")
    expect(page.locator("[data-first]")).to_contain_text("If that is so, press Enter.")
    phone = visit(portal.colleague, narrow=True)
    phone.goto("/")
    phone.get_by_role("link", name="Start labeling").tap()
    expect(phone.locator("[data-first]")).to_have_text("Tap A below, then each row that is the same as row 1.")


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
