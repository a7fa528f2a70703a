"""Of the pairs that the searches find in a large table, each row keeps those that are worth most to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from findmatches.keeping import among_best, worths

_WORTH = st.dictionaries(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]),
    st.tuples(st.sampled_from([0.0, 0.25, 1.0, 1.5, 3.0]), st.sampled_from([0.0, 0.5, 1.0, 2.5])),
    min_size=1,
)


@given(worth=_WORTH, count=st.integers(1, 5))
def test_a_pair_is_kept_if_one_of_its_rows_has_fewer_that_are_worth_more(
    worth: dict[tuple[int, int], tuple[float, float]], count: int
) -> None:
    pairs = sorted(worth)
    ends = np.array(pairs, dtype=np.int32).T
    to_left, to_right = np.array([worth[pair] for pair in pairs], dtype=np.float32).T
    kept = among_best(10, ends[0], ends[1], (to_left, to_right), count)

    to_row = [{pair: worth[pair][pair.index(row)] for pair in pairs if row in pair} for row in range(10)]
    for pair, is_kept in zip(pairs, kept, strict=True):
        better = [sum(other > to_row[row][pair] for other in to_row[row].values()) for row in pair]
        assert is_kept == (min(better) < count)


@pytest.mark.parametrize(
    ("others", "match"),
    [
        pytest.param((0.40, 0.95), (0.45, 0.0), id="many live at the address that the match has left"),
        pytest.param((0.30, 0.1), (0.25, 0.8), id="only the telephone number of the match is still the same"),
    ],
)
def test_a_view_counts_where_it_tells_candidates_apart(others: tuple[float, float], match: tuple[float, float]) -> None:
    """Forty candidates of a row are all alike; the one that is not is its match. Cosines are those of the rows as wholes and of one column."""
    left, right = np.zeros(41, dtype=np.int32), np.arange(1, 42, dtype=np.int32)
    cosines = np.array([[whole, whole, column] for whole, column in [*[others] * 40, match]], dtype=np.float32).T
    to_left, _ = worths(42, left, right, cosines, whole_views=[0, 1])
    assert to_left.argmax() == 40
