"""What a learner says of pairs: in two rounds, of all candidates at once or of a few pairs with what is around them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from findmatches import tuning
from findmatches.clustering import Cores, Edges, joined, marked, missing, pairs_inside, pieces
from findmatches.cores import completed
from findmatches.evidence import Evidence
from findmatches.learner import Ensemble, Sieve
from findmatches.linkage import Linkage, between
from findmatches.prepared import CHUNK, Measured, Prepared, in_chunks
from findmatches.rivals import Surroundings

log = logging.getLogger(__name__)
# Pairs that the first round scores lower are not looked at again: too few of them are matches to be worth the time.
DOUBT_FROM = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Learner:
    """``second`` and the ``evidence`` that it sees are None where the labels were too few to learn it, ``linkage`` where rows of one source match by themselves.

    ``balanced`` is the score from which rows are one thing where neither precision nor recall is favoured.
    ``doubted`` are the places of judged pairs that were left out as wrong, and their scores without their sets (not stored).
    """

    first: Ensemble
    second: Ensemble | None
    sieve: Sieve
    evidence: Evidence | None = None
    linkage: Linkage | None = None
    balanced: float = tuning.BALANCED
    doubted: tuple[tuple[int, float], ...] = ()


def candidates_of(prepared: Prepared, rows: NDArray[np.int32]) -> NDArray[np.int64]:
    """The places of all candidates in which one of the rows takes part."""
    concerned = marked(len(prepared.keys), rows)
    return np.flatnonzero(concerned[prepared.candidates.left] | concerned[prepared.candidates.right])


def measure(prepared: Prepared, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
    """What ``Comparer.compare`` gives, some pairs at a time: it takes far more memory than its result."""
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
    places = np.arange(len(left))
    worth = worth_comparing(prepared, learner, places)
    log.debug("comparing %d pairs in detail", len(worth))
    measures = prepared.measures(worth)
    score = first_scores_at(learner, places, worth, measures)
    edges = Edges(left, right, score)
    log.debug("scored; %d pairs above one half", int((score >= 0.5).sum()))
    around = Surroundings(len(prepared.keys), edges.where(score > 0), prepared.side)
    return _again(prepared, learner, edges, np.flatnonzero(score >= DOUBT_FROM), around, measures)


def linked_scores(prepared: Prepared, learner: Learner) -> NDArray[np.float32]:
    """As ``score_candidates``; but where rows of one source match only by way of another, that is what pairs within a source are scored by.

    By that alone, whatever they look like: people are asked about copies, too, and that is how it gets known what these look like.
    """
    score = score_candidates(prepared, learner)
    if learner.linkage is None or prepared.sources is None:
        return score
    left, right, side = prepared.candidates.left, prepared.candidates.right, prepared.sources.codes
    across, within = between(Edges(left, right, score), side), side[left] == side[right]
    as_likely_as_not = Edges(left[within], right[within], np.full(int(within.sum()), 0.5, dtype=np.float32))
    score[within] = learner.linkage.score(len(prepared.keys), across, as_likely_as_not, prepared.sources)
    return score


def worth_comparing(prepared: Prepared, learner: Learner, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the candidates (by their places) the sieve lets through: in small tables all of them."""
    if not prepared.sifted:
        return places
    worth: NDArray[np.int64] = places[
        in_chunks(lambda part: learner.sieve.passes(prepared.outline(part)), places, np.bool_)
    ]
    return worth


def first_scores_at(
    learner: Learner, places: NDArray[np.int64], worth: NDArray[np.int64], measures: Measured
) -> NDArray[np.float32]:
    """As ``first_scores``, for candidates by their (sorted) places: 0 for those that are not ``worth`` it."""
    score = np.zeros(len(places), dtype=np.float32)
    score[np.searchsorted(places, worth)] = in_chunks(lambda part: learner.first.predict(measures(part)), worth)
    return score


class SecondRound:
    """Scores pairs of a table again, by all that the second round sees. ``around`` are the rivals: candidates scored by the first round."""

    def __init__(self, prepared: Prepared, second: Ensemble, evidence: Evidence, around: Surroundings) -> None:
        self._second, self._around = second, around
        self._witness = evidence.at(prepared.candidates.views)

    @classmethod
    def of(cls, prepared: Prepared, learner: Learner, around: Surroundings) -> SecondRound | None:
        """None where the learner has but one round."""
        if learner.second is None or learner.evidence is None:
            return None
        return cls(prepared, learner.second, learner.evidence, around)

    def score(
        self,
        left: NDArray[np.int32],
        right: NDArray[np.int32],
        measures: NDArray[np.float32],
        score: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """The scores of measured pairs, which the first round gave a ``score``."""
        rivalry = self._around.measure(left, right, score)
        return self._second.predict(np.hstack([measures, self._witness.measure(left, right), rivalry]))


def _again(
    prepared: Prepared,
    learner: Learner,
    edges: Edges,
    places: NDArray[np.int64],
    around: Surroundings,
    measures: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The scores of the edges, those at ``places`` by the second round; ``measures`` gives what is known of them."""
    second = SecondRound.of(prepared, learner, around)
    if second is None or not len(places):
        return edges.score

    def again(part: NDArray[np.int64]) -> NDArray[np.float32]:
        return second.score(edges.left[part], edges.right[part], measures(part), edges.score[part])

    result = edges.score.copy()
    result[places] = in_chunks(again, places)
    return result


def links(
    prepared: Prepared, learner: Learner, threshold: float, apart: NDArray[np.int64]
) -> tuple[Edges, Cores | None]:
    """All scored pairs that say how rows group: the candidates, and the pairs that are missing inside what these connect, of large groups
    (None if there are none) a sample. Rows judged to be ``apart`` from others are looked at one by one.

    Where rows of one source match only by way of another, these connect nothing, and are worth what their links make of them.
    """
    edges = Edges(prepared.candidates.left, prepared.candidates.right, score_candidates(prepared, learner))
    n_rows, sources = len(prepared.keys), prepared.sources
    scorer = _Scorer(prepared, learner, edges)
    if learner.linkage is not None and sources is not None:
        connected = pieces(n_rows, between(edges, sources.codes), threshold)
        edges = joined(edges, scorer.score(*missing(n_rows, edges, *pairs_inside(connected))))
        return learner.linkage.complete(edges, connected, sources), None
    return completed(n_rows, edges, threshold, marked(n_rows, apart), scorer.score)


class _Scorer:
    """Scores pairs that are no candidates: a row has more matches than neighbours where hundreds of rows are one thing."""

    def __init__(self, prepared: Prepared, learner: Learner, edges: Edges) -> None:
        self._prepared, self._learner, self._edges = prepared, learner, edges
        self._around: Surroundings | None = None

    def score(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
        one, two = left.astype(np.int32), right.astype(np.int32)

        def measures(part: NDArray[np.int64]) -> NDArray[np.float32]:
            return self._prepared.comparer.compare(one[part], two[part])

        score = in_chunks(lambda part: self._learner.first.predict(measures(part)), np.arange(len(one)))
        again = np.flatnonzero(score >= DOUBT_FROM)
        if not len(again):
            return Edges(one, two, score)
        if self._around is None:
            n_rows, scored = len(self._prepared.keys), self._edges.where(self._edges.score > 0)
            self._around = Surroundings(n_rows, scored, self._prepared.side)
        found = _again(self._prepared, self._learner, Edges(one, two, score), again, self._around, measures)
        return Edges(one, two, found)


def score_pairs(
    prepared: Prepared, learner: Learner, left: NDArray[np.int32], right: NDArray[np.int32]
) -> NDArray[np.float32]:
    """The scores of any pairs of rows, candidates or not."""
    near = candidates_of(prepared, np.concatenate([left, right]))
    one, two = prepared.candidates.left[near], prepared.candidates.right[near]
    around = Edges(one, two, first_scores(prepared, learner, measure(prepared, one, two)))
    return in_context(prepared, learner, left, right, prepared.comparer.compare(left, right), around)


def in_context(
    prepared: Prepared,
    learner: Learner,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    measures: NDArray[np.float32],
    around: Edges,
) -> NDArray[np.float32]:
    """The scores of measured pairs; ``around`` are the candidates of their rows, scored by the first round."""
    score = learner.first.predict(measures)
    n_rows, sources = len(prepared.keys), prepared.sources
    second = SecondRound.of(prepared, learner, Surroundings(n_rows, around, prepared.side))
    if second is None or not len(left):
        return score
    score = second.score(left, right, measures, score)
    if learner.linkage is None or sources is None:
        return score
    own = Edges(np.minimum(left, right), np.maximum(left, right), score)
    others = around.where(~np.isin(around.codes(n_rows), own.codes(n_rows)))
    third = learner.linkage.score(n_rows, between(joined(own, others), sources.codes), own, sources)
    return np.where(sources.codes[left] == sources.codes[right], third, score).astype(np.float32)
