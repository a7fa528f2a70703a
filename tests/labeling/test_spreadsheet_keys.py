from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.spreadsheets import mentions, open_file, unmangle
from labeling.spreadsheets.cells import how_mangled
from tests.labeling.test_spreadsheets import KEY, as_workbook, cells, workbook

KEYS = ("00123", "1234567890123456789", "3-4", "1E5", "Ann  Lee", "Zoë", "Łódź", "x", "MAR1", "900000000000000001")


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("123", "00123"),
        ("1.23457E+18", "1234567890123456789"),
        ("1234567890123450000", None),
        ("1.2E+18", "1234567890123456789"),
        ("9E+17", "900000000000000001"),
        ("2024-04-03", "3-4"),
        ("03.04.2025", "3-4"),
        ("01-Mar", "MAR1"),
        ("100000", "1E5"),
        ("ann  lee", "Ann  Lee"),
        ("Ann Lee", "Ann  Lee"),
        (" ZOË", "Zoë"),
        ("?ód?", "Łódź"),
        ("'x", "x"),
        ("y", None),
        ("", None),
    ],
)
def test_keys_are_found_again(cell: str, key: str | None) -> None:
    found = unmangle([cell, "nothing"], KEYS)
    assert (found[cell].keys if cell in found else ()) == ((key,) if key else ())
    assert all(one.how for one in found.values())


def test_several_keys_may_have_been_one_cell() -> None:
    assert unmangle(["1"], ["1", "01", "001", "2", "1.0"])["1"].keys == ("1", "01", "001", "1.0")
    assert len(unmangle(["1"], ["0" * zeros + "1" for zeros in range(20)])["1"].keys) == 5


texts = st.text("019aB ?-/.eE'", max_size=6)


@given(st.lists(texts, max_size=6, unique=True), st.lists(texts, max_size=6, unique=True))
def test_only_what_the_comparison_of_two_cells_explains_is_found(given_cells: list[str], keys: list[str]) -> None:
    for cell, found in unmangle(given_cells, keys).items():
        assert cell in given_cells
        assert len(set(found.keys)) == len(found.keys)
        assert all(key in keys and how_mangled(cell, key) is not None for key in found.keys)


@given(texts, st.sampled_from([str.lower, str.upper, str.strip, lambda text: f"'{text}", lambda text: f" {text} "]))
def test_a_key_that_one_thing_happened_to_is_found(key: str, happened: Callable[[str], str]) -> None:
    cell = happened(key)
    if how_mangled(cell, key) is not None:
        assert unmangle([cell], ["other", key])[cell].keys == (key,)


def test_a_file_says_which_questions_it_is_about() -> None:
    table = cells(workbook())
    opened = open_file(as_workbook(table))
    assert mentions(opened, key=KEY).row_ids == frozenset("123456")
    assert mentions(opened, key=KEY).labeling_sets == frozenset()
    assert mentions(opened, key=b"another key").labeling_sets == {"set1", "set2"}
    table[2][0], table[6][0], table[6][1] = "", "forged", ""
    found = mentions(open_file(as_workbook(table)), key=KEY)
    assert found.row_ids == frozenset("1345")
    assert found.labeling_sets == {"set1", ""}
    assert mentions(open_file(b"nothing"), key=KEY).row_ids == frozenset()
