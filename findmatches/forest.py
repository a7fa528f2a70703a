"""Extremely randomised trees as plain arrays: grown by scikit-learn, kept without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from findmatches.threads import in_threads

# Measures of pairs to the leaf of one tree that each of them ends in, a number inside that tree.
Walk: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.integer[Any]]]

# What stands in for "not known" in the trees: below every measure, so that one cut separates it.
UNKNOWN = np.float32(-2.0)
# Pairs that walk through all trees together. So many stay in the processor's cache from one tree to the next.
_BLOCK = 8192
# Pairs that end in the same leaves of the first so many trees walk one after the other: they mostly go the same ways through the others,
# too, and a processor that guesses right where a walk turns needs little more than half of the time.
_GUIDES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """All nodes of all trees in one row of arrays. A leaf is a node whose children are itself, so every walk may go on for
    ``depth`` steps. ``value`` is the share of matches in a leaf."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    children: NDArray[np.int32]  # (nodes, 2): where to go if the measure is at most, or above, the threshold
    value: NDArray[np.float32]
    depth: int

    def spans(self) -> list[tuple[int, int]]:
        """Where the nodes of each tree start and end."""
        return list(pairwise([*self.roots.tolist(), len(self.value)]))

    def predict(self, measures: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean share of matches over the trees, for each row of measures."""
        walks = _compiled(self, measures.shape[1]) or _plain(self)
        filled = np.where(np.isnan(measures), UNKNOWN, measures).astype(np.float32, copy=False)
        shares_of = [self.value[start:end].astype(np.float64) for start, end in self.spans()]
        order = np.lexsort([walk(filled).astype(np.int32) for walk in walks[:_GUIDES]])

        def mean(start: int) -> NDArray[np.float32]:
            part = filled[order[start : start + _BLOCK]]
            total = np.zeros(len(part), dtype=np.float64)
            # In the order of the trees, so that the number of threads cannot change the last digit.
            for walk, share in zip(walks, shares_of, strict=True):
                total += share.take(walk(part))
            return (total / max(len(walks), 1)).astype(np.float32)

        shares = in_threads(mean, range(0, len(measures), _BLOCK))
        result = np.empty(len(measures), dtype=np.float32)
        result[order] = np.concatenate([np.empty(0, dtype=np.float32), *shares])
        return result


def _compiled(forest: Forest, width: int) -> list[Walk] | None:
    """Walks in scikit-learn's compiled code, five times as fast as ``_plain``; None if its inner layout is not the one known."""
    try:
        from sklearn.tree._tree import NODE_DTYPE, Tree  # here and not above: importing findmatches must stay quick

        walks: list[Walk] = []
        for start, end in forest.spans():
            nodes = np.zeros(end - start, dtype=NODE_DTYPE)
            own = np.arange(end - start)
            children = forest.children[start:end] - start
            leaf = children[:, 0] == own
            nodes["left_child"] = np.where(leaf, -1, children[:, 0])
            nodes["right_child"] = np.where(leaf, -1, children[:, 1])
            nodes["feature"] = np.where(leaf, -2, forest.feature[start:end])
            nodes["threshold"] = forest.threshold[start:end]
            nodes["n_node_samples"] = 1
            nodes["weighted_n_node_samples"] = 1
            tree = Tree(width, np.array([1], dtype=np.intp), 1)
            values = np.zeros((end - start, 1, 1))
            tree.__setstate__({"max_depth": forest.depth, "node_count": end - start, "nodes": nodes, "values": values})
            walks.append(tree.apply)
    except (ImportError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return walks


def _plain(forest: Forest) -> list[Walk]:
    return [partial(_walk_plain, forest, root) for root in forest.roots.tolist()]


def _walk_plain(forest: Forest, root: int, filled: NDArray[np.float32]) -> NDArray[np.int32]:
    flat = filled.ravel()
    offset = np.arange(len(filled), dtype=np.int64) * filled.shape[1]
    children = forest.children.ravel()
    node = np.full(len(filled), root, dtype=np.int32)
    for _ in range(forest.depth):
        above = flat[offset + forest.feature[node]] > forest.threshold[node]
        node = children[2 * node + above]
    return node - np.int32(root)


def grow(
    measures: NDArray[np.float32], match: NDArray[np.bool_], weight: NDArray[np.float64], *, trees: int, seed: int
) -> tuple[Forest, NDArray[np.float64]]:
    """A forest for these pairs, and how much each measure helped (sums to 1, or all 0). The same for the same seed."""
    from sklearn.ensemble import ExtraTreesClassifier  # here and not above: importing findmatches must stay quick

    filled = np.where(np.isnan(measures), UNKNOWN, measures)
    grown = ExtraTreesClassifier(trees, random_state=seed, min_samples_leaf=1, max_features="sqrt", n_jobs=1)
    grown.fit(filled, match, sample_weight=weight)
    roots, feature, threshold, children, value = [], [], [], [], []
    nodes = 0
    for estimator in grown.estimators_:
        tree = estimator.tree_
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
        max(estimator.tree_.max_depth for estimator in grown.estimators_),
    )
    return forest, np.asarray(grown.feature_importances_, dtype=np.float64)
