"""Transforms: list, wizard, page, editing."""

from __future__ import annotations

import socket
import time
import uuid
from typing import IO
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from pytest_django import Settings

from accounts.models import User
from labeling.aws import clients, data_catalog, storage
from labeling.choices import RunKind
from labeling.models import SourceFile, TaskRun, Transform
from labeling.services.catalog import CatalogTable
from labeling.views.transforms import name_guess
from tests.labeling.builders import Cast, answer, cast, finished_run, question_set
from tests.labeling.views.conftest import ClientFor
from tests.localglue.conftest import table_input
from tests.support.servers import Services

METRICS = {
    "precision": 0.9,
    "recall": 0.8,
    "f1": 0.934,
    "area_under_pr_curve": 0.91,
    "true_positives": 8,
    "false_positives": 1,
    "true_negatives": 90,
    "false_negatives": 2,
    "column_importances": [["name", 1.0]],
}


def source(people: Cast, user: User) -> SourceFile:
    return SourceFile.objects.create(
        team=people.team,
        name="crm_people-2024.csv",
        format="csv",
        key="sources/1/crm.csv",
        size=10,
        sha256="0" * 64,
        row_count=2,
        columns=[
            {"name": "id", "data_type": "string", "distinct": 2, "blank": 0, "problem": ""},
            {"name": "city", "data_type": "string", "distinct": 1, "blank": 1, "problem": "1 row has no value here."},
        ],
        sample=[["1", "Bath"], ["2", ""]],
        created_by=user,
    )


def test_the_list_is_the_teams_own(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:transform-list")
    address = reverse("labeling:transform-detail", args=[people_transform.pk]).encode()
    assert address in client_for(people.steward).get(url).content
    foreign = client_for(people.stranger).get(url).content
    assert address not in foreign
    assert b"No transforms yet" in foreign


def test_stewards_see_no_quality(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    finished_run(people_transform, people.lead, RunKind.EVALUATION, metrics=METRICS)
    url = reverse("labeling:transform-detail", args=[people_transform.pk])
    assert b"0.847" in client_for(people.lead).get(url).content
    assert b"0.847" not in client_for(people.steward).get(url).content


def test_stewards_read_of_rows_not_of_glue(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:transform-detail", args=[people_transform.pk])
    for technical in ("Latest runs", "match_confidence_score", people_transform.glue_transform_id, "When in doubt"):
        assert technical in client_for(people.lead).get(url).content.decode()
        assert technical not in client_for(people.steward).get(url).content.decode()


def test_many_columns_are_named_on_demand(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:transform-detail", args=[people_transform.pk])
    assert "<details>" not in client_for(people.steward).get(url).content.decode()
    people_transform.columns = [{"name": f"attribute_{n}", "data_type": "string"} for n in range(30)]
    people_transform.save()
    page = client_for(people.steward).get(url).content.decode()
    assert "<summary>30 columns</summary>" in page
    assert "attribute_29" in page


def test_every_page_tells_the_same_f1_beside_precision_and_recall(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    """The harmonic mean of the two; the best over all thresholds stands where it is called so, and nowhere else."""
    question_set(people_transform, people.lead, [2])
    run = finished_run(
        people_transform, people.lead, RunKind.EVALUATION, metrics=METRICS, completed_at=timezone.now(), labels_after=9
    )
    client = client_for(people.lead)
    of_transform = [reverse(f"labeling:{name}", args=[people_transform.pk]) for name in ("transform-detail", "quality")]
    of_run = reverse("labeling:run-detail", args=[run.pk])
    lists = [reverse(f"labeling:{name}") for name in ("home", "transform-list", "run-list", "report")]
    pages = {url: client.get(url).content.decode() for url in [*of_transform, of_run, *lists]}
    assert [url for url, page in pages.items() if "0.847" not in page] == []
    assert {url for url, page in pages.items() if "0.934" in page} == {of_transform[1], of_run}
    assert all("Best F1" in pages[url] for url in (of_transform[1], of_run))
    beside = [pages[url] for url in (*of_transform, of_run)]
    assert all(
        "0.900" in page and "0.800" in page for page in beside
    )  # written as F1 is, wherever they stand beside it


def test_one_primary_action_a_page(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:transform-detail", args=[people_transform.pk])
    question = question_set(people_transform, people.lead, [2])[0]
    for _step in ("answer", "import"):
        page = client_for(people.lead).get(url).content.decode()
        assert page.count("btn-primary") == 1, _step
        if _step == "answer":
            answer(question, people.steward, "AA")


def test_a_run_under_way_is_what_one_looks_at(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = TaskRun.objects.create(
        transform=people_transform, kind=RunKind.LABELING_SET_GENERATION, requested_by=people.lead
    )
    page = (
        client_for(people.lead).get(reverse("labeling:transform-detail", args=[people_transform.pk])).content.decode()
    )
    assert "See the run" in page
    steward = client_for(people.steward)
    theirs = steward.get(reverse("labeling:transform-detail", args=[people_transform.pk])).content.decode()
    assert str(run.get_status_display()) in theirs
    assert "/runs/" not in theirs
    assert steward.get(reverse("labeling:run-detail", args=[run.pk])).status_code == 403
    assert reverse("labeling:run-detail", args=[run.pk]) in page


def test_upload_needs_a_file(people: Cast, client_for: ClientFor) -> None:
    page = client_for(people.admin).post(reverse("labeling:transform-create"), {})
    assert page.status_code == 422
    assert b"Choose a file first." in page.content


def test_upload_refuses_what_is_not_a_table(people: Cast, client_for: ClientFor) -> None:
    file = SimpleUploadedFile("photo.csv", b"\x89PNG\r\n\x1a\n\x00\x00")
    page = client_for(people.admin).post(reverse("labeling:transform-create"), {"file": file})
    assert page.status_code == 422
    assert SourceFile.objects.count() == 0


def test_upload_refuses_what_is_too_large(people: Cast, client_for: ClientFor, settings: Settings) -> None:
    settings.MAX_SOURCE_BYTES = 5
    file = SimpleUploadedFile("people.csv", b"id,name\n1,Ada\n")
    page = client_for(people.admin).post(reverse("labeling:transform-create"), {"file": file})
    assert "the portal accepts up to 5\xa0bytes. Put it into the catalog and pick the table." in page.content.decode()


def test_an_uploaded_file_is_previewed(people: Cast, client_for: ClientFor, s3_server: str) -> None:
    client = client_for(people.admin)
    file = SimpleUploadedFile("people.csv", b"id,name\n1,Ada\n2,Ada\n")
    page = client.post(reverse("labeling:transform-create"), {"file": file}, follow=True).content.decode()
    assert "people.csv" in page
    assert "2 rows" in page
    assert '<option value="id" selected>' in page
    assert '<option value="name"' not in page


def test_a_table_without_rows_is_called_so(people: Cast, client_for: ClientFor, s3_server: str) -> None:
    file = SimpleUploadedFile("people.csv", b"id,name\n")
    page = client_for(people.admin).post(reverse("labeling:transform-create"), {"file": file}, follow=True)
    assert "The table has no rows." in page.content.decode()
    assert "No column can be the primary key" not in page.content.decode()


def test_the_preview_says_why_a_column_is_no_key(people: Cast, client_for: ClientFor) -> None:
    url = reverse("labeling:transform-create-from-file", args=[source(people, people.admin).pk])
    page = client_for(people.admin).get(url).content.decode()
    assert "1 row has no value here." in page
    assert 'value="Crm people 2024"' in page


def test_a_key_that_is_none_is_refused(people: Cast, client_for: ClientFor) -> None:
    url = reverse("labeling:transform-create-from-file", args=[source(people, people.admin).pk])
    form = {"name": "CRM", "thing": "person", "primary_key": "city", "precision_recall": "0.5", "accuracy_cost": "0.5"}
    page = client_for(people.admin).post(url, form)
    assert page.status_code == 422
    assert b"This column cannot be the key" in page.content
    assert not Transform.objects.filter(name="CRM").exists()


def test_another_teams_upload_is_not_found(people: Cast, client_for: ClientFor) -> None:
    staged = source(people, people.admin)
    people.stranger.memberships.update(role="admin")
    url = reverse("labeling:transform-create-from-file", args=[staged.pk])
    assert client_for(people.stranger).get(url).status_code == 404


def table_url(database: str, table: str) -> str:
    """The page that makes a transform over a table of the catalog."""
    query = {"database": database, "table": table}
    return f"{reverse('labeling:transform-create-from-table')}?{urlencode(query, quote_via=quote, safe='')}"


@pytest.mark.parametrize("name", ["a/b", "..", "50% & more?", "a #1", "ü"])
def test_a_catalog_table_may_have_any_name_that_glue_takes(
    services: Services, client_for: ClientFor, name: str
) -> None:
    people = cast()
    folder = f"elsewhere/{uuid.uuid4()}/"
    location = storage.our_uri(folder)
    storage.overwrite(f"{folder}a.csv", b"id,name\n1,Ann\n2,Ann\n")
    data_catalog.create_database(name=name)
    table = table_input(name, ("id", "string"), ("name", "string"), location=location)
    clients.glue().create_table(DatabaseName=name, TableInput=table)  # type: ignore[arg-type]  # built as AWS documents it
    client = client_for(people.admin)
    assert escape(table_url(name, name)) in client.get(reverse("labeling:catalog-table-list")).content.decode()
    assert "Primary key" in client.get(table_url(name, name)).content.decode()


def test_catalog_tables_of_others(services: Services, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch) -> None:
    people = cast()
    data_catalog.create_database(name="lab")
    for name, parameters in (("people", {}), ("odd", {"skip.header.line.count": "one"})):
        table = table_input(name, ("id", "string"), ("name", "string"), location=storage.our_uri(f"elsewhere/{name}/"))
        table["Parameters"] |= parameters
        clients.glue().create_table(DatabaseName="lab", TableInput=table)  # type: ignore[arg-type]  # built as AWS documents it
    storage.overwrite("elsewhere/people/a.csv", b"id,name\n1,Ann\n2,Ann\n")

    client = client_for(people.admin)
    page = client.get(reverse("labeling:catalog-table-list"))
    assert page.status_code == 200
    text = page.content.decode()
    url, odd = table_url("lab", "people"), table_url("lab", "odd")
    assert escape(url) in text
    assert escape(odd) not in text
    assert "skip.header.line.count is &#x27;one&#x27;, which is not a number of lines." in text
    assert "which is not a number of lines" in client.get(odd, follow=True).content.decode()

    looked_at = []
    download = storage.download_uri

    def noted(uri: str, file: IO[bytes]) -> None:
        looked_at.append(uri)
        download(uri, file)

    monkeypatch.setattr(storage, "download_uri", noted)
    form = {"name": "People", "thing": "person", "primary_key": "id", "precision_recall": "0.5", "accuracy_cost": "0.5"}
    assert client.post(url, form).status_code == 302
    assert Transform.objects.get().column_names == ["id", "name"]
    assert looked_at == [storage.our_uri("elsewhere/people/a.csv")], "the table is gone through once"


def test_a_table_of_a_large_catalog_is_found(
    people: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = [
        CatalogTable("lab", f"table_{number:02}", "s3://b/x/", "csv", (), None, "cannot be used")
        for number in range(60)
    ]
    monkeypatch.setattr("labeling.views.transforms.catalog_tables", lambda team: tables)
    client, url = client_for(people.admin), reverse("labeling:catalog-table-list")
    page = client.get(url).content.decode()
    assert "1–50 / 60" in page
    assert "lab.table_55" not in page
    assert "lab.table_55" in client.get(url, {"page": 2}).content.decode()
    found = client.get(url, {"q": "LAB.table_5"}).content.decode()
    assert "lab.table_55" in found
    assert "lab.table_49" not in found
    assert "No table matches" in client.get(url, {"q": "nowhere"}).content.decode()


def test_names_for_new_transforms() -> None:
    assert name_guess("crm_people-2024.csv") == "Crm people 2024"
    assert name_guess("sales.crm_people") == "Crm people"
    assert name_guess("a.b.parquet") == "B"


def test_a_glue_that_hangs_holds_the_catalog_page_for_seconds_only(
    people: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "_HURRIED_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        started = time.monotonic()
        page = client_for(people.admin).get(reverse("labeling:catalog-table-list"))
    assert time.monotonic() - started < 20
    assert "AWS did not answer" in page.content.decode()


def test_a_name_that_glue_would_refuse_is_refused_in_the_form(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    address = reverse("labeling:transform-edit", args=[people_transform.pk])
    wanted = {"name": "é" * 200, "thing": "person", "precision_recall": "0.5", "accuracy_cost": "0.5"}
    page = client_for(people.admin).post(address, wanted)
    assert page.status_code == 422
    assert "Glue accepts up to 255 bytes." in page.content.decode()
