"""What to ask next: sets of rows that could belong together, where an answer teaches most.

A set holds several likely pairs that are like each other, not one row and its neighbours: ten rows then say "same" about five
times and "different" about forty times, between things that are easily confused.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from findmatches.features import order_by_row
from findmatches.prepared import Prepared

# How the sets of a file start when there is a model: these shares from pairs it is unsure of, and from those it takes for
# matches; the rest from pairs that look promising whatever the model says, which is how confident errors are found.
UNSURE_SHARE = 0.6
MATCH_SHARE = 0.2
# Of ten sets of a first file so many are about rows of two sources, if there are several: rows of one source may be so much alike that
# no question would ever be about anything else.
ACROSS_SETS = 7
_PARTNER_FROM = 0.2
_STEEPNESS = 3
# A first file ends with so many rows that have nothing to do with the others of their set, chosen among so many pairs.
STRANGERS = 2
_DRAWS = 50
_LATER = 0.02


def choose_sets(
    prepared: Prepared, score: NDArray[np.float32] | None, asked: NDArray[np.int32], *, sets: int, rows: int, seed: int
) -> list[list[int]]:
    """Up to ``sets`` sets of 2 to ``rows`` rows, none asked before and none twice; fewer when the table runs out.

    ``score`` are the scores of the candidates under the present model, None before there is one. Then the pairs that start the
    sets are spread from the most promising downwards, so that matches turn up however rare they are, and the last set ends with a
    pair that is as little like the others as can be, so that differences turn up even where hundreds of rows are one thing and all neighbours match.
    """
    chooser = _Chooser(prepared, score, asked, np.random.default_rng([seed, len(asked)]))
    found: list[list[int]] = []
    for number in range(sets):
        chooser.look(across=score is None and number % 10 < ACROSS_SETS)
        start = chooser.start((number + 0.5) / sets, (number + chooser.random.random()) / sets)
        if start is None:
            break
        last = score is None and number == sets - 1 and rows >= STRANGERS + 2
        members = chooser.grow(start, rows - STRANGERS if last else rows)
        found.append(members + chooser.strangers(members) if last else members)
    return found


class _Chooser:
    """Keeps which rows are free, and orders the candidates in all the ways that are needed."""

    def __init__(
        self,
        prepared: Prepared,
        score: NDArray[np.float32] | None,
        asked: NDArray[np.int32],
        random: np.random.Generator,
    ) -> None:
        self.left, self.right = prepared.candidates.left, prepared.candidates.right
        self.score, self.random = score, random
        n_rows = len(prepared.keys)
        self.free = np.ones(n_rows, dtype=bool)
        self.free[asked] = False
        self._likeness_of = prepared.comparer.likeness_of
        promise, likeness = prepared.comparer.promise, prepared.comparer.likeness
        best = np.full(n_rows, -np.inf, dtype=np.float32)
        np.maximum.at(best, self.left, promise)
        np.maximum.at(best, self.right, promise)
        self._mutual = (promise >= best[self.left]) & (promise >= best[self.right])
        order = np.argsort(-promise, kind="stable")
        self._promising = np.concatenate([order[self._mutual[order]], order[~self._mutual[order]]])
        self._n_mutual = int(self._mutual.sum())
        side = prepared.side
        self._across = None if side is None else side[self.left] != side[self.right]
        value = promise if score is None else score
        self._partner_ok = self._mutual if score is None else score >= _PARTNER_FROM
        self._partners = _Neighbours(n_rows, self.left, self.right, value)
        alike = likeness if score is None else score + 0.1 * likeness
        self._like = self._like_any = _Neighbours(n_rows, self.left, self.right, alike)
        self._use: NDArray[np.bool_] | None = None
        if score is None and (use := self._across) is not None:
            self._like_across = _Neighbours(n_rows, self.left[use], self.right[use], alike[use])
        if score is not None:
            self._matches = np.argsort(-score, kind="stable")[: int((score > 0.5).sum())]
            doubt = score * (1 - score)
            self._unsure = np.argsort(-doubt, kind="stable")[: 4 * max(20, n_rows // 20)]

    def start(self, place: float, jittered: float) -> int | None:
        """The candidate with which the set at ``place`` (0 to 1) of the file starts; None when no free pair is left."""
        found = None
        if self.score is None:
            return self._spread(self._promising, jittered**_STEEPNESS, self._n_mutual)
        if place < UNSURE_SHARE:
            found = self._draw_unsure()
        elif place < UNSURE_SHARE + MATCH_SHARE:
            found = self._spread(self._matches, self.random.random(), len(self._matches))
        if found is None:
            found = self._spread(self._promising, self.random.random() ** _STEEPNESS, self._n_mutual)
        return found

    def look(self, *, across: bool) -> None:
        """Start and grow sets by pairs across sources only, or by all."""
        self._use = self._across if across else None
        self._like = self._like_any if self._use is None else self._like_across

    def _free_pairs(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        free = order[self.free[self.left[order]] & self.free[self.right[order]]]
        across = free if self._use is None else free[self._use[free]]
        return across if len(across) else free

    def _spread(self, order: NDArray[np.int64], place: float, first: int) -> int | None:
        """The free pair at ``place`` of the way down the first part of the order, or of all if that part is used up."""
        pairs = self._free_pairs(order[:first])
        if not len(pairs):
            pairs = self._free_pairs(order)
        return int(pairs[min(int(len(pairs) * place), len(pairs) - 1)]) if len(pairs) else None

    def _draw_unsure(self) -> int | None:
        if self.score is None:
            return None
        pairs = self._free_pairs(self._unsure)[: max(20, len(self.free) // 20)]
        weight = (self.score[pairs] * (1 - self.score[pairs])).astype(np.float64)
        if weight.sum() <= 0:
            return None
        return int(self.random.choice(pairs, p=weight / weight.sum()))

    def grow(self, start: int, rows: int) -> list[int]:
        """The pair ``start``, then again and again the free row most like one of the set, each with its likely partner."""
        members: list[int] = []
        self._take(int(self.left[start]), members)
        self._take(int(self.right[start]), members)
        reached = [self._like.start[row] for row in members]
        while len(members) < rows:
            row = self._next(members, reached)
            if row is None and self._like is not self._like_any:
                self._like = self._like_any
                reached = [self._like.start[member] for member in members]
                continue
            if row is None:
                break
            self._take(row, members)
            partner = self._partner(row) if len(members) < rows else None
            if partner is not None:
                self._take(partner, members)
            reached += [self._like.start[row] for row in members[len(reached) :]]
        return members

    def strangers(self, members: list[int]) -> list[int]:
        """Of some promising pairs drawn at random, the one whose rows are least like the members."""
        pairs = self._free_pairs(self._promising)
        if not len(pairs):
            return []
        pairs = self.random.choice(pairs, min(_DRAWS, len(pairs)), replace=False)
        own = np.tile(np.array(members, dtype=np.int32), len(pairs))
        likeness = self._likeness_of(own, np.repeat(self.left[pairs], len(members))).reshape(len(pairs), -1)
        start = int(pairs[likeness.max(axis=1).argmin()])
        found: list[int] = []
        self._take(int(self.left[start]), found)
        self._take(int(self.right[start]), found)
        return found

    def _take(self, row: int, members: list[int]) -> None:
        self.free[row] = False
        members.append(row)

    def _next(self, members: list[int], reached: list[int]) -> int | None:
        """The free neighbour with the highest value; neighbours of early members come first. Moves ``reached`` past used ones."""
        best, found = -np.inf, None
        for number, member in enumerate(members):
            end = self._like.start[member + 1]
            while reached[number] < end and not self.free[self._like.other[reached[number]]]:
                reached[number] += 1
            if reached[number] < end and (value := self._like.value[reached[number]] - _LATER * number) > best:
                best, found = value, int(self._like.other[reached[number]])
        return found

    def _partner(self, row: int) -> int | None:
        """The free row with which ``row`` most likely matches, if that is likely enough."""
        for place in range(self._partners.start[row], self._partners.start[row + 1]):
            if not self._partner_ok[self._partners.pair[place]]:
                return None
            other = int(self._partners.other[place])
            if self.free[other]:
                return other
        return None


class _Neighbours:
    """The candidates of each row, the most valued first: ``other[start[row] : start[row + 1]]``."""

    def __init__(
        self, n_rows: int, left: NDArray[np.int32], right: NDArray[np.int32], value: NDArray[np.float32]
    ) -> None:
        pair = np.argsort(-value, kind="stable")  # among equals the order of the pairs, and so of the other rows, stays
        row = np.column_stack([left[pair], right[pair]]).ravel()
        order = order_by_row(row, n_rows)
        self.pair = pair[order // 2]
        self.other = np.column_stack([right[pair], left[pair]]).ravel()[order]
        self.value = value[self.pair]
        self.start: list[int] = [0, *np.cumsum(np.bincount(row, minlength=n_rows)).tolist()]
