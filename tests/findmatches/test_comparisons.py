"""What the measures of pairs say, as far as a person could tell from the rows."""

from __future__ import annotations

import numpy as np

from findmatches.comparisons import Comparer
from findmatches.comparisons.containment import CONTAINMENT
from findmatches.prepared import Prepared, prepare
from tests.findmatches.data import records


def measured(prepared: Prepared, comparer: Comparer, one: str, two: str, column: str) -> dict[str, float]:
    left, right = (np.array([prepared.keys.index(key)], dtype=np.int32) for key in (one, two))
    values = comparer.compare(left, right)[0]
    return {
        measure: float(value)
        for (name, measure), value in zip(comparer.schema.names(), values, strict=True)
        if name == column and measure in CONTAINMENT
    }


def test_words_are_found_in_other_columns_and_version_numbers_are_not_overlooked() -> None:
    names = ["id", "title", "maker"]
    long = "the complete and easy to use program for pictures of all kinds"
    rows = [
        ["a", f"encore print shop 17 deluxe, {long}", ""],
        ["b", f"print shop 17 deluxe, {long}", "encore"],
        ["c", f"print shop 12 deluxe, {long}", "encore"],
        ["d", "", "encore"],
        *[[f"x{n}", f"something else number {n}, {long} and more", f"maker {n}"] for n in range(10)],
    ]
    prepared = prepare(records(rows, names), neighbours=5)
    comparer = prepared.comparer
    same = measured(prepared, comparer, "a", "b", "title")
    assert same["found"] == same["found back"] == same["figures found"] == 1
    assert same["left over"] == same["left over back"] == same["figures left over"] == 0
    other = measured(prepared, comparer, "a", "c", "title")
    assert other["found"] < 1
    assert (other["figures found"], other["figures left over"]) == (0, 1)
    assert measured(prepared, comparer, "c", "a", "title") == other
    assert all(np.isnan(value) for value in measured(prepared, comparer, "a", "d", "title").values())


def test_what_two_rows_share_counts_the_more_the_rarer_it_is() -> None:
    common = [[f"c{n}", "notes from the editors of this journal on the issue", f"{n}"] for n in range(8)]
    rows = [
        ["a", "wavelets of silicon in porous glass at low voltage", "x"],
        ["b", "wavelets of silicon in porous glass at low voltage", "y"],
    ]
    prepared = prepare(records([*rows, *common], ["id", "title", "place"]), neighbours=5)
    rare = measured(prepared, prepared.comparer, "a", "b", "title")
    often = measured(prepared, prepared.comparer, "c1", "c2", "title")
    assert rare["found back"] == often["found back"] == 1
    assert rare["shared"] > 1.5 * often["shared"]
