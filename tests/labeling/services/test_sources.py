from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import gzip
import hashlib
import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from accounts.models import Team, User
from labeling.aws import storage
from labeling.aws.data_catalog import Column
from labeling.exceptions import InvalidSourceError
from labeling.models import SourceFile
from labeling.services import tables
from labeling.services.catalog import CatalogTable
from labeling.services.sources import (
    SourcePreview,
    preview_table,
    stage_source,
    staged_preview,
    table_pieces,
)
from tableformats import TableFormat, table_format
from tests.labeling.builders import cast


class SeenError(Exception):
    """In place of what is wrong with a table, so that it is looked at as ever, and nothing is kept."""

    def __init__(self, found: SourcePreview) -> None:
        self.found = found


def preview(content: bytes, name: str = "people.csv") -> SourcePreview:
    """What there is to see of a file that is brought."""

    def stop(found: SourcePreview) -> None:
        raise SeenError(found)

    with pytest.raises(SeenError) as seen:
        stage_source(team=Team(), user=User(), file=SimpleUploadedFile(name, content), check=stop)
    return seen.value.found


def parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def test_csv_is_described() -> None:
    found = preview(b'id,name,city\n1,"Ann, ""A"" \nB",Paris\n2,Bob,\n3,Ann,Paris\n')
    assert (found.format, found.row_count) == ("csv", 3)
    assert found.rows[0] == ("1", 'Ann, "A" \nB', "Paris")
    assert [(column.name, column.data_type, column.distinct, column.blank) for column in found.columns] == [
        ("id", "string", 3, 0),
        ("name", "string", 3, 0),
        ("city", "string", 1, 1),
    ]
    assert found.key_candidates == ["id", "name"]
    assert found.suggested_key == "id"
    assert "1 row has no value" in found.problem_with_key("city")
    assert found.problem_with_key("shoe size")


def test_a_key_must_be_unique_and_spaces_are_blank() -> None:
    found = preview(b"id,code\n1,a\n1, \n2,b\n")
    assert "2 of 3" in found.problem_with_key("id")
    assert "no value" in found.problem_with_key("code")
    assert found.suggested_key is None


def test_numbers_that_look_equal_are_different_keys() -> None:
    assert preview(b"id,n\n1,a\n01,b\n1.0,c\n").problem_with_key("id") == ""


def test_suggested_key_is_named_like_one() -> None:
    assert preview(b"name,customer_id\na,1\nb,2\n").suggested_key == "customer_id"


def test_bom_is_no_part_of_the_first_name() -> None:
    assert preview(b"\xef\xbb\xbfid,name\n1,a\n").columns[0].name == "id"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_line_ends(ending: bytes) -> None:
    lines = [b"id,name", b"1,a", b"2,b"]
    assert preview(ending.join(lines)).rows == (("1", "a"), ("2", "b"))
    assert preview(ending.join([b"", b"", *lines])).rows == (("1", "a"), ("2", "b")), "blank lines before the header"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"id,name\n1,Jos\xe9\n2,\x81\n", "Line 3: The byte 0x81 is no text in UTF-8 or Windows-1252"),
        ("id,name\n1,é\n2,ü\n3,€".encode()[:-1], "Line 4: The byte 0xe2 is no text in UTF-8 here"),
        (b"id,name\n1,a\n2\n3,c\n", r"Line 3 has 1 cell; the header has 2\."),
        (b"id,name\n1,a,x\n", r"Line 2 has 3 cells; the header has 2\."),
        (b"id,name\n\n1,a\n\n\n2\n3\n", "Line 6 has 1 cell;"),
        (b"\n\nid,name\n1,a\n2\n", "Line 5 has 1 cell;"),
        (b"\n\n", "has no header"),
        (b"id," + b"n" * 256 + b"\n1,a\n", "The name of column 2 has 256 characters; Glue accepts 255 at most"),
        (b'id,"first\nname"\n1,a\n', "The name of column 2 contains a line break"),
        (b"id,na\x07me\n1,a\n", "The name of column 2 contains a control character"),
        (b'id,name\n1,"a\nb\r\nc"\n\n2,b,c\n', "Line 6 has 3 cells;"),
        (b"id,name\n1," + b"x" * (17 << 20), "a row is longer than 8 MB"),
        (b"id;name\n1;a;b\n", "Line 2 has 3 cells; the header has 2"),
        (b'id|name, "first|x"\n1|Meier, Karl\n', "Both commas and vertical bars could separate the cells"),
        (b"id\tname, first\n", "Both commas and tabs could separate the cells"),
        (b"id,lat;lon\n1,3;4\n", "Both commas and semicolons could .* Put the names of the columns in quotes"),
        (b"id,\n1,a\n", "Column 2 has no name"),
        (b"id,Name,name\n1,a,b\n", "Name and name differ only in case"),
        (b"id,name,name\n1,a,b\n", "More than one column is called name"),
        (b"id,label\n1,a\n", "cannot be called label: .* Give the column another name"),
        (b"id,Labeling_Set_ID\n1,a\n", "cannot be called labeling_set_id"),
        (",".join(f"c{n}" for n in range(101)).encode() + b"\n" + b"," * 100 + b"\n", "101 columns"),
        (b"PK\x03\x04\0\0\0\0", "neither CSV nor Parquet"),
        (b"i\0d\0,\0n\0\n\0001\0,\0a\0", "neither CSV nor Parquet"),
        (b'id,name\n1,"a\nb"\n2,c\0\n', "Line 4, column name: The cell contains a NUL"),
        (b"id,name\n" + b"1,%s\n" % (b"x" * 5000) + b"2\0,c\n", "Line 3, column id: The cell contains a NUL"),
        (b"id,na\0me\n1,a\n", "Line 1, column na�me: The cell contains a NUL"),
        (b"PAR1 and nothing more", "cannot be read as Parquet"),
        (b'id,name\n1,a\n2,"b\n3,c\n', "From line 3 on, the file cannot be read"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, said: str) -> None:
    with pytest.raises(InvalidSourceError, match=said):
        preview(content)


@pytest.mark.parametrize(
    "content",
    [b'id,"a;b|c"\n1,x;y|z\n', b"id,lat;lon\n1,near Ulm\n", b"id,name|alias\n1,a|b|c\n", b"a,b,c;d\n1,2,3;4\n"],
)
def test_other_marks_in_a_file_with_commas_are_text(content: bytes) -> None:
    assert preview(content).row_count == 1


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b"id;name;price\r\n1;Ann;1,50\r\n", ("1", "Ann", "1,50")),  # Excel where the comma is the decimal sign
        (b"id;name, vorname;ort\n1;Meier, Karl;Ulm\n", ("1", "Meier, Karl", "Ulm")),
        (b'id\t"a, b"\tc\n1\tx\t"y\tz"\n', ("1", "x", "y\tz")),
        (b"id|name|city\n1|Ann|\n", ("1", "Ann", "")),
    ],
)
def test_cells_are_separated_as_spreadsheets_do_it(content: bytes, row: tuple[str, ...]) -> None:
    found = preview(content)
    assert found.rows == (row,)
    assert found.columns[0].name == "id"


def test_the_line_is_right_beyond_the_first_chunk_and_across_chunks() -> None:
    line = b"1," + b"x" * 97 + b"\n"  # 100 bytes
    good = b"id,name\n" + line * 12_000
    with pytest.raises(InvalidSourceError, match="Line 12002:"):
        preview(good + b"2,\x81\n")
    # A character whose bytes lie on both sides of a chunk's end is no error.
    padded = b"id,name\n" + b"1," + b"x" * (1024 * 1024 - 11) + "é\n".encode()
    assert preview(padded).row_count == 1


def test_no_rows_is_no_key() -> None:
    found = preview(b"id,name\n")
    assert found.row_count == 0
    assert "no rows" in found.problem_with_key("id")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": ["1", "2", "3"], "name": [None, "a", "b\0"]}, "Row 3, column name: The cell contains a NUL"),
        ({"id": ["1", "2", "3"], "name": pa.array(["a", "b\0", "a"]).dictionary_encode()}, "Row 2, column name"),
        ({"id": ["1"], "na\0me": ["a"]}, "The name of column 2 contains a NUL"),
    ],
    ids=["a cell", "a repeated cell", "a name"],
)
def test_parquet_says_where_a_nul_is(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSourceError, match=said):
        preview(parquet(pa.table(columns)), "people.parquet")


def test_parquet_keeps_its_types() -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "small": pa.array([1, None], pa.int16()),
            "name": ["a", ""],
            "price": pa.array([Decimal("1.50"), Decimal("2.00")], pa.decimal128(10, 2)),
            "seen": [dt.date(2026, 1, 2), None],
            "ratio": pa.array([0.5, 0.25]),
            "flag": [True, False],
            "kind": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    found = preview(parquet(table), "people.parquet")
    assert found.format == "parquet"
    assert [column.data_type for column in found.columns] == [
        "bigint",
        "int",
        "string",
        "decimal(10,2)",
        "date",
        "double",
        "boolean",
        "string",
    ]
    assert found.rows[1] == ("2", "", "", "2.00", "", "0.25", "false", "y")
    assert found.key_candidates == ["id", "price", "ratio", "flag", "kind"]


def test_a_header_alone_is_a_table_without_rows_whether_or_not_its_line_ends() -> None:
    for content in (b"id,name", b"id,name\n", b"\xef\xbb\xbfid;name", b"\nid,name"):
        found = preview(content)
        assert [column.name for column in found.columns] == ["id", "name"]
        assert [column.problem for column in found.columns] == ["The table has no rows."] * 2


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (pa.array([1_600_000_000_123_456_789], pa.timestamp("ns")), "2020-09-13 12:26:40.123456789"),
        (pa.array([400_000_000_000], pa.timestamp("s")), "14645-06-30 15:06:40.000"),
        (pa.array([-63_000_000_000], pa.timestamp("s", "UTC")), "-0027-08-11 08:00:00.000Z"),
        (pa.array([10_000_000], pa.date32()), "29349-01-26"),
        (pa.array([1.0]), "1"),
    ],
    ids=["nanoseconds", "year 14645", "before Christ", "date after 9999", "whole number"],
)
def test_values_of_parquet_are_shown_as_in_label_files_those_that_python_has_no_words_for_too(
    column: pa.Array, shown: str
) -> None:
    assert preview(parquet(pa.table({"id": [1], "value": column}))).rows == (("1", shown),)


def test_the_last_day_of_timestamps_as_spark_writes_them_is_no_other_day() -> None:
    stream = io.BytesIO()
    table = pa.table({"id": [1], "until": pa.array([dt.datetime(9999, 12, 31, tzinfo=dt.UTC)], pa.timestamp("us"))})
    pq.write_table(table, stream, use_deprecated_int96_timestamps=True)
    assert preview(stream.getvalue()).rows == (("1", "9999-12-31 00:00:00.000000"),)


@pytest.mark.parametrize("use_dictionary", [True, False], ids=["repeated", "plain"])
def test_text_of_parquet_that_is_no_text_is_refused(use_dictionary: bool) -> None:
    content = pa.array([b"caf\xe9", b"tea"] * 40)
    names = pa.Array.from_buffers(pa.string(), len(content), content.buffers())
    stream = io.BytesIO()
    pq.write_table(pa.table({"id": range(len(content)), "name": names}), stream, use_dictionary=use_dictionary)
    with pytest.raises(InvalidSourceError, match="Column name holds text that is not UTF-8"):
        preview(stream.getvalue())


def test_times_of_a_zone_that_nobody_knows_are_refused() -> None:
    table = pa.table({"id": [1], "seen": pa.array([0], pa.timestamp("s", "Mars/Base"))})
    with pytest.raises(InvalidSourceError, match="Cannot locate or parse timezone 'Mars/Base'"):
        preview(parquet(table))


def test_parquet_with_nested_columns_is_refused() -> None:
    with pytest.raises(InvalidSourceError, match="Column tags holds values of type list"):
        preview(parquet(pa.table({"id": [1], "tags": [["a", "b"]]})))


@pytest.mark.django_db
def test_staging_keeps_the_file_and_its_preview(s3_server: str) -> None:
    people = cast()
    content = b"id,name\n1,Ann\n2,\xc3\x89va\n"
    upload = SimpleUploadedFile("../../Kunden \u202e 2026.csv", b"\xef\xbb\xbf" + content)
    source = stage_source(team=people.team, user=people.admin, file=upload)
    assert source.key == f"sources/{source.pk}/data.csv"
    kept = b'"id","name"\n"1","Ann"\n"2","\xc3\x89va"\n'
    assert storage.read_uri(storage.our_uri(source.key)) == kept
    assert (source.size, source.sha256, source.row_count) == (len(kept), hashlib.sha256(kept).hexdigest(), 2)
    assert staged_preview(source=SourceFile.objects.get(pk=source.pk)) == preview(content)


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_a_file_is_kept_in_utf8_whatever_a_spreadsheet_wrote(s3_server: str, encoding: str) -> None:
    people = cast()
    plain = "".join(f"{number};Ann;Ulm\r\n" for number in range(30))
    content = f"id;name;city\r\n{plain}30;Zoë;Ulm\r\n31;Ann;5 €\r\n".encode(encoding)
    file = SimpleUploadedFile("people.csv", content)
    source = stage_source(team=people.team, user=people.admin, file=file, columns=["id", "city"])
    assert storage.read_uri(storage.our_uri(source.key)).endswith('"29","Ulm"\n"30","Ulm"\n"31","5 €"\n'.encode())
    found = staged_preview(source=SourceFile.objects.get(pk=source.pk))
    assert found.rows[0] == ("0", "Ulm")
    # What was assumed is shown where it can be judged, below the first rows and in the columns that are kept.
    assumed = ("cp1252", (("31", "5 €"),)) if encoding == "cp1252" else ("", ())
    assert (found.assumed_encoding, found.assumed_rows) == assumed


@pytest.mark.django_db
def test_nothing_is_kept_of_a_bad_or_large_file(s3_server: str, settings: Settings) -> None:
    people = cast()
    before = len(storage.list_objects(storage.our_uri("sources/")))
    for content, said in ((b"id\n\x81\n", "Line 2"), (b"id\n1\n2\n", "one column; matching needs")):
        with pytest.raises(InvalidSourceError, match=said):
            stage_source(team=people.team, user=people.admin, file=SimpleUploadedFile("a.csv", content))
    settings.MAX_SOURCE_BYTES = 10
    with pytest.raises(InvalidSourceError, match="larger than"):
        stage_source(team=people.team, user=people.admin, file=SimpleUploadedFile("a.csv", b"id,name\n1,a\n2,b\n"))
    assert not SourceFile.objects.exists()
    assert len(storage.list_objects(storage.our_uri("sources/"))) == before


def catalog_table(location: str, **parameters: str) -> CatalogTable:
    columns = (Column("id", "string"), Column("name", "string"))
    layout = table_format(parameters)
    return CatalogTable("db", "people", location, layout.kind, columns, layout)


def test_a_catalog_table_is_read_from_all_its_files(s3_server: str) -> None:
    folder = storage.our_uri("elsewhere/csv/")
    storage.overwrite("elsewhere/csv/a.csv", b"id|name\n1|a\n")
    storage.overwrite("elsewhere/csv/b.csv", b"id|name\n2|b\n1|c\n")
    storage.overwrite("elsewhere/csv/_SUCCESS", b"")
    parameters = {"classification": "csv", "skip.header.line.count": "1", "delimiter": "|"}
    found = preview_table(table=catalog_table(folder, **parameters))
    assert (found.row_count, found.key_candidates) == (3, ["name"])


def test_a_catalog_table_with_a_column_that_label_files_have_is_refused(s3_server: str) -> None:
    storage.overwrite("elsewhere/label/a.csv", b"1,a\n")
    table = catalog_table(storage.our_uri("elsewhere/label/"), classification="csv")
    table = replace(table, columns=(Column("id", "string"), Column("label", "string")))
    with pytest.raises(InvalidSourceError, match="A column cannot be called label"):
        preview_table(table=table)


def test_a_catalog_table_over_parquet(s3_server: str) -> None:
    storage.overwrite("elsewhere/parquet/a.parquet", parquet(pa.table({"id": [1, 2], "name": ["a", "b"]})))
    found = preview_table(table=catalog_table(storage.our_uri("elsewhere/parquet"), classification="parquet"))
    assert (found.row_count, found.suggested_key) == (2, "id")


def test_of_a_catalog_table_over_parquet_only_its_own_columns_are_shown(s3_server: str) -> None:
    rows = pa.table({"tags": [["x"], []], "NAME": ["a", "b"], "label": ["", ""], "ID": [1, 2]})
    storage.overwrite("elsewhere/more/a.parquet", parquet(rows))
    table = catalog_table(storage.our_uri("elsewhere/more"), classification="parquet")
    found = preview_table(table=table)
    assert (found.column_names, found.rows) == (["id", "name"], (("1", "a"), ("2", "b")))
    with pytest.raises(InvalidSourceError, match="lacks columns of the table: city"):
        preview_table(table=replace(table, columns=(*table.columns, Column("city", "string"))))


def test_a_column_that_is_not_the_same_in_all_files_of_a_catalog_table_is_named(s3_server: str) -> None:
    for file, key in (("a", pa.int64()), ("b", pa.int32())):
        rows = pa.table({"id": pa.array([1, 2], key), "name": ["a", "b"]})
        storage.overwrite(f"elsewhere/kinds/{file}.parquet", parquet(rows))
    with pytest.raises(InvalidSourceError, match="Column id is bigint in one file of the table and int in another"):
        preview_table(table=catalog_table(storage.our_uri("elsewhere/kinds"), classification="parquet"))


def test_a_catalog_table_is_read_by_its_parameters(s3_server: str) -> None:
    folder = storage.our_uri("elsewhere/odd/")
    storage.overwrite("elsewhere/odd/a.csv", b"ID\tName\n1\t'it\\'s'\n2\tNULL\n")
    storage.overwrite("elsewhere/odd/b.csv.gz", gzip.compress(b"3\t'a\tb'\n"))
    parameters = {"classification": "csv", "field.delim": r"\t", "quoteChar": "'", "escapeChar": "\\"}
    table = catalog_table(folder, **parameters, **{"serialization.null.format": "NULL"})
    found = preview_table(table=table)
    # The first line is a header because it repeats the names.
    assert found.rows == (("1", "it's"), ("2", ""), ("3", "a\tb"))
    assert "1 row has no value" in found.problem_with_key("name")
    assert [row for piece in table_pieces(table=table) for row in piece.to_pylist()][1] == {"id": "2", "name": None}


def test_an_escaped_null_is_a_null_and_an_escaped_escape_is_text(
    s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_CHUNK", 16)
    folder = storage.our_uri("elsewhere/nulls/")
    storage.overwrite("elsewhere/nulls/a.csv", b'1,\\N\r\n2,\\\\N\r\n3,"x\\N,\\N"\r\n4,a\\,b\r\n5,N\r\n6,\\\\\\N')
    parameters = {"classification": "csv", "escape.delim": "\\", "serialization.null.format": "\\N"}
    pieces = table_pieces(table=catalog_table(folder, **parameters))
    names = [row["name"] for piece in pieces for row in piece.to_pylist()]
    assert names == [None, "\\N", "xN,N", "a,b", "N", "\\N"]


def test_packed_files_are_not_unpacked_without_end(s3_server: str, settings: Settings) -> None:
    storage.overwrite("elsewhere/packed/a.csv.gz", gzip.compress(b"1,a\n" * 1_000_000))
    table = catalog_table(storage.our_uri("elsewhere/packed/"), classification="csv")
    settings.MAX_SOURCE_BYTES = 1024 * 1024
    with pytest.raises(InvalidSourceError, match="larger than 1 MB"):
        preview_table(table=table)
    storage.overwrite("elsewhere/packed/a.csv.gz", gzip.compress(b"1,a\n" * 1000)[:-9])
    with pytest.raises(InvalidSourceError, match=r"a\.csv\.gz cannot be unpacked"):
        preview_table(table=table)


def test_a_catalog_table_of_a_key_alone_cannot_be_used(s3_server: str) -> None:
    storage.overwrite("elsewhere/key/a.csv", b"1\n2\n")
    table = catalog_table(storage.our_uri("elsewhere/key/"), classification="csv")
    with pytest.raises(InvalidSourceError, match="one column; matching needs"):
        preview_table(table=dataclasses.replace(table, columns=table.columns[:1]))


def test_a_catalog_table_without_files_cannot_be_used(s3_server: str) -> None:
    with pytest.raises(InvalidSourceError, match="no files"):
        preview_table(table=catalog_table(storage.our_uri("nowhere/"), classification="csv"))


def test_a_table_in_pieces_is_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_BLOCK", 64)
    rows = [(str(number), f'name "{number}"\nsecond line, Zoë', "") for number in range(50)]
    text = io.StringIO()
    csv.writer(text).writerows([("id", "name", "note"), *rows])
    layout = TableFormat("csv", header_lines=1)
    found = list(tables.open_pieces(io.BytesIO(text.getvalue().encode()), layout).batches)
    assert len(found) > 1
    assert [tuple(row.values()) for piece in found for row in piece.to_pylist()] == rows

    columns = {"id": pa.array([1, 2]), "city": pa.array(["Rome", None]).dictionary_encode()}
    stored = io.BytesIO(parquet(pa.table(columns)))
    found = list(tables.open_pieces(stored, TableFormat("parquet")).batches)
    assert len(found) > 1
    texts = [[tables.as_text(column).to_pylist() for column in piece.columns] for piece in found]
    assert texts == [[["1"], ["Rome"]], [["2"], [None]]]

    with pytest.raises(InvalidSourceError, match="has 3 cells"):
        list(tables.open_pieces(io.BytesIO(b"id,name\n1,a\n2,b,c\n"), layout).batches)


def test_facts_are_those_of_the_whole_table_whatever_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_BLOCK", 256)
    rows = "".join(f"{number},n{number % 7},{' ' * (number % 3)}\n" for number in range(1000))
    found = preview(f"id,name,note\n{rows}".encode())
    assert [(column.distinct, column.blank) for column in found.columns] == [(1000, 0), (7, 0), (0, 1000)]
    monkeypatch.setattr(tables, "_BLOCK", 16_384)
    stored = pa.table({"id": range(200_000), "word": [["a", "b", " ", None][number % 4] for number in range(200_000)]})
    found = preview(parquet(stored), "t.parquet")
    assert [(column.distinct, column.blank) for column in found.columns] == [(200_000, 0), (2, 100_000)]


def test_a_small_file_that_unpacks_to_a_large_table_is_refused_in_little_memory(settings: Settings) -> None:
    settings.MAX_SOURCE_BYTES = 64 * 1024 * 1024
    word = pa.array(["x" * 1000])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), word)
    content = parquet(pa.table({"id": range(1_000_000), "text": column}))
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(InvalidSourceError, match="more than 64 MB of text"):
        preview(content, "t.parquet")
    assert pa.default_memory_pool().max_memory() - before < 200 * 1024 * 1024  # written out it would be 1000 MB

    settings.MAX_SOURCE_BYTES = len(content)
    with pytest.raises(InvalidSourceError, match=r"when unpacked; the portal reads \d MB at most"):
        preview(content, "t.parquet")


@pytest.mark.parametrize(
    "content", [b"id,n\n1,\n2,\n3,\n4,\n", parquet(pa.table({"id": [1, 2, 3, 4], "n": [1, 1, 1, 1]}))]
)
def test_too_many_rows_are_refused(content: bytes, settings: Settings) -> None:
    settings.MAX_SOURCE_ROWS = 4
    assert preview(content).row_count == 4
    settings.MAX_SOURCE_ROWS = 3
    with pytest.raises(InvalidSourceError, match="more than 3 rows"):
        preview(content)
