"""Differences that nobody was asked about and nobody would doubt: rows that agree in one column and are as unlike as candidates come.

Questions are about rows that are alike, so a set of one customer's payments shows amounts that are equal and amounts that are not, but never another
customer. Whatever is learnt from such sets may hold that one amount makes one payment, and be applied to pairs that it was never shown: a shift
of the inputs (H. Shimodaira, "Improving predictive inference under covariate shift", 2000). A few pairs of the kind that is missing put that right.

Labels made of known matches of two sources and of rows drawn at random show no difference between rows that are alike. There it is the other
candidates of matched rows that nobody would doubt. And known matches alone show no difference at all: there, candidates drawn at random stand in, of
which few are matches, as learning from positive and unlabelled examples does (C. Elkan and K. Noto, "Learning classifiers from only positive
and unlabeled data", 2008).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from findmatches.clustering import marked
from findmatches.labels import Lessons
from findmatches.learner import fit
from findmatches.linkage import keep_away
from findmatches.normalise import MISSING, Column
from findmatches.prepared import Prepared

# Where more of the judged pairs are matches, rows that are less alike may be, too.
_MOST_MATCHES = 0.25
# A column is lacking in which this share of the candidates agree that look less like matches than the others; so many of the judged differences
# should then agree as well, and not even this part of them do.
_LEAST_AGREEMENT = 0.01
_EXPECTED = 10
_HARDLY_SHOWN = 0.25
# For so many columns, and for each of them one for so many judged differences: where a learner without them gives this score to half of them.
_COLUMNS = 5
_DIFFERENCES = 20
_TAKEN_IN = 0.1
_TREES = 60
# Labels show rivals of matched rows if they hold more than this many for each match.
_SHOWN = 0.5
# Where labels show no difference, so many candidates are drawn at random for each match; or fewer, so that only so many for each are matches.
_FOR_A_MATCH, _WRONG = 5, 0.25


def assumed_differences(
    prepared: Prepared, taught: Lessons, measures: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs of rows to learn from as differences besides the judged pairs with these ``measures``.

    There are any only if a learner without them would be taken in; if questions come from ``ask``, that is seldom. Or if the labels show
    matches alone.
    """
    left, right = prepared.candidates.left, prepared.candidates.right
    if taught.match.all():
        rivals = _rivals(prepared, taught)
        one, two = _at_random(prepared, taught)
        return np.append(left[rivals], one), np.append(right[rivals], two)
    lacking = _lacking(prepared, taught)
    if lacking:
        learner = fit(measures, taught.match, seed=0, trees=_TREES)
        compare = prepared.comparer.compare
        scores = [learner.predict(compare(left[places], right[places])) for places in lacking]
        lacking = [places for places, score in zip(lacking, scores, strict=True) if np.median(score) >= _TAKEN_IN]
    found = np.unique(np.concatenate([_rivals(prepared, taught), *lacking]))
    return left[found], right[found]


def _lacking(prepared: Prepared, taught: Lessons) -> list[NDArray[np.int64]]:
    """For each column in which hardly any judged differences agree, the places of some unlike candidates that do, and that nobody can have judged."""
    apart = ~taught.match
    count = int(apart.sum()) // _DIFFERENCES
    if not count or not 0 < taught.match.mean() <= _MOST_MATCHES:
        return []
    left, right, promise = prepared.candidates.left, prepared.candidates.right, prepared.comparer.promise
    if not len(promise):
        return []
    judged = marked(len(prepared.keys), taught.left, taught.right)
    unlike = np.flatnonzero((promise <= np.median(promise)) & ~(judged[left] & judged[right]))
    left, right = left[unlike], right[unlike]
    found = []
    for column in prepared.columns:
        agree = _agree(column, left, right)
        share, shown = agree.sum() / max(len(unlike), 1), _agree(column, taught.left[apart], taught.right[apart])
        expected = share * len(shown)
        if share >= _LEAST_AGREEMENT and expected >= _EXPECTED and shown.sum() < _HARDLY_SHOWN * expected:
            found.append((expected - shown.sum(), agree))
    found.sort(key=lambda one: -one[0])
    random = np.random.default_rng(0)
    return [random.choice(unlike[agree], min(count, int(agree.sum())), replace=False) for _, agree in found[:_COLUMNS]]


def _rivals(prepared: Prepared, taught: Lessons) -> NDArray[np.int64]:
    """For each match of two sources that keep apart, the most promising other candidate that its row of the larger one has in the smaller one.

    Of two sources the smaller is the one that names everything once, so that row cannot be the same thing. There are none where labels show such
    pairs themselves.
    """
    sources, none = prepared.sources, np.empty(0, dtype=np.int64)
    if sources is None:
        return none
    side, n_rows = sources.codes, len(prepared.keys)
    across = (side[taught.left] != side[taught.right]) & (np.minimum(side[taught.left], side[taught.right]) >= 0)
    if not keep_away(taught.match, ~across, sources):
        return none
    one, other = taught.left[taught.match & across], taught.right[taught.match & across]
    swap = sources.counts[side[one]] < sources.counts[side[other]]
    counterpart = np.full(n_rows, MISSING)
    counterpart[np.where(swap, other, one)] = np.where(swap, one, other)
    left, right = prepared.candidates.left, prepared.candidates.right
    row, rival, place = np.append(left, right), np.append(right, left), np.tile(np.arange(len(left)), 2)
    known = counterpart[row]
    use = (known >= 0) & (known != rival) & (side[known] == side[rival])
    place, row = place[use], row[use]
    shown = _among(taught.left, taught.right, left[place], right[place], n_rows)
    if taught.match.all():
        new = ~_among(left[place], right[place], taught.left, taught.right, n_rows)
        place, row = place[new], row[new]
    elif taught.match[shown].any() or shown.sum() > _SHOWN * len(one):
        return none
    order = np.lexsort((-prepared.comparer.promise[place], row))
    best: NDArray[np.int64] = place[order][np.unique(row[order], return_index=True)[1]]
    return best


def _at_random(prepared: Prepared, taught: Lessons) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """At least a pair for each match, none of them judged: candidates, and where most of these may be matches, pairs of any rows.

    Half of all matches are as promising as the median of the known ones. So about twice the share of candidates that are is the share of matches
    among them, after J. D. Storey, "A direct approach to false discovery rates" (2002).
    """
    n_rows, count, random = len(prepared.keys), len(taught.match), np.random.default_rng(0)
    left, right, promise = prepared.candidates.left, prepared.candidates.right, prepared.comparer.promise
    known = _among(left, right, taught.left, taught.right, n_rows)
    free = np.flatnonzero(~known)
    share = 2 * (promise[free] >= np.median(promise[known])).mean() if known.any() and len(free) else 1.0
    some = round(min(_FOR_A_MATCH, _WRONG / max(share, 1e-9)) * count)
    places = random.choice(free, min(some, len(free)), replace=False)
    one, two = np.sort(random.integers(n_rows, size=(2, max(count - len(places), 0)), dtype=np.int32), axis=0)
    new = (one < two) & ~_among(one, two, taught.left, taught.right, n_rows)
    return np.append(left[places], one[new]), np.append(right[places], two[new])


def _among(
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    of_left: NDArray[np.int32],
    of_right: NDArray[np.int32],
    n_rows: int,
) -> NDArray[np.bool_]:
    """Which pairs are among others."""
    return np.isin(left.astype(np.int64) * n_rows + right, of_left.astype(np.int64) * n_rows + of_right)


def _agree(column: Column, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which pairs have the same value in the column."""
    one, other = column.codes[left], column.codes[right]
    same: NDArray[np.bool_] = (one == other) & (one != MISSING)
    return same
