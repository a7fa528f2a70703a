"""What to ask next: sets of rows that could belong together, where an answer teaches most.

A set holds several likely pairs that are like each other, not one row and its neighbours: ten rows then say "same" about five
times and "different" about forty times, between things that are easily confused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from findmatches.features import order_by_row
from findmatches.normalise import MISSING
from findmatches.prepared import Prepared

# How the sets of a file start when there is a model: these shares from pairs it is unsure of, and from those it takes for
# matches; the rest from pairs that look promising whatever the model says, which is how confident errors are found.
UNSURE_SHARE = 0.6
MATCH_SHARE = 0.2
# Where the rows answered so far hold fewer matches than one in so many rows, every other set holds
# the most promising pairs that are left, whether or not they are like each other.
SCARCE = 20
# Of ten sets of a first file so many are about rows of two sources, if there are several: rows of one source may be so much alike that
# no question would ever be about anything else.
ACROSS_SETS = 7
# In a table of one source every third set of a first file grows by cells that are equal and not by likeness: as long as all rows of a set
# have the same title, nothing tells that the same day does not make two titles one thing.
EQUAL_EVERY = 3
# Promising pairs are of one kind if the same columns are filled in both their rows; kinds with less than this share of them count together,
# and as the commonest where they are fewer even then.
_KIND_FROM = 0.05
_PARTNER_FROM = 0.2
_STEEPNESS = 3
# A first file ends with so many rows that have nothing to do with the others of their set, chosen among so many pairs.
STRANGERS = 2
_DRAWS = 50
_LATER = 0.02


def choose_sets(
    prepared: Prepared,
    score: NDArray[np.float32] | None,
    asked: NDArray[np.int32],
    matches: int,
    *,
    answered: int,
    sets: int,
    rows: int,
    seed: int,
) -> list[list[int]]:
    """Up to ``sets`` sets of 2 to ``rows`` rows, none ``asked`` before and none twice; fewer when the table runs out.

    ``score`` are the scores of the candidates under the present model, None before there is one. Then the pairs that start the
    sets are spread over the kinds of rows there are, and from the most promising downwards, so that matches turn up however rare they
    are; some sets are about rows of two sources or, where there is one, about rows that have rare values in common; and the last set ends
    with a pair that is as little like the others as can be, so that differences turn up even where hundreds of rows are one thing and all
    neighbours match.

    ``matches`` is how many pairs of the ``answered`` rows are one thing. While they are scarce, finding more of them comes first. Of rows
    that wait for an answer nobody knows yet what they are.
    """
    chooser = _Chooser(prepared, score, asked, np.random.default_rng([seed, len(asked)]))
    scarce = SCARCE * matches < answered
    found: list[list[int]] = []
    for number in range(sets):
        if score is None:
            chooser.look(across=number % 10 < ACROSS_SETS, equal=number % EQUAL_EVERY == EQUAL_EVERY - 1)
        if scarce and number % 2 == 0 and (members := chooser.most_promising(rows)):
            found.append(members)
            continue
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
        self._columns = prepared.columns
        self._likeness_of = prepared.comparer.likeness_of
        promise, likeness = prepared.comparer.promise, prepared.comparer.likeness
        best = np.full(n_rows, -np.inf, dtype=np.float32)
        np.maximum.at(best, self.left, promise)
        np.maximum.at(best, self.right, promise)
        self._mutual = (promise >= best[self.left]) & (promise >= best[self.right])
        self._promise = promise
        side = prepared.side
        self._across = None if side is None else side[self.left] != side[self.right]
        value = promise if score is None else score
        self._partner_ok = self._mutual if score is None else score >= _PARTNER_FROM
        places = _Places(n_rows, self.left, self.right)
        self._partners = _Neighbours(places, value.__getitem__)
        # How much a row is worth comparing with a member of a set; with a model likeness only decides among rows that it is about as unsure of.
        doubt = None if score is None else 4 * score * (1 - score)
        worth = likeness if doubt is None else doubt + 0.1 * likeness
        self._near = self._near_any = _Neighbours(places, worth.__getitem__)
        self._near_equal = _Neighbours(places, _EqualCells(prepared, worth))
        self._use: NDArray[np.bool_] | None = None
        if score is None and (use := self._across) is not None:
            self._near_across = _Neighbours(places, worth.__getitem__, use)
        if score is not None and doubt is not None:
            self._matches = _first(score, int((score > 0.5).sum()))
            self._doubt = doubt * np.sqrt(self._pairs_concerned(score))
            self._unsure = _first(self._doubt, 4 * max(20, n_rows // 20))

    def _pairs_concerned(self, score: NDArray[np.float32]) -> NDArray[np.float32]:
        """How many pairs of rows each candidate may join: the rows that its two rows are thought to match, multiplied."""
        others = np.bincount(self.left, weights=score, minlength=len(self.free))
        others += np.bincount(self.right, weights=score, minlength=len(self.free))
        concerned: NDArray[np.float32] = ((1 + others[self.left]) * (1 + others[self.right])).astype(np.float32)
        return concerned

    def start(self, place: float, jittered: float) -> int | None:
        """The candidate with which the set at ``place`` (0 to 1) of the file starts; None when no free pair is left."""
        found = None
        if self.score is None:
            return self._spread_promising(jittered)
        if place < UNSURE_SHARE:
            found = self._draw_unsure()
        elif place < UNSURE_SHARE + MATCH_SHARE:
            found = self._spread(self._matches, self.random.random())
        return self._spread_promising(self.random.random()) if found is None else found

    def most_promising(self, rows: int) -> list[int]:
        """The rows of the most promising free pairs, as many as fit into a set."""
        members: list[int] = []
        while len(members) + 1 < rows and (pair := self._spread(self._promising, 0.0)) is not None:
            self._take(int(self.left[pair]), members)
            self._take(int(self.right[pair]), members)
        return members

    @cached_property
    def _promising(self) -> NDArray[np.int64]:
        """The pairs that are the most promising of both their rows, the most promising first."""
        mutual = np.flatnonzero(self._mutual)
        return mutual[np.argsort(-self._promise[mutual], kind="stable")]

    @cached_property
    def _less_promising(self) -> NDArray[np.int64]:
        """All other pairs, in the same order."""
        others = np.flatnonzero(~self._mutual)
        return others[np.argsort(-self._promise[others], kind="stable")]

    def look(self, *, across: bool, equal: bool) -> None:
        """In a table of several sources start and grow sets by pairs across them only, or by all; in others grow them by equal cells or by
        likeness."""
        self._use = self._across if across else None
        if self._across is None:
            self._near = self._near_equal if equal else self._near_any
        else:
            self._near = self._near_across if across else self._near_any

    def _free_pairs(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        free = order[self._is_free(order)]
        across = free if self._use is None else free[self._use[free]]
        return across if len(across) else free

    def _is_free(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        free: NDArray[np.bool_] = self.free[self.left[pairs]] & self.free[self.right[pairs]]
        return free

    def _spread(self, order: NDArray[np.int64], place: float) -> int | None:
        """The free pair at ``place`` of the way down the order."""
        return _at(self._free_pairs(order), place)

    def _spread_promising(self, place: float) -> int | None:
        """A promising pair of the kind that was asked about least; one that is not the most promising of both its rows only when there is no other."""
        pairs = self._free_pairs(self._promising)
        pairs = self._least_asked(pairs) if len(pairs) else self._free_pairs(self._less_promising)
        return _at(pairs, place**_STEEPNESS)

    def _least_asked(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the free promising ``pairs`` whose kind has the share of the pairs asked about that is furthest below its share of all."""
        free = self._kind[pairs]
        asked = self._kind[self._promising[~self._is_free(self._promising)]]
        count = np.bincount(np.concatenate([asked, free]))
        rare = count < _KIND_FROM * count.sum()
        if count[rare].sum() < _KIND_FROM * count.sum():
            rare[count.argmax()] = True
        together = np.where(rare, len(count), np.arange(len(count)))  # the rare kinds as one
        free, asked = together[free], together[asked]
        share = np.bincount(together, weights=count) / count.sum()
        share_asked = np.bincount(asked, minlength=len(share)) / max(len(asked), 1)
        present = np.unique(free)
        chosen: NDArray[np.int64] = pairs[free == present[(share - share_asked)[present].argmax()]]
        return chosen

    @cached_property
    def _kind(self) -> NDArray[np.int64]:
        """A number for which columns are filled in both rows of a pair, for the promising ones among the candidates."""
        left, right = self.left[self._promising], self.right[self._promising]
        kind = np.zeros(len(self._promising), dtype=np.int64)
        for column in self._columns:
            filled = (column.codes[left] != MISSING) & (column.codes[right] != MISSING)
            kind = np.unique(2 * kind + filled, return_inverse=True)[1]
        kinds = np.zeros(len(self.left), dtype=np.int64)
        kinds[self._promising] = kind
        return kinds

    def _draw_unsure(self) -> int | None:
        if self.score is None:
            return None
        pairs = self._free_pairs(self._unsure)[: max(20, len(self.free) // 20)]
        weight = self._doubt[pairs].astype(np.float64)
        if weight.sum() <= 0:
            return None
        return int(self.random.choice(pairs, p=weight / weight.sum()))

    def grow(self, start: int, rows: int) -> list[int]:
        """The pair ``start``, then again and again the free row that is most worth comparing with one of the set, each with its likely partner:
        the row most like one of them, or with a model the row of which it is least sure whether it matches one of them."""
        members: list[int] = []
        self._take(int(self.left[start]), members)
        self._take(int(self.right[start]), members)
        reached = [0] * len(members)
        while len(members) < rows:
            row = self._next(members, reached)
            if row is None and self._near is not self._near_any:
                self._near = self._near_any
                reached = [0] * len(members)
                continue
            if row is None:
                break
            self._take(row, members)
            partner = self._partner(row) if len(members) < rows else None
            if partner is not None:
                self._take(partner, members)
            reached += [0] * (len(members) - len(reached))
        return members

    def strangers(self, members: list[int]) -> list[int]:
        """Of some promising pairs drawn at random, the one whose rows are least like the members."""
        pairs = self._free_pairs(np.concatenate([self._promising, self._less_promising]))
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
        best: float | np.float32 = -np.inf
        found = None
        for number, member in enumerate(members):
            near = self._near.of(member)
            while reached[number] < len(near) and not self.free[near[reached[number]].other]:
                reached[number] += 1
            if reached[number] < len(near) and (value := near[reached[number]].value - _LATER * number) > best:
                best, found = value, near[reached[number]].other
        return found

    def _partner(self, row: int) -> int | None:
        """The free row with which ``row`` most likely matches, if that is likely enough."""
        for near in self._partners.of(row):
            if not self._partner_ok[near.pair]:
                return None
            if self.free[near.other]:
                return near.other
        return None


class _Places:
    """Where the candidates of each row stand among all candidates."""

    def __init__(self, n_rows: int, left: NDArray[np.int32], right: NDArray[np.int32]) -> None:
        self.left, self.right = left, right
        self._order = order_by_row(right, n_rows)
        self._start = np.concatenate([[0], np.cumsum(np.bincount(right, minlength=n_rows))])

    def of(self, row: int) -> NDArray[np.int64]:
        """The places of the candidates in which the row takes part, in ascending order."""
        ends = np.array([row, row + 1], dtype=self.left.dtype)
        first, last = np.searchsorted(self.left, ends)  # candidates are sorted by their left rows
        own = self._order[self._start[row] : self._start[row + 1]]
        return np.sort(np.concatenate([np.arange(first, last), own]))


class _EqualCells:
    """How much candidates have in common cell by cell, each equal value by how rare it is, from 0 to 1; ``likeness`` decides among as much."""

    def __init__(self, prepared: Prepared, likeness: NDArray[np.float32]) -> None:
        self._prepared, self._likeness = prepared, likeness

    @cached_property
    def _rarity(self) -> list[NDArray[np.float64]]:
        """Of each value of each column, and 0 at the end for what is missing."""
        n_rows = len(self._prepared.keys)
        return [np.append(np.log(n_rows / column.counts), 0.0) for column in self._prepared.columns]

    @cached_property
    def _most(self) -> float:
        """What two rows have in common that share the rarest value of each column."""
        return max(sum(float(rarity.max()) for rarity in self._rarity), 1.0)

    def __call__(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        left, right = self._prepared.candidates.left[places], self._prepared.candidates.right[places]
        shared = np.zeros(len(places))
        for column, rarity in zip(self._prepared.columns, self._rarity, strict=True):
            one, other = column.codes[left], column.codes[right]
            shared += np.where(one == other, rarity[one], 0.0)
        value: NDArray[np.float32] = (shared / self._most + 0.01 * self._likeness[places]).astype(np.float32)
        return value


class _Near(NamedTuple):
    pair: int
    other: int
    value: np.float32


class _Neighbours:
    """The candidates of each row, the most valued first; among equals those that come first. Looked up row by row: few rows are asked about."""

    def __init__(
        self,
        places: _Places,
        value: Callable[[NDArray[np.int64]], NDArray[np.float32]],
        use: NDArray[np.bool_] | None = None,
    ) -> None:
        self._places, self._value, self._use = places, value, use
        self._known: dict[int, list[_Near]] = {}

    def of(self, row: int) -> list[_Near]:
        if row not in self._known:
            pairs = self._places.of(row)
            pairs = pairs if self._use is None else pairs[self._use[pairs]]
            value = self._value(pairs)
            order = np.argsort(-value, kind="stable")
            other = self._places.left[pairs] + self._places.right[pairs] - row
            self._known[row] = [
                _Near(*near) for near in zip(pairs[order].tolist(), other[order].tolist(), value[order], strict=True)
            ]
        return self._known[row]


def _at(pairs: NDArray[np.int64], place: float) -> int | None:
    """The one at ``place`` (0 to 1) of the way through the pairs, if there are any."""
    return int(pairs[min(int(len(pairs) * place), len(pairs) - 1)]) if len(pairs) else None


def _first(value: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The places of the ``count`` highest values, the highest first, among equals those that come first."""
    count = min(count, len(value))
    if not count:
        return np.empty(0, dtype=np.int64)
    least = np.partition(value, len(value) - count)[len(value) - count]
    some = np.flatnonzero(value >= least)
    return some[np.argsort(-value[some], kind="stable")][:count]
