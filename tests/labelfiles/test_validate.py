from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelfiles import LabeledRow, LabelFile, Summary, summarise, validate


def label_file(*rows: tuple[str, str, str], columns: Sequence[str] = ("id",)) -> LabelFile:
    """Rows as (set, label, key), on lines 2 and following."""
    width = len(columns)
    return LabelFile(
        tuple(columns),
        tuple(
            LabeledRow(s, label, (key,) + ("v",) * (width - 1), line)
            for line, (s, label, key) in enumerate(rows, start=2)
        ),
    )


GOOD = (("s", "A", "1"), ("s", "A", "2"), ("s", "B", "3"))


def codes(file: LabelFile) -> list[tuple[int | None, str, str]]:
    found = validate(file, primary_key="id")
    return [(problem.line, problem.code, problem.severity) for problem in found]


def test_a_good_file_has_no_problems() -> None:
    assert validate(label_file(*GOOD), columns=["id"], primary_key="id") == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("s", "", "4")], (5, "blank_label", "error")),
        ([("s", "  ", "4")], (5, "blank_label", "error")),
        ([("", "A", "4")], (5, "blank_set_id", "error")),
        ([("s", "A ", "4")], (5, "label_spaces", "warning")),
        ([("s", "a", "4")], (5, "case_only", "warning")),
        ([("t", "A", "4")], (5, "single_row_set", "warning")),
        ([("s", "A", "")], (5, "blank_key", "error")),
        ([("s", "A", "1")], (5, "repeated_row", "warning")),
        ([("s", "B", "1")], (5, "contradicting_row", "error")),
        ([("t", "A", "4"), ("t", "B", "5"), ("s", "A", "6")], (7, "scattered_set", "warning")),
        ([("s", "A", "4\0")], (5, "nul_character", "warning")),
        ([("s", "A\0", "4")], (5, "nul_character", "warning")),
    ],
)
def test_a_bad_row_is_found(rows: list[tuple[str, str, str]], expected: tuple[int, str, str]) -> None:
    assert codes(label_file(*GOOD, *rows)) == [expected]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (30, []),
        (31, [(2, "large_set", "warning")]),
        (50, [(2, "large_set", "warning")]),
        (51, [(2, "set_too_large", "error")]),
    ],
)
def test_the_size_of_a_set(size: int, expected: list[tuple[int, str, str]]) -> None:
    assert codes(label_file(*[("s", "AB"[n % 2], str(n)) for n in range(size)])) == expected


def test_only_matches_only_differences_and_nothing_at_all() -> None:
    assert codes(label_file(("s", "A", "1"), ("s", "A", "2"))) == [(None, "all_matching", "warning")]
    assert codes(label_file(("s", "A", "1"), ("s", "B", "2"))) == [(None, "all_different", "warning")]
    assert (None, "no_pairs", "error") in codes(label_file(("s", "A", "1")))
    assert codes(label_file()) == [(None, "no_rows", "error")]


def test_a_file_of_questions_is_no_label_file_yet() -> None:
    questions = label_file(("s", "", "1"), ("s", "", "2"))
    assert [code for _, code, _ in codes(questions)] == ["blank_label", "blank_label", "no_pairs"]


def test_columns_that_are_missing_unknown_or_out_of_order() -> None:
    file = label_file(*GOOD, columns=("id", "name"))
    assert [(p.code, p.column) for p in validate(file, columns=["id", "zip"])] == [
        ("missing_column", "zip"),
        ("unknown_column", "name"),
    ]
    assert [p.code for p in validate(file, columns=["name", "id"])] == ["column_order"]
    assert [(p.code, p.column) for p in validate(file, primary_key="key")] == [("missing_column", "key")]
    assert [p.code for p in validate(file, columns=["id", "name", "key"], primary_key="key")] == ["missing_column"]


def test_a_column_without_a_name_comes_from_a_comma_too_many() -> None:
    file = label_file(*GOOD, columns=("id", ""))
    (problem,) = validate(file, columns=["id"], primary_key="id")
    assert str(problem) == "line 1: Column 4 has no name. Does every line end with a comma?"
    assert problem.code == "unknown_column"


def test_many_columns_are_named_in_one_problem() -> None:
    file = label_file(*GOOD, columns=("id", "name", "town", "note"))
    missing, unknown = validate(file, columns=["id", "zip", "city"])[:2]
    assert (missing.code, missing.column) == ("missing_column", None)
    assert missing.message == "The source table has columns that the file does not have: zip, city."
    assert (unknown.code, unknown.column) == ("unknown_column", None)
    assert unknown.message == "The file has columns that the source table does not have: name, town, note."


def test_more_than_a_hundred_columns() -> None:
    names = ["id", *(f"c{n}" for n in range(100))]
    assert [p.code for p in validate(label_file(*GOOD, columns=names))] == ["too_many_columns"]


def test_without_a_key_equal_rows_only_warn() -> None:
    file = label_file(*GOOD, ("s", "B", "1"))
    assert [(p.code, p.severity) for p in validate(file)] == [("repeated_row", "warning")]


def test_rows_without_a_key_are_not_taken_for_the_same_row() -> None:
    file = label_file(*GOOD, ("s", "A", ""), ("s", "B", ""))
    assert [(p.line, p.code) for p in validate(file, primary_key="id")] == [(5, "blank_key"), (6, "blank_key")]


def test_counts() -> None:
    file = label_file(*GOOD, ("s", "", "4"), ("t", "A", "5"), ("", "A", "6"), ("", "A", "7"))
    assert summarise(file) == Summary(sets=2, rows=7, matching_pairs=1, non_matching_pairs=2, blank=1)


@given(
    st.lists(st.tuples(st.sampled_from("st"), st.sampled_from(["", "A", "B", "a"]), st.text(max_size=2)), max_size=12)
)
def test_pairs_are_those_of_a_plain_count(rows: list[tuple[str, str, str]]) -> None:
    file = label_file(*rows)
    pairs = [a[1] == b[1] for n, a in enumerate(rows) for b in rows[n + 1 :] if a[0] == b[0] and a[1] and b[1]]
    summary = summarise(file)
    assert (summary.matching_pairs, summary.non_matching_pairs) == (pairs.count(True), pairs.count(False))
    validate(file, primary_key="id")  # never raises
