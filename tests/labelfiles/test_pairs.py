from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelfiles import (
    BroughtPairs,
    LabelFileError,
    PairMapping,
    find_delimiter,
    find_encoding,
    guess_mapping,
    pairs_to_label_file,
    read_pair_table,
    summarise,
    validate,
)

COLUMNS = ("id", "name")
RECORDS = {key: (key, f"name of {key}") for key in ("1", "2", "3", "007", "Zoë")}


def brought(data: str | bytes, mapping: PairMapping | None = None) -> BroughtPairs:
    table = read_pair_table(data.encode() if isinstance(data, str) else data)
    return pairs_to_label_file(table, mapping or guess_mapping(table), columns=COLUMNS, records=RECORDS)


def said(found: BroughtPairs) -> dict[tuple[str, ...], bool]:
    return {
        tuple(row.values[0] for row in rows): len({row.label for row in rows}) == 1
        for rows in found.label_file.by_set().values()
    }


def codes(found: BroughtPairs) -> list[tuple[int | None, str | None, str]]:
    return [(problem.line, problem.column, problem.code) for problem in found.problems]


def test_pairs_become_sets_of_two_that_can_be_imported() -> None:
    found = brought("left,right,match\n1,2,1\n2,3,no\n3,007,?\n")
    assert said(found) == {("1", "2"): True, ("2", "3"): False}
    assert found.unsure == 1
    assert found.problems == ()
    assert validate(found.label_file, columns=COLUMNS, primary_key="id") == []
    assert {row.values for row in found.label_file.rows} == {RECORDS[key] for key in "123"}


def test_empty_rows_are_left_out_and_counted() -> None:
    found = brought("left,right,match\n1,2,1\n,,\n2,3,no\n,,,,\n , ,\n")
    assert said(found) == {("1", "2"): True, ("2", "3"): False}
    assert [str(problem) for problem in found.problems] == ["3 rows are empty and left out."]
    assert found.unsure == 0


@pytest.mark.parametrize(
    "data",
    [
        "1,2,yes\n2,3,0\n",
        "a;b;same?\n1;2;TRUE\n2;3;False\n",
        "a\tb\tm\r\n1\t2\t1\r\n\r\n2\t3\t0\r\n",
        "\ufeffa,b,m\n 1 , 2 ,1\n2,3,0\n",
        'match,"a",b\nY,1,2\nN,2,3\n',
        "a,b,note,match\n1,2,see x,1\n2,3,no idea,0\n",
    ],
)
def test_many_ways_to_write_the_same(data: str) -> None:
    assert said(brought(data)) == {("1", "2"): True, ("2", "3"): False}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    data = "a,b,m\nZoë,1,1\n".encode(encoding)
    assert said(brought(data)) == {("1", "Zoë"): True}
    assert find_encoding(data) == encoding


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"a,b\n\xe9,1\n\x81,2\n", 3, "0x81 is no text in UTF-8 or Windows-1252"),
        # Taken for Windows-1252, all other letters would be wrong.
        ("Zoë,é,ü\n".encode() + b"\xe9,1\n", 2, "0xe9 is no text in UTF-8 "),
        (b"\xe9" + b"x" * (1 << 20) + b"\n\n\x8d", 3, "0x8d"),
        ("a\nb\n".encode("utf-16") + b"x", 3, "0x78 is no text in UTF-16 "),
    ],
    ids=["undefined", "a slip in UTF-8", "far below", "half a character"],
)
def test_what_is_no_text_is_refused_with_line_and_byte(data: bytes, line: int, said: str) -> None:
    with pytest.raises(LabelFileError, match=said) as refused:
        find_encoding(data)
    assert [problem.line for problem in refused.value.problems] == [line]


def test_letters_that_could_be_utf8_do_not_hide_windows_1252() -> None:
    assert find_encoding("RENÉ’S\nJosé\nÅse\n".encode("cp1252")) == "cp1252"


@pytest.mark.parametrize("columns", [201, 2_000_000])
def test_what_has_too_many_columns_is_refused_at_once(columns: int) -> None:
    """JSON on one line, for one, which has as many cells as commas."""
    with pytest.raises(LabelFileError, match=f"The first row has {columns:,} cells; 200 are read at most.") as refused:
        read_pair_table(b"a" + b",a" * (columns - 1) + b"\n")
    assert [(problem.line, problem.code) for problem in refused.value.problems] == [(1, "too_many_columns")]
    widest = ",".join(map(str, range(200)))
    assert len(read_pair_table(f"{widest}\n{widest}\n".encode(), has_header=True).columns) == 200


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"a,b\n1,2\n", b'a,b,m\n"1,2,1\n', b"a,a,m\n1,2,1\n", b"\x81,\x8d,\x9d"]
)
def test_what_is_no_table_of_pairs(data: bytes) -> None:
    with pytest.raises(LabelFileError):
        read_pair_table(data)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,9,1", (2, "b", "unknown_key")),
        (",2,1", (2, "a", "blank_key")),
        ("1,1,1", (2, "b", "pair_of_one")),
        ("1,2,perhaps", (2, "m", "unknown_verdict")),
        ("1,2", (2, None, "short_row")),
    ],
)
def test_a_row_that_cannot_be_used(row: str, problem: tuple[int, str | None, str]) -> None:
    found = brought(f"a,b,m\n{row}\n2,3,1\n", PairMapping("a", "b", "m"))
    assert codes(found) == [problem]
    assert said(found) == {("2", "3"): True}


def test_a_repeated_pair_is_taken_once_and_a_contradicted_one_not_at_all() -> None:
    found = brought("a,b,m\n1,2,1\n2,1,1\n1,3,1\n3,1,0\n")
    assert codes(found) == [(3, None, "repeated_pair"), (5, "m", "contradicting_pair")]
    assert said(found) == {("1", "2"): True}


@pytest.mark.parametrize(
    ("data", "has_header"),
    [
        ("a,b,same\n1,2,1\n", True),
        ("1,2,same\n2,3,different\n1,3,same\n", False),
        ("first,second,match\n1042,2210,match\nk-7,77,distinct\n", True),
        ("Ann,Bob,match\nCid,D1,match\n", False),
        ("1,2,true\n", False),
        ("1,2,?\n", False),
        ("a,b,\n1,2,1\n", True),
    ],
)
def test_whether_there_is_a_header(data: str, has_header: bool) -> None:
    table = read_pair_table(data.encode())
    assert table.has_header is has_header
    assert len(table.rows) == data.count("\n") - has_header
    assert len(read_pair_table(data.encode(), has_header=not has_header).rows) == len(table.rows) - 1 + 2 * has_header


def test_long_cells_are_read_whatever_was_read_before() -> None:
    csv.field_size_limit(128 * 1024)  # as in a process that has just begun
    assert said(brought(f"a,b,match,notes\n1,2,yes,{'x' * 200_000}\n")) == {("1", "2"): True}


def test_lines_are_those_of_the_file() -> None:
    found = brought('a,b,m\n"1",2,"1"\n\n"x\ny",2,1\n1,3,1\n1,9,1\n')
    assert codes(found) == [(4, "a", "unknown_key"), (7, "b", "unknown_key")]


@pytest.mark.parametrize(
    ("line", "delimiter"), [("a;b", ";"), ('"a,b,c";d', ";"), ("a", ","), ("a\tb", "\t"), ("a|b", "|")]
)
def test_delimiters(line: str, delimiter: str) -> None:
    assert find_delimiter(line) == delimiter


PAIRS = st.dictionaries(
    st.sampled_from([("1", "2"), ("1", "3"), ("2", "3"), ("007", "1"), ("007", "Zoë")]), st.booleans(), min_size=1
)


@given(PAIRS, st.data())
def test_order_of_rows_and_of_keys_does_not_matter(pairs: dict[tuple[str, str], bool], data: st.DataObject) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["first", "second", "verdict"])
    for pair in data.draw(st.permutations(list(pairs))):
        writer.writerow([*data.draw(st.permutations(pair)), int(pairs[pair])])
    found = brought(stream.getvalue())
    assert said(found) == pairs
    straight = brought("a,b,m\n" + "".join(f"{one},{two},{int(same)}\n" for (one, two), same in pairs.items()))
    assert set(found.label_file.rows) == set(straight.label_file.rows)
    counts = summarise(found.label_file)
    assert (counts.sets, counts.matching_pairs) == (len(pairs), sum(pairs.values()))
