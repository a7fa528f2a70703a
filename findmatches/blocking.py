"""Which pairs of rows are worth comparing: the nearest neighbours of each row in several views of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from findmatches.features import join_columns, ngram_matrix, weigh, word_matrix
from findmatches.normalise import Column

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Multiply-adds per row that one view may cost. What goes beyond is saved by leaving out the commonest features, so that the
# work grows with the number of rows and not with its square.
WORK_PER_ROW = 40_000
MIN_SIMILARITY = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Pairs ``left < right`` of row numbers, sorted, each once; ``views`` are the TF-IDF matrices whose neighbours they are."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    views: tuple[csr_matrix, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a record: its trigrams or its words, in some columns (by their places)."""

    unit: Literal["trigrams", "words"]
    columns: tuple[int, ...]


def choose_views(columns: Sequence[Column], kinds: Sequence[str]) -> tuple[View, ...]:
    """Trigrams of everything, words of everything, trigrams of the short columns, trigrams of the most telling column.

    Columns with few distinct values stay out as long as there are others: they make rows alike that are not.
    """
    told = [place for place, kind in enumerate(kinds) if kind not in ("constant", "category")]
    told = told or [place for place, kind in enumerate(kinds) if kind != "constant"] or list(range(len(columns)))
    views = [View("trigrams", tuple(told)), View("words", tuple(told))]
    short = [place for place in told if kinds[place] == "short"]
    if len(short) > 1 and len(short) < len(told):
        views.append(View("trigrams", tuple(short)))
    if len(told) > 1:
        views.append(View("trigrams", (max(told, key=lambda place: telling(columns[place])),)))
    return tuple(views)


def make_view(view: View, columns: Sequence[Column], n_rows: int) -> csr_matrix:
    texts = join_columns([columns[place] for place in view.columns], n_rows)
    return weigh(ngram_matrix(texts, 3) if view.unit == "trigrams" else word_matrix(texts))


def telling(column: Column) -> float:
    """How much a column tells of which row it is: bits in its values (many distinct ones, few missing), damped for long text."""
    share = column.counts / max(len(column.codes), 1)
    entropy = float(-(share * np.log2(share)).sum())
    return entropy * min(1.0, column.mean_length / 12) / max(1.0, column.mean_length / 120)


def find_candidates(columns: Sequence[Column], views: Sequence[View], n_rows: int, neighbours: int) -> Candidates:
    """The union, over the views, of every row's nearest ``neighbours`` rows."""
    matrices = [make_view(view, columns, n_rows) for view in views]
    pairs = [nearest(matrix, neighbours) for matrix in matrices] if n_rows > 1 else []
    codes = [np.minimum(i, j).astype(np.int64) * n_rows + np.maximum(i, j) for i, j in pairs]
    code = np.unique(np.concatenate(codes)) if codes else np.empty(0, dtype=np.int64)
    size = max(n_rows, 1)
    return Candidates((code // size).astype(np.int32), (code % size).astype(np.int32), tuple(matrices))


def nearest(view: csr_matrix, neighbours: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (row, neighbour) of the nearest rows by cosine."""
    from sparse_dot_topn import sp_matmul_topn  # here and not above: importing findmatches must stay quick

    pruned = prune(view, WORK_PER_ROW)
    if pruned.nnz == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    other = pruned.T.tocsr()
    top = sp_matmul_topn(pruned, other, top_n=neighbours + 1, threshold=MIN_SIMILARITY, sort=True, n_threads=2)
    row = np.repeat(np.arange(top.shape[0], dtype=np.int64), np.diff(top.indptr))
    column = top.indices.astype(np.int64)
    keep = row != column
    return row[keep], column[keep]


def prune(view: csr_matrix, work_per_row: int) -> csr_matrix:
    """Without the commonest features, so many that the product of the rest with itself stays within the work allowed."""
    from scipy.sparse import diags  # here and not above: importing findmatches must stay quick

    frequency = np.bincount(view.indices, minlength=view.shape[1]).astype(np.int64)
    order = np.argsort(frequency, kind="stable")
    spent = np.cumsum(frequency[order] ** 2)
    allowed = spent <= work_per_row * max(view.shape[0], 1)
    if allowed.all():
        return view
    keep = np.zeros(view.shape[1], dtype=np.float32)
    keep[order[allowed]] = 1.0
    pruned = (view @ diags(keep)).tocsr()
    pruned.eliminate_zeros()
    return pruned
