from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from findmatches.doubts import count_wrong, doubtful


def scores(
    seed: int, matches: int, hard: int, wrong: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Scores of so many pairs labelled as matches, some of them hard and some wrong, and of 400 differences; which are wrong."""
    rng = np.random.default_rng(seed)
    score = np.concatenate(
        [rng.beta(8, 2, matches - hard - wrong), rng.beta(2, 6, hard), rng.beta(0.4, 4, wrong + 400)]
    )
    match = np.arange(len(score)) < matches
    false = match & (np.arange(len(score)) >= matches - wrong)
    return score.astype(np.float32), match, false


def test_wrong_matches_are_counted_and_found() -> None:
    score, match, false = scores(0, 60, 0, 20)
    assert 12 <= count_wrong(score, match) <= 28
    found = doubtful(score, match)
    assert (found & false).sum() >= 15
    assert (found & ~false).sum() <= 2


def test_hard_matches_are_believed() -> None:
    score, match, _ = scores(0, 60, 20, 0)
    assert not doubtful(score, match).any()


def test_one_odd_match_proves_nothing() -> None:
    score, match, _ = scores(0, 40, 0, 0)
    score[0] = 0.0
    assert not doubtful(score, match).any()


def test_labels_of_one_kind_are_believed() -> None:
    score = np.linspace(0, 1, 10, dtype=np.float32)
    for match in (np.ones(10, dtype=bool), np.zeros(10, dtype=bool)):
        assert not doubtful(score, match).any()


def test_beside_wrong_matches_most_hard_ones_are_believed() -> None:
    lost = found = 0
    for seed in range(10):
        score, match, false = scores(seed, 80, 30, 12)
        doubted = doubtful(score, match)
        lost, found = lost + int((doubted & ~false).sum()), found + int((doubted & false).sum())
    assert lost <= 60, "of 300 that are hard"
    assert found >= 60, "of 120 that are wrong"
