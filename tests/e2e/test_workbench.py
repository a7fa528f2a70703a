"""The workbench from the keyboard, with a mouse and with a finger."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from labeling.choices import AnswerStatus
from labeling.models import Answer, Comment, KeyPreference, QuestionSet, Row, Transform, WorkbenchPreference
from labeling.services.guidelines import save_guidelines
from tests.e2e.conftest import ROOT, Portal, Visit, picture
from tests.e2e.data import COLUMNS, LONG, people_transform
from tests.e2e.workbench import begin, cursor, groups, press, propose, read, saved, stored
from tests.support.servers import wait_until


def test_every_key_does_what_the_help_says(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=6)

    press(page, "a", "Space", "b", "=", "u")
    assert (groups(page), cursor(page)) == ("AABC?.", "6")
    press(page, "z", "z")
    assert (groups(page), cursor(page)) == ("AAB...", "4")
    press(page, "y", "y")
    assert groups(page) == "AABC?."
    press(page, "2", "x")
    assert (groups(page), cursor(page)) == ("A.BC?.", "2")
    press(page, "t")
    assert groups(page) == "AAAAAA"
    press(page, "w")
    assert groups(page) == "ABCDEF"
    press(page, "z", "z")
    assert groups(page) == "A.BC?."
    press(page, "End", "ArrowUp")
    assert cursor(page) == "5"
    press(page, "Home")
    assert cursor(page) == "1"

    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    picture(page, "steward-keys")
    press(page, "Escape")
    expect(page.locator("[data-grid]")).to_be_focused()


def test_enter_is_blocked_with_the_reason_and_goes_to_the_gap(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=4)
    press(page, "a", "a", "a", "a", "3", "x", "1", "Enter")
    expect(page.get_by_text("Row 3 has no group yet.").first).to_be_visible()
    assert cursor(page) == "3"
    expect(saved(page)).to_be_visible()
    assert Answer.objects.get(question=first).status == AnswerStatus.DRAFT
    press(page, "b", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    given = Answer.objects.get(question=first)
    assert given.status == AnswerStatus.SUBMITTED
    assert given.keys is not None
    assert given.keys >= 10
    assert stored(first) == "AAAB"


def test_shortcuts_live_only_in_the_grid_and_can_be_switched_off(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=3)
    page.evaluate("window.stays = true")
    page.get_by_role("link", name="Skip to content").press("Enter")
    what = page.get_by_label("What to show")
    what.focus()
    press(page, "a", "ArrowUp")
    expect(what).to_have_value("marks")
    expect(what).to_be_focused()
    assert groups(page) == "..."
    assert page.evaluate("window.stays")  # a link of the page itself loads nothing anew
    page.locator("[data-grid]").focus()
    press(page, "?")
    with page.expect_response("**/keys/") as kept:
        page.get_by_label("Use single-key shortcuts while the rows have focus").uncheck()
    assert kept.value.ok
    press(page, "Escape", "a")
    assert groups(page) == "..."
    page.reload()
    press(page, "a")
    assert groups(page) == "..."


def test_commands_get_other_keys_and_keep_them(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=3)
    press(page, "?")
    sheet = page.get_by_role("dialog", name="Keys")
    change = sheet.get_by_role("button", name="Change the key of “Undo, even back into the previous question”")
    told = sheet.get_by_role("status")
    change.click()
    press(page, "s")
    expect(told).to_contain_text("S is already the key of “Skip: the question comes back later, or to others”.")
    with page.expect_response("**/keys/") as kept:
        press(page, ";")
    assert kept.value.ok
    expect(told).to_have_text("The key of “Undo, even back into the previous question” is now ;.")
    expect(change).to_be_focused()
    change.press("Enter")
    press(page, "Escape")
    expect(sheet).to_be_visible()
    press(page, "Escape", "a", "b", "z")
    assert groups(page) == "AB."
    press(page, ";")
    assert groups(page) == "A.."
    expect(page.locator("[data-key-of=undo]")).to_have_text(";")

    page.reload()
    press(page, "b", ";", "?")
    assert groups(page) == "A.."
    with page.expect_response("**/keys/") as kept:
        sheet.get_by_role("button", name="Reset keys").click()
    assert kept.value.ok
    press(page, "Escape", "z", ";")
    assert (groups(page), KeyPreference.objects.get(user=portal.steward).keymap) == ("...", {})


def test_skipping_and_the_last_question(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, questions=2, rows=2)
    read(page)
    press(page, "s")
    expect(page.get_by_role("heading", name="Question 2 of 2")).to_be_visible()
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 1 of 2")).to_be_visible()
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()


def test_the_proposal_is_taken_by_enter_and_overruled_by_a_letter(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    transform, (first, second, third) = people_transform(portal, rows=4)
    QuestionSet.objects.update(show_proposals=True)
    for question in (first, second, third):
        for row, letter in zip(question.rows.order_by("position"), "AABB", strict=True):
            Row.objects.filter(pk=row.pk).update(proposed=letter, proposed_confidence=0.87)
    page.goto(f"/transforms/{transform.pk}/questions/next/")
    proposed = page.locator("tr.is-proposed")
    expect(proposed).to_have_count(4)
    picture(page, "steward-proposal")

    read(page)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    taken = Answer.objects.get(question=first)
    assert (stored(first), taken.proposal_shown, taken.keys) == ("AABB", True, 1)

    press(page, "c", "z", "c", "Enter")
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert len(set(stored(second))) == 3

    press(page, "r")
    expect(proposed).to_have_count(0)
    read(page)
    press(page, "Enter")
    expect(page.get_by_text("Row 1 has no group yet, and 3 more.").first).to_be_visible()
    page.reload()
    expect(page.locator("[data-grid] tbody tr")).to_have_count(4)
    assert groups(page) == "...."


def test_proposed_letters_stand_in_row_order_and_never_join_by_accident(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=6)
    propose(page, "CCABBD")
    assert groups(page) == "AABCCD"  # small letters on the screen

    press(page, "a", "b")  # a second group, they say, not row 3, which was to be B
    assert groups(page) == "ABECCD"
    expect(page.get_by_text("that were proposed as B are now E, to keep them apart from your group B")).to_have_count(2)
    press(page, "z")
    assert groups(page) == "AABCCD"
    press(page, "y", "End", "c")  # the rows above have been read: this joins them
    assert groups(page) == "ABECCC"
    press(page, "4", "c")  # as proposed
    assert groups(page) == "ABECCC"
    expect(page.locator("tr.is-proposed")).to_have_count(2)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert stored(first) == "ABCCCE"
    assert not Answer.objects.get(question=first).accepted_untouched


def test_taking_the_proposal_letter_by_letter_is_taking_it(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=4)
    propose(page, "BABA")
    assert groups(page) == "ABAB"
    press(page, "ArrowDown")
    expect(page.locator("[data-live]")).to_have_text("Row 2 of 4, group B proposed.")
    press(page, "Home", "a")
    expect(page.locator("[data-live]")).to_have_text("Row 1: A. Row 2 of 4, group B proposed.")
    press(page, "ArrowUp")
    expect(page.locator("[data-live]")).to_have_text("Row 1 of 4, group A.")
    press(page, "2", "b", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    given = Answer.objects.get(question=first)
    assert (stored(first), given.proposal_shown, given.accepted_untouched) == ("AABB", True, True)


def test_equal_columns_fold_and_differences_are_marked(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal)
    headers = page.locator("[data-grid] thead th")
    shown = headers.all_text_contents()
    assert "source" not in shown
    assert "id" not in shown
    expect(page.get_by_role("button", name="1 identical column")).to_be_visible()
    assert page.locator("[data-grid] mark").count() > 0
    press(page, "t")
    first_row = page.locator("[data-grid] tbody tr").first
    assert first_row.locator("mark").count() == 0
    page.get_by_role("button", name="1 identical column").click()
    assert {"source", "id"} <= set(headers.all_text_contents())
    expect(page.locator("[data-grid]")).to_be_focused()
    page.get_by_text("Which rows are the same person?").click()
    press(page, "v", "v")
    expect(page.get_by_label("What to show")).to_have_value("marks")
    assert page.locator("[data-grid] .ditto").count() > 0
    page.reload()
    expect(page.get_by_label("What to show")).to_have_value("marks")


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_rows_that_are_equal_throughout_are_seen_nevertheless(portal: Portal, visit: Visit, narrow: bool) -> None:
    page = visit(portal.steward, narrow=narrow)
    first, *_rest = begin(page, portal, rows=2)
    for row in first.rows.all():
        row.values = [row.key, "Ann", "Hill", "", "", "", "", ""]
        row.save()
    page.reload()
    lines = page.locator("[data-grid] tbody tr")
    expect(lines).to_have_count(2)
    for line in lines.all():
        expect(line.get_by_text("Ann")).to_be_visible()
        expect(line.get_by_text("Hill")).to_be_visible()
    assert "id" not in page.locator("[data-grid] thead th").all_text_contents()


def test_what_keeps_a_row_from_the_group_above_is_seen_while_the_cursor_is_on_it(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=3)
    for row, email in zip(first.rows.order_by("position"), ("a1@x.org", "a1@x.org", "al@x.org"), strict=True):
        row.values = [row.key, "Ann", "Hill", "", "", email, "", str(row.position)]
        row.save()
    page.reload()
    marks = page.locator("tbody tr").nth(2).locator("mark")
    press(page, "a", " ", "b", "ArrowUp")
    expect(marks).to_have_count(0)  # rows of two groups may differ
    press(page, "ArrowDown")
    expect(marks).to_have_text(["l", "3"])
    press(page, "ArrowUp", "ArrowUp")
    expect(marks).to_have_count(0)
    expect(page.locator("tbody tr").first.locator("mark")).to_have_count(0)


def test_numbers_are_equal_however_they_are_written_and_only_then(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    written = {
        "first_name": ("9,99", "999"),
        "surname": ("12 3", "123"),
        "dob": ("0.12345678901234567", "0.12345678901234568"),
        "city": ("1,234", "1234"),  # one and a bit, or a thousand
        "email": ("1,234,567.50", "1 234 567.5"),
        "source": ("12345678901234567890", "+12'345'678'901'234'567'890.0"),
        "note": ("1,234.0", "1234"),
    }
    for row, place in zip(first.rows.order_by("position"), (0, 1), strict=True):
        row.values = [row.key, *(values[place] for values in written.values())]
        row.save()
    page.reload()
    expect(page.get_by_role("button", name="3 identical columns")).to_be_visible()
    headers = page.locator("[data-grid] thead th").all_text_contents()
    assert headers == ["Row", "Group", "first_name", "surname", "dob", "city"]


def test_what_cannot_be_seen_is_no_difference_and_an_accent_is_marked_with_its_letter(
    portal: Portal, visit: Visit
) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    written = {
        "first_name": ("Jos\u00e9", "Jose\u0301"),  # the same accent, as two keyboards write it
        "surname": ("Acme\u200b Ltd", "\u200eAcme Ltd"),
        "dob": ("สมชาย ใจดี ก\u0e48", "สมชาย ใจดี ก\u0e49"),
        "city": ("Andre Weiss", "Andre\u0301 Weiss"),
        "note": (f"{LONG}ก\u0e48", f"{LONG}ก\u0e49"),
    }
    for row, place in zip(first.rows.order_by("position"), (0, 1), strict=True):
        row.values = [row.key, *(written.get(name, ("", ""))[place] for name in COLUMNS[1:])]
        row.save()
    page.reload()
    headers = page.locator("[data-grid] thead th").all_text_contents()
    assert headers == ["Row", "Group", "dob", "city", "note"]
    marks = page.locator("tbody tr").nth(1).locator("mark")
    expect(marks).to_have_text(["ก\u0e49", "e\u0301", "ก\u0e49"])


def test_columns_are_hidden_and_moved_and_stay_so(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="city").uncheck()
    with page.expect_response(lambda response: "email" in (response.request.post_data or "")) as kept:
        page.get_by_role("button", name="Move email left").click()
    assert kept.value.ok
    page.evaluate("localStorage.clear()")  # another browser, as far as columns go
    page.reload()
    headers = page.locator("[data-grid] thead th").all_text_contents()
    assert "city" not in headers
    assert headers.index("email") < headers.index("note")


def test_the_list_of_columns_stays_open_while_they_are_arranged(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    begin(page, portal)
    page.get_by_text("Columns", exact=True).click(force=True)
    for name in ("Move email left", "Move email left", "Keep email visible"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_be_focused()
    expect(page.get_by_role("button", name="Keep email visible")).to_have_attribute("aria-pressed", "true")
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        panel = page.locator(".menu-panel", has=page.get_by_role("button", name="Keep email visible")).bounding_box()
        assert panel
        assert panel["x"] >= 0
        assert panel["x"] + panel["width"] <= width
    page.locator(".ask").click()
    expect(page.get_by_role("button", name="Keep email visible")).to_be_hidden()


def test_the_list_of_columns_gives_the_keys_back_to_the_rows(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=3)
    columns = page.get_by_text("Columns", exact=True)
    columns.click()
    press(page, "Escape")
    expect(page.get_by_role("checkbox", name="city")).to_be_hidden()
    press(page, "a", "a", "b")
    assert groups(page) == "AAB"


def test_what_is_pointed_at_stays_where_it_is_while_groups_come_into_use(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    begin(page, portal, rows=8)
    unsure = page.get_by_role("button", name="Unsure:")
    before = unsure.bounding_box()
    press(page, "w")
    assert groups(page) == "ABCDEFGH"
    expect(unsure).to_be_in_viewport()
    assert unsure.bounding_box() == before
    group = page.get_by_role("button", name="Group A:")
    before = group.bounding_box()
    press(page, "1", "u", "u")
    expect(page.get_by_role("button", name="Unsure: 2 rows")).to_be_visible()
    assert group.bounding_box() == before


def test_one_of_many_columns_is_found_by_its_name(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=3)
    columns, find = page.locator("[data-columns] li"), page.get_by_label("Find a column")
    page.get_by_text("Columns", exact=True).click()
    expect(columns).to_have_count(8)
    expect(find).to_be_hidden()

    transform = first.question_set.transform
    transform.columns += [{"name": f"attribute_{n}", "data_type": "string"} for n in range(92)]
    transform.save()
    for number, row in enumerate(first.rows.all()):
        row.values += [f"value {number}"] * 92
        row.save()
    page.reload()
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("button", name="Hide all").click()
    find.fill("_4")
    expect(columns).to_have_count(11)
    page.get_by_role("button", name="Show all").click()
    find.fill("EMAIL")
    columns.get_by_role("checkbox").check()
    kept = WorkbenchPreference.objects.filter(transform=transform)
    wait_until(lambda: any("email" not in each.columns["hidden"] for each in kept.all()), what="the last choice kept")
    page.reload()
    headers = page.locator("[data-grid] thead th")
    expect(headers).to_have_text(["Row", "Group", "email", "attribute_4", *(f"attribute_{n}" for n in range(40, 50))])


def test_long_texts_clamp_and_open(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal)
    long = page.locator("td.cell-long .clip", has_text="Called in spring").first
    clamped = long.bounding_box()
    press(page, "p")
    opened = long.bounding_box()
    assert clamped is not None
    assert opened is not None
    assert opened["height"] > clamped["height"]
    page.get_by_role("button", name="Long texts").click()
    assert long.bounding_box() == clamped
    press(page, "a")  # the keys are where they were
    assert groups(page).startswith("A.")


def test_very_long_texts_are_compared_while_nobody_waits(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    words = [f"word{number}" for number in range(10_000)]
    near, far = [*words[:5_000], "changed", *words[5_001:]], [word[::-1] for word in words]
    han = "漢字" * 300
    for row, note, city in zip(first.rows.order_by("position"), (words, near), (han, f"{han}変"), strict=True):
        row.values[-1], row.values[4] = " ".join(note), city
        row.save()
    page.reload()
    marks = page.locator("tbody tr").nth(1).locator("td.cell-long mark")
    expect(marks).to_have_text(["変", "changed"])
    row = first.rows.get(position=2)
    row.values[-1] = " ".join([words[0], *far, words[-1]])
    row.save()
    page.reload()
    expect(marks).to_have_count(2)
    took = page.evaluate("() => performance.now()")  # since the page was asked for
    assert took < 10_000
    assert marks.nth(1).inner_text().startswith("0drow 1drow")


def test_guidelines_and_comments_beside_the_grid(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=3)
    save_guidelines(transform=first.question_set.transform, user=portal.lead, text="Same *birthday*, same person.")
    press(page, "q")
    panel = page.get_by_role("complementary", name="Guidelines and comments")
    expect(panel.get_by_text("Same birthday, same person.")).to_be_visible()
    side, grid = panel.bounding_box(), page.locator("[data-scroll]").bounding_box()
    assert side is not None
    assert grid is not None
    assert grid["x"] + grid["width"] <= side["x"]

    panel.get_by_label("About").select_option(label="row 2")
    panel.get_by_label("Mention someone").select_option("lea")
    expect(panel.get_by_label("Comment", exact=True)).to_be_focused()
    page.keyboard.type("is this one a twin?")
    page.reload()
    expect(panel.get_by_label("Comment", exact=True)).to_have_value("@lea is this one a twin?")
    panel.get_by_label("About").select_option(label="row 2")
    panel.get_by_label("Comment", exact=True).focus()
    press(page, "Tab", "Tab", "Enter")
    expect(panel.locator(".comment")).to_contain_text("@lea is this one a twin?")
    expect(panel.locator(".comment")).to_contain_text("row 2")
    expect(panel.get_by_label("Comment", exact=True)).to_have_value("")
    expect(page.locator("[data-side-count]")).to_have_attribute("aria-label", "1 open comment")
    marks = page.locator("[data-grid] td.cell-no").get_by_role("img", name="1 open comment")
    expect(marks).to_have_count(1)
    expect(page.locator("[data-grid] tbody tr").nth(1).get_by_role("img", name="1 open comment")).to_be_visible()
    comment = Comment.objects.get()
    assert comment.row is not None
    assert page.locator("[data-grid] tbody tr").nth(1).get_attribute("id") == f"row-{comment.row.pk}"
    assert list(comment.mentions.all()) == [portal.lead]
    picture(page, "steward-guidelines")

    panel.get_by_label("Comment", exact=True).fill("@Kim Larsen and @Kimberly, look")
    press(page, "Control+Enter")
    expect(panel.get_by_role("status")).to_have_text(
        "Your comment has been sent. Nobody in the team is called “Kimberly”."
    )
    newest = Comment.objects.latest("created_at")
    assert list(newest.mentions.all()) == [portal.colleague]
    newest.delete()
    page.reload()

    panel.get_by_role("button", name="Resolve").click()
    expect(panel.get_by_role("button", name="Reopen")).to_be_focused()
    expect(page.locator("[data-side-count]")).to_be_hidden()
    expect(marks).to_have_count(0)
    panel.get_by_role("button", name="Reopen").click()
    expect(marks).to_have_count(1)
    press(page, "Escape", "v")  # drawn anew
    expect(marks).to_have_count(1)
    page.reload()
    expect(marks).to_have_count(1)
    expect(page.locator("[data-grid]")).to_be_focused()
    press(page, "a")
    assert groups(page) == "A.."
    press(page, "q")
    expect(panel).to_be_hidden()


def test_a_comment_is_one_key_away_and_esc_leads_back_to_the_rows(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=3)
    field = page.get_by_role("complementary", name="Guidelines and comments").get_by_label("Comment", exact=True)
    press(page, "Shift+Q")
    expect(field).to_be_focused()
    page.keyboard.type("Quite alike")
    expect(field).to_have_value("Quite alike")
    press(page, "Escape")
    expect(page.locator("[data-grid]")).to_be_focused()
    press(page, "a", "q", "Shift+Q")  # the panel closes, and opens again
    assert groups(page) == "A.."
    page.keyboard.type(", twins?")
    expect(field).to_have_value("Quite alike, twins?")
    press(page, "Escape", "?")
    listed = page.get_by_role("dialog").locator("div", has_text="Write a comment; Esc goes back to the rows").last
    expect(listed.locator("kbd")).to_have_text("Shift Q")


def test_the_panel_covers_a_phone_and_gives_it_back(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    begin(page, portal, rows=3)
    page.get_by_role("button", name="Guidelines and comments").tap()
    panel = page.get_by_role("complementary", name="Guidelines and comments")
    expect(panel.get_by_text("Your team has written no guidelines yet.")).to_be_visible()
    assert panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    for behind in (".topbar", ".wb-head", ".wb-scroll", ".wb-foot"):
        expect(page.locator(behind)).to_have_attribute("inert", "")
    panel.get_by_role("button", name="Close").tap()
    expect(panel).to_be_hidden()
    expect(page.locator("[inert]")).to_have_count(0)

    signed_in = page.context.cookies()
    page.context.clear_cookies()  # signed out in another tab
    page.get_by_role("button", name="Guidelines and comments").tap()
    panel.get_by_label("Comment", exact=True).fill("Is this one a twin?")
    panel.get_by_role("button", name="Send").tap()
    told = panel.get_by_role("alert").filter(has_text="You were signed out.")
    expect(told.get_by_role("link", name="Sign in")).to_have_attribute("target", "_blank")
    expect(panel.get_by_text("cannot be reached")).to_be_hidden()
    page.context.add_cookies(signed_in)  # type: ignore[arg-type]
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # back from the tab where that happened
    expect(told).to_be_hidden()
    panel.get_by_role("button", name="Send").tap()
    expect(panel.locator(".comment")).to_contain_text("Is this one a twin?")
    panel.get_by_role("button", name="Close").tap()
    page.get_by_role("button", name="Different").tap()
    assert groups(page) == "ABC"


def test_links_and_images_in_cells_when_the_transform_allows_them(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    picture_bytes = (ROOT / "docs" / "screenshots" / "steward-keys.png").read_bytes()
    page.context.route(
        "https://pictures.example/**", lambda route: route.fulfill(body=picture_bytes, content_type="image/png")
    )
    transform, (first, *_rest) = people_transform(portal, rows=3)
    addresses = ("https://pictures.example/one.png", "http://pictures.example/two.png", "javascript:alert(1)")
    for row, address in zip(first.rows.order_by("position"), addresses, strict=True):
        row.values[transform.column_names.index("email")] = address
        row.save()
    page.goto(f"/questions/{first.pk}/")
    expect(page.locator("[data-grid] tbody tr")).to_have_count(3)
    expect(page.locator("[data-grid] a, [data-grid] img")).to_have_count(0)

    Transform.objects.filter(pk=transform.pk).update(links_in_cells=True, images_in_cells=True)
    page.reload()
    links, images = page.locator("[data-grid] a"), page.locator("[data-grid] img")
    expect(links).to_have_count(2)
    for link in links.all():
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"
        assert link.get_attribute("target") == "_blank"
    expect(images).to_have_count(1)
    expect(images).to_have_attribute("src", addresses[0])
    page.wait_for_function("document.querySelector('[data-grid] img').naturalWidth > 0")

    page.get_by_role("button", name="Group A:").click()
    links.first.click()
    assert groups(page).count("A") == 1
    assert len(page.context.pages) == 1


def test_painting_with_the_mouse(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=6)
    rows = page.locator("[data-grid] tbody tr")
    page.get_by_role("button", name="Group A:").click()
    rows.nth(0).locator("td").nth(3).hover()
    page.mouse.down()
    rows.nth(2).locator("td").nth(3).hover()
    page.mouse.up()
    assert groups(page) == "AAA..."
    page.get_by_role("button", name="Undo").click()
    rows.nth(0).locator("td").nth(3).hover()
    page.mouse.down()
    rows.nth(2).locator("td").nth(3).hover()
    page.locator("[data-gaps]").hover()
    page.mouse.up()  # outside
    assert groups(page) == "AAA..."
    rows.nth(5).locator("td").nth(3).hover()
    expect(page.locator("tr.is-painted")).to_have_count(0)
    press(page, "Escape")
    page.get_by_role("button", name="Group B:").click()
    rows.nth(4).locator("td").nth(2).click()
    assert groups(page) == "AAA.B."
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    assert groups(page) == "......"
    expect(page.locator("[data-grid]")).to_be_focused()

    page.get_by_role("button", name="all different").click()
    assert groups(page) == "ABCDEF"
    page.get_by_role("button", name="all together").click()
    assert groups(page) == "AAAAAA"
    expect(page.locator("[data-grid]")).to_be_focused()


def test_a_phone_paints_by_tapping(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    begin(page, portal, rows=4)
    for answer in ("Together", "Different"):  # the two answers that take one tap are seen without scrolling sideways
        expect(page.get_by_role("button", name=answer)).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Group A:").tap()
    for index in (0, 1):
        page.locator("[data-grid] tbody tr").nth(index).locator(".clip").first.tap()
    assert groups(page) == "AA.."
    picture(page, "steward-workbench-phone")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    page.get_by_role("button", name="Different").tap()
    assert groups(page) == "ABCD"
    page.get_by_role("button", name="Accept").tap()
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()

    box = page.locator("[data-grid] tbody tr").nth(2).locator(".clip").first.bounding_box()
    assert box is not None
    touch = page.context.new_cdp_session(page)
    for kind, up in (("touchStart", 0), ("touchMove", 40), ("touchMove", 80), ("touchMove", 120), ("touchEnd", None)):
        points = [] if up is None else [{"x": box["x"] + 5, "y": box["y"] + 5 - up}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.locator("html").evaluate("html => html.scrollTop") > 0  # it began as a tap, and then scrolled
    assert groups(page) == "...."


def test_a_phone_goes_back_without_a_word_of_keys(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    begin(page, portal, rows=4)
    page.get_by_role("button", name="Different").tap()
    page.get_by_role("button", name="Accept").tap()
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    page.get_by_role("button", name="Undo").tap()
    expect(page.get_by_role("heading", name="Question 1 of 3")).to_be_visible()
    hint = page.locator("[data-hint]")
    expect(hint).to_contain_text("Question 1 is open again.")
    expect(hint).not_to_contain_text("Enter")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_has_the_number_of_every_row_and_room_for_rows_between_its_toolbars(
    portal: Portal, visit: Visit, theme: str
) -> None:
    page = visit(portal.steward, narrow=True, theme=theme)
    begin(page, portal, rows=6)
    propose(page, "AAABBB")
    press(page, "1", "u", "b")  # unsure, given, the cursor, proposed
    expect(page.locator("tr.is-proposed")).to_have_count(4)
    expect(page.get_by_text("4 rows as proposed")).to_be_visible()
    for toolbar, at_least, lines in ((".wb-ask", 5, 2), (".wb-tools", 9, 3)):
        tools = page.locator(toolbar).locator("button:visible, select:visible, summary:visible").all()
        boxes = [box for box in (tool.bounding_box() for tool in tools) if box]
        assert len(boxes) >= at_least
        assert len({round(box["y"] + box["height"] / 2) for box in boxes}) == lines
        assert min(box["height"] for box in boxes) >= 44
    numbers = page.locator("[data-grid] td.cell-no").all()
    seen = [number.screenshot() for number in numbers]
    for number, picture_of_it in zip(numbers, seen, strict=True):
        number.evaluate("cell => { cell.style.color = 'transparent'; }")
        assert number.screenshot() != picture_of_it
    backgrounds = page.locator("[data-grid] tbody td").evaluate_all(
        "cells => [...new Set(cells.map(cell => getComputedStyle(cell).backgroundColor))]"
    )
    assert backgrounds == ["rgba(0, 0, 0, 0)"]  # the card is of one colour
