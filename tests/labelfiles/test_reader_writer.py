from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelfiles import (
    LabeledRow,
    LabelFile,
    LabelFileError,
    Problem,
    label_file_bytes,
    read_label_file,
    write_label_file,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('",\r\n\t \0\ufeff;'), max_size=12)
NAMES = st.lists(TEXT.filter(lambda name: name not in ("labeling_set_id", "label")), unique=True, max_size=4)


@st.composite
def label_files(draw: st.DrawFn) -> LabelFile:
    columns = tuple(draw(NAMES))
    cells = st.tuples(*[TEXT] * len(columns))
    rows = draw(st.lists(st.builds(LabeledRow, TEXT, TEXT, cells).filter(says_something), max_size=6))
    return LabelFile(columns, tuple(rows))


def says_something(row: LabeledRow) -> bool:
    return any(cell.strip() for cell in (row.labeling_set_id, row.label, *row.values))


def problems(data: bytes) -> tuple[Problem, ...]:
    with pytest.raises(LabelFileError) as caught:
        read_label_file(data)
    return caught.value.problems


@given(label_files())
def test_what_is_written_is_read_back(label_file: LabelFile) -> None:
    assert read_label_file(label_file_bytes(label_file)) == label_file


@given(label_files())
def test_a_byte_order_mark_changes_nothing(label_file: LabelFile) -> None:
    assert read_label_file(b"\xef\xbb\xbf" + label_file_bytes(label_file)) == label_file


@given(label_files())
def test_other_csv_readers_read_the_same(label_file: LabelFile) -> None:
    table = list(csv.reader(io.StringIO(label_file_bytes(label_file).decode(), newline=""), strict=True))
    assert table[0] == ["labeling_set_id", "label", *label_file.columns]
    assert [tuple(row) for row in table[1:]] == [(r.labeling_set_id, r.label, *r.values) for r in label_file.rows]


@given(label_files())
def test_csv_of_other_writers_is_read(label_file: LabelFile) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(["labeling_set_id", "label", *label_file.columns])
    writer.writerows([r.labeling_set_id, r.label, *r.values] for r in label_file.rows)
    assert read_label_file(stream.getvalue().encode()) == label_file


@given(label_files(), st.data())
def test_empty_rows_are_left_out_and_counted(label_file: LabelFile, data: st.DataObject) -> None:
    """However many cells a spreadsheet gives them, below what it holds or between."""
    lines: list[list[str]] = [[r.labeling_set_id, r.label, *r.values] for r in label_file.rows]
    empty = data.draw(st.lists(st.lists(st.sampled_from(["", " "]), min_size=2, max_size=6), max_size=4))
    for row in empty:
        lines.insert(data.draw(st.integers(0, len(lines))), row)
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["labeling_set_id", "label", *label_file.columns], *lines])
    read = read_label_file(stream.getvalue().encode())
    assert read == label_file
    assert read.empty_rows == len(empty)
    assert label_file_bytes(read) == label_file_bytes(label_file)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=6))
def test_a_row_knows_the_line_on_which_it_starts(cells: list[tuple[str, str]]) -> None:
    rows = tuple(LabeledRow("s", "A", pair) for pair in cells)
    expected, line = [], 2
    for row in rows:
        expected.append(line)
        breaks = [len(re.findall("\r\n|\r|\n", value)) for value in row.values]
        line += 1 + sum(breaks)
    assert [row.line for row in read_label_file(label_file_bytes(LabelFile(("a", "b"), rows))).rows] == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_explained(data: bytes) -> None:
    found: tuple[Problem, ...] = ()
    try:
        label_file: LabelFile | None = read_label_file(data)
    except LabelFileError as error:
        label_file, found = None, error.problems
    assert (label_file is None) == bool(found)


def test_the_bytes_are_as_promised() -> None:
    rows = (LabeledRow("s1", "A", ("7", 'He said "no", twice')), LabeledRow("s1", "", ("8", "")))
    written = label_file_bytes(LabelFile(("id", "text"), rows))
    assert written == b'labeling_set_id,label,id,text\ns1,A,7,"He said ""no"", twice"\ns1,,8,\n'


def test_reads_paths_and_streams(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with path.open("wb") as stream:
        write_label_file(LabelFile(("id",), (LabeledRow("s", "A", ("1",)),)), stream)
    with path.open("rb") as stream:
        assert read_label_file(stream) == read_label_file(path)


def test_blank_lines_are_skipped_and_counted() -> None:
    label_file = read_label_file(b"\nlabeling_set_id,label,id\r\n\r\ns,A,1\r\n\r\n")
    assert [row.line for row in label_file.rows] == [4]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_an_empty_file(data: bytes) -> None:
    assert [problem.code for problem in problems(data)] == ["empty_file"]


def test_windows_1252_names_line_and_byte() -> None:
    data = "labeling_set_id,label,id\ns,A,1\ns,A,café\n".encode("cp1252")
    (problem,) = problems(data)
    assert (problem.code, problem.line) == ("encoding", 3)
    assert "Windows-1252" in problem.message
    assert "byte 0xe9 at offset {}".format(data.index(b"\xe9")) in problem.message


def test_bytes_that_windows_1252_does_not_have_are_not_called_so() -> None:
    (problem,) = problems(b"labeling_set_id,label,id\ns,A,\x81\n")
    assert problem.code == "encoding"
    assert "1252" not in problem.message


def test_utf_16() -> None:
    (problem,) = problems("labeling_set_id,label,id\n".encode("utf-16"))
    assert (problem.code, "UTF-16" in problem.message) == ("encoding", True)


def test_a_compressed_file_is_called_so() -> None:
    (problem,) = problems(gzip.compress(b"labeling_set_id,label,id\ns,A,1\n"))
    assert (problem.code, "compressed with gzip" in problem.message) == ("encoding", True)


@pytest.mark.parametrize(
    ("start", "what"), [(b"PK\x03\x04\x14\0", "Excel workbook"), (b"\xd0\xcf\x11\xe0", "Excel"), (b"PAR1", "Parquet")]
)
def test_a_file_of_another_format_is_called_by_its_name(start: bytes, what: str) -> None:
    (problem,) = problems(start + b"labeling_set_id,label,id\ns,A,\xf6\n")
    assert (problem.code, what in problem.message, "1252" in problem.message) == ("encoding", True, False)


def test_short_and_long_rows_are_all_reported() -> None:
    found = problems(b'labeling_set_id,label,id,"two\nlines"\ns,A,1\ns,A,1,2\ns,A,1,2,3\n')
    assert [(problem.line, problem.code) for problem in found] == [(3, "short_row"), (5, "long_row")]


def test_reports_stop_at_a_hundred() -> None:
    assert len(problems(b"labeling_set_id,label,id\n" + b"s,A\n" * 500)) == 100


@pytest.mark.parametrize(
    ("header", "code", "hint"),
    [
        (b"id,name", "header", "first two columns"),
        (b"label,labeling_set_id,id", "header", "not in first and second place"),
        (b"Labeling_Set_ID,Label,id", "header", "lower case"),
        (b"labeling_set_id;label;id", "header", "other than commas"),
        (b"labeling_set_id", "header", "first two columns"),
        (b"labeling_set_id,label,id,id", "repeated_column", "more than once"),
        (b"labeling_set_id,label,label", "repeated_column", "more than once"),
        (b"labeling_set_id,label,id,,", "repeated_column", "line end with commas"),
    ],
)
def test_wrong_headers(header: bytes, code: str, hint: str) -> None:
    (problem,) = problems(header + b"\ns,A,1\n")
    assert (problem.line, problem.code) == (1, code)
    assert hint in problem.message


@pytest.mark.parametrize(
    ("body", "line", "code"),
    [
        (b's,A,"never closed\nmore\n', 2, "open_quote"),
        (b's,A,1\ns,A,5" screen\n', 3, "stray_quote"),
        (b's,A,"a\nb"c\n', 3, "stray_quote"),
    ],
)
def test_broken_quoting(body: bytes, line: int, code: str) -> None:
    (problem,) = problems(b"labeling_set_id,label,id\n" + body)
    assert (problem.line, problem.code) == (line, code)


def test_cells_of_a_megabyte() -> None:
    label_file = LabelFile(("id",), (LabeledRow("s", "A", ('x"\n' * 400_000,)),))
    assert read_label_file(label_file_bytes(label_file)) == label_file


def test_a_row_of_wrong_width_is_not_written() -> None:
    with pytest.raises(LabelFileError, match="1 values; the file has 2 columns"):
        label_file_bytes(LabelFile(("id", "name"), (LabeledRow("s", "A", ("1",)),)))


@pytest.mark.parametrize("columns", [("id", "name", "name"), ("id", "label"), ("labeling_set_id", "id")])
def test_a_header_that_would_not_be_read_again_is_not_written(columns: tuple[str, ...]) -> None:
    with pytest.raises(LabelFileError, match=r"line 1, column .*: The header names this column more than once"):
        label_file_bytes(LabelFile(columns, ()))


def test_half_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(LabelFileError, match=r"line 9: .*surrogate"):
        label_file_bytes(LabelFile(("id",), (LabeledRow("s", "A", ("\ud800",), line=9),)))


def test_the_error_shows_three_problems_and_counts_the_rest() -> None:
    error = LabelFileError([Problem(n, "c", "x", "Bad.") for n in range(1, 6)])
    assert str(error) == "line 1, column c: Bad.; line 2, column c: Bad.; line 3, column c: Bad.; and 2 more"
