"""What to ask next: sets of rows that could belong together, where an answer teaches most."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from findmatches.prepared import Prepared

_MUTUAL = 0.3


def choose_sets(
    prepared: Prepared, score: NDArray[np.float32] | None, asked: NDArray[np.int32], *, sets: int, rows: int, seed: int
) -> list[list[int]]:
    """Up to ``sets`` sets of 2 to ``rows`` rows, none asked before and none twice; fewer when the table runs out.

    ``score`` are the scores of the candidates under the present model, None before there is one. Then the seeds are rows that
    likely have a match, spread from the likeliest downwards, so that matches turn up however rare they are. With a model, half
    of the seeds are rows about whose pairs it is least sure, half are likely matches, which also catches confident errors.
    """
    free = np.ones(len(prepared.keys), dtype=bool)
    free[asked] = False
    graph = Neighbours(prepared, prepared.comparer.likeness if score is None else score)
    random = np.random.default_rng(seed)
    likely = _likely(prepared)
    found: list[list[int]] = []
    for number in range(sets):
        if score is None:
            start = _spread(likely, free, (number + random.random()) / sets)
        elif number % 2 == 0:
            start = _sample(np.where(free, graph.doubt, 0.0), random)
        else:
            start = _spread(likely, free, (number + random.random()) / sets)
        if start is None:
            break
        rows_of_set = graph.grow(start, free, rows)
        free[rows_of_set] = False
        found.append(rows_of_set)
    return [one for one in found if len(one) > 1]


class Neighbours:
    """The candidates of each row, the most valued first."""

    def __init__(self, prepared: Prepared, value: NDArray[np.float32]) -> None:
        candidates = prepared.candidates
        n_rows = len(prepared.keys)
        row = np.concatenate([candidates.left, candidates.right])
        other = np.concatenate([candidates.right, candidates.left])
        both = np.concatenate([value, value])
        alike = np.concatenate([prepared.comparer.likeness] * 2)
        order = np.lexsort((other, -alike, -both, row))
        self.other, self.value = other[order], both[order]
        self.start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])
        self.doubt = np.bincount(row, weights=both * (1 - both), minlength=n_rows)

    def grow(self, start: int, free: NDArray[np.bool_], rows: int) -> list[int]:
        """``start`` and its nearest free neighbours; if they are too few, the neighbours of those."""
        chosen: list[int] = []
        seen = {start}
        queue: list[tuple[int, float, int]] = [(0, 0.0, start)]
        while queue and len(chosen) < rows:
            distance, _, row = heapq.heappop(queue)
            chosen.append(row)
            for place in range(self.start[row], self.start[row + 1]):
                other = int(self.other[place])
                if free[other] and other not in seen:
                    seen.add(other)
                    heapq.heappush(queue, (distance + 1, -float(self.value[place]), other))
        return chosen


def _likely(prepared: Prepared) -> NDArray[np.float32]:
    """How likely each row has a match, as far as likeness tells: its best likeness, more if each is the other's best."""
    comparer, candidates = prepared.comparer, prepared.candidates
    mutual = (comparer.likeness >= comparer.best[candidates.left]) & (
        comparer.likeness >= comparer.best[candidates.right]
    )
    result = comparer.best.copy()
    bonus = np.zeros(len(result), dtype=bool)
    bonus[candidates.left[mutual]] = True
    bonus[candidates.right[mutual]] = True
    return (result + _MUTUAL * bonus).astype(np.float32)


def _spread(likely: NDArray[np.float32], free: NDArray[np.bool_], place: float) -> int | None:
    """The free row at ``place`` (0 to 1) of the way down from the likeliest, most of the way being near the top."""
    rows = np.flatnonzero(free)
    if not len(rows):
        return None
    order = rows[np.argsort(-likely[rows], kind="stable")]
    return int(order[min(int(len(order) * place**3), len(order) - 1)])


def _sample(weight: NDArray[np.float64], random: np.random.Generator) -> int | None:
    """One of the rows, drawn among the tenth with the most weight."""
    rows = np.flatnonzero(weight > 0)
    if not len(rows):
        return None
    order = rows[np.argsort(-weight[rows], kind="stable")][: max(len(rows) // 10, 1)]
    share = weight[order] / weight[order].sum()
    return int(random.choice(order, p=share))
