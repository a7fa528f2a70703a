"""Slips of the hand in the workbench: keys held too long, pressed too early, pressed for another; none of them costs an answer."""

from __future__ import annotations

import re
import time

from playwright.sync_api import APIResponse, Route, expect

from labeling.choices import AnswerStatus
from labeling.models import Answer
from tests.e2e.conftest import Portal, Visit
from tests.e2e.workbench import (
    UNREAD_MS,
    Network,
    begin,
    begin_with_next,
    cursor,
    fetched_ahead,
    groups,
    press,
    propose,
    read,
    saved,
    stored,
)


def test_what_is_done_before_the_next_question_is_there_changes_nothing(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    network = Network(page, r"/(draft|submit|next)/$")
    first, second, third = begin_with_next(page, portal, rows=3)
    network.hold()  # it is slow, the person is not
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "t", "Enter")
    press(page, "1", "c", "Enter", "s")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    network.release()
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert groups(page) == "..."
    for question in (first, second):
        assert (stored(question), Answer.objects.get(question=question).status) == ("AAA", AnswerStatus.SUBMITTED)
    press(page, "c")
    expect(saved(page)).to_be_visible()
    assert stored(third) == "C"


def test_what_is_left_counts_down_however_slow_the_server_hears_of_it(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    network = Network(page, r"/submit/$")
    begin_with_next(page, portal, rows=2)
    network.hold()
    with page.expect_response(fetched_ahead) as following:
        press(page, "t", "Enter")
    following.value.finished()
    expect(page.get_by_text("2 left for you")).to_be_visible()
    network.release()
    expect(saved(page)).to_be_visible()


def test_what_was_counted_before_an_answer_is_not_shown_after_it(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    counted: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
        elif counted:
            route.abort()
        else:
            counted.append((route, route.fetch()))

    page.route(re.compile(r"/next/$"), hold)
    begin(page, portal, rows=2)
    while not counted:
        page.wait_for_timeout(20)
    press(page, "t", "Enter")
    route, response = counted[0]
    route.fulfill(response=response)
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(page.get_by_text("2 left for you")).to_be_visible()


def test_a_key_that_is_held_down_accepts_one_question_and_undoes_one(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    questions = begin(page, portal, rows=2)
    for question in questions:
        question.rows.update(proposed="A", proposed_confidence=0.9)
    propose(page, "AA")
    read(page)
    page.keyboard.down("Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    for _repeat in range(4):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(saved(page)).to_be_visible()
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    assert Answer.objects.filter(status=AnswerStatus.SUBMITTED).count() == 1

    press(page, "b", "c")
    for _repeat in range(5):
        page.keyboard.down("z")
    page.keyboard.up("z")
    assert groups(page) == "AA"
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "z")
    expect(page.get_by_role("heading", name="Question 1 of 3")).to_be_visible()


def test_a_letter_that_is_held_down_judges_one_row(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=6)
    for key in ("a", "Space", "=", "u"):
        for _repeat in range(4):  # a hand that is slow to leave the key
            page.keyboard.down(key)
        page.keyboard.up(key)
    assert (groups(page), cursor(page)) == ("AAB?..", "5")


def test_keys_still_reach_the_rows_when_what_had_the_focus_is_gone(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=3)
    page.evaluate(
        """() => {
             const field = document.createElement("input"); // as a password manager would
             document.body.append(field);
             field.focus();
           }"""
    )
    press(page, "b")
    assert groups(page) == "..."
    page.evaluate("document.body.lastElementChild.remove()")
    press(page, "a", "Space")
    assert groups(page) == "AA."
    press(page, "?")
    page.evaluate("document.activeElement.blur()")
    press(page, "c")
    assert groups(page) == "AA.", "what is behind a dialog has no keys"


def test_two_quick_presses_decide_one_question(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    page.clock.install()
    with page.expect_response(fetched_ahead):
        questions = begin(page, portal, questions=4, rows=2)
    for question in questions:
        question.rows.update(proposed="A", proposed_confidence=0.9)
    submitted = Answer.objects.filter(status=AnswerStatus.SUBMITTED)
    with page.expect_response(fetched_ahead) as following:
        propose(page, "AA")
    following.value.finished()
    # From here on time stands still but for ``read``: on a busy machine a second press is not always a quick one.
    page.clock.pause_at(time.time() + 60)
    press(page, "Enter", "Enter")
    expect(page.get_by_text("3 left for you")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert submitted.count() == 1
    page.clock.run_for(UNREAD_MS)
    accept = page.get_by_role("button", name="Accept")
    accept.dblclick()
    expect(page.get_by_role("heading", name="Question 3 of 4")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert submitted.count() == 2

    page.clock.run_for(UNREAD_MS)
    accept.dispatch_event("click", {"detail": 2})  # a double click that takes longer
    press(page, "s", "s")
    expect(page.get_by_role("heading", name="Question 4 of 4")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert Answer.objects.filter(status=AnswerStatus.SKIPPED).count() == 1
    press(page, "b", "Enter")  # who has changed something has read it
    expect(page.get_by_role("heading", name="Question 3 of 4")).to_be_visible()


def test_undo_brings_a_skipped_question_back_as_it_was(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, second, *_rest = begin(page, portal, rows=3)
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "a", "b", "s")  # S stands between A and D
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(page.get_by_text("Question 2 skipped for now. Undo brings it back.").first).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert (stored(second), Answer.objects.get(question=second).status) == ("AB", AnswerStatus.SKIPPED)

    press(page, "z")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(page.get_by_text("Question 2 is back, as you left it.").first).to_be_visible()  # nothing was submitted
    assert groups(page) == "AB."
    expect(saved(page)).to_be_visible()
    assert Answer.objects.get(question=second).status == AnswerStatus.DRAFT
    press(page, "c", "Enter")
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(page.get_by_text("1 left for you")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert stored(second) == "ABC"
    assert stored(first) == "AAA"


def test_a_question_that_was_skipped_and_came_again_is_not_behind_itself(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, questions=2, rows=2)
    read(page)
    press(page, "s")
    expect(page.get_by_role("heading", name="Question 2 of 2")).to_be_visible()
    read(page)
    press(page, "s")
    expect(page.get_by_role("heading", name="Question 1 of 2")).to_be_visible()
    press(page, "z")
    expect(page.get_by_role("heading", name="Question 2 of 2")).to_be_visible()
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 1 of 2")).to_be_visible()
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()


def test_other_scripts_and_the_usual_chords_do_what_they_do_elsewhere(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=4)
    keys = page.context.new_cdp_session(page)

    def strike(*pairs: tuple[str, str]) -> None:
        for key, code in pairs:
            keys.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, "code": code})
            keys.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "code": code})

    strike(("ф", "KeyA"), ("И", "KeyB"), ("α", "KeyA"), ("ש", "KeyA"))
    assert groups(page) == "ABAA"
    press(page, "Control+z", "Control+z")
    assert groups(page) == "AB.."
    press(page, "Control+y", "Control+z", "Control+Shift+z")
    assert groups(page) == "ABA."

    press(page, "1")
    strike(("\N{DEVANAGARI VOWEL SIGN I}", "KeyF"), ("ก", "KeyD"))
    page.locator("[data-grid]").dispatch_event(
        "keydown", {"key": "لا", "code": "KeyB"}
    )  # one key of an Arabic keyboard
    strike(("é", "Digit2"))
    assert (groups(page), cursor(page)) == ("FDB.", "2")  # the last one as on a French keyboard
    panel = page.get_by_role("complementary", name="Guidelines and comments")
    strike(("b", "KeyN"), ("'", "KeyQ"))  # Dvorak
    expect(panel).to_be_hidden()
    strike(("ש", "KeyA"), ("/", "KeyQ"))  # Hebrew
    expect(panel).to_be_visible()
    press(page, "Escape", "q")
    expect(panel).to_be_hidden()


def test_no_group_is_in_the_hand_when_a_question_comes(portal: Portal, visit: Visit) -> None:
    """With "unsure" still picked, the first tap left a row out; with A, the tap on A that begins each question put it down."""
    page = visit(portal.steward, narrow=True)
    begin_with_next(page, portal, rows=3)
    rows = page.locator("[data-grid] tbody tr")
    unsure, first = (page.get_by_role("button", name=name) for name in ("Unsure:", "Group A:"))
    page.get_by_role("button", name="Together").tap()
    unsure.tap()
    rows.nth(2).tap()
    assert groups(page) == "AA?"
    read(page)
    page.get_by_role("button", name="Accept").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Question 2 of 3")
    expect(unsure).to_have_attribute("aria-pressed", "false")
    first.tap()
    rows.first.tap()
    assert groups(page) == "A.."
    rows.nth(1).tap()
    assert groups(page) == "AA."
