"""What every page keeps to: axe-core finds nothing in light and dark, wide and narrow; nothing scrolls sideways on a phone or at 200 % zoom; the
first load stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, Request, ViewportSize, expect

from labeling.choices import GoalPeriod, RunKind, RunStatus
from labeling.models import LabelReplacement, Question, QuestionSet, Row, TaskRun, TaskRunEvent, Transform
from labeling.services.comments import add_comment
from labeling.services.consensus import settle
from labeling.services.contradictions import check_contradictions
from labeling.services.goals import set_goal
from labeling.services.guidelines import add_example, save_guidelines
from labeling.services.label_files import build_answers_file
from tests.e2e.conftest import NARROW, WIDE, Portal, Visit, picture
from tests.e2e.data import people_transform
from tests.labeling.builders import answer, finished_run
from tests.labeling.views.test_transforms import METRICS

ZOOMED: ViewportSize = {"width": WIDE["width"] // 2, "height": WIDE["height"] // 2}
FIRST_LOAD = 300 * 1024
FAULTS = """async (only) => (await axe.run({ resultTypes: ["violations"], ...only })).violations.flatMap(
  (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`))"""
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def look(page: Page, name: str = "") -> None:
    """Check the page as it stands, in both themes and at three widths; ``name`` is that of its pictures."""
    page.evaluate(AXE_SCRIPT)
    for theme in ("light", "dark"):
        for size in (WIDE, NARROW):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(size)
            # Colours depend on the theme and the rest on the width: the full set once for each of both.
            full = (theme == "light") == (size is WIDE)
            faults = page.evaluate(FAULTS, {} if full else {"runOnly": ["color-contrast"]})
            assert not faults, f"{page.url} {theme} {size}\n" + "\n".join(faults)
            assert page.evaluate(FITS), f"{page.url} is wider than {size['width']} px"
            if name and theme == "light" and size is WIDE:
                picture(page, name)
    page.set_viewport_size(ZOOMED)
    assert page.evaluate(FITS), f"{page.url} is wider than the window at 200 % zoom"
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")


@contextmanager
def weighed(page: Page) -> Iterator[Callable[[], int]]:
    """Adds up what is transferred; the cache is off."""
    seen: list[Request] = []

    def finished(request: Request) -> None:
        seen.append(request)

    page.on("requestfinished", finished)
    yield lambda: sum(request.sizes()["responseBodySize"] for request in seen)
    page.remove_listener("requestfinished", finished)


def visit_all(page: Page, addresses: dict[str, str]) -> None:
    """Load each page anew, weigh it, and check it. Names are those of pictures; addresses without one have a name that begins with -."""
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    for name, address in addresses.items():
        with weighed(page) as weight:
            page.goto(address)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert weight() <= FIRST_LOAD, f"{address} weighs {weight()} bytes"
        look(page, "" if name.startswith("-") else name)


def history(transform: Transform, portal: Portal) -> list[TaskRun]:
    """One run of each look: went well with numbers, failed with advice."""
    good = finished_run(transform, portal.lead, RunKind.EVALUATION, metrics=METRICS, execution_seconds=41)
    bad = finished_run(
        transform, portal.lead, RunKind.IMPORT_LABELS, error="Column price is missing.", advice="Add it."
    )
    TaskRun.objects.filter(pk=bad.pk).update(status=RunStatus.FAILED)
    for run in (good, bad):
        for status in (RunStatus.QUEUED, RunStatus.RUNNING, run.status):
            TaskRunEvent.objects.create(run=run, status=status, at=run.created_at)
    return [good, bad]


def team_at_work(portal: Portal) -> tuple[Transform, list[Question]]:
    """Two people who answer: agreed, disputed, contradicting, remarked on, with guidelines, goals and an open question left."""
    transform, questions = people_transform(portal, questions=6)
    QuestionSet.objects.update(answers_wanted=2)
    again = list(zip(questions[0].rows.order_by("position"), questions[2].rows.order_by("position"), strict=True))
    for row, other in again[:3]:
        Row.objects.filter(pk=other.pk).update(key=row.key, values=row.values)
    for question in questions:
        settle(question=question)
    for question, steward, colleague in zip(
        questions,
        ("AABBCCDD?E", "AABBCCDDEE", "ABCDEFGHIJ", "AAABBBCCCD"),
        ("AABBCCDD?E", "AABBCCDEEE", "ABCDEFGHIJ", "AAABBBCCCD"),
        strict=False,
    ):
        answer(question, portal.steward, steward)
        answer(question, portal.colleague, colleague)
    save_guidelines(
        transform=transform,
        user=portal.lead,
        text="# Same person?\n\nThe same **birthday** and a name that could be typed so. A *house* in common is not enough.",
    )
    add_example(
        question=Question.objects.get(pk=questions[0].pk), user=portal.lead, text="Names that were typed in a hurry"
    )
    add_comment(question=questions[0], author=portal.colleague, text="Could rows 1 and 2 be twins, @sam?")
    set_goal(team=portal.team, user=portal.steward, questions=40, period=GoalPeriod.DAY)
    set_goal(team=portal.team, user=None, questions=300, period=GoalPeriod.WEEK)
    check_contradictions(transform=transform)
    return transform, questions


def test_pages_of_a_lead(portal: Portal, visit: Visit) -> None:
    transform, questions = team_at_work(portal)
    base, question = f"/transforms/{transform.pk}/", f"/questions/{questions[0].pk}"
    lead = visit(portal.lead)
    visit_all(
        lead,
        {
            "-home": "/",
            "lead-question-sets": f"{base}question-sets/",
            "-set": f"/question-sets/{questions[0].question_set_id}/",
            "-answers": f"{base}answers/",
            "-no answers": f"{base}answers/?search=nothing",
            "lead-answer-history": f"{question}/history/",
            "-disputed": f"{base}disputed/",
            "-decide": f"{base}disputed/next/",
            "lead-agreement": f"{base}agreement/",
            "-contradictions": f"{base}contradictions/",
            "-second look": f"{base}second-look/?look=contradictions",
            "lead-guidelines": f"{base}guidelines/",
            "-labeling settings": f"{base}labeling-settings/",
            "lead-work": "/work/?by=all",
            "lead-people": "/people/",
        },
    )


def test_pages_of_an_admin(portal: Portal, visit: Visit) -> None:
    transform, questions = people_transform(portal)
    runs = history(transform, portal)
    base = f"/transforms/{transform.pk}/"
    admin = visit(portal.admin)
    answer(questions[0], portal.steward, "AABBCCDDEE")
    held = build_answers_file(transform=transform, user=portal.admin)
    answer(questions[1], portal.steward, "A" * 10)
    replacement = LabelReplacement.objects.create(
        transform=transform,
        label_file=build_answers_file(transform=transform, user=portal.admin),
        from_answers=True,
        export_run=finished_run(transform, portal.admin, RunKind.EXPORT_LABELS, label_file=held),
        created_by=portal.admin,
    )
    addresses = [
        f"{base}label-files/",
        f"/label-files/{held.pk}/",
        f"/replacements/{replacement.pk}/",
        "/",
        "/transforms/",
        base,
        f"{base}edit/",
        f"{base}import/",
        "/transforms/new/",
        "/runs/",
        "/runs/?state=STOPPED",
    ]
    addresses += [f"/runs/{run.pk}/" for run in runs]
    addresses += [
        f"{base}{name}/"
        for name in (
            "agreement",
            "answers",
            "automation",
            "contradictions",
            "disputed",
            "guidelines",
            "quality",
            "spreadsheets",
        )
    ]
    visit_all(admin, {f"-{address}": address for address in addresses})
    admin.locator("summary[aria-label='Your menu']").click()
    look(admin)


def test_pages_of_a_steward(portal: Portal, visit: Visit) -> None:
    transform, questions = team_at_work(portal)
    base = f"/transforms/{transform.pk}/"
    steward = visit(portal.steward)
    visit_all(
        steward,
        {
            "steward-home": "/",
            "-steward-agreement": f"{base}agreement/",
            "steward-answers": f"{base}answers/",
            "-answered": f"/questions/{questions[3].pk}/",
            "-guidelines": f"{base}guidelines/",
            "-work": "/work/",
            "-workbench": f"{base}questions/next/",
        },
    )
    for key in ("a", "a", "b", "b", "c", "u", "Enter"):  # a gap, and the words for it
        steward.keyboard.press(key)
    look(steward)
    steward.get_by_text("Columns", exact=True).click()
    look(steward, "steward-columns")
    steward.keyboard.press("Escape")
    steward.locator("[data-grid]").focus()
    steward.keyboard.press("?")
    look(steward)
    steward.keyboard.press("Escape")
    steward.keyboard.press("q")
    expect(steward.locator("[data-side-body] .prose")).to_be_visible()
    look(steward)
