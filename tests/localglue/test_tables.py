"""Reading catalog tables from S3: formats, parameters of crawlers, and errors that name the place."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import resource
import select
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from localglue import store
from localglue.cell_types import is_plain
from localglue.tables import TableError, layout_of, read_files, read_table
from tests.localglue.conftest import table_input

Put = Callable[..., str]
COLUMNS = (("id", "int"), ("name", "string"), ("born", "date"))
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
JSON = "org.openx.data.jsonserde.JsonSerDe"


@pytest.fixture
def put(s3_server: str, settings: Any, tmp_path: Path) -> Put:
    """Writes files into a new folder; gives its address."""
    store.client.cache_clear()
    settings.LOCALGLUE_DIR = tmp_path
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    prefix = f"tables/{uuid.uuid4().hex}"

    def write(**files: bytes) -> str:
        for name, data in files.items():
            key = name.replace("__", "/").replace("_dot_", ".")
            client.put_object(Bucket="labelportal", Key=f"{prefix}/{key}", Body=data)
        return f"s3://labelportal/{prefix}/"

    return write


def table(location: str, *columns: tuple[str, str], serde: str = "", **parameters: str) -> dict[str, Any]:
    """A table with these SerDe parameters and nothing else to tell its format."""
    made = table_input("t", *(columns or COLUMNS), location=location)
    made["Parameters"] = {}
    made["StorageDescriptor"]["SerdeInfo"] = {"SerializationLibrary": serde, "Parameters": parameters}
    return made


def rows(definition: dict[str, Any], *names: str) -> list[tuple[str | None, ...]]:
    """The rows of a table; ``names`` is the schema of the transform if it is not that of the table."""
    columns = definition["StorageDescriptor"]["Columns"]
    schema = [{"Name": name, "DataType": ""} for name in names or [column["Name"] for column in columns]]
    found = read_table(definition, schema).table
    assert found.column_names == [column["Name"] for column in schema]
    return [tuple(row.values()) for row in found.to_pylist()]


EXPECTED = [("1", "Anna", "1980-01-31"), ("02", None, None)]


@pytest.mark.parametrize(
    ("data", "serde", "parameters"),
    [
        (b"id,name,born\n1,Anna,1980-01-31\n02,,\n", "", {}),
        (b"\n\r\nid,name,born\n1,Anna,1980-01-31\n02,,\n", "", {}),
        (b"\nid,name,born\n1,Anna,1980-01-31\n02,,\n", "", {"skip.header.line.count": "1"}),
        (b"\xef\xbb\xbfID,Name,Born\r\n1,Anna,1980-01-31\r\n02,,\r\n", "", {}),
        (b"1,Anna,1980-01-31\n02,,\n", "", {"classification": "csv"}),
        (b"a,b,c\n1,Anna,1980-01-31\n\n02,,", "", {"classification": "csv", "skip.header.line.count": "1"}),
        (b"1|Anna|1980-01-31\n02||\\N\n", LAZY, {"field.delim": "|"}),
        (b"1\x01Anna\x011980-01-31\n02\x01\\N\x01\n", LAZY, {}),
        (b"1\tAnna\t1980-01-31\n02\t\t\n", LAZY, {"field.delim": "\\t"}),
        (b"'1';'Anna';1980-01-31\n02;'';\n", OPEN_CSV, {"separatorChar": ";", "quoteChar": "'", "escapeChar": "\\"}),
        (b"1,Anna,1980-01-31\n02,NULL,\n", "", {"serialization.null.format": "NULL", "classification": "csv"}),
    ],
)
def test_csv_in_the_forms_that_crawlers_describe(put: Put, data: bytes, serde: str, parameters: dict[str, str]) -> None:
    if not serde and "classification" not in parameters:
        parameters = {"classification": "csv"}
    assert rows(table(put(a_dot_csv=data), serde=serde, **parameters)) == EXPECTED


def test_quoted_cells_hold_anything(put: Put) -> None:
    data = b'id,name\n1,"a,""b""\nc"\n2,x\n'
    definition = table(put(a_dot_csv=data), ("id", "string"), ("name", "string"), classification="csv")
    assert rows(definition) == [("1", 'a,"b"\nc'), ("2", "x")]


def test_an_escaped_null_is_a_null_and_an_escaped_escape_is_text(put: Put) -> None:
    data = b'1,\\N,N\r\n2,\\\\N,a\\N\r\n3,"x\\N,\\N",\\N\r\n4,a\\,b,\\\\\\N'
    columns = (("id", "string"), ("name", "string"), ("note", "string"))
    definition = table(put(a_dot_csv=data), *columns, serde=LAZY, **{"field.delim": ",", "escape.delim": "\\"})
    assert rows(definition) == [("1", None, "N"), ("2", "\\N", "aN"), ("3", "xN,N", None), ("4", "a,b", "\\N")]


def test_parquet_keeps_the_types_of_the_file(put: Put) -> None:
    stream = io.BytesIO()
    data = {"ID": [1, 2], "name": ["Anna", None], "born": pa.array([3682, None], pa.date32()), "more": [0.5, 1]}
    pq.write_table(pa.table(data), stream)
    definition = table(put(a_dot_parquet=stream.getvalue()), serde=PARQUET)
    assert rows(definition) == [("1", "Anna", "1980-01-31"), ("2", None, None)]


def test_the_last_day_of_timestamps_as_spark_writes_them_is_no_other_day(put: Put) -> None:
    stream = io.BytesIO()
    born = pa.array([dt.datetime(9999, 12, 31, tzinfo=dt.UTC)], pa.timestamp("us"))
    pq.write_table(pa.table({"ID": [1], "born": born}), stream, use_deprecated_int96_timestamps=True)
    definition = table(put(a_dot_parquet=stream.getvalue()), ("id", "int"), ("born", "timestamp"), serde=PARQUET)
    assert rows(definition) == [("1", "9999-12-31 00:00:00.000000")]


def test_text_of_parquet_that_is_no_text_is_told(put: Put) -> None:
    content = pa.array([b"caf\xe9", b"tea"])
    stream = io.BytesIO()
    pq.write_table(pa.table({"ID": [1, 2], "name": pa.Array.from_buffers(pa.string(), 2, content.buffers())}), stream)
    definition = table(put(a_dot_parquet=stream.getvalue()), ("id", "int"), ("name", "string"), serde=PARQUET)
    with pytest.raises(TableError, match=r"a\.parquet, column name: .*Invalid UTF8"):
        rows(definition)


def test_json_lines_keep_the_digits(put: Put) -> None:
    data = b'{"ID": 1.50, "name": "Anna", "other": [1]}\n\n{"name": "", "id": 12345678901234567890}\n{"id": null, "name": true}\n'
    definition = table(put(a_dot_json=data), ("id", "double"), ("name", "string"), serde=JSON)
    assert rows(definition) == [("1.50", "Anna"), ("12345678901234567890", None), (None, "true")]


def test_all_files_of_a_folder_are_read_in_order(put: Put) -> None:
    location = put(
        b__part_dot_csv=b"3,c,\n",
        a__part_dot_csv_dot_gz=gzip.compress(b"1,a,\n"),
        a__part2_dot_csv=b"2,b,\n",
        _SUCCESS=b"",
        _temporary__x_dot_csv=b"9,x,\n",
        _dot_hidden=b"9,x,\n",
    )
    definition = table(location, classification="csv")
    assert [row[0] for row in rows(definition)] == ["1", "2", "3"]
    assert [row[0] for row in rows(table(f"{location}a/part2.csv", classification="csv"))] == ["2"]
    assert [row[0] for row in rows(table(f"{location}b", classification="csv"))] == ["3"], "a folder without its slash"


def test_the_schema_of_the_transform_chooses_and_orders_the_columns(put: Put) -> None:
    definition = table(put(a_dot_csv=b"1,Anna,\n"), classification="csv")
    assert rows(definition, "NAME", "id") == [("Anna", "1")]
    with pytest.raises(TableError, match="no longer has the column street"):
        rows(definition, "street")


def test_files_without_a_table_are_read_by_the_names_in_their_own_headers(put: Put) -> None:
    schema = [{"Name": name, "DataType": kind} for name, kind in COLUMNS[:2]]
    location = put(a_dot_csv=b"id,name,city\n1,Ann,Rome\n", b_dot_csv=b"\n\nname,more,id\nBob,x,2\n")
    found = read_files(location, schema)
    assert found.table.to_pylist() == [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]
    assert [found.place(row) for row in range(2)] == [f"{location}a.csv, row 1", f"{location}b.csv, row 1"]
    location = put(c_dot_csv=b"id,surname\n3,Cox\n")
    with pytest.raises(TableError, match=r"c\.csv: the file has no column name"):
        read_files(location, schema)
    put(c_dot_csv=b"id,name\n3,Cox\n", d_dot_json=b'{"id": 4, "name": "Dan"}\n')
    with pytest.raises(TableError, match=r"d\.json: the other files of the folder are \.csv, such as s3://.*a\.csv\.$"):
        read_files(location, schema)
    with pytest.raises(TableError, match=f"^There is no data at {location}none/\\.$"):
        read_files(f"{location}none/", schema)


def parquet(columns: dict[str, list[Any]], **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays([pa.array(values) for values in columns.values()], [*columns]), stream, **options
    )
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "twice", "once"),
    [
        ("a_dot_csv", b"id,zip,Zip\n1,00100,\n", b"id,zip,more,More\n1,00100,,\n"),
        ("a_dot_parquet", parquet({"id": [1], "zip": ["00100"], "ZIP": [""]}), parquet({"id": [1], "zip": ["00100"], "m": [1], "M": [1]})),
        ("a_dot_json", b'{"id": 1, "zip": "00100", "ZIP": ""}\n', b'{"id": 1, "zip": "00100", "m": 1, "M": 1}\n'),
    ],
)  # fmt: skip
def test_a_column_that_a_file_has_twice_is_not_guessed(put: Put, name: str, twice: bytes, once: bytes) -> None:
    schema = [{"Name": "id", "DataType": "string"}, {"Name": "zip", "DataType": "string"}]
    location = put(**{name: once})
    assert read_files(location, schema).table.to_pylist() == [{"id": "1", "zip": "00100"}]
    put(**{name: twice})
    with pytest.raises(TableError, match=r"a\.\w+(, line 1)?: more than one column is named zip"):
        read_files(location, schema)
    if not name.endswith("csv"):  # whose columns a table takes by their places
        with pytest.raises(TableError, match="more than one column is named zip"):
            rows(table(location, ("id", "string"), ("zip", "string"), classification=name.rpartition("_")[2]))


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("int", "-7", "7.0"),
        ("bigint", "12345678901", "1e5"),
        ("double", "1e-5", "1,5"),
        ("decimal(10,2)", "1.25", "x"),
        ("boolean", "TRUE", "yes"),
        ("date", "2020-02-03", "3.2.2020"),
        ("date", "2024-02-29", "2024-13-45"),
        ("date", "2024-12-31", "2023-02-29"),
        ("timestamp", "2020-02-03 04:05:06.789", "04:05"),
        ("timestamp", "2020-02-03T23:59:59Z", "2020-02-03 25:99:99"),
        ("timestamp", "2020-02-03", "2020-00-03 04:05:06"),
    ],
)
def test_a_cell_that_breaks_its_type_is_named_without_its_content(put: Put, kind: str, good: str, bad: str) -> None:
    columns = (("id", "string"), ("Value", kind))
    location = put(good_dot_csv=f'1,"{good}"\n2,\n'.encode())
    assert rows(table(location, *columns, classification="csv")) == [("1", good), ("2", None)]
    location = put(more_dot_csv=f'1,"{good}"\n"2\n3","{good}"\n4,"{bad}"\n'.encode())
    with pytest.raises(TableError) as caught:
        rows(table(location, *columns, classification="csv"))
    assert str(caught.value) == f"{location}more.csv, line 4, column Value: the value is not of type {kind}."


_ZIPPED = gzip.compress(b"1,a,\n2,b,\n", mtime=0)
_WHOLE = parquet({"id": [*range(1000)], "name": ["x"] * 1000, "born": ["2020-01-01"] * 1000}, compression="snappy")
_DAMAGED = _WHOLE[:40] + b"\xff" * 40 + _WHOLE[80:]


@pytest.mark.parametrize(
    ("name", "data", "serde", "message"),
    [
        ("a_dot_csv", b"1,a,\n2,b\n", OPEN_CSV, "a.csv, line 2: the row has 2 cells, the table 3 columns"),
        ("a_dot_csv", b"1,a,\n2,\xe4,\n", OPEN_CSV, "a.csv, line 2: the file is not UTF-8"),
        ("a_dot_csv", b'1,"a,\n', OPEN_CSV, "a.csv, line 1: unexpected end of data"),
        ("a_dot_json", b'{"id": 1}\n[2]\n', JSON, "a.json, line 2: the line is not an object"),
        ("a_dot_json", b'{"id": 1}\n{"id"\n', JSON, "a.json, line 2: the line is not JSON"),
        (
            "a_dot_json",
            b'{"id": 1, "name": [1]}\n',
            JSON,
            "a.json, line 1, column name: the value is not a plain value",
        ),
        ("a_dot_json", b'{"id": 1}\n{"name": "\\ud83d"}\n', JSON, "a.json, line 2, column name: the value holds half of a"),
        ("a_dot_parquet", b"PAR1 not really", PARQUET, "a.parquet: the file cannot be read as Parquet"),
        ("a_dot_parquet", _DAMAGED, PARQUET, "a.parquet: the file cannot be read as Parquet: "),
        ("a_dot_csv_dot_gz", _ZIPPED[:-9], OPEN_CSV, "a.csv.gz: this is not a gzip file, or not a complete one: "),
        ("a_dot_csv_dot_gz", _ZIPPED + b"more", OPEN_CSV, "a.csv.gz: this is not a gzip file, or not a complete one: "),
        ("a_dot_csv_dot_gz", b"1,a,\n", OPEN_CSV, "a.csv.gz: this is not a gzip file, or not a complete one: "),
    ],
)  # fmt: skip
def test_broken_files_are_named_with_the_line(put: Put, name: str, data: bytes, serde: str, message: str) -> None:
    with pytest.raises(TableError) as caught:
        rows(table(put(**{name: data}), serde=serde))
    assert message in str(caught.value)
    if not name.endswith("json"):
        with pytest.raises(TableError, match=f"/{name.replace('_dot_', '.')}"):
            read_files(put(**{name: data}), [{"Name": "id", "DataType": "string"}, {"Name": "x", "DataType": "string"}])


def test_formats_and_places_that_are_not_read() -> None:
    for parameters, serde in (({"classification": "orc"}, ""), ({}, "org.apache.hadoop.hive.ql.io.orc.OrcSerde")):
        with pytest.raises(TableError, match="CSV, Parquet and JSON lines"):
            layout_of(table("s3://b-b/x/", serde=serde, **parameters))
    with pytest.raises(TableError, match="one ASCII character"):
        layout_of(table("s3://b-b/x/", classification="csv", delimiter="||"))
    with pytest.raises(TableError, match="no location"):
        rows(table(""))
    with pytest.raises(
        TableError, match=r"^No data can be read at the table's location file:///etc/passwd: .*form s3://"
    ):
        rows(table("file:///etc/passwd"))


def test_an_empty_place_is_an_error(put: Put) -> None:
    location = put(other__a_dot_csv=b"1,a,\n")
    with pytest.raises(TableError, match="no data at the table's location"):
        rows(table(f"{location}nothing/", classification="csv"))


@pytest.mark.parametrize(
    ("kind", "plain"),
    [("INT", True), ("decimal(38, 10)", True), ("varchar(20)", True), ("array<int>", False), ("struct<a:int>", False), ("binary", False), ("", False)],
)  # fmt: skip
def test_plain_types(kind: str, *, plain: bool) -> None:
    assert is_plain(kind) is plain


@contextmanager
def cut_off(server: str, *, after: int) -> Iterator[str]:
    """An address at which the server answers, but each connection breaks after so many bytes of answers."""
    there = urlsplit(server)

    def forward(near: socket.socket) -> None:
        with near, socket.create_connection((there.hostname, there.port)) as far:
            left = after
            while left > 0:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(4096)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)
                    left -= len(data) if ready is far else 0

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=forward, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_an_s3_that_goes_in_the_middle_of_an_object_does_not_answer(
    put: Put, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = table(put(a_dot_csv=b"1,Anna,\n" * 100_000), classification="csv")
    with cut_off(s3_server, after=200_000) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        store.client.cache_clear()
        with pytest.raises(store.StoreUnavailableError, match="S3 does not answer"):
            rows(definition)
    store.client.cache_clear()


def test_a_disk_without_room_is_told(put: Put) -> None:
    definition = table(put(a_dot_csv=b"1,Anna,\n" * 10_000), classification="csv")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # no file may be larger: the nearest that a test comes
    try:
        with pytest.raises(store.StoreUnavailableError, match=r"a\.csv could not be copied to this machine \(File too"):
            rows(definition)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_cache_forgets_what_was_not_used_for_longest(put: Put, settings: Any, tmp_path: Path) -> None:
    settings.LOCALGLUE_CACHE_MB = 1
    location = put(a_dot_bin=b"a" * 700_000, b_dot_bin=b"b" * 700_000)
    first, second = store.list_folder(store.parse_path(location))
    path = store.download(first)
    assert path.read_bytes()[:1] == b"a"
    assert store.download(first) == path
    store.download(second)
    assert not path.exists()
    assert len(list((tmp_path / "cache").iterdir())) == 1
