"""Questions with more rows than there are letters for groups."""

from __future__ import annotations

from itertools import islice

from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from labelfiles import read_label_file
from labeling.aws import storage
from labeling.choices import LabelFileKind
from labeling.models import Answer, LabelFile, QuestionSet, Transform
from labeling.services.sources import stage_source
from partitions import LABELS
from tests.e2e.conftest import ROOT, Portal, Visit, picture
from tests.e2e.data import ask, people_transform
from tests.e2e.steps import wait_for_run
from tests.e2e.test_accessibility import assert_accessible, assert_all_accessible
from tests.e2e.workbench import groups, press, read, saved
from tests.labeling.taught import transform_over


def transform_of_forty(portal: Portal) -> Transform:
    """Over the first rows of the sample, at the real Glue."""
    with (ROOT / "samples" / "people.csv").open("rb") as file:
        head = b"".join(islice(file, 41))
    source = stage_source(team=portal.team, user=portal.admin, file=SimpleUploadedFile("people.csv", head))
    return transform_over(portal.team, portal.admin, source)


def test_eighteen_rows_that_are_all_different_come_out_of_glue_as_such(portal: Portal, visit: Visit) -> None:
    transform = transform_of_forty(portal)
    (question,) = ask(transform, portal.lead, 1, 18)
    sam, lea = visit(portal.steward), visit(portal.lead)
    sam.goto(f"/transforms/{transform.pk}/questions/next/")
    expect(sam.locator("[data-grid]")).to_be_focused()
    press(sam, *"abcdefghijklmno", "Shift+A", "Shift+B", "=")
    assert groups(sam) == "".join(LABELS[:18])
    expect(sam.locator("[data-live]")).to_have_text("Row 18 of 18, group C C.")
    picture(sam, "steward-large-question")
    press(sam, "Enter")
    expect(sam.get_by_role("heading", name="All done, thank you")).to_be_visible()
    assert Answer.objects.get(question=question).keys == 19

    lea.goto(f"/transforms/{transform.pk}/")
    lea.get_by_role("link", name="Import labels").click()
    lea.get_by_label("generate the next questions").uncheck()
    lea.get_by_role("button", name="Start import").click()
    wait_for_run(lea)
    expect(lea.locator(".facts")).to_contain_text("0 → 18")
    lea.goto(f"/transforms/{transform.pk}/label-files/")
    lea.get_by_role("button", name="Export labels from Glue").click()
    wait_for_run(lea)
    exported = read_label_file(storage.read_uri(LabelFile.objects.get(kind=LabelFileKind.EXPORTED).uri))
    assert sorted(row.label for row in exported.rows) == sorted(LABELS[:18])


def test_doubled_groups_by_mouse_and_only_where_rows_are_many(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    transform, (large,) = people_transform(portal, questions=1, rows=16)
    ask(transform, portal.lead, 1, 15)
    page.goto(f"/questions/{large.pk}/")
    hint, rows = page.get_by_text("group AA–OO"), page.locator("[data-grid] tbody tr")
    expect(hint).to_be_visible()
    press(page, "?")
    doubled = page.get_by_text("Put the row into group AA … OO")
    expect(doubled).to_be_visible()
    press(page, "Escape", "w")
    assert groups(page) == "".join(LABELS[:16])
    expect(page.get_by_role("button", name="Group BB: 0 rows")).to_be_visible()  # the next that is free
    page.get_by_role("button", name="All groups").click()
    expect(page.locator(".swatch:visible")).to_have_count(31)
    assert_accessible(page)
    page.get_by_role("button", name="Group OO:").click()
    expect(page.get_by_text("Brush OO:").first).to_be_visible()
    rows.nth(0).locator("td").nth(3).click()
    assert groups(page) == "".join(["OO", *LABELS[1:16]])
    expect(saved(page)).to_be_visible()
    page.reload()
    assert groups(page) == "".join(["OO", *LABELS[1:16]])

    page.get_by_role("button", name="Group OO:").click()
    read(page)
    press(page, "Enter")
    expect(rows).to_have_count(15)
    expect(hint).to_be_hidden()
    rows.nth(0).locator("td").nth(3).click()  # the brush is down: there is no such group here
    assert groups(page) == "." * 15
    press(page, "Shift+B", "?")
    assert groups(page) == "B" + "." * 14
    expect(doubled).to_have_count(0)
    press(page, "Escape", "w", "=")
    expect(page.get_by_text("All 15 groups are in use.").first).to_be_visible()
    page.get_by_role("button", name="All groups").click()
    expect(page.locator(".swatch:visible")).to_have_count(16)


def test_more_rows_than_groups_say_what_to_do(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    transform, (question,) = people_transform(portal, questions=1, rows=31)
    page.goto(f"/transforms/{transform.pk}/questions/next/")
    expect(page.get_by_text("There are 31 rows but only 30 groups.")).to_be_visible()
    press(page, "w")
    expect(page.get_by_text("There are more rows than groups: at most 30.").first).to_be_visible()
    press(page, *["="] * 31)
    expect(page.get_by_text("All 30 groups are in use.").first).to_be_visible()
    press(page, "u")
    assert groups(page) == "".join(LABELS) + "?"
    assert_accessible(page)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()

    QuestionSet.objects.filter(pk=question.question_set_id).update(left_out=[["6" * 64, 51]])
    assert_all_accessible(
        visit(portal.lead),
        {
            "-set": f"/question-sets/{question.question_set_id}/",
            "-sets": f"/transforms/{transform.pk}/question-sets/",
            "-run": f"/runs/{question.question_set.task_run_id}/",
        },
    )
