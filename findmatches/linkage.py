"""Tables of several sources in which rows of one source are one thing only if they match the same row of another.

A catalogue and what a crawler found, two shops, a register and its sources: there the question is which row of one source belongs to
which row of the other, and how much two rows of one source are alike says little by itself. Whether a table is so is learnt from labels,
and so is, for each source, whether it repeats itself (which share of its pairs that match the same row elsewhere are one thing) and how
far it is known what such pairs look like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from findmatches.clustering import Edges, components, joined, marked
from findmatches.labels import Lessons
from findmatches.normalise import Column

# A link weaker than this does not lead from one row of a source to another.
_LINK = 0.03
# Groups of labels that stand in one source alone are at most this share of all, or sources are no matter.
_ALONE = 0.15
# Matches keep away from their own source if at most this share of those that chance would put there is found there, and one more.
_OF_THOSE = 0.2
# What a source is taken for before a label tells: as many pairs as this, of which so many are one thing.
_BEFORE, _BEFORE_SAME = 1.25, 0.25
# A source that repeats itself this often repeats itself always: few labels tell which sources do, but not how often.
_REPEATS = 0.75
_SURE = 0.01
# After so many pairs of a source that are one thing, what its rows look like is believed by half: without any, nothing tells what such look like.
_HALF_KNOWN = 5
# By so much a set must the labels be likelier (natural logarithm) by what pairs within a source are like themselves than by third rows: to
# take a table of registers for one without costs more than the other mistake. A set says no more than one: its pairs are not independent,
# five copies of one row make ten of them.
_CLEAR = 0.05
_SET_SAYS = 1.0
# How much links to other rows of a register speak against a link to one of them. By half: the scores know a part of it already.
_RIVALRY = 0.5


@dataclass(frozen=True, slots=True)
class Linkage:
    """``repeats``: for each source, which share of its pairs that match the same row of another source are one thing. ``known``: how far
    labels tell what its rows look like that are one thing, from 0 to 1."""

    repeats: Mapping[str, float]
    known: Mapping[str, float]

    def of(self, sources: Column) -> NDArray[np.float32]:
        """The shares by the codes of the column. A source that the labels did not know, or none (-1), repeats itself as the others do."""
        return _by_code(self.repeats, sources, float(np.mean(list(self.repeats.values()))))

    def score(self, n_rows: int, across: Edges, within: Edges, sources: Column) -> NDArray[np.float32]:
        """What the pairs ``within`` a source, scored by what they are like themselves, are worth by way of the third rows that the edges
        ``across`` lead to.

        Of the pairs that match the same row, the source's share are one thing. Scores of learners with balanced classes say how much
        likelier a pair looks like this if it is one thing than if it is two; with that share, they give the chance (Bayes), as far as
        it is ``known`` what such pairs look like.
        """
        source, score = sources.codes[within.left], np.clip(within.score, _SURE, 1 - _SURE)
        share, known = self.of(sources)[source], _by_code(self.known, sources, 0.0)[source]
        alike, unlike = score**known, (1 - score) ** known
        chance = share * alike / (share * alike + (1 - share) * unlike)
        worth: NDArray[np.float32] = (through(n_rows, across, within.left, within.right) * chance).astype(np.float32)
        return worth

    def complete(
        self, edges: Edges, piece: NDArray[np.int32], sources: Column, *, certain: Edges | None = None
    ) -> Edges:
        """The edges between sources, and those within one inside the pieces that the others connect, by what their links make of them.

        ``piece`` is the piece of each row, below 0 if nothing is to be decided there; ``certain`` are links that third rows may lead over
        besides.
        """
        apart = sources.codes[edges.left] != sources.codes[edges.right]
        together = (piece[edges.left] == piece[edges.right]) & (piece[edges.left] >= 0)
        inside = self._against_rivals(edges.where(together & apart), sources)
        within = edges.where(together & ~apart)
        links = inside if certain is None else joined(inside, certain)
        linked = Edges(within.left, within.right, self.score(len(piece), links, within, sources))
        return joined(edges.where(~together & apart), joined(inside, linked))

    def _against_rivals(self, across: Edges, sources: Column) -> Edges:
        """The edges between sources, weaker where a row has rivals: a row of a source that repeats itself goes to one row of each source
        that does not, so the odds of a link fall with the odds of the others that it excludes (``_RIVALRY`` of them)."""
        share, side = self.of(sources), sources.codes
        odds = across.score / np.maximum(1 - across.score, _SURE)
        rivals = np.zeros(len(odds))
        for row, other in ((across.left, across.right), (across.right, across.left)):
            place = np.unique(row.astype(np.int64) * (len(share) + 1) + side[other], return_inverse=True)[1]
            others = np.bincount(place, weights=odds)[place] - odds
            rivals += share[side[row]] * (1 - share[side[other]]) * np.maximum(others, 0)
        score = across.score * (1 + odds) / (1 + odds + _RIVALRY * rivals)
        return Edges(across.left, across.right, score.astype(np.float32))

    def complete_new(
        self, edges: Edges, pieces: Sequence[NDArray[np.int64]], node: NDArray[np.int64], n_known: int, sources: Column
    ) -> Edges:
        """As ``complete``, for edges of new rows in given pieces: rows of one known group (``node`` below ``n_known``) are linked for certain."""
        side = sources.codes
        piece = np.full(len(node), -1, dtype=np.int32)
        before: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        for number, rows in enumerate(pieces):
            piece[rows] = number
            one, two = (np.sort(rows)[ends] for ends in np.triu_indices(len(rows), 1))
            together = (node[one] == node[two]) & (node[one] < n_known) & (side[one] != side[two])
            before.append((one[together], two[together]))
        left, right = _ends(before)
        return self.complete(edges, piece, sources, certain=Edges(left, right, np.ones(len(left), dtype=np.float32)))


def _by_code(values: Mapping[str, float], sources: Column, otherwise: float) -> NDArray[np.float32]:
    return np.array([*(values.get(str(source), otherwise) for source in sources.values), otherwise], dtype=np.float32)


def _ends(pairs: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    none = np.empty(0, dtype=np.int64)
    left, right = (np.concatenate([none, *(pair[end] for pair in pairs)]).astype(np.int32) for end in (0, 1))
    return left, right


def between(edges: Edges, side: NDArray[np.int32]) -> Edges:
    """The edges between rows of two sources."""
    return edges.where(side[edges.left] != side[edges.right])


def through(n_rows: int, across: Edges, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
    """How well each pair is linked by way of a third row: the better the weaker of the two links, the best third row. 0 without any."""
    strong = across.where(across.score >= _LINK)
    row = np.concatenate([strong.left, strong.right]).astype(np.int64)
    code = row * n_rows + np.concatenate([strong.right, strong.left])
    order = np.argsort(code)
    code, score = code[order], np.concatenate([strong.score, strong.score])[order]
    count = np.bincount(row, minlength=n_rows)
    start = np.cumsum(count) - count
    result = np.zeros(len(left), dtype=np.float32)
    swap = count[left] > count[right]  # go out from the row with fewer links
    near, far = np.where(swap, right, left), np.where(swap, left, right)
    step = count[near]
    pair = np.repeat(np.arange(len(left)), step)
    if not len(pair):
        return result
    first = np.arange(len(pair)) - np.repeat(np.cumsum(step) - step, step) + start[near][pair]
    wanted = code[first] % n_rows * n_rows + far[pair]
    second = np.minimum(np.searchsorted(code, wanted), len(code) - 1)
    weaker = np.where(code[second] == wanted, np.minimum(score[first], score[second]), 0)
    np.maximum.at(result, pair, weaker.astype(np.float32))
    return result


def counterparts(sources: Column, seen: Edges, share: float, certain: Edges) -> float:
    """Which share of the rows outside the largest source have a counterpart in another, as far as can be seen: by links that were ``seen`` in a
    ``share`` of all candidates, and by ``certain`` ones. Of rows with several links more are seen than that share, so it is rather too high.
    """
    side = sources.codes
    other = (side >= 0) & (side != np.bincount(side[side >= 0], minlength=1).argmax())
    ends = (between(edges, side) for edges in (seen, certain))
    linked, told = (marked(len(side), edges.left, edges.right) for edges in ends)
    count = float((told & other).sum() + (linked & ~told & other).sum() / share)
    return min(count / max(int(other.sum()), 1), 1.0)


def learn_linkage(
    taught: Lessons,
    pairs: NDArray[np.int64],
    sources: Column,
    score: NDArray[np.float32],
    third: NDArray[np.float32],
    *,
    certain: bool = False,
) -> Linkage | None:
    """What the judged ``pairs`` say: None where rows of one source match by themselves.

    ``score`` is what each pair looks like by itself, ``third`` its link by way of a third row, both to a learner that has not seen its
    set. The sources matter if, in sets with rows of several, next to no group of labels stands in one source alone, and third rows
    explain the pairs within a source as well as the pairs themselves, unless these are clearly better in most sets (by the likelihood of the
    labels). That is not asked where it is ``certain`` already.
    """
    left, match = taught.left[pairs], taught.match[pairs]
    within = sources.codes[left] == sources.codes[taught.right[pairs]]
    mixed = np.isin(taught.set_number[pairs], taught.set_number[pairs[~within]])
    certain = certain or keep_away(match, within, sources)
    if not certain and not (
        match[~within].any() and within.any() and _spread(taught, pairs[match & mixed], sources.codes)
    ):
        return None
    within &= sources.codes[left] >= 0
    owner, same, link = sources.codes[left[within]], match[within], third[within]
    n_sources = len(sources.values)
    positive = np.bincount(owner, weights=same, minlength=n_sources)
    share = np.minimum(
        (positive + _BEFORE_SAME) / (np.bincount(owner, weights=link, minlength=n_sources) + _BEFORE), 1.0
    )
    better = _surprise(same, link * share[owner]) - _surprise(same, score[within])
    sets, place = np.unique(taught.set_number[pairs[within]], return_inverse=True)
    by_set = np.clip(np.bincount(place, weights=better), -_SET_SAYS, _SET_SAYS)
    if not certain and by_set.sum() > _CLEAR * len(sets):
        return None
    # Links of learners that lack a part of the labels lead astray more often than those of the one that has them all.
    share = np.where(positive > 0, np.sqrt(share), share)
    share[share >= _REPEATS] = 1.0
    names = [str(value) for value in sources.values]
    known = positive / (positive + _HALF_KNOWN)
    return Linkage(dict(zip(names, share.tolist(), strict=True)), dict(zip(names, known.tolist(), strict=True)))


def keep_away(match: NDArray[np.bool_], within: NDArray[np.bool_], sources: Column) -> bool:
    """Far fewer matches are pairs of one source than if they had nothing to do with sources, and enough are known to tell."""
    by_chance = float(np.square(sources.counts / max(int(sources.counts.sum()), 1)).sum()) * match.sum()
    return bool((match & within).sum() + 1 <= _OF_THOSE * by_chance)


def _spread(taught: Lessons, same: NDArray[np.int64], side: NDArray[np.int32]) -> bool:
    """Nearly all groups of labels hold rows of several sources."""
    row = np.concatenate([taught.left[same], taught.right[same]]).astype(np.int64)
    code = np.concatenate([taught.set_number[same]] * 2).astype(np.int64) * (int(row.max()) + 1) + row
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    one, two = np.split(place.astype(np.int32), 2)
    group = components(len(first), one, two)
    sides = side[row[first]]
    low, high = np.full(int(group.max()) + 1, np.iinfo(np.int32).max), np.full(int(group.max()) + 1, -1)
    np.minimum.at(low, group, sides)
    np.maximum.at(high, group, sides)
    return bool((low == high).sum() + 0.5 <= _ALONE * (len(low) + 1))


def _surprise(same: NDArray[np.bool_], chance: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
    """The negative log likelihood of each label."""
    inside = np.clip(chance.astype(np.float64), _SURE, 1 - _SURE)
    surprise: NDArray[np.float64] = -np.log(np.where(same, inside, 1 - inside))
    return surprise
