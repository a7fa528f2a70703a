"""The first question of a new steward, and what somebody at work sees and hears of how far they are."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import Portal, Visit
from tests.e2e.workbench import begin_with_next, press


def test_who_does_not_see_the_page_hears_which_question_has_come(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin_with_next(page, portal, rows=2)
    press(page, "t")
    expect(page.locator("[data-live]")).to_have_text("All rows are in one group.")
    press(page, "Enter")
    expect(page.locator("[data-live]")).to_have_text("Question 2 of 3. Row 1 of 2, no group.")
