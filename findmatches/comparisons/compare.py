"""Pairs of rows of one table to a matrix of measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.blocking import Candidates, View, choose_views
from findmatches.comparisons.columns import MEASURES, OUTLINE, ColumnComparer, Kind, is_numeric, kind_of
from findmatches.comparisons.containment import CONTAINMENT
from findmatches.comparisons.setup import Setup, mean_of, ranks_among
from findmatches.disguised import Disguised, disguised, uncovered
from findmatches.features import Frequencies, row_dots
from findmatches.normalise import Column
from findmatches.threads import in_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_PLACE = ("likeness", "rank", "rank back", "known")
_RECORD = (*_PLACE, "codes shared", "codes share", "codes apart")
# What speaks against a match the more there is of it, and what may speak for or against. All else speaks for it.
_AGAINST = ("left over", "left over back", "figures left over", "rank", "rank back", "codes apart")
_EITHER = ("missing", "known")

FULL = 0.95
# Candidates that are looked at together by one thread.
_PART = 30_000


@dataclass(frozen=True, slots=True)
class Schema:
    """What a model compares: columns with their kinds and whether they hold numbers, and views of the whole record.

    ``side`` is the place of the column that most looks like the source of a row, if there is one; ``disguised`` are values that stand for nothing.
    """

    columns: tuple[tuple[str, Kind, bool], ...]
    views: tuple[View, ...]
    side: int | None = None
    disguised: Disguised = ()

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

    def directions(self) -> NDArray[np.int8]:
        """For each of the names 1 if more of it speaks for a match, -1 if it speaks against, 0 if either may be: a category may be a source."""
        kinds = {name: kind for name, kind, _ in self.columns}
        free = [measure in _EITHER or (column and kinds[column] == "category") for column, measure in self.names()]
        against = [measure in _AGAINST for _, measure in self.names()]
        return np.select([np.array(free, dtype=bool), np.array(against, dtype=bool)], [0, -1], 1).astype(np.int8)

    def outlined(self) -> list[int]:
        """Which of the names an outline holds, by their places: what needs no look into the cells but whether they are equal."""
        return [
            place
            for place, (column, measure) in enumerate(self.names())
            if measure in OUTLINE or (column is None and (measure in _PLACE or measure.startswith(("view", "lead"))))
        ]

    def contained(self) -> list[int]:
        """The columns of which it is asked whether their words are found anywhere in the other row."""
        text = [place for place, (_, kind, _) in enumerate(self.columns) if kind in ("text", "long")]
        last = self.views[-1].columns
        return sorted({*text, *(last if len(last) == 1 and self.columns[last[0]][1] == "short" else ())})


def describe(columns: Sequence[Column]) -> Schema:
    """The kinds of the columns of a table, to be kept with a model and used for every table it is applied to."""
    various = [place for place, column in enumerate(columns) if kind_of(column) not in ("constant", "category")]
    nothing = disguised(columns, various)
    columns = uncovered(columns, nothing)
    kinds = tuple(in_threads(lambda column: (column.name, kind_of(column), is_numeric(column)), columns))
    views = choose_views(columns, [kind for _, kind, _ in kinds])
    return Schema(kinds, views, _side(columns, [kind for _, kind, _ in kinds]), nothing)


def _side(columns: Sequence[Column], kinds: Sequence[Kind]) -> int | None:
    """The column with the fewest different values among the categories that (nearly) every row has."""
    full = [place for place, kind in enumerate(kinds) if kind == "category" and columns[place].filled >= FULL]
    return min(full, key=lambda place: len(columns[place].values), default=None)


class Comparer:
    """Compares pairs of rows of one table. Ranks and gaps are among the candidates of each row.

    With part of a table (``PartOfColumn``, and the ``frequencies`` of the whole), its rows need all their candidates. ``setup`` is what was
    found out of the same table before.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        schema: Schema,
        candidates: Candidates,
        frequencies: Frequencies | None = None,
        setup: Setup | None = None,
    ) -> None:
        self.schema = schema
        frequencies = frequencies or Frequencies()
        self._columns = in_threads(
            lambda both: ColumnComparer(both[0], both[1][1], both[1][2], frequencies),
            zip(columns, schema.columns, strict=True),
            size=lambda both: both[0].n_values,
        )
        self._n_columns = len(columns)
        self._filled = np.packbits([column.codes >= 0 for column in columns], axis=0)
        self._views: tuple[csr_matrix, ...] = tuple(view.matrix for view in candidates.views)
        self._setup = setup or Setup.find(columns, schema.contained(), candidates, frequencies)
        self._candidates = candidates
        self.likeness = mean_of(candidates.cosines)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was found out of the whole table, to be kept (``Setup.from_arrays``)."""
        return self._setup.arrays()

    def _cosines(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> list[NDArray[np.float32]]:
        return [row_dots(view, left, right) for view in self._views]

    def likeness_of(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
        """The mean of the cosines in all views."""
        return mean_of(self._cosines(left, right))

    @cached_property
    def promise(self) -> NDArray[np.float32]:
        """How much each candidate looks like a match before anything was learnt: alike, and more than any rival, in all views."""
        left, right = self._candidates.left, self._candidates.right

        def look(start: int) -> NDArray[np.float32]:
            part = slice(start, start + _PART)
            promise = np.zeros(len(left[part]), dtype=np.float32)
            for cosine, tops in zip(self._candidates.cosines[:, part], self._setup.tops, strict=False):
                promise += cosine + np.add(*tops.leads(left[part], right[part], cosine))
            return promise

        return np.concatenate([np.empty(0, dtype=np.float32), *in_threads(look, range(0, len(left), _PART))])

    def ranks(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The ranks of candidates, by their places: as ``ranks_of``."""
        return self._setup.ranks.take(places, axis=1)

    def ranks_of(
        self, left: NDArray[np.int32], right: NDArray[np.int32], likeness: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """How many candidates of the left and of the right row (two lines) are more like it than ``likeness``."""
        return ranks_among(self._candidates, self.likeness, left, right, likeness, self._filled.shape[1])

    def compare(
        self,
        left: NDArray[np.int32],
        right: NDArray[np.int32],
        cosines: NDArray[np.float32] | None = None,
        ranks: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """A row of measures for each pair, in the order of ``schema.names()``. NaN where a cell is missing.

        ``cosines`` are those of the pairs in each view (rows), ``ranks`` what ``ranks`` gives, if they are known already.
        """
        blocks = [column.compare(left, right) for column in self._columns if column.names]
        shared, sums = row_dots(self._setup.codes, left, right), self._setup.code_sums
        apart = sums[left] - shared, sums[right] - shared
        least = np.minimum(sums[left], sums[right])
        record = [
            *self._setup.containment.compare(left, right),
            *self._place(left, right, cosines, ranks),
            shared,
            np.where(least > 0, shared / np.maximum(least, 1e-6), np.nan),
            np.minimum(*apart),
        ]
        return np.hstack([*blocks, np.column_stack(record).astype(np.float32)])

    def outline(
        self,
        left: NDArray[np.int32],
        right: NDArray[np.int32],
        cosines: NDArray[np.float32] | None = None,
        ranks: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """The measures of ``schema.outlined()``, in that order: what ``compare`` gives too, at a fraction of its cost."""
        parts = [part for column in self._columns if column.names for part in column.outline(left, right)]
        parts += self._place(left, right, cosines, ranks)
        result = np.empty((len(left), len(parts)), dtype=np.float32)
        for number, part in enumerate(parts):
            result[:, number] = part
        return result

    def _place(
        self,
        left: NDArray[np.int32],
        right: NDArray[np.int32],
        cosines: NDArray[np.float32] | None,
        ranks: NDArray[np.float32] | None,
    ) -> list[NDArray[Any]]:
        """Where a pair stands among the candidates of its rows: cosines, leads, ranks; and the share of columns that both rows fill."""
        each = self._cosines(left, right) if cosines is None else list(cosines)
        likeness = mean_of(each)
        both = self.ranks_of(left, right, likeness) if ranks is None else ranks
        filled = self._filled.take(left, axis=1) & self._filled.take(right, axis=1)
        place: list[NDArray[Any]] = []
        for cosine, tops in zip(each, self._setup.tops, strict=False):
            place += [cosine, *tops.leads(left, right, cosine)]
        place += [*self._setup.tops[-1].leads(left, right, likeness), likeness]
        share = np.bitwise_count(filled).sum(axis=0) / self._n_columns
        return [*place, np.log1p(np.minimum(*both)), np.log1p(np.maximum(*both)), share]
