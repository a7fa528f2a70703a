"""Which rows are put together into a set, given what a model thinks of the candidates."""

from __future__ import annotations

import numpy as np

from findmatches import tuning
from findmatches.prepared import prepare
from findmatches.questions import choose_sets
from tests.findmatches.data import people


def test_a_set_is_filled_with_rows_that_the_model_is_unsure_of() -> None:
    prepared = prepare(people(60, 20)[0], neighbours=tuning.neighbours(0.5))
    left, right = prepared.candidates.left, prepared.candidates.right
    row = int(np.bincount(np.concatenate([left, right])).argmax())
    near = np.flatnonzero((left == row) | (right == row))
    score = np.full(len(left), 0.01, dtype=np.float32)
    score[near[:3]], score[near[3:6]] = 0.99, 0.5
    unsure = set((left + right)[near[3:6]] - row)
    found = choose_sets(prepared, score, np.array([], dtype=np.int32), 100, sets=1, rows=4, seed=0)
    assert set(found[0]) == {row, *unsure}
