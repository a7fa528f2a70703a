"""Intervals of shares, against published values and against what sampling does."""

from __future__ import annotations

import random

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from labeling.intervals import Estimate, f1_interval, figure, wilson
from labeling.templatetags.ui import change


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_nothing_counted_has_no_interval() -> None:
    assert wilson(0, 0) is None
    assert f1_interval(0, 0, 0) is None


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_f1_lies_in_its_interval_whatever_side_errs(hits: int, wrong: int, missed: int) -> None:
    interval = f1_interval(hits, wrong, missed)
    assert interval == f1_interval(hits, missed, wrong)
    if interval is None:
        return
    low, high = interval
    f1 = 2 * hits / (2 * hits + wrong + missed)
    assert 0 <= low <= f1 + 1e-9
    assert f1 - 1e-9 <= high <= 1


def test_the_interval_of_f1_holds_the_truth_as_often_as_it_says() -> None:
    """Pairs drawn with a true F1 of 0.8: about 95 of 100 intervals hold it."""
    chance = random.Random(0)  # noqa: S311 the same draws each time
    truth, held = 0.8, 0
    for _ in range(1000):
        kinds = chance.choices(("hit", "wrong", "missed", "apart"), (0.2, 0.06, 0.04, 0.7), k=300)
        interval = f1_interval(*(kinds.count(kind) for kind in ("hit", "wrong", "missed")))
        assert interval is not None
        held += interval[0] <= truth <= interval[1]
    assert 930 <= held <= 970


def test_figures_and_intervals_as_people_read_them() -> None:
    assert [figure(value) for value in (0.9624, -0.9982, -0.0001, 1)] == ["0.962", "−0.998", "0.000", "1.000"]
    assert figure(-0.456, 2) == "−0.46"
    assert [change(value) for value in (0.0134, -0.2, -0.0001)] == ["+0.013", "−0.200", "+0.000"]
    for low, high, shown in (
        (-0.9984, -0.2, "−0.998 to −0.200"),
        (-0.9984, -0.9979, "−0.998"),
        (0.9, 0.95, "0.900 to 0.950"),
    ):
        html = render_to_string("labeling/agreement/_measure.html", {"measure": Estimate(low, low, high)})
        assert f">{shown}<" in html
