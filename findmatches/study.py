"""Learning in two rounds. The first scores each pair by itself; the second also knows the scores of its rivals.

What the second round learns from must not be scores of pairs that the first has seen. So the sets are dealt into folds, and the
scores of a fold come from a first round without it. Stacked learning with relational features after D. H. Wolpert, "Stacked
generalization" (1992), and I. Bhattacharya and L. Getoor, "Collective entity resolution in relational data" (2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from findmatches.clustering import MAX_PIECE, Edges, components
from findmatches.labels import Lessons
from findmatches.learner import TREES, Ensemble, Sieve, fit, fit_sieve
from findmatches.prepared import CHUNK, Prepared, chunks, in_chunks
from findmatches.rivals import MEASURES, Surroundings

FOLDS = 5
# Pairs that the first round scores lower are not looked at again: too few of them are matches to be worth the time.
DOUBT_FROM = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Learner:
    """``second`` is None where the labels were too few to learn it."""

    first: Ensemble
    second: Ensemble | None
    sieve: Sieve


class Study:
    """Judged pairs of a table and all candidates of their rows, measured once, to be learnt from in any part."""

    def __init__(self, prepared: Prepared, taught: Lessons) -> None:
        self.prepared, self.taught = prepared, taught
        self.measures = prepared.comparer.compare(taught.left, taught.right)
        self._near = candidates_of(prepared, np.concatenate([taught.left, taught.right]))
        left, right = prepared.candidates.left, prepared.candidates.right
        self._left, self._right = left[self._near], right[self._near]
        measures = prepared.measures(fill=False)
        parts = [measures(self._near[places]) for places in chunks(len(self._near))]
        self._near_measures = np.vstack(parts) if parts else measure(prepared, self._left, self._right)

    def learn(self, *, seed: int, use: NDArray[np.bool_] | None = None, trees: int = TREES) -> Learner:
        """Learn from all pairs, or from those in ``use``; both kinds must be among them."""
        pairs = np.flatnonzero(np.ones(len(self.taught.match), dtype=bool) if use is None else use)
        match = self.taught.match[pairs]
        first = fit(self.measures[pairs], match, seed=seed, trees=trees)
        sieve = fit_sieve(self.measures[pairs][:, self.prepared.schema.outlined()], match)
        known, rivalry = self._unseen(pairs, sieve, seed, trees // 3)
        if not match[known].any() or match[known].all():
            return Learner(first, None, sieve)
        both = np.hstack([self.measures[pairs][known], rivalry[known]])
        return Learner(first, fit(both, match[known], seed=seed, trees=trees), sieve)

    def _unseen(
        self, pairs: NDArray[np.int64], sieve: Sieve, seed: int, trees: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """What rivals say of each pair when its set has not been learnt from, and for which pairs that could be found."""
        owner = self.taught.set_number[pairs]
        sets = np.unique(owner)
        dealt = np.random.default_rng(seed).permutation(len(sets)) % FOLDS
        fold = dealt[np.searchsorted(sets, owner)]
        known = np.zeros(len(pairs), dtype=bool)
        rivalry = np.zeros((len(pairs), len(MEASURES)), dtype=np.float32)
        for number in range(FOLDS):
            held = fold == number
            match = self.taught.match[pairs[~held]]
            if not held.any() or not match.any() or match.all():
                continue
            ensemble = fit(self.measures[pairs[~held]], match, seed=seed + number, trees=trees)
            score = ensemble.predict(self.measures[pairs[held]])
            rivalry[held] = self._rivalry(Learner(ensemble, None, sieve), pairs[held], score)
            known |= held
        return known, rivalry

    def _rivalry(self, learner: Learner, pairs: NDArray[np.int64], score: NDArray[np.float32]) -> NDArray[np.float32]:
        left, right = self.taught.left[pairs], self.taught.right[pairs]
        n_rows = len(self.prepared.keys)
        concerned = np.zeros(n_rows, dtype=bool)
        concerned[left] = concerned[right] = True
        near = concerned[self._left] | concerned[self._right]
        first = first_scores(self.prepared, learner, self._near_measures[near])
        edges = Edges(self._left[near], self._right[near], first)
        return Surroundings(n_rows, edges, self.prepared.comparer.side).measure(left, right, score)

    def score(self, learner: Learner, pairs: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of judged pairs, given by their places."""
        score = learner.first.predict(self.measures[pairs])
        if learner.second is None:
            return score
        rivalry = self._rivalry(learner, pairs, score)
        return learner.second.predict(np.hstack([self.measures[pairs], rivalry]))


def candidates_of(prepared: Prepared, rows: NDArray[np.int32]) -> NDArray[np.int64]:
    """The places of all candidates in which one of the rows takes part."""
    concerned = np.zeros(len(prepared.keys), dtype=bool)
    concerned[rows] = True
    return np.flatnonzero(concerned[prepared.candidates.left] | concerned[prepared.candidates.right])


def measure(prepared: Prepared, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
    parts = [
        prepared.comparer.compare(left[start : start + CHUNK], right[start : start + CHUNK])
        for start in range(0, max(len(left), 1), CHUNK)
    ]
    return np.vstack(parts)


def first_scores(prepared: Prepared, learner: Learner, measures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the first round says of candidates: 0 for those that ``score_candidates`` puts aside."""
    score = learner.first.predict(measures)
    if prepared.sifted:
        score[~learner.sieve.passes(measures[:, prepared.schema.outlined()])] = 0.0
    return score


def score_candidates(prepared: Prepared, learner: Learner) -> NDArray[np.float32]:
    """The score of every candidate pair, worked out in pieces so that memory does not grow with the measures."""
    left, right = prepared.candidates.left, prepared.candidates.right
    measures = prepared.measures(fill=not prepared.sifted)
    worth = np.arange(len(left))
    if prepared.sifted:
        worth = worth[in_chunks(lambda places: learner.sieve.passes(prepared.outline(places)), worth, np.bool_)]
    score = np.zeros(len(left), dtype=np.float32)
    score[worth] = in_chunks(lambda places: learner.first.predict(measures(places)), worth)
    edges = Edges(left, right, score)
    around = Surroundings(len(prepared.keys), edges, prepared.comparer.side)
    return _again(learner, edges, np.flatnonzero(score >= DOUBT_FROM), around, measures)


def _again(
    learner: Learner,
    edges: Edges,
    places: NDArray[np.int64],
    around: Surroundings,
    measures: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The scores of the edges, those at ``places`` by the second round; ``measures`` gives what is known of them."""
    if learner.second is None or not len(places):
        return edges.score
    second = learner.second

    def again(part: NDArray[np.int64]) -> NDArray[np.float32]:
        rivalry = around.measure(edges.left[part], edges.right[part], edges.score[part])
        return second.predict(np.hstack([measures(part), rivalry]))

    result = edges.score.copy()
    result[places] = in_chunks(again, places)
    return result


def fill_gaps(prepared: Prepared, learner: Learner, edges: Edges, threshold: float) -> Edges:
    """The edges, and the scores of the pairs that are missing inside what they connect.

    A row has more matches than neighbours where hundreds of rows are one thing; groups must not fall apart because of that.
    """
    n_rows = len(prepared.keys)
    strong = edges.score >= threshold
    piece = components(n_rows, edges.left[strong], edges.right[strong])
    left, right = _pairs_inside(piece)
    have = np.append(edges.left.astype(np.int64) * n_rows + edges.right, -1)  # candidates are sorted
    wanted = left * n_rows + right
    missing = have[np.searchsorted(have[:-1], wanted)] != wanted
    one, two = left[missing].astype(np.int32), right[missing].astype(np.int32)
    if not len(one):
        return edges

    def measures(part: NDArray[np.int64]) -> NDArray[np.float32]:
        return prepared.comparer.compare(one[part], two[part])

    score = in_chunks(lambda part: learner.first.predict(measures(part)), np.arange(len(one)))
    around = Surroundings(n_rows, edges, prepared.comparer.side)
    filled = Edges(one, two, score)
    again = np.flatnonzero(score >= DOUBT_FROM)
    filled = Edges(one, two, _again(learner, filled, again, around, measures))
    return Edges(
        np.concatenate([edges.left, filled.left]),
        np.concatenate([edges.right, filled.right]),
        np.concatenate([edges.score, filled.score]),
    )


def _pairs_inside(piece: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of rows of the same piece, in pieces of 3 to ``MAX_PIECE`` rows."""
    size = np.bincount(piece)
    members = np.argsort(piece, kind="stable")
    start = np.concatenate([[0], np.cumsum(size)])
    left, right = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for count in np.unique(size[(size >= 3) & (size <= MAX_PIECE)]).tolist():
        rows = members[start[:-1][size == count][:, None] + np.arange(count)]
        one, two = np.triu_indices(count, 1)
        left.append(rows[:, one].ravel())
        right.append(rows[:, two].ravel())
    return np.concatenate(left), np.concatenate(right)


def score_pairs(
    prepared: Prepared, learner: Learner, left: NDArray[np.int32], right: NDArray[np.int32]
) -> NDArray[np.float32]:
    """The scores of any pairs of rows, candidates or not."""
    measures = prepared.comparer.compare(left, right)
    score = learner.first.predict(measures)
    if learner.second is None or not len(left):
        return score
    near = candidates_of(prepared, np.concatenate([left, right]))
    one, two = prepared.candidates.left[near], prepared.candidates.right[near]
    edges = Edges(one, two, first_scores(prepared, learner, measure(prepared, one, two)))
    rivalry = Surroundings(len(prepared.keys), edges, prepared.comparer.side).measure(left, right, score)
    return learner.second.predict(np.hstack([measures, rivalry]))
