"""What a lead does with quality in a browser: read the charts, keep one as a picture, ask a doubtful question again, read what happened."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from labeling.choices import GroupKind, NotificationEvent, QuestionState, RunKind, RunStatus
from labeling.models import JudgedQuestion, MatchGroup, Question, ShadowEstimate, TaskRun, Transform
from labeling.services.notifications import sweep_notifications
from labeling.services.task_runs.transitions import fail
from labeling.services.webhooks import create_webhook
from tests.e2e.conftest import NARROW, Portal, Visit, picture
from tests.e2e.data import people_transform
from tests.e2e.steps import RUN_MS
from tests.e2e.test_accessibility import assert_accessible
from tests.labeling.builders import answer, read_result, wanting
from tests.labeling.selectors.test_queries import METRICS
from tests.labeling.views.test_quality import import_and_estimate

GROWTH = ((42, 90, 0.7), (28, 190, 0.8), (14, 300, 0.87), (1, 410, 0.93))


@transaction.atomic
def imports_and_estimate(portal: Portal, transform: Transform) -> ShadowEstimate:
    """At once, since the portal's worker makes an estimate of its own for an import that has none."""
    for days, labels, share in GROWTH:
        hits, wrong, missed = (round(labels * part) for part in (0.4, 0.4 / share - 0.4, 0.5 / share - 0.5))
        run = import_and_estimate(
            transform,
            portal.lead,
            days_ago=days,
            labels=labels,
            precision=hits / (hits + wrong),
            recall=hits / (hits + missed),
            f1=2 * hits / (2 * hits + wrong + missed) + 0.01,
            area_under_pr_curve=share + 0.02,
            true_positives=hits,
            false_positives=wrong,
            false_negatives=missed,
            column_importances=[["email", 1.2 - share], ["surname", 0.4], ["dob", share - 0.6]],
        )
        TaskRun.objects.filter(pk=run.pk).update(content_hash=sha256(str(labels).encode()).hexdigest())
    learned = TaskRun.objects.filter(kind=RunKind.IMPORT_LABELS).order_by("-created_at")[0]
    points = [
        {"labeled_rows": 30 * n, "f1": 0.8 + n / 50, "f1_low": 0.75 + n / 50, "f1_high": 0.85 + n / 50}
        for n in range(1, 5)
    ]
    ahead = {"rows": 100, "f1_now": 0.88, "gain": 0.012, "gain_low": 0.004, "gain_high": 0.02}
    now = timezone.now()
    return ShadowEstimate.objects.create(
        import_run=learned,
        transform=transform,
        content_hash="5e" * 32,
        sets=3,
        metrics=METRICS,
        threshold=0.5,
        completed_at=now,
        curve_at=now,
        curve={"labeled_rows": 120, "points": points, "next_file": ahead},
    )


def with_history(portal: Portal) -> tuple[Transform, list[Question]]:
    """Four imports that made things better, two people who mostly agree, and one question that the engine doubts."""
    transform, questions = people_transform(portal)
    wanting(questions, 2)
    for question, theirs in zip(questions, ("AABBCCDDEE", "AABBCCDDEF", "AABBCCDDEE"), strict=True):
        answer(question, portal.steward, "AABBCCDDEE")
        answer(question, portal.colleague, theirs)
    estimate = imports_and_estimate(portal, transform)
    first, second, *_rest = questions[0].rows.order_by("position")
    JudgedQuestion.objects.create(
        estimate=estimate,
        question=questions[0],
        true_positives=4,
        false_positives=0,
        true_negatives=40,
        false_negatives=1,
        worst=0.9,
        pairs=[[first.key, second.key, True, 0.1]],
    )
    return transform, questions


def drawn(page: Page, chart: str) -> int:
    """How many pixels of the chart are not empty."""
    return int(
        page.evaluate(
            """(name) => { const c = document.querySelector(`[data-chart=${name}] canvas`);
            return c.getContext("2d").getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v).length; }""",
            chart,
        )
    )


WRITTEN = """
window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const at = this.getTransform().transformPoint({ x, y });
  window.written.push({ text, x: at.x, y: Math.round(at.y), width: this.measureText(text).width * this.getTransform().a });
  return fill.apply(this, arguments);
};
"""
"""What canvases are given to write, with the middle of each text."""


def test_dates_under_the_charts_stand_apart_and_as_in_the_tables(portal: Portal, visit: Visit) -> None:
    """Estimates of one morning: ticks of minutes, the date beneath the first. Those of a few seconds have no time twice."""
    transform, _questions = with_history(portal)
    lead = visit(portal.lead)
    lead.add_init_script(WRITTEN)
    pattern = r"\d{4}-\d\d-\d\d|\d\d:\d\d"
    hour, seconds = timedelta(hours=1), timedelta(seconds=9)
    for apart, width in ((None, 1440), (None, 390), (hour, 1440), (seconds, 1440)):
        lead.set_viewport_size({"width": width, "height": 900})
        if apart:
            start = timezone.now() - 4 * apart
            runs = TaskRun.objects.filter(transform=transform, kind=RunKind.EVALUATION).order_by("completed_at")
            for number, run in enumerate(runs):
                TaskRun.objects.filter(pk=run.pk).update(completed_at=start + number * apart)
            TaskRun.objects.filter(transform=transform, kind=RunKind.IMPORT_LABELS).update(completed_at=start)
        lead.goto(f"/transforms/{transform.pk}/quality/")
        expect(lead.locator("[data-chart=sides] canvas")).to_be_visible()
        written = lead.evaluate("window.written")
        texts = [one for one in written if not re.fullmatch(r"-?\d\.\d\d|[\d,]+|labels", one["text"])]
        assert texts
        assert [one["text"] for one in texts if not re.fullmatch(pattern, one["text"])] == []
        assert any(":" in one["text"] for one in texts) == bool(apart)
        end = lead.evaluate("document.querySelector('[data-chart=sides] canvas').width")
        assert [one["text"] for one in texts if one["x"] + one["width"] / 2 > end] == []
        for one, after in pairwise(texts):
            if one["y"] == after["y"] and one["x"] < after["x"]:
                assert one["text"] != after["text"]
                assert (one["width"] + after["width"]) / 2 + 8 < after["x"] - one["x"]


def test_a_lead_reads_quality_and_asks_again(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    transform, questions = with_history(portal)
    base = f"/transforms/{transform.pk}/quality/"
    lead = visit(portal.lead)
    lead.goto(base)
    chart = lead.locator("[data-chart=f1]")
    expect(chart.locator("canvas")).to_be_visible()
    expect(lead.locator("[data-chart]")).to_have_count(6)
    assert all(drawn(lead, name) > 500 for name in ("f1", "sides", "auprc", "columns", "curve", "agreement"))
    readout = chart.locator("[data-chart-readout]")
    expect(readout).to_contain_text("by Lea Brandt: 90 labels added")
    newest = readout.inner_text()
    chart.locator(".u-over").hover(position={"x": 30, "y": 60})
    expect(readout).not_to_have_text(newest)
    expect(lead.get_by_text("The next 10 questions should add about +0.012 to the best F1.")).to_be_visible()
    expect(lead.locator("[data-chart=curve] [data-chart-legend]")).to_contain_text("best F1, expected")
    with lead.expect_download() as download:
        chart.get_by_role("button", name="PNG").click()
    download.value.save_as(tmp_path / "f1.png")
    assert (tmp_path / "f1.png").read_bytes().startswith(b"\x89PNG")
    assert_accessible(lead)
    picture(lead, "lead-quality-over-time", full=True)

    lead.get_by_role("link", name="1 missed").or_(lead.get_by_role("link", name="2 missed")).click()
    expect(lead.get_by_role("heading", name="People say match, the engine keeps apart")).to_be_visible()
    assert_accessible(lead, "lead-disagreement")
    lead.keyboard.press("j")
    lead.keyboard.press("r")
    expect(lead.get_by_text("The question has been reopened for Sam Rivera, Kim Larsen.")).to_be_visible()
    assert Question.objects.get(pk=questions[0].pk).state == QuestionState.OPEN


def test_the_week_fits_a_phone(portal: Portal, visit: Visit) -> None:
    """On the first page and in the report: cards, with each figure beside its name, and nothing cut off."""
    with_history(portal)
    lead = visit(portal.lead)
    lead.set_viewport_size(NARROW)
    for address in ("/", "/report/"):
        lead.goto(address)
        table = lead.get_by_role("region", name="What changed this week").locator("table")
        expect(table.locator("tbody td").last).to_have_attribute("data-label", "Answers")
        for cell in table.locator("tbody td").all():
            box = cell.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= NARROW["width"]


def test_a_lead_is_told_and_reads_the_week(portal: Portal, visit: Visit) -> None:
    transform, _questions = with_history(portal)
    run = TaskRun.objects.create(transform=transform, kind=RunKind.IMPORT_LABELS, status=RunStatus.RUNNING)
    fail(run=run, error="Column price is missing.", advice="Correct the file, then import again.")
    sweep_notifications()
    hook = create_webhook(
        team=portal.team, user=portal.admin, url="https://example.org/hook", events=[NotificationEvent.RUN_FAILED]
    )
    admin = visit(portal.admin)
    admin.goto("/")
    admin.get_by_role("link", name="Notifications").click()
    expect(admin.get_by_text("Correct the file, then import again.")).to_be_visible()
    assert_accessible(admin, "lead-notifications")
    for address, name in (
        ("/notifications/settings/", ""),
        ("/notifications/webhooks/new/", ""),
        (f"/notifications/webhooks/{hook.pk}/", ""),
        (f"/notifications/webhooks/{hook.pk}/edit/", ""),
        ("/report/", "lead-report"),
    ):
        admin.goto(address)
        assert_accessible(admin, name)
    with admin.expect_download() as download:
        admin.get_by_role("link", name="PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    admin.emulate_media(media="print")
    expect(admin.get_by_role("link", name="PDF")).to_be_hidden()
    expect(admin.get_by_role("heading", name="Weekly report")).to_be_visible()


def test_what_is_done_with_ticked_groups_is_at_hand(portal: Portal, visit: Visit) -> None:
    transform, (question,) = people_transform(portal, questions=1, rows=10)
    transform.columns = transform.columns[:6]
    transform.save()
    values = [row.values[:6] for row in question.rows.all()]
    groups = [
        MatchGroup(kind=GroupKind.UNSURE, match_id=str(n), size=10, confidence=0.5, values=values[n:] + values[:n])
        for n in range(8)
    ]
    groups[1].values = [[cell * 2 for cell in row] for row in values]
    read_result(transform, portal.lead, groups, rows=80, sizes=[[10, 8]])
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/matches/")
    ask = page.get_by_role("button", name="Ask people about the ticked groups")
    expect(ask).to_be_in_viewport()
    heads = page.get_by_role("columnheader").all()
    places = {(head.inner_text(), box["x"]) for head in heads if (box := head.bounding_box())}
    assert len(places) == len({name for name, _x in places}), "the columns of all groups stand below each other"
    boxes = page.get_by_role("checkbox")
    for _group in range(8):
        boxes.nth(_group).focus()
        focused, asks = (part.bounding_box() for part in (boxes.nth(_group), page.locator(".asks")))
        assert focused
        assert asks
        assert focused["y"] + focused["height"] <= asks["y"]


def test_groups_on_a_phone_have_their_kinds_in_a_line(portal: Portal, visit: Visit) -> None:
    transform, _questions = people_transform(portal, questions=1, rows=2)
    values = [[""] * len(transform.column_names)] * 2
    groups = [
        MatchGroup(kind=kind, match_id=str(number), size=2, values=values)
        for kind in (GroupKind.UNSURE, GroupKind.LARGE)
        for number in range(100)
    ]
    read_result(transform, portal.lead, groups, rows=200, sizes=[[2, 100]])
    page = visit(portal.lead, narrow=True)
    page.goto(f"/transforms/{transform.pk}/matches/")
    kinds = page.get_by_role("navigation", name="Which groups").get_by_role("link")
    expect(kinds).to_have_text(["Least sure 100", "Largest 100", "Joined 0", "Split 0"])
    assert len(set(kinds.evaluate_all("links => links.map((link) => link.offsetTop)"))) == 1


def test_why_about_a_group_and_about_a_doubted_pair(portal: Portal, visit: Visit) -> None:
    """The worker learns from the three answered questions."""
    transform, questions = with_history(portal)
    rows = [row.values for row in questions[0].rows.order_by("position")]
    group = MatchGroup(kind=GroupKind.UNSURE, match_id="17", size=3, confidence=0.5, values=[*rows[:2], rows[4]])
    read_result(transform, portal.lead, [group], rows=30, sizes=[[3, 1], [1, 27]])
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/matches/")
    page.get_by_text("Why?").click()
    verdict = page.get_by_text(re.compile("^The engine "))
    expect(verdict).to_have_text(re.compile("same thing|apart|different things"), timeout=RUN_MS)
    heads = page.get_by_role("table").last.get_by_role("columnheader")
    expect(heads.nth(1)).to_have_text(f"id {rows[0][0]}")
    expect(page.get_by_role("row", name=re.compile(r"^surname .* (speaks|hardly)"))).to_be_visible()
    expect(page.get_by_text("Glue, which made the groups, does not say why")).to_be_visible()
    first, second = page.get_by_label("First row"), page.get_by_label("Second row")
    chosen = "1" if second.input_value() == "2" else "2"
    second.select_option(chosen)
    expect(heads.nth(2)).to_have_text(f"id {group.values[int(chosen)][0]}", timeout=RUN_MS)
    first.select_option(chosen)
    expect(page.get_by_text("Choose two different rows.")).to_be_visible()
    first.select_option("0")
    expect(verdict).to_be_visible()
    page.get_by_text("Why?").evaluate("why => why.closest('li').scrollIntoView()")
    picture(page, "lead-why")
    assert_accessible(page)

    page.goto(f"/transforms/{transform.pk}/quality/disagreement/?cell=false_negatives")
    page.get_by_text("Why?").click()
    expect(verdict).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_text("but for those of this question")).to_be_visible()
    assert_accessible(page)


def test_values_of_a_group_differ_where_the_workbench_says_so(portal: Portal, visit: Visit) -> None:
    transform, (question,) = people_transform(portal, questions=1, rows=2)
    blanks = [""] * (len(transform.column_names) - 5)
    values = [["1", "Ann", "LEE", "1971-06-24", "Ely", *blanks], ["2", "ann ", "Lea", "1971/06/24", "", *blanks]]
    read_result(
        transform,
        portal.lead,
        [MatchGroup(kind=GroupKind.UNSURE, match_id="1", size=2, values=values)],
        rows=2,
        sizes=[[2, 1]],
    )
    for row, theirs in zip(question.rows.order_by("position"), values, strict=True):
        row.key, row.values = theirs[0], theirs
        row.save()
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/matches/")
    expect(page.locator(".differs")).to_have_text(["Lea", "–"])
    page = visit(portal.steward)
    page.goto(f"/questions/{question.pk}/")
    expect(page.locator("[data-grid] thead")).to_have_text("RowGroupsurnamecity")
