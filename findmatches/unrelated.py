"""Columns that have nothing to do with which rows are one thing: ids of another system, times of the last change, who typed it in.

They make rows alike by chance, and where they hold many rare letters or words (a UUID in each row) they hide what rows really share. The table itself tells
which these are: rows that are alike in a column that has to do with what they are, are more often alike in the other columns, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from findmatches.features import DocumentFrequency, row_dots, weigh, word_matrix
from findmatches.normalise import Column
from findmatches.threads import in_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# So many rows next to each other in the order of a column are looked at, at most, for each column and for all together, and so many random pairs.
_NEIGHBOURS, _OF_ALL = 20_000, 200_000
_RANDOM = 100_000
# Best is this share of the random pairs, or as many as let so many of the neighbours be expected among them.
_BEST, _EXPECTED = 0.001, 40
# Neighbours in a column that has nothing to do with the others are among the best, and alike, no more than random pairs are, but for so many standard
# errors (or a mean that is higher by so much); and no more of them than this are more alike than all of those.
_ERRORS, _ALIKE, _BEYOND = 3.0, 1.05, 2
# Of a column with fewer values than this share of its rows neighbours are seldom one thing, whatever it has to do with what rows are: it is never asked.
_VARIOUS = 0.2
# Where the neighbours of no other column are at least so much more often among the best, too few rows may be one thing to tell.
_CLEAR = 3.0
_ROUNDED = 1e-5


class _Likeness(NamedTuple):
    """How alike neighbours in a column are in others, by random pairs: how many times as often among the best, and how many times as alike, each with
    its standard error; and how many are beyond all of those."""

    best: tuple[float, float]
    mean: tuple[float, float]
    beyond: int

    @property
    def by_chance(self) -> bool:
        best, mean = (ratio - _ERRORS * error for ratio, error in (self.best, self.mean))
        return best <= 1 and (mean <= 1 or self.mean[0] <= _ALIKE) and self.beyond <= _BEYOND


def unrelated(columns: Sequence[Column], places: Sequence[int]) -> frozenset[int]:
    """Those of the columns, by their ``places``, that say nothing of how alike rows are in the others: none where a table does not tell, since all are
    independent."""
    filled = {place: int(columns[place].counts.sum()) for place in places}
    places = [place for place in places if columns[place].n_values > 1 and filled[place] > _EXPECTED]
    asked = [place for place in places if columns[place].n_values >= _VARIOUS * filled[place]]
    if not asked or len(places) < 3:
        return frozenset()
    found = _measured(columns, asked, places)
    aside = {place for place in asked if found[place].by_chance}
    related = [place for place in places if place not in aside]
    if not aside or len(related) < 2:
        return frozenset()
    # Once more, without those that only blur what the others say.
    found = _measured(columns, places, related)
    if max(found[place].best[0] for place in related) < _CLEAR:
        return frozenset()
    return frozenset(place for place in aside if found[place].by_chance)


def _neighbours(column: Column, most: int) -> NDArray[np.int64]:
    """Two lines of rows that are next to each other in the order of their values, equal ones in any order."""
    random = np.random.default_rng(0)
    rows = random.permutation(np.flatnonzero(column.codes >= 0))
    rows = rows[np.argsort(column.codes[rows], kind="stable")]
    first = np.arange(len(rows) - 1)
    if len(first) > most:
        first = np.sort(random.choice(len(first), most, replace=False))
    return np.stack([rows[first], rows[first + 1]])


def _measured(columns: Sequence[Column], asked: Sequence[int], others: Sequence[int]) -> dict[int, _Likeness]:
    """How alike the neighbours in each of the columns that are ``asked``, by their places, are in the ``others``."""
    from scipy.sparse import hstack  # here and not above: importing findmatches must stay quick

    most = min(_NEIGHBOURS, _OF_ALL // len(asked))
    near = in_threads(lambda place: _neighbours(columns[place], most), asked)
    rows, ends = np.unique(np.concatenate(near, axis=1), return_inverse=True)
    words = dict(zip(others, in_threads(lambda place: words_of(columns[place], rows), others), strict=True))
    everything = hstack(list(words.values()), format="csr")
    one, two = np.random.default_rng(0).integers(0, len(rows), (2, _RANDOM), dtype=np.int32)
    one, two = one[one != two], two[one != two]
    usual = row_dots(everything, one, two)
    places = np.cumsum([pairs.shape[1] for pairs in near])[:-1]
    parts = np.split(ends.reshape(2, -1).astype(np.int32), places, axis=1)
    found = {}
    for place, (left, right) in zip(asked, parts, strict=True):
        alike, random = row_dots(everything, left, right), usual
        if place in words:
            alike, random = alike - row_dots(words[place], left, right), usual - row_dots(words[place], one, two)
        found[place] = _compared(alike, random)
    return found


def words_of(column: Column, rows: NDArray[np.int64]) -> csr_matrix:
    """The TF-IDF of the words of some rows, each row of unit length."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    codes, place = np.unique(column.codes[rows], return_inverse=True)
    texts = [column.values[code] if code >= 0 else "" for code in codes.tolist()]
    matrix = word_matrix(pa.array(texts, pa.large_string()))[place]
    return weigh(matrix, DocumentFrequency.count(matrix))


def _compared(alike: NDArray[np.float32], random: NDArray[np.float32]) -> _Likeness:
    bar = np.quantile(random, 1 - max(_BEST, min(_EXPECTED / len(alike), 0.5))) + _ROUNDED
    share, mean = max(float((random > bar).mean()), 1 / len(random)), max(float(random.mean()), _ROUNDED)
    error = float(np.sqrt(alike.var() / len(alike) + random.var() / len(random)))
    return _Likeness(
        (float((alike > bar).mean()) / share, 1 / np.sqrt(share * len(alike))),
        (float(alike.mean()) / mean, error / mean),
        int((alike > random.max() + _ROUNDED).sum()),
    )
