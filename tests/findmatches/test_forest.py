from __future__ import annotations

import numpy as np

from findmatches.forest import _compiled, _plain, grow


def test_compiled_and_plain_walks_agree_with_each_other_and_the_labels() -> None:
    random = np.random.default_rng(0)
    measures = random.random((300, 6)).astype(np.float32)
    measures[random.random(measures.shape) < 0.2] = np.nan
    match = np.nan_to_num(measures[:, 0]) + np.nan_to_num(measures[:, 1]) > 0.9
    forest, helped = grow(measures, match, np.ones(300), trees=20, seed=1)
    assert ((forest.predict(measures) > 0.5) == match).all()
    assert helped.sum() == 1 or abs(helped.sum() - 1) < 1e-9
    other = np.where(random.random((5000, 6)) < 0.2, -2, random.random((5000, 6))).astype(np.float32)
    compiled = _compiled(forest, 6)
    assert compiled is not None, "scikit-learn's inner layout has changed: predictions are slow now"
    for fast, slow in zip(compiled, _plain(forest), strict=True):
        assert np.array_equal(fast(other), slow(other))
