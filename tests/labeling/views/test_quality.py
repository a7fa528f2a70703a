"""Quality over time: who may see it, what moved each point, the tables and their CSV."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.models import Answer, LabelFile, ShadowEstimate, TaskRun, Transform
from labeling.selectors.quality import AgreementPoint, agreement_points, quality_points
from labeling.views import quality
from labeling.views.charts import agreement_chart, import_words
from partitions import Measure
from tests.labeling.builders import Cast, answer, finished_run, question_set, wanting
from tests.labeling.selectors.test_queries import METRICS
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import for_excel


def import_and_estimate(of: Transform, lead: User, *, days_ago: int, labels: int, **metrics: Any) -> TaskRun:
    """An import of 90 rows and, five minutes later, the estimate that followed; the estimate's run."""
    at = timezone.now() - timedelta(days=days_ago)
    file = LabelFile.objects.create(
        transform=of, kind=LabelFileKind.BUILT, bucket="b", key=f"{days_ago}", size=1, sha256="0" * 64, sets=9, rows=90
    )
    learned = finished_run(of, lead, RunKind.IMPORT_LABELS, label_file=file, completed_at=at)
    hashed = f"{days_ago:064x}"
    run = finished_run(
        of, lead, RunKind.EVALUATION, labels_after=labels, content_hash=hashed, metrics=METRICS | metrics
    )
    TaskRun.objects.filter(pk=learned.pk).update(created_at=at)
    TaskRun.objects.filter(pk=run.pk).update(created_at=at, completed_at=at + timedelta(minutes=5))
    run.refresh_from_db()
    return run


def test_of_very_many_estimates_the_newest_are_shown_and_the_files_have_all(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "SHOWN", 2)
    runs = [import_and_estimate(people_transform, people.lead, days_ago=ago, labels=90) for ago in (9, 5, 2)]
    client = client_for(people.lead)
    page = client.get(url).content.decode()
    assert "The newest 2 estimates are shown." in page
    assert [run.short_id in page for run in runs] == [False, True, True]
    points = quality_points(transform=people_transform, newest=2)
    assert [(point.run, len(point.imports)) for point in points] == [(runs[1], 1), (runs[2], 1)]
    table = reverse("labeling:quality-download", args=[people_transform.pk, "points"])
    assert len(client.get(table).getvalue().splitlines()) == 4


@pytest.fixture
def url(people_transform: Transform) -> str:
    return reverse("labeling:quality", args=[people_transform.pk])


def test_leads_see_it_and_nobody_else(people: Cast, client_for: ClientFor, url: str) -> None:
    assert client_for(people.steward).get(url).status_code == 403
    assert client_for(people.stranger).get(url).status_code == 404
    page = client_for(people.lead).get(url).content.decode()
    assert "Nothing has been estimated yet" in page
    assert "data-chart=" not in page


def test_each_point_names_the_imports_that_moved_it(people: Cast, people_transform: Transform) -> None:
    first = import_and_estimate(people_transform, people.lead, days_ago=9, labels=90)
    second = import_and_estimate(people_transform, people.lead, days_ago=2, labels=180)
    again = finished_run(
        people_transform, people.lead, RunKind.EVALUATION, metrics=METRICS, completed_at=timezone.now()
    )
    points = quality_points(transform=people_transform)
    assert [point.run for point in points] == [first, second, again]
    assert [len(point.imports) for point in points] == [1, 1, 0]
    assert [point.labels for point in points] == [90, 180, None]
    point = points[0]
    assert point.f1.value == pytest.approx(2 * 0.9 * 0.8 / 1.7)  # at the threshold; METRICS["f1"] is the best one
    assert (point.f1.low or 0) < point.f1.value < (point.f1.high or 0)


def test_an_import_of_the_schedule_is_nobody_elses(people: Cast, people_transform: Transform) -> None:
    scheduled, outside = (
        finished_run(people_transform, None, RunKind.IMPORT_LABELS, foreign=foreign) for foreign in (False, True)
    )
    assert "by the schedule: " in import_words(scheduled)
    assert "by someone outside the portal: " in import_words(outside)


def test_an_estimate_that_is_under_way_is_led_to_and_no_second_asked_for(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str
) -> None:
    lead = client_for(people.lead)
    assert ">Estimate quality</button>" not in lead.get(url).content.decode()  # there is nothing to measure with
    Transform.objects.update(label_count=100)
    assert ">Estimate quality</button>" in lead.get(url).content.decode()
    run = TaskRun.objects.create(
        transform=people_transform, kind=RunKind.EVALUATION, status=RunStatus.RUNNING, requested_by=people.lead
    )
    page = lead.get(url).content.decode()
    assert ">Estimate quality</button>" not in page
    assert f'href="{reverse("labeling:run-detail", args=[run.pk])}"' in page


def test_one_estimate_is_told_by_its_figures_and_two_by_charts(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str
) -> None:
    lead = client_for(people.lead)
    import_and_estimate(people_transform, people.lead, days_ago=9, labels=90, precision=0.75)
    page = lead.get(url).content.decode()
    assert "0.750" in page
    assert ("From the second estimate on" in page, "data-chart=" in page, "Charts by" in page) == (True, False, False)
    import_and_estimate(people_transform, people.lead, days_ago=2, labels=180)
    page = lead.get(url).content.decode()
    assert ("From the second estimate on" in page, "data-chart=" in page, "Charts by" in page) == (False, True, True)


def test_charts_and_tables_say_the_same(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str
) -> None:
    import_and_estimate(people_transform, people.lead, days_ago=2, labels=90, precision=0.5)
    import_and_estimate(people_transform, people.lead, days_ago=9, labels=1800, precision=0.75)
    response = client_for(people.lead).get(url)
    page = response.content.decode()
    assert "0.750" in page
    assert f"{9:064x}" in page
    assert "Lead" in page
    payload = json.loads(page.split('<script id="charts" type="application/json">')[1].split("</script>")[0])
    sides = payload["sides"]
    assert sides["series"][0]["values"] == [0.75, 0.5]
    assert sides["x"] == sorted(sides["x"])
    assert "90 labels added" in sides["notes"][0]
    assert payload["columns"]["series"][0]["label"] == "name"
    assert sides["axis_label"] == ""  # dates say what they are

    by_labels = client_for(people.lead).get(url, {"by": "labels"}).content.decode()
    sides = json.loads(by_labels.split('<script id="charts" type="application/json">')[1].split("</script>")[0])[
        "sides"
    ]
    assert (sides["x"], sides["series"][0]["values"]) == ([90, 1800], [0.5, 0.75])
    assert sides["places"] == ["90 labels", "1,800 labels"]  # as in the tables
    assert sides["axis_label"] == "labels"


def test_of_many_estimates_the_tables_show_the_newest_and_the_charts_all(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "PAGE_SIZE", 1)
    older, newer = (import_and_estimate(people_transform, people.lead, days_ago=days, labels=90) for days in (9, 2))
    lead = client_for(people.lead)
    page = lead.get(url).content.decode()
    table = page.split('id="points-title"')[1].split("</table>")[0]
    assert (str(newer.pk) in table, str(older.pk) in table) == (True, False)
    assert 'href="?estimates=2#points-title"' in page
    assert 'href="?shares=2#columns-title"' in page
    payload = json.loads(page.split('<script id="charts" type="application/json">')[1].split("</script>")[0])
    assert len(payload["f1"]["x"]) == 2
    assert str(older.pk) in lead.get(url, {"estimates": 2}).content.decode()


def test_every_table_comes_as_csv(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = import_and_estimate(people_transform, people.lead, days_ago=2, labels=90)
    lead = client_for(people.lead)

    def table(name: str) -> list[dict[str, str]]:
        response = lead.get(reverse("labeling:quality-download", args=[people_transform.pk, name]))
        return list(csv.DictReader(StringIO(for_excel(response.getvalue()))))

    (point,) = table("points")
    assert (point["labels"], point["labels_hash"], point["run"]) == ("90", run.content_hash, str(run.pk))
    assert float(point["f1_low"]) < float(point["f1"]) < float(point["f1_high"])
    assert table("columns")[0]["name"] == "0.75"
    assert table("agreement") == []
    nothing = reverse("labeling:quality-download", args=[people_transform.pk, "people"])
    assert lead.get(nothing).status_code == 404
    assert client_for(people.steward).get(nothing).status_code == 403


def test_agreement_stands_beneath_at_the_day_of_the_last_answer(people: Cast, people_transform: Transform) -> None:
    questions = question_set(people_transform, people.lead, [3, 3, 3])
    wanting(questions, 2)
    for question, days, second in zip(questions, (5, 5, 1), ("AAB", "ABB", "AAB"), strict=True):
        answer(question, people.steward, "AAB")
        answer(question, people.colleague, second)
        Answer.objects.filter(question=question).update(first_submitted_at=timezone.now() - timedelta(days=days))
    alone = question_set(people_transform, people.lead, [3], first_key=50)[0]
    answer(alone, people.steward, "AAB")
    earlier, later = agreement_points(transform=people_transform)
    assert (earlier.questions, later.questions) == (2, 1)
    assert (earlier.until - later.until).days == -4
    assert earlier.alpha.value is not None
    assert earlier.alpha.value < 1 == later.alpha.value


def test_agreement_without_a_figure_is_explained(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str
) -> None:
    [question] = question_set(people_transform, people.lead, [2])
    wanting([question], 2)
    for person in (people.steward, people.colleague):
        answer(question, person, "AA")
    page = client_for(people.lead).get(url).content.decode()
    assert "–</td>" in " ".join(page.split()).replace(" </td>", "</td>")
    assert "A dash: all pairs of rows were called the same" in page


def test_what_the_learning_curve_waits_for_is_said(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str
) -> None:
    import_and_estimate(people_transform, people.lead, days_ago=1, labels=90)
    learned = TaskRun.objects.get(kind=RunKind.IMPORT_LABELS)
    estimate = ShadowEstimate.objects.create(import_run=learned, transform=people_transform, metrics=METRICS)
    client = client_for(people.lead)
    working, waiting = "The learning curve is being worked out", "once no run of this transform is under way"
    page = client.get(url).content.decode()
    assert working in page
    assert waiting not in page
    run = TaskRun.objects.create(transform=people_transform, kind=RunKind.EVALUATION, status=RunStatus.RUNNING)
    page = client.get(url).content.decode()
    assert waiting in page
    assert working not in page
    run.delete()
    ShadowEstimate.objects.filter(pk=estimate.pk).update(attempts=3)
    assert "The learning curve could not be worked out." in client.get(url).content.decode()


def test_a_day_that_is_not_over_is_drawn_no_later_than_now() -> None:
    """At its noon once that is past: a point ahead of all others would stretch the axis of every chart."""
    alpha = Measure(0.8, None, None, 3)
    days = [date(2026, 11, day) for day in (27, 28)]
    points = [AgreementPoint(day, day, 3, alpha) for day in days]
    morning, evening = (datetime(2026, 11, 28, hour, 6, tzinfo=UTC) for hour in (8, 20))
    noons = [datetime(2026, 11, day, 12, tzinfo=UTC).timestamp() for day in (27, 28)]
    assert agreement_chart(points, morning).x == [noons[0], morning.timestamp()]
    assert agreement_chart(points, evening).x == noons
    assert agreement_chart(points, evening).payload()["places"] == ["2026-11-27", "2026-11-28"]
    there = timezone.localtime(evening, ZoneInfo("Europe/Berlin"))
    assert agreement_chart(points, there).x == [noon - 3600 for noon in noons]


def test_the_page_asks_as_often_for_three_points_as_for_one(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    url: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    lead = client_for(people.lead)
    for number in (1, 2, 3):
        import_and_estimate(people_transform, people.lead, days_ago=number, labels=90 * number)
        if number != 2:
            with django_assert_num_queries(12):
                lead.get(url)
