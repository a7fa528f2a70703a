"""What the scores of the other candidates say about a pair: a row that has a better match elsewhere seldom has two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from findmatches.clustering import Edges

MEASURES = ("score", "lead", "lead back", "rival", "rival back", "rivals", "rivals back")
_LEAST = 0.003


class Rivals:
    """The best, the second best and the sum of the scores of each row's candidates."""

    def __init__(self, n_rows: int, edges: Edges) -> None:
        row = np.concatenate([edges.left, edges.right])
        score = np.concatenate([edges.score, edges.score])
        order = np.lexsort((-score, row))
        row, score = row[order], score[order]
        count = np.bincount(row, minlength=n_rows)
        start = np.concatenate([[0], np.cumsum(count)])[:-1]
        self.best = np.zeros(n_rows, dtype=np.float32)
        self.second = np.zeros(n_rows, dtype=np.float32)
        self.best[count > 0] = score[start[count > 0]]
        self.second[count > 1] = score[start[count > 1] + 1]
        self.total = np.bincount(row, weights=score, minlength=n_rows)

    def best_other(self, row: NDArray[np.int32], score: NDArray[np.float32]) -> NDArray[np.float32]:
        """The best score of each row apart from the given one."""
        own = score >= self.best[row] - 1e-6
        return np.where(own, self.second[row], self.best[row]).astype(np.float32)

    def leads(
        self, left: NDArray[np.int32], right: NDArray[np.int32], score: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """By how much each pair beats the best rival of its rows (below 0: is beaten): the larger and the smaller lead."""
        leads = score - self.best_other(left, score), score - self.best_other(right, score)
        return np.maximum(*leads), np.minimum(*leads)

    def measure(
        self, left: NDArray[np.int32], right: NDArray[np.int32], score: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """One row a pair, in the order of ``MEASURES``; scores and leads as log odds."""
        odds = _log_odds(score)
        rivals = self.best_other(left, score), self.best_other(right, score)
        leads = odds - _log_odds(rivals[0]), odds - _log_odds(rivals[1])
        others = self.total[left] - score, self.total[right] - score
        both = [np.maximum(*leads), np.minimum(*leads), np.maximum(*rivals), np.minimum(*rivals)]
        return np.column_stack([odds, *both, np.maximum(*others), np.minimum(*others)]).astype(np.float32)


def _log_odds(score: NDArray[np.float32]) -> NDArray[np.float64]:
    inside = np.clip(score.astype(np.float64), _LEAST, 1 - _LEAST)
    result: NDArray[np.float64] = np.log(inside / (1 - inside))
    return result
