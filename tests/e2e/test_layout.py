"""Where things stand in the workbench: what has to be seen is seen, and nothing moves but what the person changed."""

from __future__ import annotations

from playwright.sync_api import FloatRect, Locator, Page, expect

from labeling.models import QuestionSet
from labeling.services.comments import add_comment
from tests.e2e.conftest import NARROW, Portal, Visit
from tests.e2e.data import LONG, people_transform
from tests.e2e.workbench import begin, cursor, groups, press, propose
from tests.labeling.builders import answer, wanting

CONTRAST_OF_LINE = """marks => {
  const pen = document.createElement("canvas").getContext("2d");
  const luminance = (colour) => {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((x) => ((x / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  return marks.map((mark) => {
    const line = luminance(getComputedStyle(mark).boxShadow.match(/^\\w+\\([^)]*\\)/)?.[0] ?? "transparent");
    const row = luminance(getComputedStyle(mark.closest("td")).backgroundColor);
    return Math.max(line, row) / Math.min(line, row);
  });
}"""


def box(part: Locator) -> FloatRect:
    found = part.bounding_box()
    assert found is not None
    return found


def lines(part: Locator) -> int:
    """How many lines its text takes."""
    return int(
        part.evaluate(
            """part => {
                 const range = document.createRange();
                 range.selectNodeContents(part);
                 return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom))).size;
               }"""
        )
    )


def lines_of(page: Page, besides: str = "") -> list[float]:
    """Where the lines are in which the choices of the workbench stand, and what else is named."""
    parts = page.locator(f".wb-line > *, {besides}" if besides else ".wb-line > *").filter(visible=True)
    found: list[float] = []
    for middle in sorted(box(part)["y"] + box(part)["height"] / 2 for part in parts.all()):
        if not found or middle - found[-1] > 4:
            found.append(middle)
    return found


def words_fit(page: Page) -> bool:
    """Whether the choice of what to show has room for its words and the arrow behind them."""
    return bool(
        page.get_by_label("What to show").evaluate(
            """choice => {
                 const free = choice.cloneNode(true);
                 free.style.cssText = "position: absolute; flex: none; width: auto";
                 choice.after(free);
                 const needed = free.offsetWidth;
                 free.remove();
                 return choice.offsetWidth >= needed;
               }"""
        )
    )


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


def test_choices_take_two_lines_at_most_on_the_narrowest_screen(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    first, *_rest = begin(page, portal, rows=4)
    add_comment(question=first, author=portal.lead, text="Look at the source.")
    QuestionSet.objects.update(show_proposals=True)
    first.rows.update(proposed="A", proposed_confidence=0.9)
    page.reload()
    expect(page.get_by_role("button", name="Proposal")).to_be_visible()
    expect(page.get_by_role("button", name="Long texts")).to_be_visible()
    for width in (390, 360, 320):
        page.set_viewport_size({"width": width, "height": 640})
        assert len(lines_of(page)) <= 2, width
        assert words_fit(page), width
    page.get_by_role("button", name="Guidelines and comments").click()
    expect(page.get_by_text("Look at the source.")).to_be_visible()


def test_a_proposal_leaves_the_choice_of_columns_its_words_on_a_phone(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    first, *_rest = begin(page, portal, rows=4)
    add_comment(question=first, author=portal.lead, text="Look at the source.")
    QuestionSet.objects.update(show_proposals=True)
    for row in first.rows.all():
        row.values[-1], row.proposed, row.proposed_confidence = "short", "A", 0.9
        row.save()
    page.reload()
    expect(page.get_by_role("button", name="Proposal")).to_be_visible()
    expect(page.get_by_role("button", name="Long texts")).to_be_hidden()
    assert words_fit(page)
    assert len(lines_of(page)) == 1


def test_choices_share_a_line_on_a_small_laptop(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    page.set_viewport_size({"width": 1024, "height": 768})
    first, *_rest = begin(page, portal, rows=4)
    add_comment(question=first, author=portal.lead, text="Look at the source.")
    QuestionSet.objects.update(show_proposals=True)
    first.rows.update(proposed="A", proposed_confidence=0.9)
    page.reload()
    expect(page.get_by_role("button", name="Proposal")).to_be_visible()
    assert len(lines_of(page, ".ask")) == 1
    expect(page.get_by_role("button", name="Guidelines and comments")).to_be_visible()


def test_decisions_share_a_line_too_and_only_names_of_many_people_are_cut_off(portal: Portal, visit: Visit) -> None:
    transform, (question,) = people_transform(portal, questions=1, rows=4)
    wanting([question], 3)
    for person, labels in ((portal.steward, "AABC"), (portal.colleague, "AAAC"), (portal.admin, "AA?C")):
        answer(question, person, labels)
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/disputed/next/")
    takes = page.get_by_role("button", name="Take the grouping of")
    for width in (1024, 1440):
        page.set_viewport_size({"width": width, "height": 768})
        expect(takes).to_have_count(3)
        assert len(lines_of(page, ".ask, .take-people > *")) == 1, width
    assert all(take.evaluate("part => part.scrollWidth <= part.clientWidth") for take in takes.all())
    expect(page.get_by_role("button", name="Guidelines and comments")).to_be_visible()


def test_two_buttons_leave_a_step_its_words_on_a_phone(portal: Portal, visit: Visit) -> None:
    transform, questions = people_transform(portal, rows=2)
    wanting(questions, 2)
    answer(questions[0], portal.steward, "AA")
    answer(questions[0], portal.colleague, "AB")
    page = visit(portal.lead, narrow=True)
    page.goto(f"/transforms/{transform.pk}/")
    step = page.locator(".steps > li").nth(1)
    assert lines(step.get_by_role("heading")) == 1
    first, second = (box(step.get_by_role("link", name=name)) for name in ("Start labeling", "Decide"))
    assert second["y"] - (first["y"] + first["height"]) >= 4


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


def test_what_differs_late_in_a_long_text_is_seen(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=3)
    texts = [f"{LONG}number 30 {LONG}", f"{LONG}number 40 {LONG}", f"{'漢字' * 30}変"]
    for row, note, city in zip(
        first.rows.order_by("position"), texts, ("漢字" * 30, "漢字" * 30, texts[2]), strict=True
    ):
        row.values[4], row.values[-1] = city, note
        row.save()
    page.reload()
    cells = page.locator("[data-grid] tbody td.cell-long")
    mark, other = cells.nth(3).locator("mark"), cells.nth(4).locator("mark")
    expect(mark).to_have_text("40")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for part in (mark, other):
            inside, whole = box(part), box(part.locator("xpath=ancestor::div[1]"))
            assert inside["y"] + inside["height"] <= whole["y"] + whole["height"]
            assert inside["x"] + inside["width"] <= whole["x"] + whole["width"]
    expect(cells.nth(3)).to_contain_text("… back both times. number 40")
    page.get_by_role("gridcell", name=" ".join(texts[1].split())).wait_for()
    press(page, "p")
    expect(cells.nth(3).locator(".clip")).to_have_text(texts[1], use_inner_text=True)


def test_a_long_text_without_spaces_goes_on_right_after_the_dots(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    for row, number in zip(first.rows.order_by("position"), (30, 41), strict=True):
        row.values[-1] = f"https://shop.example/{'catalogue' * 4}{number}{'products' * 4}.html"
        row.save()
    page.set_viewport_size({"width": 800, "height": 900})
    page.reload()
    dots = page.locator("tbody tr").nth(1).locator(".cut")
    after = dots.evaluate(
        """dots => {
             const range = document.createRange();
             range.selectNodeContents(dots.nextSibling);
             return range.getClientRects()[0].top;
           }"""
    )
    assert abs(after - box(dots)["y"]) < 2


def test_a_long_column_name_takes_no_room_from_the_columns_beside_it(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=30)
    transform = first.question_set.transform
    name = "is_this_customer_still_active_according_to_the_warehouse_view_of_the_sales_department"
    transform.columns[3]["name"] = name
    transform.columns += [{"name": f"attribute_{n}", "data_type": "string"} for n in range(20)]
    transform.save()
    for row in first.rows.all():
        row.values += ["a value that has its width"] * 20
        row.save()
    page.reload()
    page.get_by_label("What to show").select_option("all")
    header = page.get_by_role("columnheader", name=name)
    assert box(header)["width"] < 260
    expect(header.get_by_title(name)).to_be_visible()
    press(page, "End", *["ArrowUp"] * 25)
    assert cursor_is_in_sight(page)


def _wide(page: Page, portal: Portal) -> None:
    """A question with more columns than a small laptop has room for."""
    first, *_rest = begin(page, portal, rows=4)
    transform = first.question_set.transform
    transform.columns += [{"name": f"attribute_{n}", "data_type": "string"} for n in range(8)]
    transform.save()
    for row in first.rows.all():
        row.values += [f"a value of row {row.position}"] * 7 + ["last, " + ("odd", "even")[row.position % 2]]
        row.save()
    page.set_viewport_size({"width": 800, "height": 800})
    page.reload()


def test_columns_out_of_sight_are_told_and_one_click_away(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    _wide(page, portal)
    told = page.get_by_role("button", name="further right")
    expect(told).to_be_visible()
    heads = page.locator("[data-grid] thead th")
    right = page.viewport_size["width"] if page.viewport_size else 0
    hidden = sum(box(head)["x"] + box(head)["width"] > right + 1 for head in heads.all())
    expect(told).to_have_text(f"{hidden} columns further right")
    top = box(heads.first)["y"]
    while told.is_visible():
        before = told.inner_text()
        told.click()
        expect(page.locator("[data-grid]")).to_be_focused()
        expect(page.locator("[data-beyond]")).not_to_have_text(before)
    last = box(page.get_by_role("columnheader", name="attribute_7"))
    assert last["x"] + last["width"] <= right + 1
    assert box(heads.first)["y"] == top
    press(page, *["ArrowLeft"] * 3)
    expect(told).to_be_visible()
    page.set_viewport_size({"width": 4000, "height": 800})
    expect(told).to_be_hidden()


def test_nothing_shines_through_the_groups_when_columns_scroll(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    _wide(page, portal)
    press(page, "b", "u", *["ArrowRight"] * 3)
    opaque = page.locator("[data-grid] td.cell-no").evaluate_all(
        """cells => cells.map((cell) => {
             const pen = document.createElement("canvas").getContext("2d");
             pen.fillStyle = getComputedStyle(cell).backgroundColor;
             pen.fillRect(0, 0, 1, 1);
             return pen.getImageData(0, 0, 1, 1).data[3];
           })"""
    )
    assert opaque == [255] * 4


def test_the_sign_for_the_same_scrolls_with_its_column(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    _wide(page, portal)
    page.get_by_label("What to show").select_option("marks")
    press(page, "t", *["ArrowRight"] * 2)
    page.wait_for_function("document.querySelector('[data-scroll]').scrollLeft >= 320")
    signs = page.locator("[data-grid] .ditto")
    assert signs.count()
    for sign in signs.all():
        assert 0 <= box(sign)["x"] - box(sign.locator("xpath=ancestor::td"))["x"] < 24


def test_few_columns_stand_side_by_side_and_names_of_many_take_no_width(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    transform = first.question_set.transform
    for row, town in zip(first.rows.order_by("position"), ("Hull", "Leeds"), strict=True):
        row.values = [row.key, f"Person {row.position}", "", "", town, "", "", ""]
        row.save()
    page.reload()
    cells = page.locator("tbody tr").first.locator("td")
    expect(cells).to_have_count(4)
    assert box(cells.nth(3))["x"] - box(cells.nth(2))["x"] < 200  # on a screen of 1440 pixels
    assert lines(page.get_by_role("columnheader", name="first_name")) == 1
    empty = page.viewport_size["width"] - 50 if page.viewport_size else 0
    page.mouse.click(empty, box(cells.first)["y"] + 60)
    assert cursor(page) == "2"  # the rest of the row is the row all the same

    names = [f"customer_attribute_{n}" for n in range(19)] + ["a_b_c_d_e_f_g_h_i_j_k_l"]
    transform.columns += [{"name": name, "data_type": "string"} for name in names]
    transform.save()
    for row in first.rows.all():
        row.values += [str(row.position)] * 20
        row.save()
    page.reload()
    last = page.get_by_role("columnheader", name="customer_attribute_18")
    assert box(last)["width"] < 130  # in one line: 170
    inside, outside = page.locator("[data-scroll]").evaluate("part => [part.scrollWidth, part.clientWidth]")
    assert inside < 1.6 * outside
    assert lines(page.get_by_role("columnheader", name="a_b_c")) <= 3  # the header leaves the rows in sight


def test_a_very_long_name_takes_three_lines_of_a_card(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    first, *_rest = begin(page, portal, rows=2)
    transform = first.question_set.transform
    transform.columns[1]["name"] = "name of the customer " * 10
    transform.save()
    page.reload()
    page.get_by_label("What to show").select_option("all")
    cell = page.locator("tbody tr").first.locator("td[data-label^='name of the customer']")
    assert 60 < box(cell)["height"] < 75  # three lines of a small letter, and one for what is in it


def test_line_breaks_of_an_open_text_are_kept(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    for row in first.rows.all():
        row.values[-1] = f"First line of row {row.position}\nSecond line\nThird line, the last"
        row.save()
    page.reload()
    text = page.locator("tbody tr").first.locator("td.cell-long .clip")
    press(page, "p")
    assert lines(text) == 3


def test_a_row_of_thirty_columns_leaves_room_for_others_on_a_phone(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    first, *_rest = begin(page, portal, rows=4)
    transform = first.question_set.transform
    transform.columns += [{"name": f"attribute_{n}", "data_type": "string"} for n in range(24)]
    transform.save()
    for marked, row in zip(((), (1,), (2,), (0, 3)), first.rows.order_by("position"), strict=True):
        row.values[1:] = [f"value {n}" + (" or so" if n % 4 in marked else "") for n in range(31)]
        row.save()
    page.reload()
    first_row, second_row = page.locator("tbody tr").nth(0), page.locator("tbody tr").nth(1)
    assert box(first_row)["height"] < 350
    assert box(second_row)["height"] < 250
    assert second_row.evaluate("row => getComputedStyle(row, '::after').content") == '"23 columns as above"'
    expect(second_row.get_by_role("gridcell", name="dob value 2")).to_have_count(1)  # read out all the same
    page.get_by_label("What to show").select_option("columns")
    assert box(second_row)["height"] > 250


def test_a_phone_says_that_it_is_offline_wherever_the_rows_are(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    begin(page, portal, rows=10)
    page.context.set_offline(True)
    press(page, "a", "End")
    assert page.evaluate("scrollY") > 400
    state = page.locator("[data-saved]")
    expect(state).to_have_text("offline, will save")
    expect(state).to_be_in_viewport()


def test_of_a_hundred_columns_a_phone_shows_those_that_hold_something(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward, narrow=True)
    first, *_rest = begin(page, portal, rows=2)
    transform = first.question_set.transform
    transform.columns += [{"name": f"attribute_{n}", "data_type": "string"} for n in range(92)]
    transform.save()
    for place, row in enumerate(first.rows.order_by("position")):
        row.values[1:] = ["" if n % 5 == place else f"value {n + place}" for n in range(99)]
        row.save()
    page.reload()
    card = page.locator("tbody tr").first
    assert box(card)["height"] < 900  # twice as much before
    assert card.evaluate("row => getComputedStyle(row, '::after').content") == '"20 blank columns"'
    expect(card.locator("td.is-blank").first).to_have_css("clip-path", "inset(50%)")  # read out all the same
    second = page.locator("tbody tr").nth(1)
    page.keyboard.press("t")
    expect(second.locator("mark.blank").first).to_be_visible()  # this is a difference


def test_marks_of_differences_stand_out_from_the_row(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=2)
    for row, name, city in zip(first.rows.order_by("position"), ("Robert", "Robart"), ("London", "Hull"), strict=True):
        row.values[1], row.values[4] = name, city
        row.save()
    page.reload()
    marks = page.locator("tbody tr").nth(1).locator("mark")
    expect(marks.first).to_have_text("a")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        contrasts = marks.evaluate_all(CONTRAST_OF_LINE)
        assert len(contrasts) > 1
        assert min(contrasts) >= 3, (theme, contrasts)  # WCAG 1.4.11


def test_a_blank_differs_from_a_value_and_hides_no_difference_below_it(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, *_rest = begin(page, portal, rows=5)
    emails = ("", "h.k@shhrp.com", "h.k@sharp.com", "", "h.k@sharp.com")
    for row, email in zip(first.rows.order_by("position"), emails, strict=True):
        row.values[5] = email
        row.save()
    page.reload()
    marks = page.locator("tbody tr > td:nth-child(7)")
    press(page, *"aaaab", "Home")
    expect(marks).to_have_text(["–", emails[1], emails[2], "–", emails[4]])
    marked = [cell.locator("mark").all_text_contents() for cell in marks.all()]
    assert marked == [[], [emails[1]], ["a"], ["–"], []]


def test_long_texts_of_answers_begin_with_two_lines_and_open(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    _transform, (question, *_rest) = people_transform(portal, questions=1, rows=3)
    answer(question, portal.steward, "ABC")
    page.goto(f"/questions/{question.pk}/")
    row, long = page.locator("tbody tr").nth(2), page.get_by_text("Called in spring")
    assert box(row)["height"] < 80
    long.press("Enter")
    assert box(row)["height"] > 80
    long.click()
    assert box(row)["height"] < 80


def test_a_long_name_beside_them_breaks_no_short_words(portal: Portal, visit: Visit) -> None:
    transform, _questions = people_transform(portal, questions=1, rows=2)
    transform.name = "Warehouse entities, European region, deduplication of suppliers and counterparties"
    transform.table_name = "people_2c937bfe"
    transform.save()
    page = visit(portal.lead)
    page.goto("/")
    assert lines(page.get_by_role("cell", name="stewards")) == 1
    page.goto("/transforms/")
    assert lines(page.get_by_text("labelportal.people_2c937bfe")) == 1
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"/transforms/{transform.pk}/answers/")
        way_back = page.get_by_role("navigation", name="Breadcrumb")
        assert box(way_back)["height"] < 40
        expect(way_back.get_by_title(transform.name)).to_be_visible()


def test_all_together_and_all_different_are_in_sight_beside_many_groups_on_a_phone(
    portal: Portal, visit: Visit
) -> None:
    page = visit(portal.steward, narrow=True)
    begin(page, portal, rows=12)
    propose(page, "ABCDEF" * 2)
    for name in ("Together", "Different", "All groups"):
        button = box(page.get_by_role("button", name=name))
        assert button["x"] + button["width"] <= NARROW["width"], name
    page.get_by_role("button", name="Together").tap()
    assert groups(page) == "A" * 12
