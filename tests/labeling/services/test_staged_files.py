"""Whoever reads the table of an uploaded file reads what the file says: the portal, localglue, and Hive's own SerDe, by whose rules Glue goes."""

from __future__ import annotations

import csv
import dataclasses
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from labeling.aws import clients, storage
from labeling.exceptions import InvalidSourceError
from labeling.models import SourceFile, Transform
from labeling.services.catalog import catalog_table
from labeling.services.sources import (
    preview_table,
    source_pieces,
    stage_source,
    table_pieces,
)
from labeling.services.staged_files import write_rows
from labeling.services.tables import open_pieces
from labeling.services.transforms import _CSV_STORAGE
from localglue import store
from localglue.tables import read_table
from tableformats import ESCAPED_CSV, TableFormat, table_format
from tests.labeling import builders
from tests.labeling.taught import transform_over
from tests.support.servers import Services

UPLOAD = TableFormat("csv", header_lines=1)
HEADER = ("id", "name", "the note")
AWKWARD = [
    ("K\\1", "\\", '"'),
    ("K\\\\1", '\\"', '"\\"'),
    ("K1", "x\\", ' "x"'),
    ("4", '","', "\\,"),
    ("5", "it's; 5\" pipe|\t", " blanks "),
    ("6", "", "Zoë \\N NULL \\n \U0001f600"),
    ("7", '""', "a\u2028b"),
]


def as_csv(*rows: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def staged(people: builders.Cast, content: bytes) -> SourceFile:
    return stage_source(team=people.team, user=people.admin, file=SimpleUploadedFile("people.csv", content))


def seen_by_localglue(made: Transform) -> list[tuple[str, ...]]:
    """Its null is an empty cell."""
    found = clients.glue().get_table(DatabaseName=made.database_name, Name=made.table_name)["Table"]
    schema = [{"Name": column["name"], "DataType": column["data_type"]} for column in made.columns]
    rows = read_table(cast("dict[str, Any]", found), schema).table.to_pylist()
    return [tuple(value or "" for value in row.values()) for row in rows]


@pytest.mark.parametrize(
    ("rows", "kind"), [(AWKWARD, "csv"), ([*AWKWARD, ("8", "two\nlines", '"\r\n\\"'), ("9", "\r", "")], "parquet")]
)
def test_the_table_says_what_the_file_says(
    services: Services, settings: Settings, tmp_path: Path, rows: list[tuple[str, ...]], kind: str
) -> None:
    settings.LOCALGLUE_DIR = tmp_path
    store.client.cache_clear()
    people = builders.cast()
    made = transform_over(people.team, people.admin, staged(people, as_csv(*rows)))
    assert seen_by_localglue(made) == rows
    assert made.source_file is not None
    table = catalog_table(team=people.team, database=made.database_name, table=made.table_name)
    assert table.format == kind
    for pieces in (source_pieces(source=made.source_file), table_pieces(table=table)):
        assert [tuple(value or "" for value in row.values()) for piece in pieces for row in piece.to_pylist()] == rows
    shown = preview_table(table=table)
    assert (shown.rows, shown.row_count) == (tuple(rows), len(rows))
    assert not shown.problem_with_key("id")


@pytest.mark.django_db
def test_a_file_from_before_is_read_as_it_lies_there_but_gets_no_table(s3_server: str) -> None:
    people = builders.cast()
    source = staged(people, as_csv(("K\\1", "", "")))
    storage.overwrite(source.key, as_csv(("K\\1", "", "")))
    SourceFile.objects.update(escaped=False)
    source.refresh_from_db()
    assert [row["id"] for piece in source_pieces(source=source) for row in piece.to_pylist()] == ["K\\1"]
    with pytest.raises(InvalidSourceError, match="Upload it again"):
        transform_over(people.team, people.admin, source)


def rewritten(content: bytes) -> bytes:
    target = io.BytesIO()
    write_rows(open_pieces(io.BytesIO(content), UPLOAD), target, has_line_breaks=False)
    return target.getvalue()


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=8)
ROWS = st.lists(st.tuples(CELLS.map(lambda cell: f"k{cell}"), CELLS, CELLS), max_size=6)


@settings(max_examples=60)
@given(ROWS)
def test_any_rows_stay_the_same(rows: list[tuple[str, ...]]) -> None:
    file = io.BytesIO(rewritten(as_csv(*rows)))
    found = [tuple(row.values()) for piece in open_pieces(file, ESCAPED_CSV).batches for row in piece.to_pylist()]
    assert found == rows


@pytest.fixture(scope="module")
def java() -> Iterator[Any]:
    """A Java machine with the libraries of Hive."""
    pyspark = pytest.importorskip("pyspark", reason="make install-spark")
    if shutil.which("java") is None:
        pytest.skip("Hive needs Java: apt install openjdk-17-jre-headless")
    from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway  # comes with PySpark

    jars = Path(pyspark.__file__).parent / "jars" / "*"
    port = launch_gateway(
        classpath=str(jars), javaopts=["--add-opens=java.base/java.net=ALL-UNNAMED"], die_on_exit=True
    )
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auto_convert=True))
    yield gateway.jvm
    gateway.shutdown()


def hive_reads(java: Any, parameters: dict[str, str], content: bytes) -> list[tuple[str, ...]]:
    """The records of a file after its first line, which TextInputFormat ends at each line break."""
    serde = java.org.apache.hadoop.hive.serde2.OpenCSVSerde()
    properties = java.java.util.Properties()
    for name, value in {"columns": ",".join(HEADER), "columns.types": "string:string:string", **parameters}.items():
        properties.setProperty(name, value)
    serde.initialize(java.org.apache.hadoop.conf.Configuration(), properties)
    lines = content.decode().replace("\r", "\n").split("\n")[1:-1]
    return [tuple(serde.deserialize(java.org.apache.hadoop.io.Text(line))) for line in lines]


def test_hive_reads_what_the_file_says(java: Any) -> None:
    declared = cast("dict[str, Any]", _CSV_STORAGE["SerdeInfo"])["Parameters"]
    assert hive_reads(java, declared, rewritten(as_csv(*AWKWARD))) == AWKWARD


@pytest.mark.parametrize("parameters", [{}, {"escapeChar": '"'}, {"escapeChar": "^"}, {"escapeChar": "\0"}])
def test_catalog_tables_are_read_as_hive_reads_them(java: Any, parameters: dict[str, str]) -> None:
    content = b'id,name,note\n"1","a\\\\b","x""y"\n"2","^^","^^x"\n'
    layout = table_format(parameters, serde=cast("dict[str, str]", _CSV_STORAGE["SerdeInfo"])["SerializationLibrary"])
    pieces = open_pieces(io.BytesIO(content), dataclasses.replace(layout, header_lines=1)).batches
    rows = [tuple(row.values()) for piece in pieces for row in piece.to_pylist()]
    assert rows == hive_reads(java, parameters, content)
