from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from partitions.medians import Weights, median_clusters
from tests.partitions.strategies import partitions_of


@st.composite
def weights(draw: st.DrawFn) -> Weights:
    size = draw(st.integers(1, 7))
    found = [[0] * size for _ in range(size)]
    for one, two in combinations(range(size), 2):
        found[one][two] = found[two][one] = draw(st.integers(-3, 3))
    return found


@given(weights())
def test_against_all_partitions(found: Weights) -> None:
    """For each pair, whether some best partition puts it together and whether some puts it apart."""
    gains: dict[int, list[set[tuple[int, int]]]] = {}
    for partition in partitions_of(range(len(found))):
        joined = {pair for group in partition for pair in combinations(sorted(group), 2)}
        gains.setdefault(sum(found[one][two] for one, two in joined), []).append(joined)
    best = gains[max(gains)]
    knots = median_clusters(found, 100_000)
    assert sorted(row for knot in knots for row in knot.rows) == list(range(len(found)))
    for one, two in combinations(range(len(found)), 2):
        knot, other = (next(knot for knot in knots if row in knot.rows) for row in (one, two))
        together = any((one, two) in pairs for pairs in best)
        apart = any((one, two) not in pairs for pairs in best)
        if knot is other:
            assert (knot.together(one, two), knot.apart(one, two)) == (together, apart)
        else:
            assert apart
            assert knot.may_join(one, other, two) is together
