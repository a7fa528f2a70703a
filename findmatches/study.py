"""Learning in two rounds. The first scores each pair by itself; the second also knows the scores of its rivals.

What the second round learns from must not be scores of pairs that the first has seen. So the sets are dealt into folds, and the
scores of a fold come from a first round without it. Labels that such scores show to be wrong are left out, and the rest learnt
from as if they had never been there. Stacked learning with relational features after D. H. Wolpert, "Stacked
generalization" (1992), and I. Bhattacharya and L. Getoor, "Collective entity resolution in relational data" (2007).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from findmatches import tuning
from findmatches.assumed import assumed_differences
from findmatches.clustering import Edges, marked
from findmatches.doubts import count_wrong, doubtful
from findmatches.evidence import DIRECTION, Evidence, Examples
from findmatches.labels import Lessons
from findmatches.learner import TREES, Ensemble, Sieve, fit, fit_sieve
from findmatches.linkage import Linkage, between, counterparts, learn_linkage, through
from findmatches.prepared import Measured, Prepared, chunks
from findmatches.rivals import DIRECTIONS, MEASURES, Surroundings
from findmatches.scoring import (
    Learner,
    candidates_of,
    first_scores,
    first_scores_at,
    in_context,
    measure,
    worth_comparing,
)

log = logging.getLogger(__name__)
FOLDS = 5
# Where the first round teaches the sieve, it calls candidates matches from this score on.
_TAKEN = 0.5
# Evidence is learnt from so many candidates at most.
_EXAMPLES = 200_000


class Study:
    """``judged`` pairs of a table and all candidates of their rows, measured once, to be learnt from in any part.

    ``taught`` holds the judged pairs and, after these, the differences that are assumed besides.
    """

    def __init__(self, prepared: Prepared, judged: Lessons) -> None:
        self.prepared, self.judged = prepared, judged
        left, right = prepared.candidates.left, prepared.candidates.right
        self.taught, self.measures = judged, prepared.comparer.compare(judged.left, judged.right)
        assumed = assumed_differences(prepared, judged, self.measures)
        if len(assumed[0]):
            log.debug("%d differences assumed", len(assumed[0]))
            self.taught = judged.with_differences(*assumed)
            self.measures = np.vstack([self.measures, prepared.comparer.compare(*assumed)])
        self._near = candidates_of(prepared, np.concatenate([self.taught.left, self.taught.right]))
        self._left, self._right = left[self._near], right[self._near]
        measures = prepared.measures()
        parts = [measures(self._near[places]) for places in chunks(len(self._near))]
        self._near_measures = np.vstack(parts) if parts else measure(prepared, self._left, self._right)

    def learn(
        self, *, seed: int, use: NDArray[np.bool_] | None = None, trees: int = TREES, linked: bool | None = None
    ) -> Learner:
        """Learn from all judged pairs, or from those in ``use``; both kinds must be among them.

        Whether rows of one source match only by way of another is learnt too, unless ``linked`` tells.
        """
        pairs = np.arange(len(self.taught.match))
        if use is not None:
            pairs = np.concatenate([np.flatnonzero(use), pairs[len(use) :]])
        log.debug("learning from %d judged pairs", len(pairs))
        pairs, simple, unseen, doubted = self._believed(pairs, seed, trees)
        if not unseen.teaches(self.taught.match[pairs]):
            return replace(simple, doubted=doubted)
        second = self._fit_second(pairs, unseen, unseen.known, seed=seed, trees=trees)
        linkage = self._linkage(pairs, unseen, linked)
        balanced = self._balanced(linkage, unseen)
        return replace(
            simple, second=second, evidence=unseen.evidence, linkage=linkage, balanced=balanced, doubted=doubted
        )

    def _fit_second(
        self, pairs: NDArray[np.int64], unseen: _Unseen, use: NDArray[np.bool_], *, seed: int, trees: int
    ) -> Ensemble:
        told = np.full(unseen.evidence.width, DIRECTION, dtype=np.int8)
        directions = np.concatenate([self.prepared.schema.directions(), told, DIRECTIONS])
        both = np.hstack([self.measures[pairs][use], unseen.told[use], unseen.rivalry[use]])
        return fit(both, self.taught.match[pairs][use], seed=seed, trees=trees, directions=directions)

    def rule(self, *, seed: int) -> tuple[bool, float]:
        """What ``learn`` finds from all pairs with this seed: whether rows of one source match only by way of another, and ``Learner.balanced``."""
        if self.prepared.sources is None:
            return False, tuning.BALANCED
        pairs, _, unseen, _ = self._believed(np.arange(len(self.taught.match)), seed, TREES)
        linkage = self._linkage(pairs, unseen, None)
        return linkage is not None, self._balanced(linkage, unseen)

    def _balanced(self, linkage: Linkage | None, unseen: _Unseen) -> float:
        if linkage is None:
            return tuning.BALANCED
        n_labelled = len(np.unique([self.judged.left, self.judged.right]))
        return tuning.balanced_links(n_labelled, unseen.counterparts)

    def _believed(
        self, pairs: NDArray[np.int64], seed: int, trees: int
    ) -> tuple[NDArray[np.int64], Learner, _Unseen, tuple[tuple[int, float], ...]]:
        """The pairs without those whose labels are most likely wrong, what ``_unseen`` says of them, and the others with their scores."""
        simple, unseen = self._unseen(pairs, seed, trees)
        known, match = unseen.known, self.taught.match[pairs]
        if not count_wrong(unseen.score[known], match[known]):
            return pairs, simple, unseen, ()
        score = self._second_scores(pairs, unseen, seed, trees)
        doubted = np.zeros(len(pairs), dtype=bool)
        doubted[known] = doubtful(score[known], match[known])
        if not doubted.any() or not match[~doubted].any():
            return pairs, simple, unseen, ()
        left_out = tuple(zip(pairs[doubted].tolist(), score[doubted].tolist(), strict=True))
        return pairs[~doubted], *self._unseen(pairs[~doubted], seed, trees), left_out

    def _second_scores(self, pairs: NDArray[np.int64], unseen: _Unseen, seed: int, trees: int) -> NDArray[np.float32]:
        """What second rounds say of the pairs that have not seen their sets; they know right from wrong better than the first."""
        score = unseen.score.copy()
        for number in range(FOLDS):
            held, use = unseen.fold == number, unseen.known & (unseen.fold != number)
            match = self.taught.match[pairs[use]]
            if not held.any() or not match.any() or match.all():
                continue
            ensemble = self._fit_second(pairs, unseen, use, seed=seed + number, trees=trees // 3)
            score[held] = ensemble.predict(
                np.hstack([self.measures[pairs[held]], unseen.told[held], unseen.rivalry[held]])
            )
        return score

    def _linkage(self, pairs: NDArray[np.int64], unseen: _Unseen, linked: bool | None) -> Linkage | None:
        sources, known = self.prepared.sources, unseen.known & (pairs < len(self.judged.match))
        if sources is None or linked is False or not unseen.teaches(self.taught.match[pairs]):
            return None
        return learn_linkage(
            self.taught, pairs[known], sources, unseen.score[known], unseen.third[known], certain=linked is True
        )

    def _unseen(self, pairs: NDArray[np.int64], seed: int, trees: int) -> tuple[Learner, _Unseen]:
        """The first round and the sieve that the pairs teach, and what is thought of each pair when its set has not been learnt from."""
        first = fit(self.measures[pairs], self.taught.match[pairs], seed=seed, trees=trees)
        sieve = self._fit_sieve(pairs, first)
        owner = self.taught.set_number[pairs]
        sets = np.unique(owner)
        dealt = np.random.default_rng(seed).permutation(len(sets)) % FOLDS
        fold = dealt[np.searchsorted(sets, owner)]
        score = self._first_of_examples(first, sieve)
        evidence = self._pool.examples.learn(score)
        witness = evidence.at(self.prepared.candidates.views)
        unseen = _Unseen(fold, evidence, witness.measure(self.taught.left[pairs], self.taught.right[pairs]))
        unseen.counterparts = self._counterparts(score, pairs[self.taught.match[pairs]])
        for number in range(FOLDS):
            held = fold == number
            match = self.taught.match[pairs[~held]]
            if not held.any() or not match.any() or match.all():
                continue
            ensemble = fit(self.measures[pairs[~held]], match, seed=seed + number, trees=trees // 3)
            score = ensemble.predict(self.measures[pairs[held]])
            left, right = self.taught.left[pairs[held]], self.taught.right[pairs[held]]
            around = self._around(Learner(ensemble, None, sieve), left, right)
            unseen.known |= held
            unseen.score[held] = score
            unseen.rivalry[held] = Surroundings(len(self.prepared.keys), around, self.prepared.side).measure(
                left, right, score
            )
            if self.prepared.side is not None:
                unseen.third[held] = through(len(self.prepared.keys), between(around, self.prepared.side), left, right)
        return Learner(first, None, sieve), unseen

    @cached_property
    def _pool(self) -> _Pool:
        """Whatever part of the labels is learnt from, it is the same; and so are the measures, unless a sieve looks at the candidates first."""
        judged = marked(len(self.prepared.keys), self.judged.left, self.judged.right)
        left, right = self.prepared.candidates.left, self.prepared.candidates.right
        places = np.flatnonzero(~(judged[left] & judged[right]))
        share = min(1.0, _EXAMPLES / max(len(places), 1))
        if share < 1:
            places = np.sort(np.random.default_rng(0).choice(places, _EXAMPLES, replace=False))
        measures = self.prepared.measures(None if self.prepared.sifted else places)
        examples = Examples(self.prepared.candidates.views, left[places], right[places])
        return _Pool(places, share, examples, measures)

    def _first_of_examples(self, first: Ensemble, sieve: Sieve) -> NDArray[np.float32]:
        learner, places = Learner(first, None, sieve), self._pool.places
        return first_scores_at(learner, places, worth_comparing(self.prepared, learner, places), self._pool.measures)

    def _counterparts(self, score: NDArray[np.float32], matches: NDArray[np.int64]) -> float:
        """The share of the rows that have a counterpart in another source: by the scores of the examples, and by judged ``matches``."""
        if self.prepared.sources is None:
            return 0.0
        taken = score >= _TAKEN
        places = self._pool.places[taken]
        seen = Edges(self.prepared.candidates.left[places], self.prepared.candidates.right[places], score[taken])
        left, right = self.taught.left[matches], self.taught.right[matches]
        certain = Edges(left, right, np.ones(len(left), dtype=np.float32))
        return counterparts(self.prepared.sources, seen, self._pool.share, certain)

    def _fit_sieve(self, pairs: NDArray[np.int64], first: Ensemble) -> Sieve:
        """The sieve learns from the labels, and from what the first round makes of all candidates of the labelled rows: questions are about
        what is hard to tell apart, and most of what the sieve is to put aside is easy."""
        outlined = self.prepared.schema.outlined()
        outline = np.vstack([self.measures[pairs][:, outlined], self._near_measures[:, outlined]])
        match = np.append(self.taught.match[pairs], first.predict(self._near_measures) >= _TAKEN)
        return fit_sieve(outline, match)

    def _around(self, learner: Learner, left: NDArray[np.int32], right: NDArray[np.int32]) -> Edges:
        """The candidates of the rows of some judged pairs, scored by the first round."""
        concerned = marked(len(self.prepared.keys), left, right)
        near = concerned[self._left] | concerned[self._right]
        first = first_scores(self.prepared, learner, self._near_measures[near])
        return Edges(self._left[near], self._right[near], first)

    def score(self, learner: Learner, pairs: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of judged pairs, given by their places."""
        left, right = self.taught.left[pairs], self.taught.right[pairs]
        return in_context(self.prepared, learner, left, right, self.measures[pairs], self._around(learner, left, right))


def study_of(prepared: Prepared, judged: Lessons) -> Study | None:
    """What the judged pairs teach; None where they hold no match, or the table has nothing to tell matches from."""
    study = Study(prepared, judged) if judged.match.any() else None
    return study if study and study.taught.teachable else None


class _Pool(NamedTuple):
    """Candidates to learn evidence from, by their places: a ``share``, drawn at random, of those that people cannot have judged; and what measures them."""

    places: NDArray[np.int64]
    share: float
    examples: Examples
    measures: Measured


class _Unseen:
    """What is thought of pairs by learners that have not seen their sets, which are dealt into a ``fold`` each: the score of the first
    round, what rivals say, and the link by way of a third row; ``known`` where there was enough to learn from.

    ``told`` is what the evidence says of them, which comes from other pairs, and so do ``counterparts`` (see ``linkage``).
    """

    def __init__(self, fold: NDArray[np.int64], evidence: Evidence, told: NDArray[np.float32]) -> None:
        n_pairs = len(fold)
        self.fold, self.evidence, self.told = fold, evidence, told
        self.known = np.zeros(n_pairs, dtype=bool)
        self.score = np.zeros(n_pairs, dtype=np.float32)
        self.rivalry = np.zeros((n_pairs, len(MEASURES)), dtype=np.float32)
        self.third = np.zeros(n_pairs, dtype=np.float32)
        self.counterparts = 0.0

    def teaches(self, match: NDArray[np.bool_]) -> bool:
        """Both kinds of pairs are known."""
        return bool(match[self.known].any() and not match[self.known].all())
