"""Extremely randomised trees as plain arrays: grown by scikit-learn, kept and asked without it.

A tree is not walked pair by pair. For a block of pairs, every question of every tree is answered at once, a bit a pair; then the bits of
the pairs that reach a node go down to its children, one level of all trees at a time. That is array work on bits from end to end: nothing to
guess for a processor, and nothing to import for a match. In the spirit of C. Lucchese and others, "QuickScorer: a fast algorithm to rank
documents with additive ensembles of regression trees" (SIGIR 2015), who go through the questions feature by feature, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from findmatches.threads import in_threads

# What stands in for "not known" in the trees: below every measure, so that one cut separates it.
UNKNOWN = np.float32(-2.0)
# Pairs that go down the trees together. The bits of so many stay in the processor's cache.
_BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """All nodes of all trees in one row of arrays. A leaf is a node whose children are itself; ``value`` is the share of matches in it.
    No leaf is further than ``depth`` steps from its root."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    children: NDArray[np.int32]  # (nodes, 2): where to go if the measure is at most, or above, the threshold
    value: NDArray[np.float32]
    depth: int

    def predict(self, measures: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean share of matches over the trees, for each row of measures."""
        descent = _Descent(self)

        def mean(start: int) -> NDArray[np.float32]:
            return descent.mean(measures[start : start + _BLOCK])

        shares = in_threads(mean, range(0, len(measures), _BLOCK))
        return np.concatenate([np.empty(0, dtype=np.float32), *shares])


class _Descent:
    """The nodes of all trees, level by level: first all left children of a level, then all right ones.

    Questions are numbered in that order, and so are the leaves whose share is not 0.
    """

    def __init__(self, forest: Forest) -> None:
        own = np.arange(len(forest.value))
        node: NDArray[Any] = forest.roots
        tree = np.arange(len(forest.roots))
        asking, ending, owner = [], [], []
        self._levels: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        for _ in range(forest.depth + 1):
            leaf = forest.children[node, 0] == own[node]
            inner, end = np.flatnonzero(~leaf), np.flatnonzero(leaf & (forest.value[node] > 0))
            self._levels.append((inner, end))
            asking.append(node[inner])
            ending.append(node[end])
            owner.append(tree[end])
            node, tree = forest.children[node[inner]].T.ravel(), np.tile(tree[inner], 2)
        self._ask(forest, np.concatenate(asking))
        self._n_trees = len(forest.roots)
        share, tree = forest.value[np.concatenate(ending)], np.concatenate(owner)
        order = np.lexsort((share, tree))
        share, tree = share[order], tree[order]
        new = np.ones(len(share), dtype=bool)
        new[1:] = (np.diff(tree) != 0) | (np.diff(share) != 0)
        self._shares = share[new].astype(np.float64)
        # Leaves of one tree with one share are one, for they hold different pairs. Such groups are gathered in rounds, a leaf of each that has
        # one left; large groups come first, so that those of a round stand side by side.
        size = np.diff(np.append(np.flatnonzero(new), len(share)))
        self._back = np.argsort(np.argsort(-size, kind="stable"), kind="stable")
        turn = np.arange(len(share)) - np.repeat(np.cumsum(size) - size, size)
        self._order = order[np.lexsort((np.repeat(self._back, size), turn))]
        self._rounds = np.bincount(turn).tolist()

    def _ask(self, forest: Forest, nodes: NDArray[Any]) -> None:
        """The questions by the measure that they ask for: what it is at most. Measures are of single precision, so that may be, too."""
        cut = forest.threshold[nodes]
        most = cut.astype(np.float32)
        most = np.where(most > cut, np.nextafter(most, np.float32(-np.inf)), most)
        feature = forest.feature[nodes]
        order = np.argsort(feature, kind="stable")
        asked, start = np.unique(feature[order], return_index=True)
        numbers = np.split(order, start[1:])
        self._n_questions = len(nodes)
        self._questions = [
            (int(place), number, most[number][:, None]) for place, number in zip(asked, numbers, strict=False)
        ]

    def mean(self, measures: NDArray[np.float32]) -> NDArray[np.float32]:
        """As ``Forest.predict``, for one block."""
        count = len(measures)
        filled = np.array(measures.T, dtype=np.float32, order="C")
        filled[np.isnan(filled)] = UNKNOWN
        yes = np.empty((self._n_questions, (count + 7) // 8), dtype=np.uint8)
        for place, number, most in self._questions:
            yes[number] = np.packbits(filled[place] <= most, axis=1)
        reached = np.full((self._n_trees, yes.shape[1]), 255, dtype=np.uint8)
        ends, start = [], 0
        for inner, end in self._levels:
            ends.append(reached[end])
            here = reached[inner]
            left = here & yes[start : start + len(inner)]
            reached = np.concatenate([left, here ^ left])
            start += len(inner)
        total = np.zeros(count, dtype=np.float64)
        leaves, start = np.concatenate(ends)[self._order], 0
        found = np.zeros((len(self._shares), yes.shape[1]), dtype=np.uint8)
        for groups in self._rounds:
            found[:groups] |= leaves[start : start + groups]
            start += groups
        found, whole = found[self._back], self._shares == 1.0
        total += np.unpackbits(found[whole], axis=1, count=count).sum(axis=0, dtype=np.uint32)
        for share, bits in zip(self._shares[~whole], found[~whole], strict=True):
            total += share * np.unpackbits(bits, count=count)
        return (total / self._n_trees).astype(np.float32)


def grow(
    measures: NDArray[np.float32], match: NDArray[np.bool_], weight: NDArray[np.float64], *, trees: int, seed: int
) -> tuple[Forest, NDArray[np.float64]]:
    """A forest for these pairs, and how much each measure helped (sums to 1, or all 0). The same for the same seed."""
    # Here and not above: importing findmatches must stay quick.
    from sklearn.tree._criterion import Gini
    from sklearn.tree._splitter import RandomSplitter
    from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

    filled = np.where(np.isnan(measures), UNKNOWN, measures).astype(np.float32)
    target, weight = match.astype(np.float64)[:, None], np.ascontiguousarray(weight, dtype=np.float64)
    n_measures, n_classes = filled.shape[1], np.array([2], dtype=np.intp)
    seeds, own_seed, unlimited = np.random.RandomState(seed), np.random.RandomState(0), np.iinfo(np.int32).max

    def one() -> Any:
        own_seed.seed(
            seeds.randint(unlimited)
        )  # a new one would also seed itself: as long as a small tree takes to grow
        splitter = RandomSplitter(Gini(1, n_classes), max(1, isqrt(n_measures)), 1, 0.0, own_seed, None)
        tree = Tree(n_measures, n_classes, 1)
        DepthFirstTreeBuilder(splitter, 2, 1, 0.0, unlimited, 0.0).build(tree, filled, target, weight, None)
        return tree

    # The trees of an ExtraTreesClassifier with this seed, made of the parts that it makes them of (a test compares). Its public way looks at the
    # same pairs again for each tree, which takes two or three times as long as to grow a small one.
    grown = [one() for _ in range(trees)]
    roots, feature, threshold, children, value = [], [], [], [], []
    nodes = 0
    for tree in grown:
        own = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        roots.append(nodes)
        feature.append(np.where(leaf, 0, tree.feature))
        threshold.append(np.where(leaf, 0.0, tree.threshold))
        pair = np.column_stack([np.where(leaf, own, tree.children_left), np.where(leaf, own, tree.children_right)])
        children.append(pair + nodes)
        shares = tree.value[:, 0, :]
        value.append(shares[:, 1] / shares.sum(axis=1))
        nodes += tree.node_count
    forest = Forest(
        np.array(roots, dtype=np.int32),
        np.concatenate(feature).astype(np.int32),
        np.concatenate(threshold).astype(np.float64),
        np.concatenate(children).astype(np.int32),
        np.concatenate(value).astype(np.float32),
        max(tree.max_depth for tree in grown),
    )
    helped = [tree.compute_feature_importances() for tree in grown if tree.node_count > 1] or [
        np.zeros(measures.shape[1])
    ]
    mean: NDArray[np.float64] = np.mean(helped, axis=0)
    return forest, mean / max(mean.sum(), 1e-300)
