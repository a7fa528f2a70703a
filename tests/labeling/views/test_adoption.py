"""Transforms that were made at Glue without the portal: which are offered, and what comes along when one is added."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
from django.urls import reverse

from accounts.models import Membership, Role
from labelfiles import LabeledRow, LabelFile, read_label_file
from labeling.aws import storage
from labeling.choices import RunKind, RunStatus
from labeling.exceptions import InvalidSourceError, TransformTakenError
from labeling.models import Occurrence, SourceFile, TaskRun, Transform
from labeling.selectors.import_preview import import_preview
from labeling.selectors.known_labels import known_labels
from labeling.selectors.quality import quality_points
from labeling.services.adoption import adopt_transform, glue_transform, glue_transforms, preview_of
from labeling.services.notifications import sweep_notifications
from labeling.services.task_runs import submit_run
from tests.contract.conftest import COLUMNS, Glue, csv_bytes, glue_client
from tests.contract.conftest import people as rows_of_people
from tests.labeling.builders import Cast, cast, transform
from tests.labeling.stubs import TRANSFORM, ml_transform, stubbed
from tests.labeling.taught import succeeded
from tests.labeling.views.conftest import ClientFor
from tests.support.servers import Services, wait_until

PEOPLE = {"DatabaseName": "lab", "TableName": "people"}


@pytest.fixture
def console(services: Services) -> Glue:
    """Somebody who works with Glue past the portal, and has a table there."""
    client = glue_client(services)
    client.create_database(DatabaseInput={"Name": "lab"})
    s3 = boto3.client("s3", endpoint_url=services.s3_url, region_name="us-east-1")
    made = Glue(client, s3, services, services.bucket, f"console-{uuid.uuid4().hex[:8]}", "lab")
    made.create_table()
    return made


def labels(count: int) -> LabelFile:
    """Sets of four rows, which are two people."""
    found = {row[0]: row for row in rows_of_people()}
    return LabelFile(
        COLUMNS,
        tuple(
            LabeledRow(f"set {number}", f"P{person}", found[f"{person}{half}"])
            for number in range(count)
            for person in (2 * number, 2 * number + 1)
            for half in "ab"
        ),
    )


def address(transform_id: str) -> str:
    return reverse("labeling:transform-adopt", args=[transform_id])


def test_labels_runs_and_quality_come_along(console: Glue, client_for: ClientFor) -> None:
    people = cast()
    transform_id = console.create_transform("Customers")
    assert console.import_labels(transform_id, labels(8), replace=True)["Status"] == "SUCCEEDED"
    assert console.run(transform_id, console.client.start_ml_evaluation_task_run)["Status"] == "SUCCEEDED"
    client = client_for(people.admin)
    listed = client.get(reverse("labeling:glue-transform-list")).content.decode()
    assert address(transform_id) in listed
    assert "lab.people" in listed
    shown = client.get(address(transform_id)).content.decode()
    assert all(
        words in shown for words in ("120 rows", "Anna Winter", "As it is at Glue", "32", "favours", "Ready")[:4]
    )
    assert client.post(address(transform_id), {"thing": ""}).status_code == 422

    added = client.post(address(transform_id), {"thing": "customer"}, follow=True)
    of = Transform.objects.get()
    assert added.redirect_chain == [(reverse("labeling:transform-detail", args=[of.pk]), 302)]
    assert "Its labels are being exported" in added.content.decode()
    assert (of.name, of.thing, of.primary_key, of.column_names) == ("Customers", "customer", "id", list(COLUMNS))
    assert (of.glue_status, of.label_count, of.glue_transform_id) == ("READY", 32, transform_id)
    assert client.post(address(transform_id), {"thing": "customer"}).headers["Location"].endswith(f"{of.pk}/")
    assert address(transform_id) not in client.get(reverse("labeling:glue-transform-list")).content.decode()

    export = succeeded(TaskRun.objects.get(foreign=False))
    assert export.label_file is not None
    assert set(read_label_file(storage.read_uri(export.label_file.uri)).rows) == set(labels(8).rows)
    known = known_labels(transform=of)
    assert known is not None
    assert (known.rows, import_preview(transform=of).held) == (32, known)
    history = TaskRun.objects.filter(foreign=True, status=RunStatus.SUCCEEDED)
    wait_until(lambda: history.count() == 2, what="the history", every=0.1)
    (point,) = quality_points(transform=of)
    assert (len(point.imports), point.run.foreign) == (1, True)
    sweep_notifications()
    assert [told.run for told in Occurrence.objects.all()] == [export]
    page = client.get(reverse("labeling:transform-detail", args=[of.pk])).content.decode()
    assert "replaced all labels at Glue outside the portal" not in page
    assert "that the portal has not seen" not in page
    assert "Nothing has been learned yet" not in page
    assert "Generate questions</button>" in page.replace("\n", "").replace("  ", "")


def test_whoever_is_slower_is_told(console: Glue, client_for: ClientFor) -> None:
    people = cast()
    other = people.stranger.teams.get()
    Membership.objects.filter(user=people.stranger).update(role=Role.ADMIN)
    transform_id, gone = console.create_transform("Customers"), console.create_transform("Clients")
    client = client_for(people.admin)
    assert client.get(address(transform_id)).status_code == client.get(address(gone)).status_code == 200

    found = glue_transform(team=people.team, glue_transform_id=transform_id)
    adopt_transform(team=other, user=people.stranger, found=found)
    with pytest.raises(TransformTakenError, match="Customers is in the portal already"):
        adopt_transform(team=people.team, user=people.admin, found=found)
    console.client.delete_ml_transform(TransformId=gone)
    for pressed, said in ((transform_id, "Customers is in the portal already."), (gone, "Glue has no such transform.")):
        page = client.post(address(pressed), {"thing": "customer"}, follow=True)
        assert page.redirect_chain == [(reverse("labeling:glue-transform-list"), 302)]
        assert said in page.content.decode()
    assert [made.team for made in Transform.objects.all()] == [other]
    assert not TaskRun.objects.exists(), "it has no labels that could be exported"


def test_a_key_that_is_none_any_more_is_said(console: Glue, client_for: ClientFor) -> None:
    transform_id = console.create_transform("Customers")
    console.put("people/more.csv", b"id,name,street,city\n1a,Anna Winter,,\n")
    page = client_for(cast().admin).get(address(transform_id), follow=True).content.decode()
    assert "id, the primary key of Customers, is none in the table as it is now." in page
    assert "Only 120 of 121 values are different." in page


def test_the_columns_are_those_of_the_transform(console: Glue) -> None:
    """A table that has got another column since still fits; one that has lost one does not."""
    people = cast()
    transform_id = console.create_transform("Customers")
    table: Any = console.client.get_table(DatabaseName="lab", Name="people")["Table"]
    definition = {name: table[name] for name in ("Name", "Parameters", "StorageDescriptor")}
    columns = definition["StorageDescriptor"]["Columns"]

    def now(columns: list[dict[str, str]]) -> None:
        definition["StorageDescriptor"]["Columns"] = columns
        console.client.update_table(DatabaseName="lab", TableInput=definition)  # type: ignore[arg-type]  # as it came

    now([*columns, {"Name": "phone", "Type": "string"}])
    wider = [(*row, "1") for row in rows_of_people()]
    console.put("people/data.csv", csv_bytes(wider, header=(*COLUMNS, "phone")))
    preview = preview_of(found=glue_transform(team=people.team, glue_transform_id=transform_id))
    assert (preview.column_names, preview.row_count) == (list(COLUMNS), 120)
    now(columns[:-1])
    found = glue_transform(team=people.team, glue_transform_id=transform_id)
    assert found.problem == "Its table has other columns now; it lacks: city."
    with pytest.raises(InvalidSourceError, match="it lacks: city"):
        preview_of(found=found)


def described(name: str, table: str = "good", key: str = "id", **fields: Any) -> dict[str, Any]:
    return ml_transform(
        TransformId=f"tfm-{name}",
        Name=name,
        InputRecordTables=[{"DatabaseName": "lab", "TableName": table}],
        Schema=[{"Name": "id", "DataType": "string"}, {"Name": "name", "DataType": "string"}],
        Parameters={"TransformType": "FIND_MATCHES", "FindMatchesParameters": {"PrimaryKeyColumnName": key}},
        **fields,
    )


def described_table(name: str, location: str = "", kind: str = "csv") -> dict[str, Any]:
    columns = [{"Name": "id", "Type": "string"}, {"Name": "name", "Type": "string"}]
    storage_of = {"Columns": columns, "Location": location or f"s3://lab/{name}/"}
    return {"Table": {"Name": name, "Parameters": {"classification": kind}, "StorageDescriptor": storage_of}}


def test_what_cannot_be_added_says_why(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    other = people.stranger.teams.get()
    transform(other, people.stranger, "Theirs", glue_transform_id="tfm-theirs")
    transform(people.team, people.admin, "named", glue_transform_id="tfm-1")
    upload = {"name": "a.csv", "format": "csv", "size": 1, "sha256": "0", "row_count": 1, "columns": []}
    SourceFile.objects.create(team=other, created_by=people.stranger, key="sources/7/data.csv", **upload)
    two = [{"DatabaseName": "lab", "TableName": name} for name in ("good", "bad")]
    part = [{"DatabaseName": "lab", "TableName": "good", "AdditionalOptions": {"pushDownPredicate": "year=2024"}}]
    pages = [
        [described("fits", key="ID"), described("theirs"), described("leaving", Status="DELETING")],
        [
            *(described("none") | {"InputRecordTables": []}, described("two") | {"InputRecordTables": two}),
            *(described("part") | {"InputRecordTables": part}, described("orc", "orc"), described("jdbc", "jdbc")),
            *(described("lost", "lost"), described("uploaded", "uploaded"), described("keyless", key="number")),
            *(described("named"),),
        ],
    ]
    with stubbed(monkeypatch) as glue:
        wanted = {"MaxResults": 100, "Filter": {"TransformType": "FIND_MATCHES"}}
        glue.add_response("get_ml_transforms", {"Transforms": pages[0], "NextToken": "more"}, wanted)
        glue.add_response("get_ml_transforms", {"Transforms": pages[1]}, {**wanted, "NextToken": "more"})
        glue.add_response("get_table", described_table("good"))
        glue.add_response("get_table", described_table("orc", kind="orc"))
        glue.add_response("get_table", described_table("jdbc", "people.customers"))
        glue.add_client_error("get_table", "EntityNotFoundException", "Table lost not found.")
        glue.add_response("get_table", described_table("uploaded", storage.our_uri("sources/7/")))
        glue.add_response("get_table", described_table("good"))
        glue.add_response("get_table", described_table("good"))
        found = {one.seen.name: one for one in glue_transforms(team=people.team)}
    assert {name: one.problem for name, one in found.items()} == {
        "fits": "",
        "jdbc": "The files of its table are not in S3.",
        "keyless": "Its table has no column number, which is its primary key.",
        "leaving": "It is being deleted.",
        "lost": "Its table cannot be read: Table lost not found.",
        "named": "The team has another transform called named. Give that one, or this one at Glue, another name first.",
        "none": "It has no input table.",
        "orc": "Only tables over CSV or Parquet files can be used.",
        "part": "It reads a part of its table only (AdditionalOptions); the portal would read all of it.",
        "two": "It has several input tables; the portal works with one.",
    }
    assert (found["fits"].primary_key, found["two"].table_name) == ("id", "lab.good, lab.bad")


def test_a_refused_export_is_said_and_offered_again(
    people: Cast, monkeypatch: pytest.MonkeyPatch, client_for: ClientFor
) -> None:
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_transform", described("fits", Status="READY"))
        glue.add_response("get_table", described_table("good"))
        of = adopt_transform(
            team=people.team,
            user=people.admin,
            found=glue_transform(team=people.team, glue_transform_id=TRANSFORM),
        )
    client, page = client_for(people.admin), reverse("labeling:transform-detail", args=[of.pk])
    unseen, export = "Glue has 10 labels that the portal has not seen.", reverse("labeling:export-create", args=[of.pk])
    assert unseen not in client.get(page).content.decode(), "they are being exported"
    run = TaskRun.objects.get(kind=RunKind.EXPORT_LABELS)
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_transform", described("fits"))
        glue.add_client_error("start_export_labels_task_run", "AccessDeniedException", "No access to the bucket.")
        submit_run(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    said = client.get(page).content.decode()
    assert unseen in said
    assert export in said
    assert "It has labels. Estimate how good it is." in said
    assert "Generate questions" in said
    assert unseen not in client_for(people.steward).get(page).content.decode()


def test_the_list_outlives_glue(people: Cast, monkeypatch: pytest.MonkeyPatch, client_for: ClientFor) -> None:
    client, url = client_for(people.admin), reverse("labeling:glue-transform-list")
    with stubbed(monkeypatch) as glue:
        glue.add_client_error("get_ml_transforms", "AccessDeniedException", "Not authorized: glue:GetMLTransforms")
        page = client.get(url).content.decode()
    assert "glue:GetMLTransforms" in page
    assert ">Refresh</a>" in page
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_transforms", {"Transforms": []})
        assert "Glue has no other transforms" in client.get(url).content.decode()
    many = [described(f"transform {number:02}") | {"InputRecordTables": []} for number in range(60)]
    for query, there, missing in (
        ({}, "transform 49", "transform 50"),
        ({"q": "FORM 5"}, "transform 55", "transform 49"),
    ):
        with stubbed(monkeypatch) as glue:
            glue.add_response("get_ml_transforms", {"Transforms": many})
            page = client.get(url, query).content.decode()
        assert there in page
        assert missing not in page
