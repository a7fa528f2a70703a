from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from findmatches import FindMatchesError, Records, read_records
from findmatches.reading import columns_for_spark, columns_of_parquet


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_csv_cells_come_as_text_and_empty_cells_as_nulls(tmp_path: Path) -> None:
    content = '\ufeffid,name,zip\n1,"A ""quoted"", name",01234\n2,,\n3,"two\nlines",x\n'.encode()
    records = read_records(write(tmp_path / "a.csv", content), primary_key="id")
    assert records.columns == ("id", "name", "zip")
    assert records.table.to_pylist() == [
        {"id": "1", "name": 'A "quoted", name', "zip": "01234"},
        {"id": "2", "name": None, "zip": None},
        {"id": "3", "name": "two\nlines", "zip": "x"},
    ]


def test_folders_compressed_files_parquet_and_another_order_of_columns(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", b"id,name\n1,x\n")
    write(tmp_path / "in" / "b.csv.gz", gzip.compress(b"name,id\ny,2\n"))
    write(tmp_path / "in" / "_SUCCESS", b"")
    write(tmp_path / "in" / ".hidden.csv", b"other\n")
    parquet.write_table(pa.table({"id": [3], "name": [None]}), tmp_path / "in" / "c.parquet")
    records = read_records(tmp_path / "in", primary_key="id")
    assert records.table.to_pylist() == [{"id": "1", "name": "x"}, {"id": "2", "name": "y"}, {"id": "3", "name": None}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"id,name\n1,x\n2\n", "line 3: the row has 1 cell; the header has 2 columns"),
        (b'id,name\n1,"x\ny"\n2,a,b\n', "line 4: the row has 3 cells; the header has 2 columns"),
        (b"id,name\n1,x\n2,caf\xe9\n", r"line 3: the file is not UTF-8 \(byte 0xe9 at offset 17\)"),
        ("id,name\n1,x\n".encode("utf-16"), "a.csv: the file is UTF-16. Save it as CSV in UTF-8"),
        (b'"id";"name"\n"1";"x"\n', "line 1: the cells seem to be separated by something other than commas"),
        (
            b'id,name\n1,x\n2,"y\n3,z\n4,u\n',
            "line 3: in the row that starts here a quote is out of place or never closed",
        ),
        (
            b'id,name,city\n1,"abc,Rome\n2,y,Oslo\n3,z,Paris\n4,"xyz,Bonn\n5,u,Bern\n',
            "line 2: in the row that starts here a quote is out of place or never closed",
        ),
        (b'id,"name\n' + b"1,x\n" * 50_000, "line 1: a quote in the header is never closed"),
        (b"id,name,name\n1,x,y\n", "line 1, column name: the header names this column more than once"),
        (
            b"id,,name,\n1,x,y,z\n",
            "line 1, column 2: the header has a name neither for this column nor for another one",
        ),
        (b"key,name\n1,x\n", "a.csv: The primary key id is not a column of the table. Its columns are: key, name"),
        (b'id,name\n1,"x\ny"\n,z\n', "line 4, column id: the primary key is blank"),
        (b"id,name\n1,x\n2,y\n1,z\n", r"line 4, column id: the primary key 1 is already in .*a\.csv, line 2\."),
        (b'id,name\n1,"x" \n2,y\n1,z\n', r"line 4, column id: the primary key 1 is already in .*a\.csv, line 2\."),
    ],
)
def test_bad_csv(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FindMatchesError, match=message):
        read_records(write(tmp_path / "a.csv", content), primary_key="id")


def test_the_header_of_a_large_file_may_be_what_is_not_utf_8(tmp_path: Path) -> None:
    with pytest.raises(FindMatchesError, match=r"line 1: the file is not UTF-8 \(byte 0xf6 at offset 5\)"):
        read_records(write(tmp_path / "a.csv", b"id,gr\xf6\xdfe\n" + b"1,x\n" * 300_000), primary_key="id")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_header_that_spark_would_change_is_refused_as_on_one_machine(tmp_path: Path, name: str) -> None:
    for header, message in (
        (b"id,name,name", "line 1, column name: the header names this column more than once"),
        (b"id,,name,", "line 1, column 2: the header has a name neither for this column nor for another one"),
        (b"id,,name", "line 1, column 2: the header has no name for this column"),
        (b"id,name,Name", "line 1, column Name: to Spark this is the same name as name"),
        (b"id;name", "line 1: the cells seem to be separated by something other than commas"),
    ):
        content = header + b"\n1,caf\xe9,z\n"  # bytes that are not UTF-8 are another matter
        path = write(tmp_path / name, gzip.compress(content) if name.endswith(".gz") else content)
        with pytest.raises(FindMatchesError, match=f"{name}, {message}"):
            columns_for_spark(path)
    assert columns_for_spark(write(tmp_path / "b.csv", b"id,name,Name\n"), case_matters=True) == ["id", "name", "Name"]
    assert len(columns_for_spark(write(tmp_path / "c.csv", b"\xe9,\xe8\n"))) == 2
    assert columns_for_spark(write(tmp_path / "empty.csv", b"")) == []


def test_a_quote_in_a_cell_without_quotes_is_a_character(tmp_path: Path) -> None:
    records = read_records(write(tmp_path / "a.csv", b'id,name\n1,pipe 5"\n2,"x"\n'), primary_key="id")
    assert records.table.column("name").to_pylist() == ['pipe 5"', "x"]


END = pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n3,p,q\n\n", '\n3,"two\nlines",q'], ids=repr)


@END
@pytest.mark.parametrize("cell", ['"x" ', '"x" "y', 'x"', '"two\nlines" '])
def test_a_quote_that_is_out_of_place_is_a_character_whatever_the_rest_of_the_file_holds(
    tmp_path: Path, cell: str, end: str
) -> None:
    records = read_records(write(tmp_path / "a.csv", f'id,a,b\n1,{cell},"y"\n2,z,w{end}'.encode()), primary_key="id")
    assert records.table.slice(0, 2).to_pylist() == [
        {"id": "1", "a": cell.replace('"', "", 2) if cell.startswith('"') else cell, "b": "y"},
        {"id": "2", "a": "z", "b": "w"},
    ]


@END
def test_quotes_that_draw_other_rows_in_are_found_whatever_the_rest_of_the_file_holds(tmp_path: Path, end: str) -> None:
    for rows in ('1,"x,b\n2,"y,c', '1,5",b\n2,c,"y'):
        with pytest.raises(FindMatchesError, match=r"line [23]: in the row that starts here a quote is out of place"):
            read_records(write(tmp_path / "a.csv", f"id,a,b\n{rows}{end}".encode()), primary_key="id")


@pytest.mark.parametrize("damage", [slice(0, 30), slice(12, None)])
def test_compressed_files_that_are_damaged(tmp_path: Path, damage: slice) -> None:
    content = gzip.compress(b"id,name\n" + b"".join(b"%d,name %d\n" % (n, n * n) for n in range(500)))
    with pytest.raises(FindMatchesError, match=r"a\.csv\.gz: this is not a gzip file, or not a complete one"):
        read_records(write(tmp_path / "a.csv.gz", content[damage]), primary_key="id")


def test_the_last_day_of_timestamps_as_spark_writes_them_is_no_other_day(tmp_path: Path) -> None:
    until = pa.array([dt.datetime(9999, 12, 31, tzinfo=dt.UTC)], pa.timestamp("us"))
    table = pa.table({"id": [1], "until": until})
    parquet.write_table(table, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    records = read_records(tmp_path / "a.parquet", primary_key="id")
    assert records.table.to_pylist() == [{"id": "1", "until": "9999-12-31 00:00:00.000000"}]


def test_text_of_parquet_that_is_no_text_is_told(tmp_path: Path) -> None:
    content = pa.array([b"caf\xe9", b"tea"])
    names = pa.Array.from_buffers(pa.string(), 2, content.buffers())
    parquet.write_table(pa.table({"id": [1, 2], "name": names}), tmp_path / "a.parquet")
    with pytest.raises(FindMatchesError, match=r"a\.parquet: .*Invalid UTF8"):
        read_records(tmp_path / "a.parquet", primary_key="id")


def test_parquet_files_that_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"id": [f"key {n}" for n in range(999)]}), path)
    content = bytearray(path.read_bytes())
    content[4:40] = bytes(36)
    with pytest.raises(FindMatchesError, match=r"a\.parquet: "):
        read_records(write(path, bytes(content)), primary_key="id")
    content[-60:-8] = b"\xff" * 52  # what says where the columns are
    with pytest.raises(FindMatchesError, match=r"a\.parquet: "):
        columns_of_parquet(write(path, bytes(content)))


def test_files_with_other_columns(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", b"id,name\n1,x\n")
    write(tmp_path / "b.csv", b"id,nom\n2,x\n")
    with pytest.raises(FindMatchesError, match=r"b\.csv: the columns .* it lacks name; it also has nom"):
        read_records(tmp_path, primary_key="id")


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(FindMatchesError, match="no file or folder"):
        read_records(tmp_path / "none.csv", primary_key="id")
    with pytest.raises(FindMatchesError, match=r"holds no \.csv"):
        read_records(tmp_path, primary_key="id")
    with pytest.raises(FindMatchesError, match=r"a\.parquet"):
        read_records(write(tmp_path / "a.parquet", b"PAR1 not really"), primary_key="id")


def test_values_of_any_plain_type_become_text() -> None:
    table = pa.table(
        {"id": [1, 2], "x": [1.5, None], "b": [True, False], "d": pa.array(["u", "v"]).dictionary_encode()}
    )
    assert Records.from_arrow(table, primary_key="id").table.to_pylist() == [
        {"id": "1", "x": "1.5", "b": "true", "d": "u"},
        {"id": "2", "x": None, "b": "false", "d": "v"},
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"name": ["x"]}), "primary key id is not a column"),
        (pa.table({"id": ["1", None]}), "Row 2, column id: the primary key is blank"),
        (pa.table({"id": ["1", "  "]}), "Row 2, column id: the primary key is blank"),
        (pa.table({"id": ["1", "2", "1"]}), "Row 3, column id: the primary key 1 is already in row 1"),
        (pa.table({"id": ["1"], "x": [[1, 2]]}), "Column x holds list"),
        (pa.table([pa.array(["1"])] * 2, names=["id", "id"]), "more than one column named id"),
        (pa.table({"id": ["1"], **{f"c{n}": ["x"] for n in range(100)}}), "101 columns; 100 are allowed"),
        (pa.table({"id": ["1"], "x": pa.array([b"\xff"], pa.binary())}), r"Column x \(binary\) cannot be read as text"),
    ],
)
def test_bad_tables(table: pa.Table, message: str) -> None:
    with pytest.raises(FindMatchesError, match=message):
        Records.from_arrow(table, primary_key="id")


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    assert read_records(write(tmp_path / "a.csv", b"id,text"), primary_key="id").n_rows == 0


def test_a_cell_larger_than_two_blocks(tmp_path: Path) -> None:
    content = b"id,text\n1," + b"word " * 8_000_000 + b"\n2,x\n"
    assert read_records(write(tmp_path / "a.csv", content), primary_key="id").n_rows == 2
