"""Nothing typed in the workbench is ever lost: to a reload, a lost connection, another tab, or somebody who was faster."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, Request, Response, Route, expect

from labeling.choices import AnswerStatus
from labeling.models import Answer, Question
from labeling.services.answers import open_question, save_draft
from tests.e2e.conftest import Portal, Visit
from tests.e2e.workbench import (
    Network,
    begin,
    begin_with_next,
    cursor,
    groups,
    press,
    propose,
    read,
    saved,
    stored,
    submit,
)
from tests.labeling.builders import grouping


def test_a_reload_loses_nothing(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=5)
    press(page, "a", "b", "u")
    shown: list[str | None] = []

    def look_and_go_on(route: Route) -> None:
        shown.append(page.locator("[data-saved]").get_attribute("data-state"))
        route.continue_()

    page.route(re.compile(r"/draft/$"), look_and_go_on)
    page.reload()  # at once: before the draft was due to be sent
    expect(page.locator("[data-grid] tbody tr")).to_have_count(5)
    assert groups(page) == "AB?.."
    assert cursor(page) == "4"
    expect(saved(page)).to_be_visible()
    assert Answer.objects.get().row_labels.count() == 3
    assert shown
    assert set(shown) <= {"", "saving"}  # never "saved" before the server had it


def test_what_is_saved_while_a_page_is_on_its_way_is_on_that_page(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    confirmed: list[Response] = []
    page.on("response", lambda response: confirmed.append(response) if response.url.endswith("/draft/") else None)

    def be_slow(route: Route) -> None:
        made = route.fetch()
        while not confirmed:
            page.wait_for_timeout(20)
        page.wait_for_timeout(100)  # until the page that is left has understood it
        route.fulfill(response=made)

    page.route(f"**/questions/{first.pk}/", be_slow)
    press(page, "a", "b")
    page.reload()
    assert groups(page) == "AB"
    expect(saved(page)).to_be_visible()
    assert stored(first) == "AB"
    assert not page.evaluate("Object.keys(localStorage).filter(key => key.includes('outbox'))")


def test_a_draft_is_newer_than_one_by_a_clock_that_runs_ahead(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    save_draft(
        question=first, steward=portal.steward, labels=grouping(first, "CC"), stamp=32_503_680_000_000
    )  # the year 3000
    page.reload()
    assert groups(page) == "CC"
    press(page, "a", "b")
    expect(saved(page)).to_be_visible()
    assert stored(first) == "AB"


def test_what_a_page_left_behind_undoes_nothing_that_came_later(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    network = Network(page, r"/(draft|submit)/$")
    first, second, *_rest = begin_with_next(page, portal, rows=2)
    page.evaluate("window.dispatchEvent(new Event('beforeunload'))")  # to a page that never came
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('outbox'))")
    page.goto(f"/questions/{first.pk}/")
    with page.expect_response("**/submit/") as once_more:
        page.get_by_role("button", name="Change my answer").click()
    assert once_more.value.json() == {"version": 1}
    assert Answer.objects.get(question=first).status == AnswerStatus.DRAFT
    expect(saved(page)).to_be_visible()

    network.cut()
    press(page, "b", "b")
    expect(page.locator("[data-saved]")).to_have_text("offline, will save")
    an_hour_later = int((time.time() + 3600) * 1000)
    save_draft(question=first, steward=portal.steward, labels=grouping(first, "CD"), stamp=an_hour_later)
    page.reload()
    assert groups(page) == "CD"  # what another computer has sent meanwhile
    network.release()
    expect(saved(page)).to_be_visible()
    assert stored(first) == "CD"

    network.cut()
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    save_draft(question=first, steward=portal.steward, labels=grouping(first, "DE"), stamp=2 * an_hour_later)
    page.goto(f"/questions/{second.pk}/")
    network.release()
    expect(page.get_by_text("An earlier question: You went on with this question elsewhere")).to_be_visible()
    assert stored(first) == "DE"
    for number in (3, 1):
        press(page, "t", "Enter")
        expect(page.get_by_role("heading", name=f"Question {number} of 3")).to_be_visible()
    assert groups(page) == "DE"
    told = page.get_by_role("alert").filter(has_text="You went on with question 1 elsewhere after you submitted it")
    told.get_by_role("button", name="Restore what this tab has").click()
    expect(page.get_by_text("Question 1 is open again.").first).to_be_visible()
    assert groups(page) == "AA"
    expect(saved(page)).to_be_visible()
    assert stored(first) == "AA"
    press(page, "z")
    assert groups(page) == "DE"


def test_undo_and_redo_outlive_a_reload(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=4)
    propose(page, "ABBC")
    press(page, "a", "a", "u", "z")
    page.reload()
    expect(page.locator("[data-grid] tbody tr")).to_have_count(4)
    assert (groups(page), cursor(page)) == ("AABC", "3")  # what is proposed is not said yet
    expect(saved(page)).to_be_visible()
    press(page, "y")
    assert groups(page) == "AA?C"
    press(page, "z", "z", "z")
    expect(page.locator("tr.is-proposed")).to_have_count(4)
    assert groups(page) == "ABBC"
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    press(page, "b")
    expect(saved(page)).to_be_visible()
    page.reload()
    assert groups(page) == "BAAC"
    press(page, "z")
    assert groups(page) == "ABBC"

    press(page, "b", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert not page.evaluate("Object.keys(sessionStorage).filter(key => key.includes('undo'))")
    assert stored(first) == "AABC"


def test_an_old_past_is_not_put_on_what_was_changed_elsewhere(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    press(page, "a", "b")
    expect(saved(page)).to_be_visible()
    save_draft(question=first, steward=portal.steward, labels=grouping(first, "CC"))
    page.reload()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    press(page, "z")
    assert groups(page) == "CC"


def test_a_lost_connection_costs_nothing_but_time(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    network = Network(page, r"/(draft|submit|next)/$")
    first, second, *_rest = begin_with_next(page, portal, rows=3)
    with page.expect_response("**/draft/"):
        press(page, "a", "z")
    expect(saved(page)).to_be_visible()
    told = page.locator("[data-saved-told]")  # by screen readers, which are to be quiet about the usual
    expect(told).to_be_empty()
    network.cut()
    press(page, "a", "a", "b")
    expect(page.locator("[data-saved]")).to_have_text("offline, will save")
    expect(told).to_have_text("offline, will save")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "c")
    assert Answer.objects.get().row_labels.count() == 0
    page.reload()
    network.release()
    assert groups(page) == "C.."
    expect(saved(page)).to_be_visible()
    assert Answer.objects.get(question=first).status == AnswerStatus.SUBMITTED
    assert stored(second) == "C"


def test_who_is_offline_at_the_last_question_goes_on_once_it_is_sent(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    page.clock.install()
    network = Network(page, r"/(draft|submit)/$")
    begin_with_next(page, portal, questions=1, rows=2)
    network.cut()
    tries: list[Request] = []
    page.on("request", lambda request: tries.append(request) if request.url.endswith("/submit/") else None)
    press(page, "t", "Enter")
    for _second in range(8):
        page.clock.run_for(1000)
        page.wait_for_timeout(100)
    assert 2 <= len(tries) <= 5  # less and less often
    expect(page.locator("[data-hint]")).to_contain_text("You are offline. Your answers are kept in this browser")
    network.release()
    page.clock.run_for(10_000)
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()


def test_undo_goes_back_into_the_last_question(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, second, *_rest = begin(page, portal, rows=3)
    press(page, "a", "a", "b", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "c", "z", "z")
    expect(page.get_by_role("heading", name="Question 1 of 3")).to_be_visible()
    assert groups(page) == "AAB"
    press(page, "z", "c", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert stored(first) == "AAC"
    assert Answer.objects.get(question=first).version == 2
    press(page, "b", "b", "b", "Enter")
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert stored(second) == "BBB"


def test_undo_goes_back_into_the_last_question_after_a_reload(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=3)
    press(page, "a", "a", "b", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "c", "d", "s")  # skipped
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    press(page, "z")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    assert groups(page).startswith("CD")
    press(page, "z", "z", "z")  # the two letters, and back into the one before
    expect(page.get_by_role("heading", name="Question 1 of 3")).to_be_visible()
    assert groups(page) == "AAB"
    press(page, "z", "c", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert stored(first) == "AAC"
    assert Answer.objects.get(question=first).version == 2


def third_of_three(portal: Portal, visit: Visit) -> Page:
    """A page at its third question, which came without a page being loaded."""
    page = visit(portal.steward)
    begin(page, portal, rows=2)
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    return page


def test_back_and_forward_show_what_the_address_says(portal: Portal, visit: Visit) -> None:
    page = third_of_three(portal, visit)
    page.go_back()
    expect(page.get_by_role("heading", name="Question 2", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Question 1", exact=True)).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Question 2", exact=True)).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(page.locator("[data-grid]")).to_be_focused()  # else the page does not hear keys yet
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()


def test_who_goes_back_before_scripts_run_sees_what_the_address_says(portal: Portal, visit: Visit) -> None:
    page = third_of_three(portal, visit)
    scripts = re.compile(r"/js/app\b.*\.js$")
    page.route(scripts, lambda _route: None)
    page.go_back(wait_until="commit")
    expect(page.get_by_role("heading", name="Question 2", exact=True)).to_be_visible()
    page.go_back(wait_until="commit")
    page.unroute(scripts)  # which lets what waits go on
    expect(page.get_by_role("heading", name="Question 1", exact=True)).to_be_visible()


def test_a_page_out_of_the_browsers_memory_is_loaded_anew(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    submit(first, portal.steward, "AB")
    # Browsers that are remote controlled keep no pages in memory; to the page it is this event.
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.get_by_role("button", name="Change my answer")).to_be_visible()


def test_a_question_taken_meanwhile_is_told_and_kept(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    Question.objects.filter(pk=first.pk).update(leased_to=None)
    open_question(question=first, steward=portal.colleague)
    press(page, "a")
    expect(page.get_by_text("Someone else is working on this question")).to_be_visible()
    page.get_by_role("link", name="Next question").click()
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()


def test_a_finger_spreads_a_group_and_a_second_tab_loses_nothing(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    first, *_rest = begin(page, portal, rows=5)
    page.set_viewport_size({"width": 1024, "height": 768})  # a tablet, upright or not
    press(page, "b")
    badges = [box for box in (badge.bounding_box() for badge in page.locator("td.cell-group").all()) if box]
    touch = page.context.new_cdp_session(page)
    for kind, at in (("touchStart", 0), ("touchMove", 1), ("touchMove", 3), ("touchEnd", None)):
        box = badges[at] if at is not None else None
        points = [{"x": box["x"] + 10, "y": box["y"] + 10}] if box else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.locator("tr[data-group=B]")).to_have_count(4)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tr[data-group=B]")).to_have_count(1)
    assert groups(page) == "B...."
    expect(saved(page)).to_be_visible()

    other = page.context.new_page()
    other.goto(f"/questions/{first.pk}/")
    expect(other.locator("[data-grid]")).to_be_focused()
    assert groups(other) == "B...."
    press(other, "t", "Enter")
    expect(other.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(other)).to_be_visible()
    press(page, "w", "Enter")  # this tab does not know yet
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(page.get_by_text("Question 1 was already submitted in another tab.")).to_be_visible()
    assert stored(first) == "AAAAA"
    press(page, "z")
    expect(page.get_by_role("heading", name="Question 1 of 3")).to_be_visible()
    assert groups(page) == "ABCDE"
    press(page, "Enter")
    expect(saved(page)).to_be_visible()
    assert (stored(first), Answer.objects.get(question=first).version) == ("ABCDE", 2)


def test_who_was_signed_out_in_another_tab_is_told_so_and_goes_on_after_signing_in(
    portal: Portal, visit: Visit
) -> None:
    page = visit(portal.steward)
    first, _last = begin_with_next(page, portal, questions=2, rows=3)
    press(page, "w", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 2")).to_be_visible()
    expect(saved(page)).to_be_visible()
    signed_in = page.context.cookies()
    page.context.clear_cookies()
    press(page, "z")
    expect(page.get_by_text("You are signed out. Go back once you have signed in again.").first).to_be_visible()
    press(page, "a")
    told = page.get_by_role("alert").filter(has_text="You were signed out. What you entered is kept in this browser.")
    expect(told.get_by_role("link", name="Sign in")).to_have_attribute("target", "_blank")
    expect(page.locator("[data-saved]")).to_have_text("signed out, will save")
    press(page, "z", "z")  # the letter first, then back: what waits says why it cannot be
    expect(page.get_by_text("You are signed out. Go back once you have signed in again.").first).to_be_visible()
    press(page, "b")
    colleague = visit(portal.colleague)
    colleague.goto("/")
    page.context.add_cookies(colleague.context.cookies())  # type: ignore[arg-type]
    with page.expect_response("**/draft/") as refused:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert refused.value.status == 403  # these are not the colleague's answers
    assert not Answer.objects.filter(steward=portal.colleague).exists()
    other = page.get_by_role("alert").filter(has_text="Somebody else has signed in since in this browser. What you")
    expect(other.get_by_role("link", name="Go to their home page")).to_have_attribute("href", "/")
    expect(page.locator("[data-saved]")).to_have_text("not signed in, will save")
    expect(told).to_be_hidden()
    press(page, "q")
    panel = page.get_by_role("complementary", name="Guidelines and comments")
    expect(panel.get_by_role("alert")).to_contain_text("Somebody else has signed in since in this browser.")
    press(page, "Escape")
    page.context.add_cookies(signed_in)  # type: ignore[arg-type]
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # back from the tab where that happened
    expect(other).to_be_hidden()
    expect(panel.get_by_text("Your team has written no guidelines yet.")).to_be_visible()
    expect(saved(page)).to_be_visible()
    expect(page.locator("[data-saved-told]")).to_have_text("saved")
    press(page, "z", "z")
    expect(page.get_by_text("Question 1 is open again.").first).to_be_visible()
    assert (stored(first), groups(page)) == ("ABC", "ABC")


def test_the_other_tabs_grouping_comes_back_after_more_work_and_at_the_end(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, last = begin(page, portal, questions=2, rows=3)
    expect(page.locator("[data-grid]")).to_be_focused()
    submit(first, portal.steward, "AAA")
    press(page, "w", "Enter")
    told = page.get_by_role("alert").filter(has_text="already submitted in another tab")
    expect(told).to_contain_text("Question 1")
    expect(page.get_by_role("heading", name="Question 2 of 2")).to_be_visible()
    press(page, "t")  # work on the next question changes nothing about the way back
    told.get_by_role("button", name="Restore what this tab has").click()
    expect(page.get_by_role("heading", name="Question 1 of 2")).to_be_visible()
    assert groups(page) == "ABC"
    expect(told).to_be_hidden()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 2")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert (stored(first), groups(page)) == ("ABC", "AAA")

    submit(last, portal.steward, "ABC")
    read(page)
    press(page, "Enter")  # nothing comes after this one, yet the person is not led away from what they said
    expect(told).to_contain_text("Question 2")
    expect(told.get_by_role("link", name="Next question")).to_be_visible()
    told.get_by_role("button", name="Restore what this tab has").click()
    expect(page.get_by_text("Question 2 is open again.").first).to_be_visible()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()
    assert stored(last) == "AAA"


def test_what_another_tab_submitted_is_restored_while_the_next_question_is_on_its_way(
    portal: Portal, visit: Visit
) -> None:
    page = visit(portal.steward)
    network = Network(page, r"/next/$")
    (only,) = begin_with_next(page, portal, questions=1, rows=3)
    submit(only, portal.steward, "AAA")
    network.hold()
    press(page, "w", "Enter")
    page.get_by_role("button", name="Restore what this tab has").click()
    network.release()
    expect(page.get_by_text("Question 1 is open again.").first).to_be_visible()
    assert groups(page) == "ABC"
    press(page, "Enter")
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()
    assert stored(only) == "ABC"
