"""Which pairs of rare words rows share: what still finds a match in a large table, where each word by itself is too common."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.threads import in_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Of each row so many of its rarest words are looked at, two at a time: so many pairs.
RARE_WORDS = 8
PAIRS_A_ROW = comb(RARE_WORDS, 2)
# A pair that more rows have is no help in finding a match.
MAX_SHARING = 60
# Pairs that are counted at once by one thread.
COUNTED = 13_000_000


def shared_pairs(words: csr_matrix, counts: NDArray[np.integer[Any]]) -> csr_matrix:
    """The pairs of rare words that each row has, as unit rows; only those that 2 to ``MAX_SHARING`` rows have, the rarer the heavier.

    ``words`` holds the words of each row, ``counts`` in how many rows each stands.
    """
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    n_rows, rarest = words.shape[0], rarest_words(words, counts)
    parts = max(2, -(-n_rows * PAIRS_A_ROW // COUNTED))
    found = in_threads(lambda part: _shared(rarest, words.shape[1], part, parts), range(parts))
    weight = np.log(n_rows / np.arange(1, MAX_SHARING + 1))
    squares, width = np.zeros(n_rows), 0
    for row, pair, count in found:
        squares += np.bincount(row, weights=weight[count - 1] ** 2, minlength=n_rows)
        pair += width
        width = int(pair.max(initial=width - 1)) + 1
    norm = np.maximum(np.sqrt(squares), 1e-12)
    data = np.concatenate([(weight[count - 1] / norm[row]).astype(np.float32) for row, _, count in found])
    rows, pairs = (np.concatenate([part[place] for part in found]) for place in (0, 1))
    return csr_matrix((data, (rows, pairs)), shape=(n_rows, max(width, 1)))


def rarest_words(words: csr_matrix, counts: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """The numbers of the rarest words of each row, rarest first; -1 where it has no more. Words are numbered by how rare they are."""
    from scipy.sparse import csr_matrix  # as above

    number = np.empty(len(counts), dtype=np.int32)
    number[np.argsort(counts, kind="stable")] = np.arange(len(counts), dtype=np.int32)
    ranked = csr_matrix((np.ones(words.nnz, dtype=np.int8), number[words.indices], words.indptr), shape=words.shape)
    ranked.sort_indices()
    rarest = np.full((words.shape[0], RARE_WORDS), -1, dtype=np.int32)
    lengths = np.diff(ranked.indptr)
    for place in range(RARE_WORDS):
        row = np.flatnonzero(lengths > place)
        rarest[row, place] = ranked.indices[ranked.indptr[row] + place]
    return rarest


def pairs_in(
    rarest: NDArray[np.int32], n_words: int, part: int = 0, parts: int = 1
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Rows, and a number for a pair of words that each of them has: those pairs whose rarer word is in this part of all words."""
    for one, two in combinations(range(RARE_WORDS), 2):
        row = np.flatnonzero((rarest[:, two] >= 0) & (rarest[:, one] % parts == part)).astype(np.int32)
        yield row, rarest[row, one].astype(np.int64) * n_words + rarest[row, two]


def count_shared(pair: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int32], NDArray[np.int8]]:
    """Which pairs 2 to ``MAX_SHARING`` rows have; of these a number for each different one, and how many rows have it."""
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    some = (count >= 2) & (count <= MAX_SHARING)
    number, use = np.cumsum(some, dtype=np.int32) - 1, some[place]
    return use, number[place[use]], count[place[use]].astype(np.int8)


def _shared(
    rarest: NDArray[np.int32], n_words: int, part: int, parts: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int8]]:
    found = list(pairs_in(rarest, n_words, part, parts))
    row, pair = (np.concatenate([some[place] for some in found]) for place in (0, 1))
    del found
    use, number, count = count_shared(pair)
    return row[use], number, count
