from __future__ import annotations

import numpy as np

from findmatches.learner import fit


def test_more_likeness_never_speaks_against_a_match_whatever_few_labels_say() -> None:
    rng = np.random.default_rng(0)
    match = np.arange(40) < 15
    names = rng.normal(size=40) + 2 * match
    streets = rng.normal(size=40) - match  # by chance less alike where rows match
    left_over = rng.normal(size=40) + match
    measures = np.column_stack([names, streets, left_over]).astype(np.float32)

    alike = np.zeros((4, 3), dtype=np.float32)
    alike[1:] = np.eye(3, dtype=np.float32) * 5
    held = fit(measures, match, seed=0, directions=np.array([1, 1, -1], dtype=np.int8)).linear.predict(alike)
    free = fit(measures, match, seed=0).linear.predict(alike)

    assert held[1] > held[0]
    assert held[2] >= held[0] > free[2]
    assert held[3] <= held[0] < free[3]
