"""A lead looks back over the runs, keeps a view, and tries a failed run again; an administrator is told of a replacement by others."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from labeling.choices import GroupKind, LabelFileKind, RunKind, RunStatus
from labeling.models import LabelFile, MatchGroup, TaskRun, TaskRunEvent, Transform
from tests.e2e.conftest import Portal, Visit, picture
from tests.e2e.data import people_transform
from tests.labeling.builders import finished_run, read_result

FAILED = "S3 path provided is not in the same region as transform."


def history(portal: Portal) -> Transform:
    """Twenty-seven runs of two people over some days; the newest import has failed."""
    transform, _questions = people_transform(portal, questions=1, rows=2)
    now = timezone.now()
    for number in range(27):
        kind = (RunKind.IMPORT_LABELS, RunKind.EVALUATION, RunKind.LABELING_SET_GENERATION)[number % 3]
        user = portal.admin if number % 2 else portal.lead
        run = finished_run(transform, user, kind, took_seconds=60 + number)
        created = now - timedelta(hours=5 * number + 1)
        fields: dict[str, Any] = {"created_at": created, "completed_at": created + timedelta(seconds=60 + number)}
        if kind == RunKind.IMPORT_LABELS:
            file = LabelFile.objects.create(
                transform=transform,
                kind=LabelFileKind.BUILT,
                bucket="labelportal",
                key=f"label-files/{run.pk}.csv",
                size=7_200,
                sha256=f"{number:08x}" * 8,
                sets=10,
                rows=94,
                matching_pairs=120,
                non_matching_pairs=291,
            )
            fields |= {"label_file": file, "labels_before": 940 - 94, "labels_after": 940}
            fields |= {
                "matching_before": 1_080,
                "matching_after": 1_200,
                "non_matching_before": 2_619,
                "non_matching_after": 2_910,
            }
        if not number:
            problem = {"problem": "region", "error": FAILED, "advice": "The bucket must be in the same region."}
            fields |= {**problem, "status": RunStatus.FAILED, "labels_after": None}
        TaskRun.objects.filter(pk=run.pk).update(**fields)
        states = ("QUEUED", "SUBMITTING", "STARTING", "RUNNING", "SUCCEEDED" if number else "FAILED")
        for step, state in enumerate(states):
            TaskRunEvent.objects.create(run=run, status=state, at=created + timedelta(seconds=15 * step))
    return transform


def test_a_lead_looks_back_and_tries_again(portal: Portal, visit: Visit) -> None:
    history(portal)
    page = visit(portal.lead)
    look_back(page)
    before_and_after(page)
    keep_a_view(page)
    try_again(page)


def look_back(page: Page) -> None:
    page.goto("/runs/")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(25)
    picture(page, "lead-runs")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="Previous", exact=True).click()
    expect(rows).to_have_count(25)

    page.get_by_label("Person").select_option(label="Ada Okafor")
    expect(rows).to_have_count(13)
    expect(page).to_have_url(re.compile(r"/runs/\?person=[0-9a-f-]+$"))
    page.get_by_text("More filters").click()
    page.get_by_label("Order").select_option(label="Longest first")
    expect(rows.first).to_contain_text("1 min 25 s")
    page.go_back()
    expect(page.get_by_label("Order")).to_have_value("")
    expect(page.get_by_label("Person").locator("option:checked")).to_have_text("Ada Okafor")
    expect(rows.first).to_contain_text("1 min 1 s")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 14


def before_and_after(page: Page) -> None:
    page.goto("/runs/?kind=IMPORT_LABELS&state=SUCCEEDED")
    page.locator("tbody tr").first.get_by_role("link", name="Import labels").click()
    facts = page.locator("dl.facts").first
    expect(facts).to_contain_text(re.compile(r"846\s+→\s+940"))
    expect(facts).to_contain_text(re.compile(r"1,080 →\s+1,200 matching,\s+2,619 →\s+2,910 non-matching"))
    picture(page, "lead-run-imported")


def keep_a_view(page: Page) -> None:
    page.goto("/runs/")
    page.get_by_label("State").select_option(label="Went wrong")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("To look into")
    page.get_by_role("button", name="Save", exact=True).click()
    kept = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="To look into")
    expect(kept).to_have_attribute("aria-current", "page")


def try_again(page: Page) -> None:
    page.get_by_role("link", name="Import labels").click()
    expect(page.get_by_text("The bucket is in another region")).to_be_visible()
    expect(page.get_by_text(FAILED).first).to_be_visible()
    picture(page, "lead-run-failed")
    failed = page.url
    page.get_by_role("button", name="Try again").click()
    expect(page).not_to_have_url(failed)
    expect(page.get_by_text("Retry of")).to_be_visible()


def test_an_administrator_is_told_of_a_replacement_by_others(portal: Portal, visit: Visit) -> None:
    transform, _questions = people_transform(portal, questions=1, rows=2)
    run = finished_run(transform, None, RunKind.IMPORT_LABELS, foreign=True, replace_all_labels=True, labels_after=4)
    TaskRun.objects.filter(pk=run.pk).update(started_at=timezone.now(), path="s3://elsewhere/labels.csv")
    page = visit(portal.admin)
    page.goto(f"/transforms/{transform.pk}/")
    page.get_by_role("alert").get_by_role("link", name="the run").click()
    expect(page.get_by_text("It replaced all labels that Glue held.")).to_be_visible()
    expect(page.get_by_text("s3://elsewhere/labels.csv")).to_be_visible()
    picture(page, "admin-run-outside")

    page.goto(f"/transforms/{transform.pk}/automation/")
    page.get_by_label("Import answers automatically").check()
    page.get_by_label("When this many answers are waiting").fill("50")
    page.get_by_label("Time zone of the team").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_text("The schedule has been saved.")).to_be_visible()
    expect(page.get_by_text("Nothing starts automatically")).to_be_visible()
    picture(page, "lead-schedule", full=True)


def test_watching_a_run_disturbs_nobody(portal: Portal, visit: Visit) -> None:
    """The clock goes on; focus and selection stay, also when the run's state changes around them."""
    transform, _questions = people_transform(portal, questions=1, rows=2)
    later = timezone.now() + timedelta(hours=1)  # until then no worker takes it up
    run = TaskRun.objects.create(transform=transform, kind=RunKind.EVALUATION, not_before=later)
    page = visit(portal.lead)
    page.goto(f"/runs/{run.pk}/")
    copy_without_https(page, run)
    stop = page.get_by_role("button", name="Stop this run")
    stop.focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
    before = page.locator("#so-far").inner_text()
    expect(page.locator("#so-far")).not_to_have_text(before)
    expect(stop).to_be_focused()
    assert "Estimate quality" in page.evaluate("String(getSelection())")

    TaskRun.objects.update(error="Glue is busy.", advice="Wait.")
    expect(page.get_by_role("alert").filter(has_text="Glue is busy.")).to_be_visible()
    expect(stop).to_be_focused()


def copy_without_https(page: Page, run: TaskRun) -> None:
    page.evaluate("""() => {
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        addEventListener("copy", () => (window.wasCopied = document.activeElement.value));
    }""")
    copy = page.locator(f"[data-copy='{run.pk}']")
    copy.dblclick()
    expect(copy).to_contain_text("copied")
    expect(copy).to_contain_text(run.short_id)
    assert page.evaluate("wasCopied") == str(run.pk)


def test_ticked_groups_stay_ticked_on_other_pages(portal: Portal, visit: Visit) -> None:
    transform, _questions = people_transform(portal, questions=1, rows=2)
    width = len(transform.columns)
    listed = [(GroupKind.UNSURE, 21), (GroupKind.LARGE, 1)]
    groups = [
        MatchGroup(
            kind=kind,
            match_id=f"{kind}-{number}",
            size=2,
            values=[[f"{kind}-{number}-{row}"] * width for row in range(2)],
        )
        for kind, count in listed
        for number in range(count)
    ]
    read_result(transform, portal.lead, groups, rows=44, sizes=[[2, 22]])
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/matches/")
    boxes = page.get_by_role("checkbox")
    boxes.nth(0).check()
    page.get_by_role("link", name="Next").click()
    boxes.nth(0).check()
    expect(page.get_by_text("2 ticked")).to_be_visible()
    page.get_by_role("link", name="Largest").click()
    expect(page.get_by_text("2 ticked")).to_be_visible()
    boxes.nth(0).check()
    page.get_by_role("link", name="Least sure").click()
    expect(boxes.nth(0)).to_be_checked()
    expect(page.get_by_text("3 ticked")).to_be_visible()
    page.get_by_role("button", name="Ask people about the ticked groups").click()
    expect(page.get_by_text("3 questions are in the stewards’ queue.")).to_be_visible()
    page.goto(f"/transforms/{transform.pk}/matches/")
    expect(page.get_by_role("link", name="People have been asked")).to_be_visible()
    expect(boxes.nth(0)).not_to_be_checked()

    boxes.nth(0).check()  # once more, with another
    page.get_by_role("link", name="Largest").click()
    boxes.nth(0).check()
    page.get_by_role("button", name="Ask whether they are one thing").click()
    expect(page.get_by_text("1 question is in the stewards’ queue.")).to_be_visible()
    page.goto(f"/transforms/{transform.pk}/matches/?page=2")
    expect(page.get_by_text("1 ticked")).to_be_hidden()
    boxes.nth(0).check()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_text("1 ticked")).to_be_visible()
    boxes.nth(1).check()
    expect(page.get_by_text("2 ticked")).to_be_visible()
    page.get_by_role("button", name="Ask about all on this page").click()
    expect(page.get_by_text("19 questions are in the stewards’ queue.")).to_be_visible()
    page.goto(f"/transforms/{transform.pk}/matches/")
    expect(page.get_by_text("1 ticked")).to_be_visible()  # that of the other page
