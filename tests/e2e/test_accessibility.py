"""axe-core finds nothing on the pages, in light and in dark, wide and narrow; and no page scrolls sideways on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from labeling.choices import RunKind, RunStatus
from labeling.models import TaskRun, TaskRunEvent, Transform
from tests.e2e.conftest import Portal, Visit
from tests.e2e.data import people_transform
from tests.labeling.builders import answer, finished_run
from tests.labeling.views.test_transforms import METRICS


def check(page: Page, address: str) -> None:
    if address:
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    result = Axe().run(page)
    assert result.violations_count == 0, f"{address}\n{result.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address


def history(transform: Transform, portal: Portal) -> list[TaskRun]:
    """One run of each look: went well with numbers, failed with advice, waits."""
    good = finished_run(transform, portal.lead, RunKind.EVALUATION, metrics=METRICS, execution_seconds=41)
    bad = finished_run(
        transform, portal.lead, RunKind.IMPORT_LABELS, error="Column price is missing.", advice="Add it."
    )
    TaskRun.objects.filter(pk=bad.pk).update(status=RunStatus.FAILED)
    for run in (good, bad):
        for status in (RunStatus.QUEUED, RunStatus.RUNNING, run.status):
            TaskRunEvent.objects.create(run=run, status=status, at=run.created_at)
    return [good, bad]


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_fault(portal: Portal, visit: Visit, theme: str, narrow: bool) -> None:
    transform, questions = people_transform(portal)
    answer(questions[0], portal.colleague, "AABBCCDD?E")
    runs = history(transform, portal)
    admin = visit(portal.admin, theme=theme, narrow=narrow)
    base = f"/transforms/{transform.pk}/"
    for address in ("/", "/transforms/", base, f"{base}edit/", f"{base}import/", "/transforms/new/", "/runs/"):
        check(admin, address)
    for run in runs:
        check(admin, f"/runs/{run.pk}/")
    check(admin, "/runs/?state=STOPPED")
    admin.locator("summary[aria-label='Your menu']").click()
    check(admin, "")

    for address in ("agreement", "answers", "contradictions", "disputed", "guidelines", "labeling-settings"):
        check(admin, f"{base}{address}/")
    check(admin, f"{base}question-sets/")
    check(admin, f"/question-sets/{questions[0].question_set_id}/")
    check(admin, f"/questions/{questions[0].pk}/history/")
    check(admin, f"/questions/{questions[0].pk}/adjudicate/")
    check(admin, "/work/?by=all")
    check(admin, "/people/")

    steward = visit(portal.steward, theme=theme, narrow=narrow)
    check(steward, "/")
    check(steward, f"{base}agreement/")
    check(steward, f"{base}questions/next/")
    for key in "aabbc?"[:5]:
        steward.keyboard.press(key)
    steward.keyboard.press("u")
    steward.keyboard.press("Enter")
    check(steward, "")
    steward.locator("[data-grid]").focus()
    steward.keyboard.press("?")
    check(steward, "")

    colleague = visit(portal.colleague, theme=theme, narrow=narrow)
    check(colleague, f"/questions/{questions[0].pk}/")
