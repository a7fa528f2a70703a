from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from findmatches.forest import UNKNOWN, grow


@pytest.mark.parametrize("doubtful", [False, True])
def test_scores_are_those_of_the_trees_that_were_grown(*, doubtful: bool) -> None:
    random = np.random.default_rng(0)
    measures = random.random((300, 6)).astype(np.float32)
    measures[random.random(measures.shape) < 0.2] = np.nan
    match = np.nan_to_num(measures[:, 0]) + np.nan_to_num(measures[:, 1]) > 0.9
    if doubtful:  # the same pair, judged both ways: leaves that are neither
        measures = np.vstack([measures, measures[:40]])
        match = np.concatenate([match, ~match[:40]])
    weight = np.where(match, 1.0, 0.7)
    forest, helped = grow(measures, match, weight, trees=20, seed=1)
    assert abs(helped.sum() - 1) < 1e-9
    if not doubtful:
        assert ((forest.predict(measures) > 0.5) == match).all()
    grown = ExtraTreesClassifier(20, random_state=1, min_samples_leaf=1, max_features="sqrt", n_jobs=1)
    grown.fit(np.where(np.isnan(measures), UNKNOWN, measures), match, sample_weight=weight)
    # Several blocks, the last not full; and values that are cuts themselves, which go to the left.
    other = random.random((9001, 6)).astype(np.float32)
    other[random.random(other.shape) < 0.2] = np.nan
    cuts = random.choice(forest.threshold.astype(np.float32), 500)
    other[random.integers(0, len(other), 500), random.integers(0, 6, 500)] = cuts
    wanted = grown.predict_proba(np.where(np.isnan(other), UNKNOWN, other))[:, 1]
    assert np.abs(forest.predict(other) - wanted).max() < 1e-6
    assert np.array_equal(forest.predict(other[:13]), forest.predict(other)[:13])
    assert forest.predict(other[:0]).shape == (0,)


def test_pairs_of_one_kind_make_trees_of_a_single_leaf() -> None:
    same = np.ones((4, 2), dtype=np.float32)
    forest, _ = grow(same, np.array([True, False, True, False]), np.ones(4), trees=3, seed=0)
    assert np.allclose(forest.predict(same), 0.5)
