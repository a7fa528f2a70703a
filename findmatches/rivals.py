"""What the scores of the other candidates say about a pair: a row that has a better match elsewhere seldom has two, and two
rows that match the same third row mostly match each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.clustering import Edges
from findmatches.features import row_dots

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MEASURES = (
    "score", "lead", "lead back", "rival", "rival back", "rivals", "rivals back",
    "kind lead", "kind lead back", "kind rivals", "kind rivals back",
    "third rows", "third rows share", "third rows across", "third rows across share",
)  # fmt: skip
# For each of them 1 if more of it speaks for a match, -1 if it speaks against.
DIRECTIONS = np.array([1, 1, 1, -1, -1, -1, -1, 1, 1, -1, -1, 1, 1, 1, 1], dtype=np.int8)
_LEAST = 0.003
# Links weaker than this do not make a third row that two rows share.
_LINK = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Tops:
    """The best and the second best score of each row's candidates; 0 where there is none."""

    best: NDArray[np.float32]
    second: NDArray[np.float32]

    @classmethod
    def find(cls, n_rows: int, edges: Edges) -> Tops:
        ends, score = (edges.left.astype(np.intp), edges.right.astype(np.intp)), edges.score
        best = np.full(n_rows, -np.inf, dtype=np.float32)
        second = best.copy()
        for row in ends:
            np.maximum.at(best, row, score)
        count, tops = np.zeros((2, n_rows), dtype=np.int64)
        for row in ends:
            top = score >= best[row]
            np.maximum.at(second, row[~top], score[~top])
            count += np.bincount(row, minlength=n_rows)
            tops += np.bincount(row[top], minlength=n_rows)
        second = np.where(tops > 1, best, second)
        best[count < 1] = second[count < 2] = 0.0
        return cls(best, second)

    def best_other(self, row: NDArray[np.int32], score: NDArray[np.float32]) -> NDArray[np.float32]:
        """The best score of each row apart from the given one."""
        best = self.best.take(row)
        return np.where(score >= best - 1e-6, self.second.take(row), best)

    def leads(
        self, left: NDArray[np.int32], right: NDArray[np.int32], score: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """By how much each pair beats the best rival of its rows (below 0: is beaten): the larger and the smaller lead."""
        leads = score - self.best_other(left, score), score - self.best_other(right, score)
        return np.maximum(*leads), np.minimum(*leads)


class Rivals:
    """The best, the second best and the sum of the scores of each row's candidates."""

    def __init__(self, n_rows: int, edges: Edges) -> None:
        self._tops = Tops.find(n_rows, edges)
        row, score = np.concatenate([edges.left, edges.right]), np.concatenate([edges.score, edges.score])
        self._total: NDArray[np.float64] = np.bincount(row, weights=score, minlength=n_rows).astype(np.float64)

    def measure(
        self, left: NDArray[np.int32], right: NDArray[np.int32], score: NDArray[np.float32]
    ) -> list[NDArray[np.float64]]:
        """The score, both leads over the best rivals (as log odds), the rivals themselves, and the sums of all others."""
        odds = _log_odds(score)
        rivals = self._tops.best_other(left, score), self._tops.best_other(right, score)
        leads = odds - _log_odds(rivals[0]), odds - _log_odds(rivals[1])
        others = self._total[left] - score, self._total[right] - score
        return [odds, *_ordered(leads), *_ordered(rivals), *_ordered(others)]


class Surroundings:
    """The rivals of each pair among all scored pairs, among those of its kind, and the third rows that its two rows share.

    ``side`` is a number for each row (the source that it comes from): pairs within a side and pairs across are two kinds.
    Without it, what is said of kinds is not known (NaN).
    """

    def __init__(self, n_rows: int, edges: Edges, side: NDArray[np.int32] | None) -> None:
        self._side = side
        self._all = Rivals(n_rows, edges)
        strong = edges.where(edges.score >= _LINK)
        self._links = _links(n_rows, strong)
        if side is not None:
            across = side[edges.left] != side[edges.right]
            self._kinds = Rivals(n_rows, edges.where(~across)), Rivals(n_rows, edges.where(across))
            self._links_across = _links(n_rows, strong.where(side[strong.left] != side[strong.right]))

    def measure(
        self, left: NDArray[np.int32], right: NDArray[np.int32], score: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """One row a pair, in the order of ``MEASURES``."""
        found = self._all.measure(left, right, score)
        unknown = np.full(len(left), np.nan)
        if self._side is None:
            kinds = [unknown] * 4
            across = [unknown] * 2
        else:
            apart = self._side[left] != self._side[right]
            within, between = (kind.measure(left, right, score) for kind in self._kinds)
            kinds = [np.where(apart, between[place], within[place]) for place in (1, 2, 5, 6)]
            across = _third_rows(self._links_across, left, right, score * apart)
        third = _third_rows(self._links, left, right, score)
        return np.column_stack([*found, *kinds, *third, *across]).astype(np.float32)


def _ordered(both: tuple[NDArray[Any], NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.maximum(*both), np.minimum(*both)


def _links(n_rows: int, edges: Edges) -> csr_matrix:
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    ends = np.concatenate([edges.left, edges.right]), np.concatenate([edges.right, edges.left])
    return csr_matrix((np.concatenate([edges.score, edges.score]), ends), shape=(n_rows, n_rows))


def _third_rows(
    links: csr_matrix, left: NDArray[np.int32], right: NDArray[np.int32], score: NDArray[np.float32]
) -> list[NDArray[np.float64]]:
    """How many third rows both rows match (sum of products of scores, as a logarithm), and as a share of what either matches
    besides the other row: the smaller share; NaN where neither matches anything else."""
    shared = row_dots(links, left, right).astype(np.float64)
    total = np.asarray(links.sum(axis=1)).ravel()
    most = np.maximum(total[left] - score, total[right] - score)
    share = np.where(most > _LINK, np.minimum(shared / np.maximum(most, _LINK), 1.0), np.nan)
    return [np.log1p(shared), share]


def _log_odds(score: NDArray[np.float32]) -> NDArray[np.float64]:
    inside = np.clip(score.astype(np.float64), _LEAST, 1 - _LEAST)
    result: NDArray[np.float64] = np.log(inside / (1 - inside))
    return result
