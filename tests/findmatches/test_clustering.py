from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from findmatches.clustering import Edges, Told, cluster, components

SIZE = 9
PAIRS = [(one, two) for one in range(SIZE) for two in range(one + 1, SIZE)]
GRAPHS = st.dictionaries(st.sampled_from(PAIRS), st.floats(0, 1, width=32), max_size=25)


def edges(graph: dict[tuple[int, int], float]) -> Edges:
    pairs = np.array(list(graph), dtype=np.int32).reshape(-1, 2)
    return Edges(pairs[:, 0], pairs[:, 1], np.array(list(graph.values()), dtype=np.float32))


def groups(graph: dict[tuple[int, int], float], threshold: float = 0.5, told: Told | None = None) -> list[set[int]]:
    found = cluster(SIZE, edges(graph), threshold, told)
    return [set(np.flatnonzero(found == number).tolist()) for number in range(int(found.max()) + 1)]


def test_pairs_at_the_threshold_join() -> None:
    assert {0, 1} in groups({(0, 1): 0.5})
    assert {0, 1} not in groups({(0, 1): 0.49})


def test_weak_links_do_not_chain() -> None:
    two_triples = {(0, 1): 0.9, (0, 2): 0.9, (1, 2): 0.9, (3, 4): 0.9, (3, 5): 0.9, (4, 5): 0.9}
    found = groups({**two_triples, (2, 3): 0.8})
    assert {0, 1, 2} in found
    assert {3, 4, 5} in found


@given(st.integers(0, 10_000), st.integers(1, 200), st.floats(0, 2), st.booleans())
def test_pieces_are_those_of_a_graph_library(seed: int, size: int, density: float, chained: bool) -> None:
    random = np.random.default_rng(seed)
    one, two = random.integers(0, size, (2, int(density * size)), dtype=np.int32)
    if chained:
        path = random.permutation(size).astype(np.int32)
        one, two = path[:-1], path[1:]
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(size, size))
    assert components(size, one, two).tolist() == connected_components(graph, directed=False)[1].tolist()


@given(st.integers(0, 10_000), st.integers(3, 40), st.floats(0.05, 0.95))
def test_groups_are_those_of_average_linkage(seed: int, size: int, threshold: float) -> None:
    one, two = np.triu_indices(size, 1)
    score = np.random.default_rng(seed).random(len(one)).astype(np.float32)
    expected = fcluster(linkage(1 - score.astype(np.float64), "average"), 1 - threshold, criterion="distance")
    first = np.unique(expected, return_index=True, return_inverse=True)
    found = cluster(size, Edges(one.astype(np.int32), two.astype(np.int32), score), threshold)
    assert found.tolist() == np.argsort(np.argsort(first[1]))[first[2]].tolist()


def test_more_rows_than_can_be_looked_at_together_part_where_their_links_are_weakest() -> None:
    size, count = 500, 4
    one, two = np.triu_indices(size, 1)
    start = np.arange(count) * size
    left = np.concatenate([(start[:, None] + one).ravel(), start[1:] - 1]).astype(np.int32)
    right = np.concatenate([(start[:, None] + two).ravel(), start[1:]]).astype(np.int32)
    score = np.full(len(left), 0.4, dtype=np.float32)
    score[-(count - 1) :] = 0.3
    found = cluster(count * size, Edges(left, right, score), 0.25)
    assert found.tolist() == np.repeat(np.arange(count), size).tolist()


@given(GRAPHS, st.floats(0.05, 0.95))
def test_every_row_is_in_one_group_and_groups_hang_together(
    graph: dict[tuple[int, int], float], threshold: float
) -> None:
    found = groups(graph, threshold)
    assert sorted(row for group in found for row in group) == list(range(SIZE))
    for group in found:
        inside = [graph.get(pair, 0.0) for pair in PAIRS if set(pair) <= group]
        assert not inside or max(inside) >= threshold - 1e-6


@given(GRAPHS, st.permutations(range(SIZE)))
def test_an_edge_may_be_given_in_any_order(graph: dict[tuple[int, int], float], order: list[int]) -> None:
    items = sorted(graph.items(), key=lambda item: order[item[0][0]])
    assert groups(graph) == groups(dict(items))


@given(GRAPHS, st.sets(st.sampled_from(PAIRS), max_size=4), st.sets(st.sampled_from(PAIRS), max_size=4))
def test_judgements_are_respected(
    graph: dict[tuple[int, int], float], same: set[tuple[int, int]], different: set[tuple[int, int]]
) -> None:
    found = groups(graph, 0.5, Told(tuple(same), tuple(different)))
    place = {row: number for number, group in enumerate(found) for row in group}
    joined = groups(dict.fromkeys(same, 1.0), 1e-6, Told(tuple(same)))
    chained = {row: number for number, group in enumerate(joined) for row in group}
    assert all(place[one] == place[two] for one, two in same)
    assert all(place[one] != place[two] for one, two in different if chained[one] != chained[two])


def test_judgements_are_respected_among_more_rows_than_can_be_looked_at_together() -> None:
    size = 1600
    rows = np.arange(size, dtype=np.int32)
    chain = Edges(rows[:-1], rows[1:], np.full(size - 1, 0.9995, dtype=np.float32))
    found = cluster(size, chain, 0.5, Told(same=((1598, 1599),), different=((0, 1599), (1, 1599))))
    assert set(np.flatnonzero(found == found[1599])) == {1598, 1599}
    assert len(set(found.tolist())) == 2
