"""Transforms at the real localglue."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from labeling.aws import clients, data_catalog, glue, storage
from labeling.exceptions import GlueError, InvalidSourceError
from labeling.models import SourceFile, Transform
from labeling.services.catalog import CatalogTable, catalog_table, catalog_tables
from labeling.services.sources import preview_table, stage_source, staged_preview
from labeling.services.transforms import create_transform, table_name, update_transform
from tableformats import ESCAPED_CSV
from tests.labeling.builders import Cast, cast
from tests.support.servers import Services

CSV = b"id,name,city\n1,Ann,Paris\n2,Bob,\n3,Cy,Rome\n"


@pytest.fixture
def people(services: Services) -> Cast:
    return cast()


def stage(people: Cast, content: bytes = CSV, name: str = "Our Customers.csv") -> SourceFile:
    return stage_source(team=people.team, user=people.admin, file=SimpleUploadedFile(name, content))


def create(
    people: Cast, source: SourceFile | CatalogTable, name: str = "Customers", primary_key: str = "id"
) -> Transform:
    return create_transform(
        team=people.team,
        user=people.admin,
        name=name,
        source=source,
        preview=staged_preview(source=source) if isinstance(source, SourceFile) else preview_table(table=source),
        primary_key=primary_key,
        precision_recall=0.9,
        accuracy_cost=0.4,
        enforce_provided_labels=True,
        thing="customer",
    )


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"key": pa.array([1, 2], pa.int64()), "name": ["a", "b"]}), stream)
    return stream.getvalue()


def test_a_file_becomes_a_table_and_a_transform(people: Cast) -> None:
    source = stage(people)
    made = create(people, source)
    seen = glue.get_ml_transform(transform_id=made.glue_transform_id)
    assert (seen.name, seen.status, seen.label_count) == ("Customers", "NOT_READY", 0)
    assert made.column_names == ["id", "name", "city"]
    assert (made.thing, made.precision_recall, made.accuracy_cost) == ("customer", 0.9, 0.4)
    table = data_catalog.get_table(database=made.database_name, name=made.table_name)
    assert made.table_name == table_name(source) == f"our_customers_{source.pk.hex[:8]}"
    assert table.location == storage.our_uri(f"sources/{source.pk}/")
    assert (table.parameters["classification"], table.parameters["skip.header.line.count"]) == ("csv", "1")
    assert [item.uri for item in storage.list_objects(table.location)] == [storage.our_uri(source.key)]


def test_parquet_keeps_its_types_in_the_catalog(people: Cast) -> None:
    made = create(people, stage(people, parquet(), "t.parquet"), primary_key="key")
    table = data_catalog.get_table(database=made.database_name, name=made.table_name)
    assert [(column.name, column.data_type) for column in table.columns] == [("key", "bigint"), ("name", "string")]
    assert made.column_names == ["key", "name"]
    again = preview_table(table=catalog_table(team=people.team, database=made.database_name, table=made.table_name))
    assert (again.format, again.row_count) == ("parquet", 2)


def test_the_catalog_table_can_be_used_again(people: Cast) -> None:
    create(people, stage(people))
    (table,) = catalog_tables(team=people.team)
    assert (table.format, table.layout, table.problem) == ("csv", ESCAPED_CSV, "")
    assert preview_table(table=table).rows == (("1", "Ann", "Paris"), ("2", "Bob", ""), ("3", "Cy", "Rome"))
    second = create(people, table, name="Customers again", primary_key="name")
    assert (second.source_file, second.table_name) == (None, table.name)
    with pytest.raises(InvalidSourceError, match="city cannot be the primary key"):
        create(people, table, name="Third", primary_key="city")


def other_peoples_table(name: str, **parameters: str) -> None:
    clients.glue().create_table(
        DatabaseName="lab",
        TableInput={
            "Name": name,
            "Parameters": {"classification": "csv", **parameters},
            "StorageDescriptor": {
                "Location": storage.our_uri(f"elsewhere/{name}/"),
                "Columns": [{"Name": "id", "Type": "string"}, {"Name": "name", "Type": "string"}],
            },
        },
    )
    storage.overwrite(f"elsewhere/{name}/a.csv", b"1\tAnn\n2\tBob\n")


def test_an_odd_table_says_why_it_cannot_be_used_and_harms_no_other(people: Cast) -> None:
    data_catalog.create_database(name="lab")
    other_peoples_table("good", delimiter=r"\t")
    other_peoples_table("header", **{"skip.header.line.count": "one"})
    other_peoples_table("pipes", delimiter="||")
    other_peoples_table("rows", classification="orc")
    problems = {table.name: table.problem for table in catalog_tables(team=people.team)}
    assert problems == {
        "good": "",
        "header": "The table's skip.header.line.count is 'one', which is not a number of lines.",
        "pipes": "The table's delimiter is '||'. Only one ASCII character can be used.",
    }
    found = {
        name: catalog_table(team=people.team, database="lab", table=name)
        for name in ("good", "header", "pipes", "rows")
    }
    assert preview_table(table=found["good"]).rows == (("1", "Ann"), ("2", "Bob"))
    for name, said in (
        ("header", "not a number of lines"),
        ("pipes", "one ASCII character"),
        ("rows", "CSV or Parquet"),
    ):
        with pytest.raises(InvalidSourceError, match=said):
            preview_table(table=found[name])


def test_uploads_of_another_team_are_not_offered(people: Cast) -> None:
    made = create(people, stage(people))
    other = people.stranger.teams.get()
    assert catalog_tables(team=other) == []
    with pytest.raises(GlueError, match="There is no table"):
        catalog_table(team=other, database=made.database_name, table=made.table_name)


def test_a_crash_between_glue_and_the_row_is_healed_by_pressing_again(people: Cast) -> None:
    source = stage(people)
    lost = create(people, source)
    transform_id = lost.glue_transform_id
    lost.delete()
    assert create(people, source).glue_transform_id == transform_id


def test_names_are_taken_once(people: Cast) -> None:
    first = create(people, stage(people))
    with pytest.raises(InvalidSourceError, match="already a transform called Customers"):
        create(people, stage(people))
    # Glue's names hold for the whole account, also where the other row is another team's.
    Transform.objects.filter(pk=first.pk).update(name="Renamed behind Glue's back")
    with pytest.raises(InvalidSourceError, match="already a transform called Customers"):
        create(people, stage(people))
    assert Transform.objects.count() == 1


def test_bad_keys_reach_nobody(people: Cast) -> None:
    source = stage(people)
    for key in ("city", "shoe size"):
        with pytest.raises(InvalidSourceError, match=f"{key} cannot be the primary key"):
            create(people, source, primary_key=key)
    assert catalog_tables(team=people.team) == []


def test_nothing_is_lost_while_glue_is_away(people: Cast, services: Services) -> None:
    source = stage(people)
    services.kill("glue")
    with pytest.raises(GlueError) as error:
        create(people, source)
    assert (error.value.retryable, Transform.objects.count()) == (True, 0)
    services.start("glue")
    assert create(people, source).source_file == source


def test_changes_go_to_glue_first(people: Cast) -> None:
    made, other = create(people, stage(people)), create(people, stage(people), name="Other")
    changed = update_transform(
        transform=made,
        user=people.admin,
        name="Clients",
        precision_recall=0.1,
        accuracy_cost=0.2,
        enforce_provided_labels=False,
        thing="client",
    )
    changed.refresh_from_db()
    assert (changed.name, changed.precision_recall, changed.thing) == ("Clients", 0.1, "client")
    assert glue.get_ml_transform(transform_id=made.glue_transform_id).name == "Clients"
    with pytest.raises(InvalidSourceError, match="already a transform called Clients"):
        update_transform(
            transform=other,
            user=people.admin,
            name="Clients",
            precision_recall=0.5,
            accuracy_cost=0.5,
            enforce_provided_labels=False,
        )


def test_the_row_says_what_glue_says_when_two_people_save_at_once(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(people, stage(people))
    tell_glue = glue.update_ml_transform

    def change(name: str, precision_recall: float) -> Transform:
        return update_transform(
            transform=Transform.objects.get(pk=made.pk),
            user=people.admin,
            name=name,
            precision_recall=precision_recall,
            accuracy_cost=0.2,
            enforce_provided_labels=False,
        )

    def overtaken(**told: Any) -> None:
        monkeypatch.setattr(glue, "update_ml_transform", tell_glue)
        tell_glue(**told)
        change("Second", 0.8)

    monkeypatch.setattr(glue, "update_ml_transform", overtaken)
    assert change("First", 0.1).name == "Second"
    made.refresh_from_db()
    seen = glue.get_ml_transform(transform_id=made.glue_transform_id)
    assert (made.name, made.precision_recall) == (seen.name, seen.parameters.precision_recall) == ("Second", 0.8)


def test_saving_a_page_that_is_out_of_date_changes_only_what_was_changed_there(people: Cast, client: Client) -> None:
    made = create(people, stage(people))
    client.force_login(people.admin)
    address = reverse("labeling:transform-edit", args=[made.pk])
    form = client.get(address).context["form"]
    shown = {field.html_name: field.value() for field in form}
    seen = {field.html_initial_name: field.value() for field in form}
    update_transform(
        transform=made,
        user=people.admin,
        name="Clients",
        precision_recall=0.1,
        accuracy_cost=made.accuracy_cost,
        enforce_provided_labels=False,
    )
    assert client.post(address, {**seen, **shown, "accuracy_cost": "0.8"}).status_code == 302
    made.refresh_from_db()
    changed = (made.name, made.precision_recall, made.enforce_provided_labels, made.accuracy_cost)
    assert changed == ("Clients", 0.1, False, 0.8)
