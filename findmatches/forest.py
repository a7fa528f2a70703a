"""Extremely randomised trees as plain arrays: grown by scikit-learn, kept and evaluated by NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# What stands in for "not known" in the trees: below every measure, so that one cut separates it.
UNKNOWN = np.float32(-2.0)
_BATCH = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """All nodes of all trees in one row of arrays. A leaf is a node whose children are itself, so every walk may go on for
    ``depth`` steps. ``value`` is the share of matches in a leaf."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    children: NDArray[np.int32]  # (nodes, 2): where to go if the measure is at most, or above, the threshold
    value: NDArray[np.float32]
    depth: int

    def predict(self, measures: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean share of matches over the trees, for each row of measures."""
        filled = np.where(np.isnan(measures), UNKNOWN, measures).astype(np.float32)
        result = np.zeros(len(filled), dtype=np.float32)
        for start in range(0, len(filled), _BATCH):
            result[start : start + _BATCH] = self._walk(filled[start : start + _BATCH])
        return result

    def _walk(self, filled: NDArray[np.float32]) -> NDArray[np.float32]:
        width = filled.shape[1]
        flat = np.ascontiguousarray(filled).ravel()
        offset = np.arange(len(filled), dtype=np.int64) * width
        children = self.children.ravel()
        total = np.zeros(len(filled), dtype=np.float64)
        for root in self.roots:
            node = np.full(len(filled), root, dtype=np.int32)
            for _ in range(self.depth):
                above = flat[offset + self.feature[node]] > self.threshold[node]
                node = children[2 * node + above]
            total += self.value[node]
        return (total / max(len(self.roots), 1)).astype(np.float32)


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
        np.concatenate(threshold).astype(np.float32),
        np.concatenate(children).astype(np.int32),
        np.concatenate(value).astype(np.float32),
        max(estimator.tree_.max_depth for estimator in grown.estimators_),
    )
    return forest, np.asarray(grown.feature_importances_, dtype=np.float64)
