"""The main job, as the people who do it: an admin, a lead, a steward; on the sample, against everything real."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from labeling.models import Answer, Transform
from labeling.services.answers import reopen_answer
from tests.e2e.conftest import ROOT, Portal, Visit, picture
from tests.e2e.steps import answer_all, wait_for_run

SAMPLE = ROOT / "samples" / "people.csv"


def test_three_people_teach_a_transform_and_use_it(portal: Portal, visit: Visit) -> None:
    ada, lea, sam = visit(portal.admin), visit(portal.lead), visit(portal.steward, by_hand=True)
    expect(sam.get_by_role("heading", name="No questions are waiting for you")).to_be_visible()

    create_transform(ada)
    transform = Transform.objects.get(team=portal.team, name="People")

    lea.goto(f"/transforms/{transform.pk}/")
    lea.get_by_role("button", name="Generate questions").click()
    wait_for_run(lea)

    sam.goto("/")
    label_everything(sam)
    answered = Answer.objects.filter(question__question_set__transform=transform, steward=portal.steward)
    assert answered.count() == 10

    import_by_adding(lea, transform)
    estimate_quality(lea)
    apply_and_download(lea, transform)

    lea.goto(f"/transforms/{transform.pk}/")
    picture(lea, "lead-transform")
    lea.get_by_role("button", name="Generate more").click()
    wait_for_run(lea)
    expect(lea.get_by_text("10 questions")).to_be_visible()

    replace_all_labels(ada, transform)
    run_history(lea)
    ask_about_what_is_doubtful(lea, transform)


def create_transform(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="New transform").click()
    page.get_by_label("Upload a CSV or Parquet file").set_input_files(SAMPLE)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_text("1,000 rows")).to_be_visible()
    page.get_by_text("Why not another column?").click()
    expect(page.locator("dl.facts dd").nth(1)).not_to_have_text("May be the key.")
    expect(page.get_by_label("Primary key").locator("option")).to_have_text(["id"])
    page.get_by_label("One row is a …").fill("person")
    page.get_by_label("When in doubt").fill("0.8")
    expect(page.locator("output").first).to_have_text("Favour precision")
    page.get_by_label("When in doubt").fill("0.5")
    picture(page, "admin-new-transform", full=True)
    page.get_by_role("button", name="Create transform").click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    expect(page.get_by_text("Needs teaching")).to_be_visible()


def label_everything(page: Page) -> None:
    page.get_by_role("link", name="Start labeling").click()
    expect(page.get_by_text("Which rows are the same person?")).to_be_visible()
    expect(page.get_by_role("heading", name="Question 1 of 10")).to_be_visible()
    for key in ("a", "a", "Space", "b", "u"):
        page.keyboard.press(key)
    expect(page.locator("[data-saved]")).to_have_text("saved")
    picture(page, "steward-workbench")
    page.keyboard.press("1")
    assert answer_all(page) == 10
    expect(page.get_by_role("heading", name="All done, thank you")).to_be_visible()


def import_by_adding(page: Page, transform: Transform) -> None:
    page.goto(f"/transforms/{transform.pk}/")
    expect(page.get_by_text("10 answers wait to be imported.")).to_be_visible()
    page.get_by_role("link", name="Import labels").click()
    expect(page.get_by_role("row", name="Answered questions 10")).to_be_visible()
    expect(page.get_by_role("row", name="Rows 100", exact=True)).to_be_visible()
    expect(page.get_by_label("Replace all labels")).to_have_count(0)
    picture(page, "lead-import")
    page.get_by_label("generate the next questions").uncheck()
    page.get_by_role("button", name="Start import").click()
    wait_for_run(page)
    expect(page.locator(".facts")).to_contain_text("0 → 100")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"\.csv$")).click()
    header = Path(download.value.path()).read_text().splitlines()[0]
    assert header == "labeling_set_id,label,id,first_name,surname,dob,city,email"


def estimate_quality(page: Page) -> None:
    """It was asked for with the import and starts by itself."""
    page.get_by_role("link", name="Estimate quality", exact=True).first.click()
    wait_for_run(page)
    for name in ("Precision", "Recall", "F1", "Best F1", "AUPRC"):
        expect(page.locator(".figures").get_by_text(name, exact=True)).to_be_visible()
    expect(page.locator(".confusion td strong")).to_have_count(4)
    expect(page.locator(".importances .share-bar")).to_have_count(5)
    picture(page, "lead-quality", full=True)


def apply_and_download(page: Page, transform: Transform) -> None:
    page.goto(f"/transforms/{transform.pk}/")
    page.get_by_role("button", name="Apply to table").click()
    wait_for_run(page)
    expect(page.get_by_role("link", name="Look at the matches")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download result").click()
    with Path(download.value.path()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1000
    assert {"match_id", "match_confidence_score"} <= rows[0].keys()
    assert len({row["match_id"] for row in rows}) < 1000


def ask_about_what_is_doubtful(page: Page, transform: Transform) -> None:
    page.goto(f"/transforms/{transform.pk}/matches/")
    expect(page.get_by_role("heading", name="Groups worth a look")).to_be_visible(timeout=60_000)
    expect(page.locator(".figures")).to_contain_text("1,000")
    picture(page, "lead-matches")
    groups = page.get_by_role("listitem").filter(has=page.get_by_role("checkbox"))
    for place in range(2):
        groups.nth(place).get_by_role("checkbox").check()
    page.get_by_role("button", name="Ask people about the ticked groups").click()
    expect(page.get_by_text("2 questions are in the stewards’ queue.")).to_be_visible()
    page.goto(f"/transforms/{transform.pk}/matches/")
    expect(page.get_by_role("link", name="People have been asked")).to_have_count(2)


def replace_all_labels(page: Page, transform: Transform) -> None:
    page.goto(f"/transforms/{transform.pk}/import/")
    expect(page.get_by_text("All answers have been imported.")).to_be_visible()
    expect(page.get_by_text("Replacing would change nothing.")).to_be_visible()
    taken_back = Answer.objects.filter(question__question_set__transform=transform).latest("submitted_at")
    reopen_answer(answer=taken_back, user=taken_back.steward)
    page.goto(f"/transforms/{transform.pk}/import/")
    page.get_by_role("button", name="Preview the replacement").click()
    expect(page.get_by_text("100 labels were exported.")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("row", name="Rows 10")).to_be_visible()
    picture(page, "admin-replace-all")
    page.get_by_role("button", name="Replace all labels").click()
    expect(page.get_by_text("Type the name of the transform exactly")).to_be_visible()
    page.get_by_label("To replace them, type the transform's name").fill("People")
    page.get_by_role("button", name="Replace all labels").click()
    wait_for_run(page)
    expect(page.locator(".facts")).to_contain_text("Replace all labels")
    expect(page.locator(".facts")).to_contain_text("100 → 90")
    expect(page.locator(".facts")).to_contain_text("matching")
    expect(page.get_by_role("button", name="Restore the labels as they were after this run")).to_be_visible()


def run_history(page: Page) -> None:
    page.goto("/runs/")
    expect(page.locator("tbody tr")).to_have_count(7)
    page.get_by_label("Person").select_option(label="Ada Okafor")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("replaced all")
    expect(page.locator("tbody tr").nth(1)).to_contain_text("100 labels exported")
    expect(page).to_have_url(re.compile("person="))


@pytest.mark.parametrize("narrow", [False, True])
def test_nothing_waits_and_every_page_says_what_to_do(portal: Portal, visit: Visit, narrow: bool) -> None:
    page = visit(portal.admin, narrow=narrow)
    page.goto("/")
    expect(page.get_by_role("link", name="New transform")).to_be_visible()
    for address in ("/transforms/", "/runs/", "/transforms/new/catalog/"):
        page.goto(address)
        expect(page.locator(".empty .btn-primary")).to_have_count(1)
    page.goto("/transforms/not-there/")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
