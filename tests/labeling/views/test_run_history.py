"""The list of all runs: narrowed, sorted, paged, kept as a view, taken along as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.models import LabelFile, SavedView, TaskRun, Transform
from labeling.selectors.run_history import RunFilter, Sort, run_page
from tests.labeling.builders import Cast, finished_run, question_set, transform
from tests.labeling.views.conftest import ClientFor
from tests.labeling.views.test_transforms import METRICS

RUNS = reverse("labeling:run-list")
CSV = reverse("labeling:run-download")
SAVE = reverse("labeling:run-view-save")
HTMX = {"HX-Request": "true"}
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(of: Transform, kind: RunKind, day: int = 0, took: int = 10, **fields: Any) -> TaskRun:
    """A run that ended well so many days after the first of March."""
    made = finished_run(of, fields.pop("by", of.created_by), kind, took_seconds=took)
    created = DAY + timedelta(days=day)
    fields = {"created_at": created, "completed_at": created + timedelta(seconds=took), **fields}
    TaskRun.objects.filter(pk=made.pk).update(**fields)
    made.refresh_from_db()
    return made


def label_file(of: Transform, sha256: str) -> LabelFile:
    return LabelFile.objects.create(
        transform=of,
        kind=LabelFileKind.BUILT,
        bucket="b",
        key=f"label-files/x/{sha256[:4]}-1.csv",
        size=1,
        sha256=sha256,
        sets=2,
        rows=5,
        matching_pairs=3,
        non_matching_pairs=1,
    )


def shown(client: Client, **query: str) -> list[TaskRun]:
    return list(client.get(RUNS, query).context["page"].records)


def test_filters_stand_where_there_is_something_to_filter(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    lead = client_for(people.lead)
    assert 'class="filters"' not in lead.get(RUNS).content.decode()
    assert 'class="filters"' in lead.get(RUNS, {"kind": RunKind.EVALUATION}).content.decode()
    for day in (0, 1):
        run(people_transform, RunKind.EVALUATION, day)
    assert 'class="filters"' in lead.get(RUNS).content.decode()


def test_each_filter_narrows(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    other = transform(people.team, people.admin, "Products")
    file = label_file(people_transform, "7f3a" + "0" * 60)
    evaluated = run(people_transform, RunKind.EVALUATION, 0, by=people.lead, metrics=METRICS)
    added = run(people_transform, RunKind.IMPORT_LABELS, 1, label_file=file)
    replaced = run(people_transform, RunKind.IMPORT_LABELS, 2, replace_all_labels=True)
    failed = run(other, RunKind.EVALUATION, 3, status=RunStatus.FAILED)
    waiting = run(other, RunKind.IMPORT_LABELS, 4, status=RunStatus.QUEUED, completed_at=None)
    client = client_for(people.lead)

    assert shown(client) == [waiting, failed, replaced, added, evaluated]
    assert shown(client, kind="EVALUATION") == [failed, evaluated]
    assert shown(client, person=str(people.lead.pk)) == [evaluated]
    assert shown(client, transform=str(other.pk)) == [waiting, failed]
    assert shown(client, state="active") == [waiting]
    assert shown(client, state="wrong") == [failed]
    assert shown(client, state="SUCCEEDED") == [replaced, added, evaluated]
    assert shown(client, how="replaced") == [replaced]
    assert shown(client, how="added") == [waiting, added]
    assert shown(client, how="replaced", kind="EVALUATION") == []
    assert shown(client, since="2026-03-02", until="2026-03-03") == [replaced, added]
    assert shown(client, file="7F3A") == shown(client, file="7f3a-1.csv") == [added]
    assert shown(client, file="ffff") == []
    assert shown(client, kind="NONSENSE", since="when?", person="me", until="9999-12-31") == shown(client)
    page = client.get(RUNS, {"state": "STOPPED"}).content.decode()
    assert "No runs match these filters" in page
    assert "0 runs" in page


def test_a_file_is_found_by_the_start_of_its_name_although_that_could_be_a_hash(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    file = label_file(people_transform, "7f3a" + "0" * 60)
    added = run(people_transform, RunKind.IMPORT_LABELS, 1, label_file=file)
    LabelFile.objects.update(key=f"label-files/0badcafe-{str(people_transform.pk)[9:]}/{added.pk}.csv")
    client = client_for(people.lead)
    start = str(added.pk)[:8]
    assert shown(client, file=start) == shown(client, file=start.upper()) == [added]
    assert shown(client, file="7f3a") == [added]
    assert shown(client, file="0badcafe") == [], "that is the folder of all files of a transform"


def test_the_file_that_brought_questions_is_found(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question = question_set(people_transform, people.lead, [2])[0]
    LabelFile.objects.update(sha256="abcd" + "0" * 60)
    assert shown(client_for(people.lead), file="abcd") == [question.question_set.task_run]


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_hold_every_run_once_in_order(people: Cast, people_transform: Transform, sort: Sort) -> None:
    """Also where many runs share the value that sorts them."""
    for number in range(23):
        run(people_transform, RunKind.EVALUATION, number // 4, took=number % 3)
    column = {"n": "created_at", "o": "created_at"}.get(sort[0], "took_seconds")
    sign = "-" if sort in (Sort.NEWEST, Sort.LONGEST) else ""
    expected = list(TaskRun.objects.order_by(f"{sign}{column}", f"{sign}id"))
    wanted: dict[str, Any] = {"team": people.team, "chosen": RunFilter(), "sort": sort, "size": 5}
    page = run_page(**wanted)
    pages = [page]
    while page.after:
        page = run_page(**wanted, after=page.after)
        pages.append(page)
    assert [len(page.records) for page in pages] == [5, 5, 5, 5, 3]
    assert [one for page in pages for one in page.records] == expected
    for earlier in reversed(pages[:-1]):
        page = run_page(**wanted, before=page.before)
        assert page.records == earlier.records
    assert page.before == ""
    # A run that starts meanwhile moves nothing.
    run(people_transform, RunKind.EVALUATION, 99, took=99)
    assert run_page(**wanted, after=pages[0].after).records == pages[1].records


@pytest.mark.parametrize(
    "key",
    [
        *("x", "~", "1~2", "2026-03-01~", f"2026-03-01T00:00:00~{'0' * 32}", "-5~" + "0" * 32),
        *(f"{moment}~{'0' * 32}" for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")),
    ],
)
@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.SHORTEST])
def test_a_key_that_is_none_shows_the_first_page(
    people: Cast, people_transform: Transform, key: str, sort: Sort
) -> None:
    made = run(people_transform, RunKind.EVALUATION)
    for after, before in ((key, ""), ("", key)):
        page = run_page(team=people.team, chosen=RunFilter(), sort=sort, after=after, before=before)
        assert page.records == (made,)


def test_the_list_costs_the_same_for_one_run_and_for_many(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_for(people.lead)
    for already, more in ((0, 2), (2, 28)):
        for number in range(more):
            file = label_file(people_transform, f"{already + number:04x}" + "0" * 60)
            run(people_transform, RunKind.IMPORT_LABELS, number, label_file=file, by=people.lead)
        with django_assert_num_queries(12):
            page = client.get(RUNS)
    assert len(page.context["page"].records) == 25
    content = page.content.decode()
    assert "30 runs" in content
    assert "after=2026-03" in content
    assert len(page.content) < 300_000


def test_htmx_gets_the_changed_part_and_a_plain_address(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    response = client.get(RUNS, {"kind": "EVALUATION", "state": "", "sort": ""}, headers=HTMX)
    assert b"<html" not in response.content
    assert response.headers["HX-Push-Url"] == f"{RUNS}?kind=EVALUATION"
    assert "HX-Request" in response.headers["Vary"]
    assert b"<html" in client.get(response.headers["HX-Push-Url"]).content


def test_the_download_is_what_is_shown(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    file = label_file(people_transform, "7f3a" + "0" * 60)
    Transform.objects.update(name="=People")
    imported = run(
        people_transform,
        RunKind.IMPORT_LABELS,
        1,
        42,
        label_file=file,
        labels_before=0,
        labels_after=5,
        matching_after=3,
    )
    run(people_transform, RunKind.EVALUATION, 0, metrics=METRICS)
    client = client_for(people.lead)
    text = client.get(CSV).getvalue().decode("utf-8-sig")
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["run"], first["kind"], first["state"]) == (str(imported.pk), "IMPORT_LABELS", "SUCCEEDED")
    assert (first["transform"], first["requested_at"]) == ("'=People", "2026-03-02T12:00:00+00:00")
    assert (first["took_seconds"], first["rows"], first["labels_after"]) == ("42", "5", "5")
    assert (first["matching_before"], first["matching_after"]) == ("", "3")
    assert (first["label_file_sha256"], first["f1"]) == (file.sha256, "")
    assert float(second["f1"]) == pytest.approx(2 * 0.9 * 0.8 / 1.7)
    assert second["best_f1"] == str(METRICS["f1"])
    narrowed = client.get(CSV, {"kind": "EVALUATION"}).getvalue().decode()
    assert len(narrowed.splitlines()) == 2


def test_another_teams_runs_are_not_listed(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run(people_transform, RunKind.EVALUATION)
    client = client_for(people.stranger)
    assert b"No runs yet" in client.get(RUNS).content
    assert len(client.get(CSV).getvalue().splitlines()) == 1


def test_views_are_kept_shared_and_forgotten(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    lead, admin = client_for(people.lead), client_for(people.admin)
    kept = lead.post(SAVE, {"name": " Bad  ones ", "state": "wrong", "kind": "", "sort": "longest", "after": "x"})
    assert kept.headers["Location"] == f"{RUNS}?state=wrong&sort=longest"
    view = SavedView.objects.get()
    assert (view.name, view.query, view.shared) == ("Bad ones", "state=wrong&sort=longest", False)
    assert b"Bad ones" in lead.get(RUNS).content
    assert b"Bad ones" not in admin.get(RUNS).content

    lead.post(SAVE, {"name": "Bad ones", "state": "FAILED", "shared": "yes"})
    view = SavedView.objects.get()
    assert (view.query, view.shared) == ("state=FAILED", True)
    seen = admin.get(RUNS).content
    assert b'href="/runs/?state=FAILED"' in seen

    forget = reverse("labeling:run-view-delete", args=[view.pk])
    assert client_for(people.stranger).post(forget).status_code == 404
    admin.post(forget)
    assert not SavedView.objects.exists()


def test_a_view_of_somebody_else_is_not_mine_to_remove(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    for owner, shared in ((people.admin, True), (people.admin, False)):
        view = SavedView.objects.create(team=people.team, owner=owner, name=str(shared), shared=shared)
        client_for(people.lead).post(reverse("labeling:run-view-delete", args=[view.pk]))
    assert SavedView.objects.count() == 2


def test_a_view_needs_a_name(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    for name in (" ", "x" * 61):
        page = client.post(SAVE, {"name": name, "state": "wrong"}, follow=True)
        assert b"Give the view a name" in page.content
    assert not SavedView.objects.exists()
