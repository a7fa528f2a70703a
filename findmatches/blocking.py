"""Which pairs of rows are worth comparing: the nearest neighbours of each row in several views of the table."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from findmatches.features import (
    Frequencies,
    by_value,
    join_columns,
    keep_columns,
    occurrences,
    row_dots,
    share_of_weight,
    trigram_matrix,
    weigh,
    word_matrix,
)
from findmatches.keeping import among_best, worths
from findmatches.normalise import Column
from findmatches.rare_pairs import Rare, shared_pairs
from findmatches.threads import in_threads
from findmatches.unrelated import unrelated

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Unit = Literal["trigrams", "words"]

# Multiply-adds per row that the search in one view may cost, in tables of up to ``SMALL`` rows. What goes beyond is saved by
# leaving out the commonest features. The allowance falls with the size of the table, but not below the least, so that the work
# grows with the number of rows and not with its square.
WORK_PER_ROW = 40_000
LEAST_WORK_PER_ROW = 500
SMALL = 20_000
# A view of which less than this share is left after that finds rows that are alike by chance; it is then not searched.
LEAST_SHARE: Mapping[Unit, float] = {"words": 0.4, "trigrams": 0.6}
# Large tables are also searched by pairs of what is rare in a row: of as many words, and of as many trigrams, as give about so many pairs in all,
# between the least and the most. Trigrams that fewer rows than one in so many have are mostly those of typing errors.
LEAST_RARE: Mapping[Unit, int] = {"words": 8, "trigrams": 6}
MOST_RARE: Mapping[Unit, int] = {"words": 16, "trigrams": 12}
RARE_PAIRS = 15_000_000
TYPING_ERRORS = 5_000
MIN_SIMILARITY = 0.05
# In large tables about so many pairs are looked at, and more only if each row would else have fewer than its neighbours.
PAIRS = 1_350_000


class Seen(NamedTuple):
    """A table in one view: the TF-IDF of each row, and which hashed feature each column of the matrix stands for."""

    unit: Unit
    matrix: csr_matrix
    features: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Pairs ``left < right`` of row numbers, sorted, each once; they are neighbours in one of the ``views``;
    ``cosines`` has a row for each view with the cosine of each pair in it."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    views: tuple[Seen, ...]
    cosines: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a record: its trigrams or its words, in some columns (by their places)."""

    unit: Unit
    columns: tuple[int, ...]


def choose_views(columns: Sequence[Column], kinds: Sequence[str]) -> tuple[View, ...]:
    """Trigrams of everything, words of everything, trigrams of the short columns, trigrams of the most telling column.

    Columns with few distinct values stay out as long as there are others: they make rows alike that are not. So do those that
    are ``unrelated``, but for one view more of all words: what a column is good for is not known for certain.
    """
    various = [place for place, kind in enumerate(kinds) if kind not in ("constant", "category")]
    various = various or [place for place, kind in enumerate(kinds) if kind != "constant"] or list(range(len(columns)))
    aside = unrelated(columns, various)
    related = [place for place in various if place not in aside] or various
    views = [View("trigrams", tuple(related)), View("words", tuple(related))]
    if related != various:
        views.append(View("words", tuple(various)))
    short = [place for place in related if kinds[place] == "short"]
    if 1 < len(short) < len(related):
        views.append(View("trigrams", tuple(short)))
    if len(related) > 1:
        views.append(View("trigrams", (max(related, key=lambda place: telling(columns[place])),)))
    return tuple(views)


def make_views(views: Sequence[View], columns: Sequence[Column], n_rows: int, frequencies: Frequencies) -> list[Seen]:
    """The table as each view sees it."""
    return in_threads(lambda number: make_view(views, number, columns, n_rows, frequencies), range(len(views)))


def make_view(
    views: Sequence[View], number: int, columns: Sequence[Column], n_rows: int, frequencies: Frequencies
) -> Seen:
    """The table as one of the views sees it."""
    unit, seen = views[number].unit, [columns[place] for place in views[number].columns]
    find = word_matrix if unit == "words" else trigram_matrix
    joined = unit == "trigrams" and len(seen) > 1
    counted = find(join_columns(seen, n_rows)) if joined else by_value(find, seen, n_rows)
    known = frequencies.of(f"view {number}", counted)
    return Seen(unit, weigh(counted, known), known.repeated)


def view_of(unit: Unit, views: Sequence[View]) -> int:
    """The place of the view of all words, or of all trigrams, in the columns that are not put aside."""
    return next(place for place, view in enumerate(views) if view.unit == unit)


def telling(column: Column) -> float:
    """How much a column tells of which row it is: bits in its values (many distinct ones, few missing), damped for long text."""
    share = column.counts / max(len(column.codes), 1)
    bits = float(-(share * np.log2(share)).sum())
    return bits * min(1.0, column.mean_length / 12) / max(1.0, column.mean_length / 120)


def find_candidates(columns: Sequence[Column], views: Sequence[View], n_rows: int, neighbours: int) -> Candidates:
    """The union, over the views, of every row's nearest rows: ``neighbours`` in small tables, fewer in large ones.

    Large tables are also searched by pairs of rare words and of rare trigrams, and only each row's best candidates are kept, by the worths
    of ``keeping``.
    """
    seen = tuple(make_views(views, columns, n_rows, Frequencies()))
    matrices = [view.matrix for view in seen]
    if n_rows < 2:
        none = np.empty(0, dtype=np.int32)
        return Candidates(none, none, seen, np.empty((len(matrices), 0), dtype=np.float32))
    allowed = limits(n_rows, neighbours)
    near = reduce(add, (nearest(matrix, allowed.neighbours) for matrix in searches(views, matrices, allowed)))
    left = np.repeat(np.arange(n_rows, dtype=np.int32), np.diff(near.indptr))
    right = near.indices.astype(np.int32, copy=False)
    del near
    cosines = np.stack([row_dots(matrix, left, right) for matrix in matrices])
    if allowed.large:
        best = among_best(n_rows, left, right, worths(n_rows, left, right, cosines, whole_views(views)), allowed.kept)
        left, right, cosines = left[best], right[best], cosines[:, best]
    return Candidates(left, right, seen, cosines)


def searches(views: Sequence[View], matrices: Sequence[csr_matrix], allowed: Limits) -> Iterator[csr_matrix]:
    """What a table is searched by: what may be of each view, and in large tables pairs of what is rare. Each is made when it is asked for."""
    pruned = in_threads(lambda matrix: prune(matrix, allowed.work), matrices)
    if allowed.large:
        enough = [search for view, search in zip(views, pruned, strict=True) if search.share >= LEAST_SHARE[view.unit]]
        pruned = enough or pruned
    for search in pruned:
        yield search.matrix()
    if allowed.large:
        for unit, rare in allowed.rare.items():
            matrix = matrices[view_of(unit, views)]
            yield shared_pairs(matrix, occurrences(matrix), rare)


class Limits(NamedTuple):
    """How a table is searched: whether it counts as large; multiply-adds a row; neighbours in each view; how many in all are kept; what is rare
    in a row."""

    large: bool
    work: int
    neighbours: int
    kept: int
    rare: Mapping[Unit, Rare]


def limits(n_rows: int, neighbours: int) -> Limits:
    """The limits for a table of that size. ``kept`` and ``rare`` hold for large tables only."""
    growth = max(n_rows / SMALL, 1.0)
    count = max(round(neighbours / growth**0.25), 3)
    work = max(int(WORK_PER_ROW / growth), LEAST_WORK_PER_ROW)
    kept = max(count, PAIRS // max(n_rows, 1))
    rare: Mapping[Unit, Rare] = {
        "words": Rare(_how_many(n_rows, "words")),
        "trigrams": Rare(_how_many(n_rows, "trigrams"), max(n_rows // TYPING_ERRORS, 2)),
    }
    return Limits(growth > 1, work, count, kept, rare)


def _how_many(n_rows: int, unit: Unit) -> int:
    """Of how many rare words or trigrams of each row pairs are made."""
    least = LEAST_RARE[unit]
    numbers = range(MOST_RARE[unit], least, -1)
    return next((number for number in numbers if Rare(number).pairs * n_rows <= RARE_PAIRS), least)


def whole_views(views: Sequence[View]) -> list[int]:
    """The places of the views that show rows as wholes: all words and all trigrams."""
    return [view_of("words", views), view_of("trigrams", views)]


def put_aside(views: Sequence[View]) -> list[int]:
    """The places of the columns that ``choose_views`` took for unrelated: only the view of all words has them."""
    return sorted({place for view in views for place in view.columns}.difference(views[0].columns))


def nearest(view: csr_matrix, neighbours: int) -> csr_matrix:
    """The cosines of the nearest rows of each row: above the diagonal, each pair once."""
    from scipy.sparse import csr_matrix, triu  # here and not above: importing findmatches must stay quick
    from sparse_dot_topn import sp_matmul_topn

    if view.nnz == 0:
        return csr_matrix((view.shape[0], view.shape[0]), dtype=np.float32)
    threads = os.cpu_count() or 1
    top = sp_matmul_topn(view, view.T.tocsr(), top_n=neighbours + 1, threshold=MIN_SIMILARITY, n_threads=threads)
    top.sort_indices()
    return triu(top.maximum(top.T.tocsr()), 1, format="csr")


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Which features of a view are searched by, and how large a share of its weight they have."""

    view: csr_matrix
    keep: NDArray[np.bool_]
    share: float

    def matrix(self) -> csr_matrix:
        """What is left of the view."""
        return keep_columns(self.view, self.keep)


def prune(view: csr_matrix, work_per_row: int) -> Search:
    """Without the commonest features, so many that the product of the rest with itself stays within the work allowed."""
    keep = affordable(occurrences(view), view.shape[0], work_per_row) > 0
    return Search(view, keep, 1.0 if keep.all() else share_of_weight(view, keep))


def affordable(frequency: NDArray[np.integer[Any]], n_rows: int, work_per_row: int) -> NDArray[np.float32]:
    """1 for each feature that may be searched by, the rarest first; 0 for those whose products would go beyond the work allowed."""
    order = np.argsort(frequency, kind="stable")
    spent = np.cumsum(frequency[order].astype(np.int64) ** 2)
    keep = np.zeros(len(frequency), dtype=np.float32)
    keep[order[spent <= work_per_row * max(n_rows, 1)]] = 1.0
    return keep
