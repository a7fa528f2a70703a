"""What a table's parameters say about its files."""

from __future__ import annotations

import pytest

from tableformats import ESCAPED_CSV, FormatError, TableFormat, is_gzipped, table_format

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


@pytest.mark.parametrize(
    ("serde", "parameters", "expected"),
    [
        ("", {"classification": "csv"}, TableFormat("csv")),
        ("", {"classification": "Parquet", "skip.header.line.count": "one"}, TableFormat("parquet")),
        ("", {}, TableFormat("csv", "\x01")),
        ("", {"classification": "UNKNOWN"}, TableFormat("csv", "\x01")),
        (LAZY, {}, TableFormat("csv", "\x01", null="\\N")),
        (LAZY, {"classification": "csv"}, TableFormat("csv", null="\\N")),
        (LAZY, {"field.delim": r"\001", "escape.delim": "\\"}, TableFormat("csv", "\x01", escape="\\", null="\\N")),
        (LAZY, {"field.delim": r"\t", "serialization.null.format": ""}, TableFormat("csv", "\t")),
        ("", {"classification": "csv", "delimiter": r"\u007C"}, TableFormat("csv", "|")),
        (OPEN_CSV, {}, TableFormat("csv", escape="\\")),
        (OPEN_CSV, {"escapeChar": '"'}, TableFormat("csv", escape="\\")),
        (OPEN_CSV, {"escapeChar": "\0"}, TableFormat("csv")),
        (OPEN_CSV, {"separatorChar": ";", "quoteChar": "'", "escapeChar": "^"}, TableFormat("csv", ";", "'", "^")),
        ("", {"classification": "csv", "escapeChar": '"'}, TableFormat("csv")),
        ("", {"classification": "csv", "skip.header.line.count": " 2 "}, TableFormat("csv", header_lines=2)),
        ("org.openx.data.jsonserde.JsonSerDe", {}, TableFormat("json")),
    ],
)
def test_the_parameters_that_crawlers_and_people_write(
    serde: str, parameters: dict[str, str], expected: TableFormat
) -> None:
    assert table_format(parameters, serde=serde) == expected


@pytest.mark.parametrize(
    ("parameters", "code", "said"),
    [
        ({"classification": "orc"}, "kind", "not as 'orc'"),
        ({"table_type": "ICEBERG"}, "kind", "not as 'iceberg'"),
        ({"delimiter": "||"}, "delimiter", r"delimiter is '\|\|'"),
        ({"delimiter": "¦"}, "delimiter", "one ASCII character"),
        ({"delimiter": "\n"}, "delimiter", "one ASCII character"),
        ({"quoteChar": "''"}, "quote", "one ASCII character"),
        ({"quoteChar": ","}, "quote", "other than the delimiter"),
        ({"escapeChar": "ab"}, "escape", "one ASCII character"),
        ({"skip.header.line.count": "one"}, "header_lines", "skip.header.line.count is 'one'; it must be a number"),
        ({"skip.header.line.count": "-1"}, "header_lines", "must be a number"),
        ({"skip.header.line.count": "9" * 5000}, "header_lines", "must be a number"),
        ({"skip.header.line.count": "²"}, "header_lines", "must be a number"),
    ],
)
def test_what_nobody_can_read_is_said(parameters: dict[str, str], code: str, said: str) -> None:
    with pytest.raises(FormatError, match=said) as caught:
        table_format(parameters if code == "kind" else {"classification": "csv", **parameters})
    assert caught.value.code == code


def test_unknown_serdes_and_input_formats() -> None:
    with pytest.raises(FormatError, match="OrcSerde".lower()):
        table_format({}, serde="org.apache.hadoop.hive.ql.io.orc.OrcSerde")
    found = table_format({}, input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat")
    assert found.kind == "parquet"


def test_a_first_record_with_the_names_is_a_header() -> None:
    names = ["id", "Name"]
    assert TableFormat("csv").is_header(0, ["ID", " name"], names)
    assert not TableFormat("csv").is_header(1, ["id", "Name"], names)
    assert ESCAPED_CSV.is_header(0, ["a", "b"], names)


def test_packed_files() -> None:
    assert [is_gzipped(name) for name in ("a.csv.GZ", "a.gzip", "a.csv", "gz")] == [True, True, False, False]
