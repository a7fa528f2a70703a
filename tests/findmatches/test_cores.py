from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from findmatches.clustering import Edges, Told, cluster
from findmatches.cores import completed


class Table:
    """Rows of some things in any order, and what is said of their pairs: of the same thing mostly yes, of two mostly no."""

    def __init__(self, sizes: list[int], seed: int, *, noise: float = 0.05) -> None:
        self.thing = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
        self.seed, self.noise, self.asked = seed, noise, 0

    def score(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
        self.asked += len(left)
        same = self.thing[left] == self.thing[right]
        mixed = (left * 7919 + right * 104_729 + self.seed) % 1_000_003 / 1_000_003
        score = np.where(mixed < self.noise, 0.5, np.where(same, 0.9, 0.05))
        return Edges(left.astype(np.int32), right.astype(np.int32), score.astype(np.float32))

    def candidates(self, neighbours: int = 12) -> Edges:
        """Each row beside others of its thing, and some of another, which chain the things."""
        rng, n_rows = np.random.default_rng(self.seed + 1), len(self.thing)
        pairs = set()
        for row in range(n_rows):
            own = np.flatnonzero(self.thing == self.thing[row])
            for other in [*rng.choice(own, neighbours).tolist(), *rng.integers(0, n_rows, 3).tolist()]:
                if other != row:
                    pairs.add((min(row, other), max(row, other)))
        left, right = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
        return self.score(left, right)

    def groups(self, told: Told | None = None, threshold: float = 0.5) -> list[int]:
        told, n_rows = told or Told(), len(self.thing)
        alone = np.zeros(n_rows, dtype=bool)
        alone[np.array(told.different, dtype=int).ravel()] = True
        edges, cores = completed(n_rows, self.candidates(), threshold, alone, self.score)
        assert cores is not None or np.bincount(self.thing).max() <= 200
        found: list[int] = cluster(n_rows, edges, threshold, told, cores).tolist()
        return found

    def things(self) -> list[int]:
        _, first, place = np.unique(self.thing, return_index=True, return_inverse=True)
        found: list[int] = np.argsort(np.argsort(first))[place].tolist()
        return found


@settings(max_examples=15)
@given(st.lists(st.integers(1, 350), min_size=1, max_size=6), st.integers(0, 1000), st.sampled_from([0.25, 0.5, 0.7]))
def test_large_groups_are_found_as_if_all_their_pairs_were_looked_at(
    sizes: list[int], seed: int, threshold: float
) -> None:
    table = Table(sizes, seed)
    n_rows = len(table.thing)
    one, two = np.triu_indices(n_rows, 1)
    everything = cluster(n_rows, table.score(one, two), threshold)
    assert table.groups(threshold=threshold) == everything.tolist()


def test_groups_of_thousands_cost_no_more_for_each_row_than_groups_of_hundreds() -> None:
    table = Table([4000, 2500, 30, 2], 1)
    assert table.groups() == table.things()
    assert table.asked < 100 * len(table.thing)


def test_rows_judged_different_part_in_a_large_group() -> None:
    table = Table([400, 300], 2)
    one, two, three = np.flatnonzero(table.thing == 0)[:3].tolist()
    found = table.groups(Told(same=((one, three),), different=((one, two),)))
    assert found[one] == found[three] != found[two]
    assert len(set(found)) == 3
    sizes = sorted(np.bincount(found).tolist())
    assert sizes in ([1, 300, 399], [2, 300, 398])


@pytest.mark.parametrize(("share", "joins"), [(0.3, False), (0.8, True)])
def test_what_a_core_makes_of_a_row_is_told_by_all_its_rows_not_by_the_nearest(share: float, joins: bool) -> None:
    table = Table([600, 1], 3, noise=0.0)
    stranger = int(np.flatnonzero(table.thing == 1)[0])
    like = np.random.default_rng(0).random(len(table.thing)) < share
    plain = table.score

    def score(left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
        edges = plain(left, right)
        edges.score[((left == stranger) & like[right]) | ((right == stranger) & like[left])] = 0.7
        return edges

    table.score = score  # type: ignore[method-assign]
    found = table.groups()
    assert (found.count(found[stranger]) > 1) == joins
