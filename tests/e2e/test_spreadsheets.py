"""From the workbench to Excel and back: downloaded, filled in, uploaded, looked at, taken in; and labels of one's own."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from labeling.choices import AnswerStatus, LabelFileKind
from labeling.models import Answer, LabelFile, Question, SheetUpload, Transform
from labeling.services.answers import open_question, save_draft
from labeling.services.sources import stage_source
from tests.e2e.conftest import ROOT, Portal, Visit, picture
from tests.e2e.data import ask, people_transform
from tests.e2e.test_accessibility import assert_all_accessible
from tests.labeling.builders import answer, grouping
from tests.labeling.sheets import as_csv, cells_of, filled, made_large


def fill_in(path: Path, letters: dict[str, str]) -> None:
    """Type these letters into the label cells of each set, from the first row down; a dot leaves one as it is."""
    book = load_workbook(path)
    page = book.worksheets[0]
    texts = {name: iter(text) for name, text in letters.items()}
    for row in page.iter_rows(min_row=2):
        letter = next(texts.get(str(row[1].value), iter(".")), ".")
        if letter != ".":
            row[2].value = letter
    book.save(path)


def letters_of(question: Question, portal: Portal) -> str:
    labels = Answer.objects.get(question=question, steward=portal.steward).row_labels.order_by("row__position")
    return "".join(labels.values_list("label", flat=True))


def test_questions_go_to_excel_and_come_back(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    transform, (first, second, third, fourth) = people_transform(portal, questions=4, rows=4)
    page = visit(portal.steward)
    page.goto(f"/transforms/{transform.pk}/")
    page.get_by_role("link", name="Spreadsheets").click()
    expect(page.get_by_role("row", name="All questions waiting for you 4 questions")).to_be_visible()
    picture(page, "steward-spreadsheets")
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").first.click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "people-questions.xlsx"

    # Meanwhile the person works on the second question in the portal, and a colleague holds the fourth.
    save_draft(question=second, steward=portal.steward, labels=grouping(second, ["B", "", "", ""]))
    open_question(question=fourth, steward=portal.colleague)
    fill_in(
        path,
        {
            first.labeling_set_id: "AABB",
            second.labeling_set_id: "AAAB",
            third.labeling_set_id: "AX..",
            fourth.labeling_set_id: "AAAA",
        },
    )
    page.get_by_label("XLSX or CSV file").set_input_files(path)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_role("heading", name="What will be saved")).to_be_visible()
    expect(page.get_by_role("heading", name="1 question is complete and will be submitted")).to_be_visible()
    expect(page.get_by_role("heading", name="1 question was changed here and in the file")).to_be_visible()
    expect(page.get_by_text("“X” is not a label.")).to_be_visible()
    expect(page.get_by_text("Someone else is working on it now.")).to_be_visible()
    assert not Answer.objects.filter(status=AnswerStatus.SUBMITTED).exists()
    picture(page, "steward-spreadsheet-preview", full=True)

    page.get_by_label("Use the file’s labels and submit").check()
    page.get_by_role("button", name="Save answers").click()
    expect(page.get_by_text("2 questions submitted")).to_be_visible()
    expect(page.get_by_text("1 draft saved")).to_be_visible()
    assert letters_of(first, portal) == "AABB"
    assert letters_of(second, portal) == "AAAB"
    assert letters_of(third, portal) == "A"
    assert not Answer.objects.filter(question=fourth).exists()

    page.goto(f"/transforms/{transform.pk}/answers/")
    expect(page.get_by_role("link", name="Set 1, question 1")).to_be_visible()


def test_a_large_file_is_read_while_the_page_waits(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    transform, (question,) = people_transform(portal, questions=1, rows=4)
    page = visit(portal.steward)
    page.goto(f"/transforms/{transform.pk}/spreadsheets/")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    cells = filled(cells_of(download.value.path().read_bytes()), {question: "AABB"})
    path = tmp_path / "large.csv"
    path.write_bytes(as_csv(made_large(cells)))
    page.get_by_label("XLSX or CSV file").set_input_files(path)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_role("heading", name="large.csv")).to_be_visible()
    expect(page.get_by_role("heading", name="1 question is complete and will be submitted")).to_be_visible(
        timeout=30_000
    )


def test_own_pairs_become_a_label_file(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    transform = with_table(portal)
    path = tmp_path / "pairs from before.csv"
    path.write_text("left;right;match\n0;1;yes\n0;3;no\n5;nobody;yes\n")
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/import/")
    page.get_by_role("link", name="Bring your own labels").click()
    page.get_by_label("Upload a CSV file").set_input_files(path)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_text("semicolons")).to_be_visible()
    expect(page.get_by_text("The source table has no row with the key nobody.")).to_be_visible()
    picture(page, "lead-bring-labels", full=True)

    page.get_by_label("Labeling sets").first.check()
    expect(page.get_by_label("Primary key")).to_be_visible()
    page.get_by_label("Pairs").first.check()
    expect(page.get_by_label("Primary key")).to_be_hidden()
    page.get_by_role("button", name="Read the file this way").click()
    page.get_by_role("button", name="Create label file").click()
    expect(page.get_by_role("heading", name="Import uploaded labels into “People”")).to_be_visible()
    assert LabelFile.objects.get(kind=LabelFileKind.UPLOADED).sets == 2
    page.get_by_role("button", name="Start import").click()
    expect(page).to_have_url(re.compile("/runs/"))


def with_table(portal: Portal) -> Transform:
    """A transform over the sample, whose table can be read; Glue does not know it."""
    transform, _questions = people_transform(portal, questions=1, rows=2)
    with (ROOT / "samples" / "people.csv").open("rb") as file:
        source = stage_source(team=portal.team, user=portal.admin, file=SimpleUploadedFile("people.csv", file.read()))
    with (ROOT / "samples" / "people.csv").open(newline="") as file:
        names = next(csv.reader(file))
    transform.columns = [{"name": name, "data_type": "string"} for name in names]
    transform.source_file = source
    transform.save()
    return transform


def test_axe_finds_nothing(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    transform = with_table(portal)
    asked = ask(transform, portal.lead, 3, 4)
    brought = tmp_path / "pairs.csv"
    brought.write_text("left,right,match\n0,1,yes\n0,3,no\n5,nobody,yes\n")
    preview = _sheet_preview(visit(portal.lead), transform, asked, portal, tmp_path / "questions.xlsx")
    uploads = f"/transforms/{transform.pk}/import/labels/"
    page = visit(portal.lead)
    page.goto(uploads)
    page.get_by_label("Upload a CSV file").set_input_files(brought)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_role("heading", name="What you get")).to_be_visible()
    labels = page.url
    pages = [f"/transforms/{transform.pk}/spreadsheets/", preview, uploads, labels]
    page.get_by_role("button", name="Create label file").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Import uploaded labels")
    imports = page.url
    assert_all_accessible(page, {f"-{address}": address for address in [*pages, imports]})


def _sheet_preview(page: Page, transform: Transform, asked: list[Question], portal: Portal, path: Path) -> str:
    """The address of a preview with a conflict, a refusal and problems."""
    page.goto(f"/transforms/{transform.pk}/spreadsheets/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").first.click()
    download.value.save_as(path)
    answer(asked[0], portal.lead, "ABCD")
    open_question(question=asked[2], steward=portal.colleague)
    fill_in(path, dict(zip([one.labeling_set_id for one in asked], ("AABB", "AX..", "AAAA"), strict=True)))
    page.get_by_label("XLSX or CSV file").set_input_files(path)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_role("heading", name="What will be saved")).to_be_visible()
    assert SheetUpload.objects.count() == 1
    return page.url
