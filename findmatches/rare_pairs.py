"""Which pairs of rare words, or of rare trigrams, rows share: what still finds a match in a large table, where each by itself is too common."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from findmatches.features import parts_of
from findmatches.threads import in_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# A pair that more rows have is no help in finding a match.
MAX_SHARING = 60
# Pairs that are counted at once by one thread, and features that are ranked at once.
COUNTED = 8_000_000
RANKED = 8_000_000


class Rare(NamedTuple):
    """Of each row so many (``number``) of its rarest features are looked at, two at a time, of those that at least so many rows have."""

    number: int
    least: int = 2

    @property
    def pairs(self) -> int:
        """How many pairs a row has at most."""
        return comb(self.number, 2)


def shared_pairs(features: csr_matrix, counts: NDArray[np.integer[Any]], rare: Rare) -> csr_matrix:
    """The pairs of rare features that each row has, as unit rows; only those that 2 to ``MAX_SHARING`` rows have, the rarer the heavier.

    ``features`` holds those of each row, ``counts`` in how many rows each stands.
    """
    from scipy.sparse import csc_matrix  # here and not above: importing findmatches must stay quick

    n_rows, rarest = features.shape[0], rarest_features(features, counts, rare)
    parts = max(2, -(-n_rows * rare.pairs // COUNTED))
    found = in_threads(lambda part: _shared(rarest, features.shape[1], part, parts), range(parts))
    row, count = (np.concatenate([part[place] for part in found]) for place in (0, 1))
    sharing = np.repeat(count, count)  # how many rows have the pair that each row has
    weight = np.log(n_rows / np.arange(1, MAX_SHARING + 1))
    norm = np.maximum(np.sqrt(np.bincount(row, weights=weight[sharing - 1] ** 2, minlength=n_rows)), 1e-12)
    data = (weight[sharing - 1] / norm[row]).astype(np.float32)
    indptr = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    return csc_matrix((data, row, indptr), shape=(n_rows, len(count))).tocsr()


def rarest_features(features: csr_matrix, counts: NDArray[np.integer[Any]], rare: Rare) -> NDArray[np.int32]:
    """The numbers of the rarest features of each row, rarest first; -1 where it has no more. They are numbered by how rare they are."""
    from scipy.sparse import csr_matrix  # as above

    rank_of = np.empty(len(counts), dtype=np.int32)
    rank_of[np.argsort(counts, kind="stable")] = np.arange(len(counts), dtype=np.int32)
    first = int((counts < rare.least).sum())
    rarest = np.full((features.shape[0], rare.number), -1, dtype=np.int32)

    def rank(rows: slice) -> None:
        indptr = features.indptr[rows.start : rows.stop + 1]
        ranks = rank_of[features.indices[indptr[0] : indptr[-1]]]
        use = ranks >= first
        starts = np.concatenate([[0], np.cumsum(use)])[indptr - indptr[0]]
        shape = len(indptr) - 1, features.shape[1]
        ranked = csr_matrix((np.ones(starts[-1], dtype=np.int8), ranks[use], starts), shape=shape)
        ranked.sort_indices()
        lengths = np.diff(ranked.indptr)
        for place in range(rare.number):
            row = np.flatnonzero(lengths > place)
            rarest[rows.start + row, place] = ranked.indices[ranked.indptr[row] + place]

    in_threads(rank, parts_of(features, RANKED))
    return rarest


def pairs_in(
    rarest: NDArray[np.int32], n_features: int, part: int = 0, parts: int = 1
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Rows, and a number for a pair of features that each of them has: those pairs whose rarer one is in this part of all features.

    The numbers are those of the part, as small as they can be.
    """
    for one in range(rarest.shape[1] - 1):
        row = np.flatnonzero((rarest[:, one] >= 0) & (rarest[:, one] % parts == part)).astype(np.int32)
        for two in range(one + 1, rarest.shape[1]):
            row = row[rarest[row, two] >= 0]  # who has no second has no third
            yield row, (rarest[row, one] // parts).astype(np.int64) * n_features + rarest[row, two]


def count_shared(
    row: NDArray[np.integer[Any]], pair: NDArray[np.int64]
) -> tuple[NDArray[np.integer[Any]], NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the pairs that 2 to ``MAX_SHARING`` rows have, ordered by pair; each of these pairs once, and how many rows have it."""
    row, pair = _by_pair(row, pair)
    first = np.flatnonzero(np.append(True, pair[1:] != pair[:-1])[: len(pair)])
    count = np.diff(np.append(first, len(pair)))
    some = (count >= 2) & (count <= MAX_SHARING)
    return row[np.repeat(some, count)], pair[first[some]], count[some]


def _by_pair(
    row: NDArray[np.integer[Any]], pair: NDArray[np.int64]
) -> tuple[NDArray[np.integer[Any]], NDArray[np.int64]]:
    """Both ordered by pair, then by row. Where the two fit into one number, that is sorted, in a quarter of the time."""
    bits = int(row.max(initial=0)).bit_length()
    if int(pair.max(initial=0)) >> (63 - bits):
        order = np.lexsort((row, pair))
        return row[order], pair[order]
    both = (pair << bits) | row
    both.sort()
    return (both & ((1 << bits) - 1)).astype(row.dtype), both >> bits


def _shared(
    rarest: NDArray[np.int32], n_features: int, part: int, parts: int
) -> tuple[NDArray[np.integer[Any]], NDArray[np.int64]]:
    """The rows of the pairs in this part that some rows share, ordered by pair, and how many rows have each pair."""
    found = list(pairs_in(rarest, n_features, part, parts))
    row, pair = (np.concatenate([some[place] for some in found]) for place in (0, 1))
    del found
    shared, _, count = count_shared(row, pair)
    return shared, count
