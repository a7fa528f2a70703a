"""Amounts with a unit, in whatever way they are written."""

from __future__ import annotations

import pyarrow as pa
import pytest

from findmatches.normalise import make_column, numbers


def folded(cell: str) -> str:
    column = make_column("product", pa.chunked_array([[cell]]))
    return str(column.values[0])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Rice 1.5kg", "rice 1500 g"),
        ("Rice 1,5 KG", "rice 1500 g"),
        ("Rice 1500 Gramm", "rice 1500 g"),
        ("Rice 1,500g", "rice 1500 g"),
        ("Rice 1.500,0 g", "rice 1500 g"),
        ("Рис 0,5 кг", "ris 500 g"),
        ("2-lbs. bag", "2 lb. bag"),
        ("Milk 1 litre", "milk 1000 ml"),
        ("6x33cl", "6 x 330 ml"),
        ("6 × 0.33 L", "6 x 330 ml"),
        ("Box 10x20x30.5cm", "box 100 x 200 x 305 mm"),
        ("Box 100 x 200 x 305 mm", "box 100 x 200 x 305 mm"),
        ("46-inch TV", "46 in tv"),
        ("2.4GHz, 1TB, 500GB", "2.4 ghz, 1 tb, 500 gb"),
        ("0.0 kg", "0 g"),
    ],
)
def test_amounts_are_told_in_one_way(written: str, told: str) -> None:
    assert folded(written) == told


@pytest.mark.parametrize(
    "text",
    [
        "tx-100g lens 18-55mm",
        "ab6x33cl",
        "version 5.1.2 g",
        "3-1/2 in drive",
        "1125 w main st",
        "2 in 1",
        "1234567890123 g",
        "8g5",
        "2024-01-05",
    ],
)
def test_what_only_looks_like_an_amount_stays(text: str) -> None:
    assert folded(text) == text


def test_a_column_of_weights_in_two_units_holds_their_numbers() -> None:
    column = make_column("weight", pa.chunked_array([["1.5 kg", "250 g", "1500g"]]))
    assert sorted(numbers(column.values)) == [250, 1500]
