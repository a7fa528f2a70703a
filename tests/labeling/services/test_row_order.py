"""The order in which rows are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labeling.services.row_order import reading_order

PEOPLE = [
    ["1", "Ann", "Miller", "1980-01-02"],
    ["2", "Robert", "Stone", "1971-06-24"],
    ["3", "Ann", "Miler", "1980-01-02"],
    ["4", "", "", ""],
    ["5", "Stone", "Rob", "1971-06-24"],
]


def test_likely_matches_stand_next_to_each_other() -> None:
    assert reading_order(PEOPLE, key=0) == [0, 2, 1, 4, 3]


def test_the_key_says_nothing_about_what_is_alike() -> None:
    rows = [["abcdef", "Ann Miller"], ["abcdeg", "Robert Stone"], ["zzzzzz", "ann  miller"]]
    assert reading_order(rows, key=0) == [0, 2, 1]


@given(st.lists(st.lists(st.text(max_size=8), min_size=3, max_size=3), max_size=12))
def test_every_row_stands_once_and_the_first_stays(rows: list[list[str]]) -> None:
    order = reading_order(rows, key=0)
    assert sorted(order) == list(range(len(rows)))
    assert order[:1] == [0][: len(rows)]
    assert reading_order(rows, key=0) == order
