"""Where things stand in the workbench: what has to be seen is seen, and nothing moves but what the person changed."""

from __future__ import annotations

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.e2e.conftest import Portal, Visit
from tests.e2e.workbench import begin, cursor, press


def box(part: Locator) -> FloatRect:
    found = part.bounding_box()
    assert found is not None
    return found


def cursor_is_in_sight(page: Page) -> bool:
    row, head, foot = (box(page.locator(part)) for part in ("tr.is-cursor", "thead th >> nth=0", ".wb-foot"))
    return head["y"] + head["height"] <= row["y"] and row["y"] + row["height"] <= foot["y"]


def test_the_cursor_is_never_behind_the_header(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=30)
    press(page, "End")
    assert cursor_is_in_sight(page)
    for _step in range(22):
        press(page, "ArrowUp")
        assert cursor_is_in_sight(page), cursor(page)
    above = box(page.locator("tbody tr").nth(int(cursor(page)) - 2))
    assert above["y"] >= box(page.locator("thead th").first)["y"]  # the row that it is compared with
    press(page, "Home")
    assert cursor_is_in_sight(page)


def test_the_buttons_stay_where_they_are(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=15)
    accept = page.get_by_role("button", name="Accept")
    before = box(accept)
    press(page, *"abcdefghijklm", "Enter")
    expect(page.locator("[data-hint]")).to_have_text("Row 14 has no group yet, and 1 more.")
    after = box(accept)
    assert after["x"] == before["x"]
    assert abs(after["y"] - before["y"]) < before["height"] / 2


def test_few_pixels_go_to_the_rows_and_system_colours_keep_the_cursor(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    begin(page, portal, rows=10)
    page.set_viewport_size({"width": 720, "height": 450})  # 1440 × 900 at 200 %
    assert box(page.locator("[data-scroll]"))["height"] > 180
    page.emulate_media(forced_colors="active")
    marked = page.locator("tbody tr").evaluate_all(
        "rows => rows.filter(row => getComputedStyle(row).outlineStyle === 'solid').map(row => row.dataset.index)"
    )
    assert marked == ["0"]


def test_a_printed_question_is_whole_and_light(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, theme="dark")
    begin(page, portal, rows=30)
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Accept")).to_be_hidden()
    inside, outside = page.locator("[data-scroll]").evaluate("part => [part.scrollHeight, part.clientHeight]")
    assert inside == outside
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_values_run_in_the_direction_of_their_script(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    row = first.rows.order_by("position")[0]
    row.values[1] = "شركة Nour (12)"
    row.save()
    page.reload()
    values = page.locator("tbody tr").first.locator(".clip")
    directions = values.evaluate_all("parts => parts.map(part => getComputedStyle(part).direction)")
    assert directions[0] == "rtl"
    assert set(directions[1:]) == {"ltr"}
