"""Pairs of rows of one table to a matrix of measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from findmatches.blocking import Candidates, View, choose_views
from findmatches.clustering import Edges
from findmatches.comparisons.columns import MEASURES, ColumnComparer, Kind, is_numeric, kind_of
from findmatches.comparisons.containment import CONTAINMENT, Containment
from findmatches.features import Frequencies, code_matrix, join_columns, row_dots, row_sums, weigh
from findmatches.normalise import Column
from findmatches.rivals import Rivals

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_RECORD = ("likeness", "rank", "rank back", "known", "codes shared", "codes share", "codes apart")

FULL = 0.95


@dataclass(frozen=True, slots=True)
class Schema:
    """What a model compares: columns with their kinds and whether they hold numbers, and views of the whole record.

    ``side`` is the place of the column that most looks like the source of a row, if there is one.
    """

    columns: tuple[tuple[str, Kind, bool], ...]
    views: tuple[View, ...]
    side: int | None = None

    def names(self) -> list[tuple[str | None, str]]:
        """(column, measure) for each number that a comparison gives; the column is None for measures of the whole record."""
        names: list[tuple[str | None, str]] = []
        for name, kind, numeric in self.columns:
            names += [(name, measure) for measure in MEASURES[kind]]
            if numeric and kind != "constant":
                names.append((name, "number"))
        for place in self.contained():
            names += [(self.columns[place][0], measure) for measure in CONTAINMENT]
        for number in range(len(self.views)):
            names += [(None, f"view {number}"), (None, f"lead {number}"), (None, f"lead back {number}")]
        names += [(None, "lead"), (None, "lead back")]
        names += [(None, name) for name in _RECORD]
        return names

    def contained(self) -> list[int]:
        """The columns of which it is asked whether their words are found anywhere in the other row."""
        text = [place for place, (_, kind, _) in enumerate(self.columns) if kind in ("text", "long")]
        last = self.views[-1].columns
        return sorted({*text, *(last if len(last) == 1 and self.columns[last[0]][1] == "short" else ())})


def describe(columns: Sequence[Column]) -> Schema:
    """The kinds of the columns of a table, to be kept with a model and used for every table it is applied to."""
    kinds = tuple((column.name, kind_of(column), is_numeric(column)) for column in columns)
    views = choose_views(columns, [kind for _, kind, _ in kinds])
    return Schema(kinds, views, _side(columns, [kind for _, kind, _ in kinds]))


def _side(columns: Sequence[Column], kinds: Sequence[Kind]) -> int | None:
    """The column with the fewest different values among the categories that (nearly) every row has."""
    full = [place for place, kind in enumerate(kinds) if kind == "category" and columns[place].filled >= FULL]
    return min(full, key=lambda place: len(columns[place].values), default=None)


class Comparer:
    """Compares pairs of rows of one table. Ranks and gaps are among the candidates of each row.

    With part of a table (``PartOfColumn``, and the ``frequencies`` of the whole), its rows need all their candidates.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        schema: Schema,
        candidates: Candidates,
        frequencies: Frequencies | None = None,
    ) -> None:
        self.schema = schema
        frequencies = frequencies or Frequencies()
        n_rows = len(columns[0].codes)
        self._columns = [
            ColumnComparer(column, kind, numeric, frequencies)
            for column, (_, kind, numeric) in zip(columns, schema.columns, strict=True)
        ]
        self._all = columns
        self.side = None if schema.side is None else columns[schema.side].codes
        self._views: tuple[csr_matrix, ...] = candidates.views
        codes = code_matrix(join_columns([column for column in columns if column.n_values > 1], n_rows))
        self._codes = weigh(codes, frequencies.of("codes", codes), unit=False)
        self._code_sums = row_sums(self._codes)
        self._containment = Containment(columns, schema.contained(), n_rows, frequencies)
        cosines = list(candidates.cosines)
        self.likeness = np.mean(cosines, axis=0).astype(np.float32)
        self._tops = [
            Rivals(n_rows, Edges(candidates.left, candidates.right, value)) for value in (*cosines, self.likeness)
        ]
        self.promise = self._promise(candidates, cosines)
        self._rank_by(candidates)

    def _cosines(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> list[NDArray[np.float32]]:
        return [row_dots(view, left, right) for view in self._views]

    def likeness_of(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
        """The mean of the cosines in all views."""
        likeness: NDArray[np.float32] = np.mean(self._cosines(left, right), axis=0).astype(np.float32)
        return likeness

    def _promise(self, candidates: Candidates, cosines: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """How much each candidate looks like a match before anything was learnt: alike, and more than any rival, in all views."""
        promise = np.zeros(len(candidates.left), dtype=np.float32)
        for cosine, tops in zip(cosines, self._tops, strict=False):
            promise += cosine + np.add(*tops.leads(candidates.left, candidates.right, cosine))
        return promise

    def _rank_by(self, candidates: Candidates) -> None:
        n_rows = len(self._all[0].codes)
        row = np.concatenate([candidates.left, candidates.right]).astype(np.float64)
        # Cosines lie between 0 and 1, so rows do not overlap.
        self._sorted = np.sort(row * 2 + (1 - np.concatenate([self.likeness, self.likeness]).astype(np.float64)))
        self._starts = np.searchsorted(self._sorted, np.arange(n_rows) * 2.0 - 0.5)

    def rank(self, row: NDArray[np.int32], likeness: NDArray[np.float32]) -> NDArray[np.float32]:
        """How many candidates of ``row`` are more like it than ``likeness``."""
        keys = row.astype(np.float64) * 2 + (1 - likeness.astype(np.float64)) - 1e-7
        return (np.searchsorted(self._sorted, keys) - self._starts[row]).astype(np.float32)

    def compare(
        self, left: NDArray[np.int32], right: NDArray[np.int32], *, known: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """A row of measures for each pair, in the order of ``schema.names()``. NaN where a cell is missing.

        ``known`` are the cosines of the pairs in each view (rows), if they are known already.
        """
        blocks = [column.compare(left, right) for column in self._columns if column.names]
        cosines = self._cosines(left, right) if known is None else list(known)
        likeness = np.mean(cosines, axis=0).astype(np.float32)
        ranks = self.rank(left, likeness), self.rank(right, likeness)
        filled = np.mean([(c.codes[left] >= 0) & (c.codes[right] >= 0) for c in self._all], axis=0)
        shared = row_dots(self._codes.sqrt(), left, right)
        apart = self._code_sums[left] - shared, self._code_sums[right] - shared
        least = np.minimum(self._code_sums[left], self._code_sums[right])
        record = self._containment.compare(left, right)
        for cosine, tops in zip(cosines, self._tops, strict=False):
            record += [cosine, *tops.leads(left, right, cosine)]
        record += [
            *self._tops[-1].leads(left, right, likeness),
            likeness,
            np.log1p(np.minimum(*ranks)),
            np.log1p(np.maximum(*ranks)),
            filled,
            shared,
            np.where(least > 0, shared / np.maximum(least, 1e-6), np.nan),
            np.minimum(*apart),
        ]
        blocks.append(np.column_stack(record).astype(np.float32))
        return np.hstack(blocks)
