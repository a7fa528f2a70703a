"""What every page keeps to: axe-core finds nothing, light and wide, dark and narrow; nothing scrolls sideways on a phone or at 200 % zoom; the
first load stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, Request, ViewportSize, expect

from accounts.models import Membership, Role, User
from accounts.services import set_role, set_time_zone
from accounts.tokens import create_token
from labeling.choices import GoalPeriod, GroupKind, RunKind, RunStatus
from labeling.models import (
    Chain,
    LabelFile,
    LabelReplacement,
    MatchGroup,
    Question,
    QuestionSet,
    Row,
    TaskRun,
    TaskRunEvent,
    Transform,
)
from labeling.services.brought_labels import brought_content, keep_labels, look_at_labels, stage_labels
from labeling.services.brought_tables import guess_columns, read_brought_table
from labeling.services.comments import add_comment
from labeling.services.consensus import settle
from labeling.services.contradictions import check_contradictions
from labeling.services.goals import set_goal
from labeling.services.guidelines import add_example, save_guidelines
from labeling.services.label_files import build_answers_file
from labeling.services.sources import stage_source
from labeling.services.table_versions import stage_rows
from tests.e2e.conftest import NARROW, WIDE, Portal, Visit, picture
from tests.e2e.data import people_transform
from tests.labeling.builders import answer, finished_run, read_result
from tests.labeling.builders import transform as new_transform
from tests.labeling.views.test_transforms import METRICS

ZOOMED: ViewportSize = {"width": WIDE["width"] // 2, "height": WIDE["height"] // 2}
FIRST_LOAD = 300 * 1024
# Colours depend on the theme and the rest on the width, hardly anything on both.
THEMES_AND_SIZES: tuple[tuple[Literal["light", "dark"], ViewportSize], ...] = (("light", WIDE), ("dark", NARROW))
FAULTS = """async () => (await axe.run({ resultTypes: ["violations"] })).violations.flatMap(
  (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`))"""
# A control is found at its form by its name, where a script, ours or one that reads the page aloud, looks for what every element can do.
HIDDEN = """() => [...document.forms].flatMap((form) => [...form.elements].map((control) => control.name))
  .filter((name) => name && typeof document.createElement("form")[name] === "function")"""
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def assert_accessible(page: Page, name: str = "") -> None:
    """Check the page as it stands: light and wide, dark and narrow, zoomed; ``name`` is that of its picture."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    assert page.evaluate(HIDDEN) == [], f"{page.url}: controls hide methods of their forms"
    for theme, size in THEMES_AND_SIZES:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        faults = page.evaluate(FAULTS)
        assert not faults, f"{page.url} {theme} {size}\n" + "\n".join(faults)
        assert page.evaluate(FITS), f"{page.url} is wider than {size['width']} px"
        if name and size is WIDE:
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


def assert_all_accessible(page: Page, addresses: dict[str, str]) -> None:
    """Load each page anew, weigh it, and check it. Names are those of pictures; addresses without one have a name that begins with -."""
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.add_init_script(AXE_SCRIPT)  # sent once, and not for each page
    for name, address in addresses.items():
        with weighed(page) as weight:
            page.goto(address)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert weight() <= FIRST_LOAD, f"{address} weighs {weight()} bytes"
        assert_accessible(page, "" if name.startswith("-") else name)


@transaction.atomic  # else the clock would do what the chain is missing
def history(transform: Transform, portal: Portal, file: LabelFile) -> list[TaskRun]:
    """One run of each look: measured, imported, failed with advice, waits for Glue in the middle of a chain, started outside in both ways."""
    known: dict[str, Any] = {"labels_before": 0, "labels_after": 9, "matching_before": 0, "matching_after": 5}
    known |= {"non_matching_before": 0, "non_matching_after": 31, "label_file": file}
    lead, of = portal.lead, transform
    chain = Chain.objects.create(transform=new_transform(portal.team, portal.admin, "Products"), created_by=lead)
    trouble = {"problem": "throttled", "error": "Rate exceeded.", "advice": "Wait.", "chain": chain}
    runs = [
        finished_run(of, lead, RunKind.EVALUATION, metrics=METRICS, execution_seconds=41),
        finished_run(of, lead, RunKind.IMPORT_LABELS, content_hash="7f" * 32, **known),
        finished_run(of, lead, RunKind.IMPORT_LABELS, problem="region", error="Another region.", advice="Move it."),
        finished_run(of, None, RunKind.LABELING_SET_GENERATION, foreign=True),
        finished_run(of, None, RunKind.IMPORT_LABELS, foreign=True, replace_all_labels=True, started_at=timezone.now()),
        finished_run(chain.transform, lead, RunKind.IMPORT_LABELS, **trouble),
    ]
    TaskRun.objects.filter(pk=runs[2].pk).update(status=RunStatus.FAILED)
    TaskRun.objects.filter(pk=runs[5].pk).update(
        status=RunStatus.QUEUED, not_before=timezone.now() + timedelta(hours=1)
    )
    for run in runs:
        for status in (RunStatus.QUEUED, RunStatus.RUNNING, run.status):
            TaskRunEvent.objects.create(run=run, status=status, at=run.created_at)
    return runs


def table_of(transform: Transform, rows: Iterable[Row]) -> SimpleUploadedFile:
    lines = [transform.column_names, *(row.values for row in rows)]
    return SimpleUploadedFile(
        "people.csv", "\n".join(",".join(f'"{value}"' for value in line) for line in lines).encode()
    )


def newer_rows(transform: Transform, admin: User) -> str:
    """The comparison with a newer file: two rows are gone, and one is new."""
    rows = Row.objects.filter(question__question_set__transform=transform)
    return f"rows/{stage_rows(transform=transform, user=admin, file=table_of(transform, rows[2:11])).pk}/"


def brought(transform: Transform, admin: User) -> list[str]:
    """The ways in of a table and of labels from elsewhere: looked at with findings, and ready to import."""
    rows = Row.objects.filter(question__question_set__transform=transform)
    transform.source_file = stage_source(team=transform.team, user=admin, file=table_of(transform, rows[:10]))
    transform.save()
    first, second, third = (row.key for row in rows[:3])
    addresses = []
    for lines in (f"{first},{second},1\n{first},nobody,0\n", f"{first},{second},1\n{first},{third},0\n"):
        file = SimpleUploadedFile("pairs.csv", f"left,right,match\n{lines}".encode())
        upload = stage_labels(transform=transform, user=admin, file=file)
        addresses.append(f"/brought-labels/{upload.pk}/")
    found = read_brought_table(brought_content(upload=upload))
    look_at = look_at_labels(transform=transform, table=found, mapping=guess_columns(found, transform=transform))
    kept = keep_labels(upload=upload, brought=look_at, user=admin)
    return [*addresses[:1], f"/label-files/{kept.pk}/import/", f"/transforms/new/file/{transform.source_file.pk}/"]


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
    set_goal(team=portal.team, user=portal.steward, questions=40, period=GoalPeriod.DAY, by=portal.lead)
    set_goal(team=portal.team, user=None, questions=300, period=GoalPeriod.WEEK, by=portal.lead)
    check_contradictions(transform=transform)
    return transform, questions


def applied(transform: Transform, lead: User, rows: list[Row]) -> None:
    """A result that has been read: a group of which the model is not sure, and one that holds rows of two earlier ones."""
    values = [row.values for row in rows]
    groups = (
        MatchGroup(kind=GroupKind.UNSURE, match_id="7", size=2, confidence=0.52, values=values[:2]),
        MatchGroup(kind=GroupKind.JOINED, match_id="8", size=60, confidence=0.9, values=values[2:5], parts=[0, 1, -1]),
    )
    before = read_result(transform, lead).run
    read_result(transform, lead, groups, before=before, rows=10, sizes=[[3, 1], [2, 1], [1, 5]], joined=1)


def test_pages_of_a_lead(portal: Portal, visit: Visit) -> None:
    transform, questions = team_at_work(portal)
    applied(transform, portal.lead, list(questions[0].rows.all()))
    base, question = f"/transforms/{transform.pk}/", f"/questions/{questions[0].pk}"
    lead = visit(portal.lead)
    assert_all_accessible(
        lead,
        {
            "-home": "/",
            "lead-question-sets": f"{base}question-sets/",
            "-set": f"/question-sets/{questions[0].question_set_id}/",
            "-answers": f"{base}answers/",
            "-withdrawing": f"{base}answers/withdraw/?all=1",
            "-no answers": f"{base}answers/?search=nothing",
            "lead-answer-history": f"{question}/history/",
            "-disputed": f"{base}disputed/",
            "-decide": f"{base}disputed/next/",
            "lead-agreement": f"{base}agreement/",
            "-contradictions": f"{base}contradictions/",
            "-second look": f"{base}second-look/?look=contradictions",
            "lead-guidelines": f"{base}guidelines/",
            "-labeling settings": f"{base}labeling-settings/",
            "-matches": f"{base}matches/",
            "-joined": f"{base}matches/?show=joined",
            "-split": f"{base}matches/?show=split",
            "lead-work": "/work/?by=all",
            "-report": "/report/",
            "-notification settings": "/notifications/settings/",
            "lead-people": "/people/",
        },
    )


def settled_in(portal: Portal, transform: Transform) -> None:
    """What an administrator and a lead change in the first days, for the audit trail."""
    membership = Membership.objects.get(team=portal.team, user=portal.admin)
    create_token(membership=membership, name="Nightly export", days=90, may_write=False)
    set_time_zone(team=portal.team, time_zone="Europe/Berlin", by=portal.admin)
    save_guidelines(
        transform=transform, user=portal.lead, text="The same **birthday** and a name that could be typed so."
    )
    set_goal(team=portal.team, user=portal.steward, questions=40, period=GoalPeriod.DAY, by=portal.lead)
    set_role(team=portal.team, user=portal.colleague, role=Role.LEAD, by=portal.admin)


def test_pages_of_an_admin(portal: Portal, visit: Visit) -> None:
    transform, questions = people_transform(portal)
    settled_in(portal, transform)
    base = f"/transforms/{transform.pk}/"
    admin = visit(portal.admin)
    answer(questions[0], portal.steward, "AABBCCDDEE")
    held = build_answers_file(transform=transform, user=portal.admin)
    runs = history(transform, portal, held)
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
        f"{base}import/labels/",
        *brought(transform, portal.admin),
        "/transforms/new/",
        "/transforms/new/catalog/",
        "/runs/",
        "/runs/?state=STOPPED",
        "/people/",
        "/people/invite/",
        "/notifications/webhooks/new/",
        "/accounts/",
        "/accounts/password/",
        "/accounts/tokens/",
    ]
    addresses += [f"/runs/{run.pk}/" for run in runs]
    addresses += [f"{base}{name}/" for name in ("automation", "contradictions", "disputed", "quality", "spreadsheets")]
    pictured = {"admin-audit-trail": "/audit/", "admin-new-rows": f"{base}{newer_rows(transform, portal.admin)}"}
    assert_all_accessible(admin, {f"-{address}": address for address in (*addresses, f"{base}rows/")} | pictured)
    admin.goto(base)
    admin.locator("summary", has_text="More").click()
    assert_accessible(admin)
    admin.locator("summary[aria-label='Your menu']").click()
    assert_accessible(admin)


def test_pages_of_a_steward(portal: Portal, visit: Visit) -> None:
    transform, questions = team_at_work(portal)
    base = f"/transforms/{transform.pk}/"
    steward = visit(portal.steward)
    assert_all_accessible(
        steward,
        {
            "-steward-home": "/",
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
    assert_accessible(steward)
    steward.get_by_text("Columns", exact=True).click()
    assert_accessible(steward, "steward-columns")
    steward.keyboard.press("Escape")
    steward.locator("[data-grid]").focus()
    steward.keyboard.press("?")
    assert_accessible(steward)
    steward.keyboard.press("Escape")
    steward.keyboard.press("q")
    expect(steward.locator("[data-side-body] .prose")).to_be_visible()
    assert_accessible(steward)
    steward.context.clear_cookies()
    assert_all_accessible(
        steward, {"-sign in": "/accounts/login/", "-password forgotten": "/accounts/password/forgotten/"}
    )
