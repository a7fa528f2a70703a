"""Values that stand for nothing: ``unknown``, ``000-0000``, ``1900-01-01``, written where a form had to be filled in.

These are disguised missing values (Pearson, *The problem of disguised missing data*, SIGKDD Explorations, 2006). They are told apart as Hua and Pei do
(*Cleaning disguised missing data: a heuristic approach*, KDD 2007): the rows that hold such a value are, in their other columns, a random sample of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from findmatches.features import row_dots
from findmatches.normalise import MISSING, Column, numbers
from findmatches.threads import in_threads
from findmatches.unrelated import words_of

# Up to so many of the commonest values of a column may stand for nothing. Each is in this share of its rows and in so many at least, and so many times as
# common as what comes next, which is in no more than this share of all other rows: where few values are to be had, one may well be so much commoner.
_MOST, _SHARE, _ROWS, _TIMES, _NEXT = 10, 0.01, 10, 3, 0.05
# Rows with such a value are alike in the other columns no more than so many times as much as they are like the rest. (Where one source of several wrote
# it, they are a little more alike; rows that are one thing, far more. Random rows are no measure: of three large groups a third are one thing.)
_ALIKE = 2.0
_SAMPLE, _PAIRS = 20_000, 20_000
# Of fewer rows of the sample nothing is told.
_FEWEST = 5

Disguised = tuple[tuple[int, str], ...]


def disguised(columns: Sequence[Column], compared: Sequence[int]) -> Disguised:
    """The values that stand for nothing, each with the place of its column. ``compared`` are the places of the columns that tell how alike rows are."""
    found = [(place, code) for place, column in enumerate(columns) for code in _outstanding(column)]
    # A word that stands for nothing in one column does so in others too, whatever else is in there.
    words = {
        columns[place].values[code] for place, code in found if np.isnan(numbers(columns[place].values[[code]])[0])
    }
    found += [
        (place, code)
        for place, column in enumerate(columns)
        for code in _codes_of(column, words)
        if column.counts[code] >= _ROWS and (place, code) not in found
    ]
    if not found:
        return ()
    plain = [without(column, [code for at, code in found if at == place]) for place, column in enumerate(columns)]
    likeness = _Likeness(plain, compared)
    return tuple(
        (place, str(columns[place].values[code]))
        for place, code in sorted(found)
        if likeness.is_by_chance(columns[place].codes == code, place)
    )


def without(column: Column, codes: Sequence[int]) -> Column:
    """The column with nothing in the rows that have one of the values."""
    if not codes:
        return column
    kept = np.ones(len(column.values), dtype=bool)
    kept[list(codes)] = False
    number = np.append(np.where(kept, np.cumsum(kept) - 1, MISSING), MISSING).astype(np.int32)
    return replace(column, codes=number[column.codes], values=column.values[kept], counts=column.counts[kept])


def uncovered(columns: Sequence[Column], known: Disguised) -> tuple[Column, ...]:
    """The columns with nothing where they hold a value that is known to stand for nothing."""
    return tuple(
        without(column, _codes_of(column, {text for at, text in known if at == place}))
        for place, column in enumerate(columns)
    )


def _codes_of(column: Column, texts: set[str]) -> list[int]:
    if not texts or not len(column.values):
        return []
    places = np.searchsorted(column.values, sorted(texts))
    return [int(at) for at in places if at < len(column.values) and column.values[at] in texts]


def _outstanding(column: Column) -> list[int]:
    """The values that are so much more common than all others that they may stand for nothing."""
    if not len(column.counts):
        return []
    order = np.argsort(-column.counts, kind="stable")[: _MOST + 1]
    counts, filled = column.counts[order], int(column.counts.sum())
    for many in range(len(order) - 1, 0, -1):
        commonest, rest = counts[many - 1], filled - int(counts[:many].sum())
        if rest < filled / 2:  # what most rows hold says what they are: those of a few large groups
            continue
        if commonest >= max(_ROWS, _SHARE * filled, _TIMES * counts[many]) and counts[many] <= _NEXT * rest:
            return sorted(order[:many].tolist())
    return []


class _Likeness:
    """How alike rows are in the columns that tell, of a sample of all rows."""

    def __init__(self, columns: Sequence[Column], compared: Sequence[int]) -> None:
        from scipy.sparse import csr_matrix, hstack  # here and not above: importing findmatches must stay quick

        n_rows = columns[0].n_rows
        self._random = np.random.default_rng(0)
        self._rows = np.sort(self._random.choice(n_rows, min(n_rows, _SAMPLE), replace=False))
        self._words = dict(
            zip(compared, in_threads(lambda place: words_of(columns[place], self._rows), compared), strict=True)
        )
        nothing = csr_matrix((len(self._rows), 0), dtype=np.float32)
        self._everything = hstack([nothing, *self._words.values()], format="csr")

    def is_by_chance(self, rows: NDArray[np.bool_], column: int) -> bool:
        """Whether the rows are alike in the other columns about as much as they are like the rest. No, where most have nothing there."""
        own = rows[self._rows]
        inside, rest = self._told(np.flatnonzero(own), column), self._told(np.flatnonzero(~own), column)
        if inside is None or rest is None:
            return False
        return self._mean(inside, inside, column) <= _ALIKE * self._mean(inside, rest, column)

    def _told(self, rows: NDArray[np.int64], column: int) -> NDArray[np.int64] | None:
        """Those of the rows of the sample that have something in other columns; None if most have nothing."""
        filled = np.diff(self._everything.indptr)
        if column in self._words:
            filled = filled - np.diff(self._words[column].indptr)
        told = rows[filled[rows] > 0]
        return None if len(told) < max(len(rows) / 2, _FEWEST) else told

    def _mean(self, some: NDArray[np.int64], others: NDArray[np.int64], column: int) -> float:
        """How alike rows of the sample are without the column, in the mean."""
        one, two = (self._random.choice(rows, _PAIRS).astype(np.int32) for rows in (some, others))
        one, two = one[one != two], two[one != two]
        alike = row_dots(self._everything, one, two)
        if column in self._words:
            alike = alike - row_dots(self._words[column], one, two)
        return float(alike.mean())
