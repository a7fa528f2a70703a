"""What people do in the browser, said once."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from labeling.models import Question
from tests.labeling.oracle import true_labels

RUN_MS = 120_000


def wait_for_run(page: Page) -> None:
    """Watch the run's page until it says that the run went well; nobody reloads it."""
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]+/$"))
    expect(page.locator(".page-head .state")).to_have_text(
        re.compile("Succeeded|Failed|Stopped|Timed out"), timeout=RUN_MS
    )
    expect(page.locator(".page-head .state")).to_have_text("Succeeded")


def question_on_screen(page: Page) -> Question:
    """The question whose address the browser shows."""
    found = re.search(r"/questions/([0-9a-f-]+)/$", page.url)
    assert found, page.url
    return Question.objects.get(pk=found[1])


def answer_from_the_keyboard(page: Page) -> None:
    """Give every row its true group, one key a row, and accept."""
    question = question_on_screen(page)
    labels = true_labels(question)
    rows = page.locator("[data-grid] tbody tr")
    expect(rows).to_have_count(len(labels))
    order = [int(str(row_id).removeprefix("row-")) for row_id in rows.evaluate_all("rows => rows.map(row => row.id)")]
    for row_id in order:
        page.keyboard.press(labels[row_id].lower())
    page.keyboard.press("Enter")


def answer_all(page: Page) -> int:
    """Answer until the portal says that nothing is left; how many questions that were."""
    count = 0
    while True:
        before = page.url
        answer_from_the_keyboard(page)
        count += 1
        expect(page).not_to_have_url(before)
        if page.url.endswith("/questions/next/"):
            return count
