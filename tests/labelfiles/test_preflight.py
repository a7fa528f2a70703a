"""Each rule of the pre-flight with the file that breaks it, and what it has in common with ``validate``."""

from __future__ import annotations

from collections import Counter
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelfiles import (
    REPAIRS,
    LabeledRow,
    LabelFile,
    Preflight,
    label_file_bytes,
    preflight,
    read_label_file,
    split_label_file,
    split_set,
    summarise,
    validate,
)
from labelfiles.preflight import MAX_PER_CODE

COLUMNS = ("id", "name", "city")
HEAD = "labeling_set_id,label,id,name,city\n"
GOOD = "s,A,1,Ann,Ulm\ns,A,2,Anne,Ulm\ns,B,3,Cy,Bonn\n"


def look(content: str | bytes, **options: object) -> Preflight:
    data = content if isinstance(content, bytes) else content.encode()
    return preflight(BytesIO(data), columns=COLUMNS, primary_key="id", **options)  # type: ignore[arg-type]


def rows(count: int, set_id: str = "t", label: str = "A", first: int = 10) -> str:
    return "".join(f"{set_id},{label},{key},x,y\n" for key in range(first, first + count))


def test_a_good_file_has_nothing_to_be_said_about() -> None:
    found = look(HEAD + GOOD)
    assert found.findings == ()
    assert (found.summary.sets, found.summary.rows, found.summary.matching_pairs) == (1, 3, 1)
    assert found.summary.non_matching_pairs == 2


RULES: dict[str, tuple[str | bytes, tuple[int | None, str | None, str, str, str]]] = {
    "no header": (GOOD, (1, None, "header", "error", "")),
    "header in other words": ("set,label,id,name,city\n" + GOOD, (1, None, "header", "error", "")),
    "header in capitals": (HEAD.replace("label,", "Label,") + GOOD, (1, None, "header", "error", "")),
    "a column is missing": (
        "labeling_set_id,label,id,name\ns,A,1,x\ns,B,2,y\ns,A,3,z\n",
        (1, "city", "missing_column", "error", ""),
    ),
    "a column too many": (
        "labeling_set_id,label,id,name,city,note\ns,A,1,x,y,z\ns,B,2,x,y,z\ns,A,3,x,y,z\n",
        (1, "note", "unknown_column", "error", ""),
    ),
    "columns in another order": (
        "labeling_set_id,label,id,city,name\n" + GOOD,
        (1, None, "column_order", "error", "columns"),
    ),
    "byte order mark": ("\ufeff" + HEAD + GOOD, (1, None, "bom", "error", "convert")),
    "UTF-16": ((HEAD + GOOD).encode("utf-16"), (1, None, "encoding", "error", "convert")),
    "Windows-1252": ((HEAD + GOOD.replace("Ulm", "Köln")).encode("cp1252"), (2, None, "encoding", "error", "convert")),
    "no text": (b"labeling_set_id\x81\x00\xff", (1, None, "encoding", "error", "")),
    "semicolons": ((HEAD + GOOD).replace(",", ";"), (1, None, "delimiter", "error", "convert")),
    "vertical bars": ((HEAD + GOOD).replace(",", "|"), (1, None, "delimiter", "error", "convert")),
    "nothing": ("", (None, None, "empty_file", "error", "")),
    "no rows": (HEAD, (None, None, "no_rows", "error", "")),
    "an open quote": (HEAD + GOOD + 's,A,4,"Ann,Ulm\n', (5, None, "csv", "error", "")),
    "too few cells": (HEAD + GOOD + "s,A,4,Di\n", (5, None, "short_row", "error", "")),
    "too many cells": (HEAD + GOOD + "s,A,4,Di,Ulm,x\n", (5, None, "long_row", "error", "")),
    "no set": (HEAD + GOOD + ",A,4,Di,Ulm\n", (5, "labeling_set_id", "blank_set_id", "error", "leave_out")),
    "no label": (HEAD + GOOD + "s,,4,Di,Ulm\n", (5, "label", "blank_label", "error", "leave_out")),
    "labels differ in capitals": (HEAD + GOOD + "s,a,4,Di,Ulm\n", (5, "label", "case_only", "warning", "tidy")),
    "labels differ in spaces": (HEAD + GOOD + "s,A ,4,Di,Ulm\n", (5, "label", "label_spaces", "warning", "tidy")),
    "no key": (HEAD + GOOD + "s,A,,Di,Ulm\n", (5, "id", "blank_key", "error", "")),
    "the same row twice": (HEAD + GOOD + "s,A,1,Ann,Ulm\n", (5, None, "repeated_row", "warning", "leave_out")),
    "the same row with another label": (
        HEAD + GOOD + "s,B,1,Ann,Ulm\n",
        (5, "label", "contradicting_row", "error", ""),
    ),
    "NUL": (HEAD + GOOD + "s,A,4,D\0i,Ulm\n", (5, "name", "nul_character", "warning", "")),
    "a set of one": (HEAD + GOOD + rows(1), (5, "labeling_set_id", "single_row_set", "warning", "leave_out")),
    "more than 30 rows": (HEAD + GOOD + rows(31), (5, "labeling_set_id", "large_set", "warning", "")),
    "more than 50 rows": (HEAD + GOOD + rows(51), (5, "labeling_set_id", "set_too_large", "error", "split_sets")),
    "a set in two places": (
        HEAD + GOOD + rows(2) + "s,A,9,Di,Ulm\n",
        (7, "labeling_set_id", "scattered_set", "warning", ""),
    ),
    "an empty row": (HEAD + GOOD + ",,,,\n", (None, None, "empty_rows", "warning", "leave_out")),
    "empty rows, also within a set": (
        HEAD + GOOD.replace("s,B", ",,\n,,,,\ns,B") + ",,,,\n" * 2000,
        (None, None, "empty_rows", "warning", "leave_out"),
    ),
    "all match": (HEAD + rows(3), (None, None, "all_matching", "warning", "")),
    "none match": (HEAD + "s,A,1,x,y\ns,B,2,x,y\n", (None, None, "all_different", "warning", "")),
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_names_the_place_and_the_repair(name: str) -> None:
    content, expected = RULES[name]
    found = look(content)
    assert [(p.line, p.column, p.code, p.severity, p.repair) for p in found.findings] == [expected]
    (finding,) = found.findings
    assert finding.message
    assert not finding.repair or finding.repair in REPAIRS


def test_sets_of_30_are_fine_and_of_50_only_large() -> None:
    assert look(HEAD + GOOD + rows(30)).findings == ()
    assert [p.code for p in look(HEAD + GOOD + rows(50)).findings] == ["large_set"]


def test_more_than_a_hundred_columns() -> None:
    names = tuple(f"c{number}" for number in range(101))
    head = "labeling_set_id,label," + ",".join(names)
    found = preflight(BytesIO(f"{head}\n".encode()), columns=names, primary_key="c0")
    assert "too_many_columns" in found.counts


def test_a_file_beyond_the_quota() -> None:
    found = look(HEAD + GOOD, max_bytes=60)
    assert [(p.code, p.repair) for p in found.findings] == [("too_large", "split_file")]
    assert found.size == len(HEAD + GOOD)


def test_rules_for_sets_hold_across_places() -> None:
    """A set whose rows do not stand together is looked at as a whole."""
    found = look(HEAD + "s,A,1,x,y\nt,A,2,x,y\ns,B,1,x,y\nt,A,3,x,y\n")
    assert sorted(found.counts) == ["contradicting_row", "scattered_set"]


def test_findings_of_a_kind_are_counted_when_there_are_many() -> None:
    found = look(HEAD + GOOD + "s,,4,Di,Ulm\n" * 500)
    assert found.counts["blank_label"] == 500
    assert sum(p.code == "blank_label" for p in found.findings) == MAX_PER_CODE


TEXT = st.text(st.sampled_from("ab ,\"\n'ä"), max_size=3)
FILES = st.builds(
    LabelFile,
    st.just(COLUMNS),
    st.lists(
        st.builds(
            LabeledRow,
            st.sampled_from(["s", "t", "u"]),
            st.sampled_from(["A", "a", "B", " A", ""]),
            st.tuples(st.sampled_from(["1", "2", "3"]), TEXT, TEXT),
        ),
        max_size=12,
    ).map(tuple),
)


@given(FILES, st.integers(0, 3))
def test_it_says_what_validate_says_of_the_file_that_was_read(file: LabelFile, empty: int) -> None:
    data = label_file_bytes(file) + b",,,,\n" * empty
    read = read_label_file(data)
    found = preflight(BytesIO(data), columns=COLUMNS, primary_key="id")
    expected = validate(read, columns=COLUMNS, primary_key="id")
    as_tuples = {(p.line, p.column, p.code, p.severity) for p in found.findings}
    assert as_tuples == {(p.line, p.column, p.code, p.severity) for p in expected}
    assert found.summary == summarise(read)


def test_empty_rows_are_no_rows_and_told_once() -> None:
    found = look(HEAD + GOOD + ",,,,\n" * 2000)
    assert [str(finding) for finding in found.findings] == ["2000 rows are empty and left out."]
    assert found.summary == look(HEAD + GOOD).summary


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    found = look(data)
    assert found.errors, "bytes drawn at random are no label file, and it is said why"
    assert found.size == len(data)


@given(FILES, st.integers(60, 200))
def test_parts_hold_every_set_once_and_are_small_enough(file: LabelFile, limit: int) -> None:
    parts = split_label_file(file, max_bytes=limit + 200)
    assert all(len(label_file_bytes(part)) <= limit + 200 for part in parts)
    joined: dict[str, list[LabeledRow]] = {}
    for part in parts:
        assert not joined.keys() & part.by_set().keys()
        joined |= part.by_set()
    assert joined == file.by_set()


def test_no_more_parts_are_made_than_are_needed() -> None:
    file = read_label_file((HEAD + GOOD + rows(3)).encode())
    size = len(label_file_bytes(file))
    assert split_label_file(file, max_bytes=size) == [file]
    assert len(split_label_file(file, max_bytes=size - 1)) == 2
    whole = [LabeledRow("s", "ABCD"[place // 15], (str(place),)) for place in range(60)]
    assert Counter(row.labeling_set_id for row in split_set("s", whole)) == {"s-1": 30, "s-2": 30}


@given(st.lists(st.sampled_from("ABC"), min_size=51, max_size=120))
def test_a_split_set_says_nothing_that_the_whole_did_not(labels: list[str]) -> None:
    whole = [LabeledRow("s", label, (str(place),)) for place, label in enumerate(labels)]
    parts = list(split_set("s", whole))
    assert sorted(row.values for row in parts) == sorted(row.values for row in whole)
    by_part = LabelFile(("id",), tuple(parts)).by_set()
    assert all(len(rows) <= 30 for rows in by_part.values())
    label_of = {row.values: row.label for row in whole}
    assert all(row.label == label_of[row.values] for row in parts)
