"""Newer rows for an uploaded table, at the real localglue."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeling.aws import glue, storage
from labeling.choices import RunKind, RunStatus
from labeling.exceptions import GlueError, InvalidSourceError, RunConflictError
from labeling.models import SourceFile, TaskRun, Transform
from labeling.services.catalog import catalog_table
from labeling.services.source_rows import find_rows
from labeling.services.sources import preview_table, stage_source, staged_preview
from labeling.services.table_versions import TableChange, compare_rows, replace_rows, stage_rows
from labeling.services.transforms import create_transform
from tests.labeling.builders import Cast, cast, finished_run, question_set
from tests.support.servers import Services

OLD = b"id,name,city\n1,Ann,Paris\n2,Bob,\n3,Cy,Rome\n"
NEW = b'City,extra,id,name\nRome,x,3,Cyrus\nOslo,y,4,"Di, ""D"""\nBath,z,5,Ed\n'


@pytest.fixture
def people(services: Services) -> Cast:
    return cast()


@pytest.fixture
def customers(people: Cast) -> Transform:
    return made(people, "Customers", stage_source(team=people.team, user=people.admin, file=upload(OLD)))


def upload(content: bytes, name: str = "customers.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def made(people: Cast, name: str, source: SourceFile, primary_key: str = "id") -> Transform:
    return create_transform(
        team=people.team,
        user=people.admin,
        name=name,
        source=source,
        preview=staged_preview(source=source),
        primary_key=primary_key,
        precision_recall=0.5,
        accuracy_cost=0.5,
    )


def rows_at_glue(transform: Transform) -> tuple[tuple[str, ...], ...]:
    table = catalog_table(team=transform.team, database=transform.database_name, table=transform.table_name)
    return preview_table(table=table).rows


def test_a_newer_file_takes_the_place_of_the_one_before(people: Cast, customers: Transform) -> None:
    [question] = question_set(customers, people.lead, [3], first_key=1)
    for row, key in zip(question.rows.all(), ("1", "2", "3"), strict=True):
        type(row).objects.filter(pk=row.pk).update(key=key)
    before, old = rows_at_glue(customers), customers.source_file
    source = stage_rows(transform=customers, user=people.admin, file=upload(NEW, "customers-june.csv"))
    change = compare_rows(transform=customers, source=source)
    assert (change, change.stay) == (TableChange(before=3, after=3, new=2, gone=2, asked_gone=2), 1)
    assert rows_at_glue(customers) == before, "so far nobody has said that it shall be"

    replace_rows(transform=customers, user=people.admin, source=source)
    assert rows_at_glue(customers) == (("3", "Cyrus", "Rome"), ("4", 'Di, "D"', "Oslo"), ("5", "Ed", "Bath"))
    customers.refresh_from_db()
    assert customers.source_file == source
    assert find_rows(transform=customers, keys=["1", "3"]).records == {"3": ("3", "Cyrus", "Rome")}
    seen = glue.get_ml_transform(transform_id=customers.glue_transform_id)
    assert [column.name for column in seen.schema] == customers.column_names == ["id", "name", "city"]
    assert old is not None
    assert storage.list_objects(storage.our_uri(old.key)), "the file of before is kept"
    replace_rows(transform=customers, user=people.admin, source=source)  # as after an interruption


def test_cells_with_line_breaks_change_the_format_and_nothing_else(people: Cast, customers: Transform) -> None:
    content = b'id,name,city\n1,"Ann\nB.",Paris\n9,Zoe,\n'
    source = stage_rows(transform=customers, user=people.admin, file=upload(content))
    assert source.format == "parquet"
    replace_rows(transform=customers, user=people.admin, source=source)
    assert rows_at_glue(customers) == (("1", "Ann\nB.", "Paris"), ("9", "Zoe", ""))


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([1, 2], pa.int64()), "name": ["a", "b"], "city": ["x", "y"]}), stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id,name,town\n1,Ann,Paris\n", "lacks columns of the table: city. It has: id, name, town."),
        (b"id,name,city\n1,Ann,\n1,Bob,\n", "id is the primary key, .* Only 1 of 2 values are different."),
        (b"id,name,city\n,Ann,\n1,Bob,\n", "id is the primary key, .* 1 row has no value here."),
        (b"id,name,city\n", "The table has no rows."),
        (b"id,name,city\n1,Ann\n", "Line 2 has 2 cells; the header has 3."),
        (parquet(), "Column id is bigint in this file and string in the table."),
        (b"id,name,city,City\n1,a,b,c\n", "More than one column of the file could be the column city of the table"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_leaves_nothing(
    people: Cast, customers: Transform, content: bytes, said: str
) -> None:
    kept = storage.list_objects(storage.our_uri("sources/"))
    with pytest.raises(InvalidSourceError, match=said):
        stage_rows(transform=customers, user=people.admin, file=upload(content))
    assert storage.list_objects(storage.our_uri("sources/")) == kept
    assert SourceFile.objects.get() == customers.source_file


@pytest.mark.parametrize(
    "header",
    [b"id,name,city,", b"id,name,city,label", b'id,name,city,"two\nlines"', b"note,id,name,city,Note"],
    ids=["no name", "reserved", "line break", "same name twice"],
)
def test_what_is_left_out_of_a_newer_file_may_be_called_what_it_likes(
    people: Cast, customers: Transform, header: bytes
) -> None:
    place = header.split(b",").index(b"id")
    row = [b"x"] * place + [b"7", b"Ann", b"Rome"]
    row += [b"y"] * (header.count(b",") + 1 - len(row))
    source = stage_rows(transform=customers, user=people.admin, file=upload(header + b"\n" + b",".join(row) + b"\n"))
    replace_rows(transform=customers, user=people.admin, source=source)
    assert rows_at_glue(customers) == (("7", "Ann", "Rome"),)


def test_columns_of_parquet_that_are_left_out_may_hold_what_no_cell_can(people: Cast, customers: Transform) -> None:
    stream = io.BytesIO()
    columns = {"tags": [["a", "b"]], "id": ["7"], "name": ["Ann"], "city": ["Rome"], "Tags": [{"a": 1}]}
    pq.write_table(pa.table(list(columns.values()), names=list(columns)), stream)
    source = stage_rows(transform=customers, user=people.admin, file=upload(stream.getvalue()))
    replace_rows(transform=customers, user=people.admin, source=source)
    assert rows_at_glue(customers) == (("7", "Ann", "Rome"),)
    customers.refresh_from_db()
    assert find_rows(transform=customers, keys=["7"]).records == {"7": ("7", "Ann", "Rome")}


def test_files_of_other_transforms_do_not_fit(people: Cast, customers: Transform) -> None:
    other = stage_source(team=people.team, user=people.admin, file=upload(b"key,title\n1,A\n"))
    for work in (compare_rows, lambda **named: replace_rows(user=people.admin, **named)):
        with pytest.raises(InvalidSourceError, match="not uploaded for this transform"):
            work(transform=customers, source=other)


def test_not_under_a_run(people: Cast, customers: Transform) -> None:
    before = rows_at_glue(customers)
    run = finished_run(customers, people.lead, RunKind.FIND_MATCHES)
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING)
    source = stage_rows(transform=customers, user=people.admin, file=upload(NEW))
    with pytest.raises(RunConflictError, match="A run is under way that may read the table"):
        replace_rows(transform=customers, user=people.admin, source=source)
    assert rows_at_glue(customers) == before


def test_all_transforms_over_the_table_read_the_new_rows(people: Cast, customers: Transform) -> None:
    assert customers.source_file is not None
    by_name = made(people, "By name", customers.source_file, primary_key="name")
    source = stage_rows(transform=customers, user=people.admin, file=upload(b"id,name,city\n1,Ann,\n2,Ann,\n"))
    with pytest.raises(InvalidSourceError, match="name is the primary key"):
        replace_rows(transform=customers, user=people.admin, source=source)
    source = stage_rows(transform=customers, user=people.admin, file=upload(NEW))
    replace_rows(transform=customers, user=people.admin, source=source)
    by_name.refresh_from_db()
    assert by_name.source_file == source


def test_glue_that_is_away_changes_nothing_and_can_be_asked_again(
    people: Cast, customers: Transform, services: Services
) -> None:
    source = stage_rows(transform=customers, user=people.admin, file=upload(NEW))
    services.kill("glue")
    with pytest.raises(GlueError):
        replace_rows(transform=customers, user=people.admin, source=source)
    customers.refresh_from_db()
    assert customers.source_file != source
    services.start("glue")
    replace_rows(transform=customers, user=people.admin, source=source)
    assert len(rows_at_glue(customers)) == 3


def test_a_catalog_table_is_filled_by_others(people: Cast, customers: Transform) -> None:
    Transform.objects.filter(pk=customers.pk).update(source_file=None)
    customers.refresh_from_db()
    with pytest.raises(InvalidSourceError, match="come from the catalog table"):
        stage_rows(transform=customers, user=people.admin, file=upload(NEW))


@pytest.mark.parametrize(
    "newer", [b"id, name ,city \n1,Ann,Oslo\n2,Bob,Rome\n", b"City,NAME,id\nOslo,Ann,1\nRome,Bob,2\n"]
)
def test_blanks_around_the_names_of_columns_do_not_matter(people: Cast, newer: bytes) -> None:
    content = b"id, name ,city \n1,Ann,Paris\n2,Bob,Rome\n"
    blanks = made(people, "Blanks", stage_source(team=people.team, user=people.admin, file=upload(content)))
    source = stage_rows(transform=blanks, user=people.admin, file=upload(newer))
    assert compare_rows(transform=blanks, source=source).stay == 2
    replace_rows(transform=blanks, user=people.admin, source=source)
    blanks.refresh_from_db()
    assert rows_at_glue(blanks) == (("1", "Ann", "Oslo"), ("2", "Bob", "Rome"))
    assert find_rows(transform=blanks, keys=["1"]).records == {"1": ("1", "Ann", "Oslo")}
