"""Rows of text to sparse vectors, without a Python loop over rows: n-grams and words are hashed as arrays of code points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.normalise import Column

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BITS = 22
FEATURES = 1 << _BITS
_CHUNK_CHARS = 8 << 20
_BLANK = 32
_BREAK = 10
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def join_columns(columns: Sequence[Column], n_rows: int) -> list[str]:
    """The text of each row: its values, blanks between. Missing values leave nothing behind."""
    if not columns:
        return [""] * n_rows
    parts = []
    for column in columns:
        padded: NDArray[Any] = np.empty(len(column.values) + 1, dtype=object)
        padded[:-1] = column.values
        padded[-1] = ""
        parts.append(padded[column.codes].tolist())
    return [" ".join(filter(None, row)) for row in zip(*parts, strict=True)]


def _chunks(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Ranges of rows of about as many characters each."""
    if not len(texts):
        return []
    ends = np.cumsum(np.fromiter((len(text) + 2 for text in texts), np.int64, len(texts)))
    cuts = np.searchsorted(ends, np.arange(_CHUNK_CHARS, int(ends[-1]) + _CHUNK_CHARS, _CHUNK_CHARS), side="right")
    bounds = [0, *sorted({min(int(cut) + 1, len(texts)) for cut in cuts})]
    return [(start, end) for start, end in pairwise(bounds) if end > start]


def _points(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The code points of all texts, a blank before and after each, and the row of each point."""
    joined = "".join(f" {text} " for text in texts)
    points = np.frombuffer(joined.encode("utf-32-le", errors="surrogatepass"), dtype="<u4").astype(np.uint64)
    lengths = np.fromiter((len(text) + 2 for text in texts), np.int64, len(texts))
    return points, np.repeat(np.arange(len(texts)), lengths)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Spread 64-bit hashes over ``FEATURES`` columns."""
    values = values ^ (values >> np.uint64(31))
    values = values * _PRIME
    return (values >> np.uint64(64 - _BITS)).astype(np.int32)


def ngram_matrix(texts: Sequence[str], size: int) -> csr_matrix:
    """Which character n-grams (blanks at both ends of the text included) each text holds: a 0/1 matrix."""
    rows, features = [], []
    for start, end in _chunks(texts):
        points, owner = _points(texts[start:end])
        if len(points) < size:
            continue
        length = len(points) - size + 1
        hashed = np.zeros(length, dtype=np.uint64)
        for offset in range(size):
            hashed = hashed * np.uint64(1_000_003) + points[offset : offset + length]
        inside = owner[:length] == owner[size - 1 :]
        if size > 1:  # a gram of two blanks says nothing; it appears only in empty texts
            inside &= ~((points[:length] == _BLANK) & (points[1 : length + 1] == _BLANK))
        rows.append(owner[:length][inside] + start)
        features.append(_mix(hashed[inside]))
    return _binary(rows, features, len(texts))


def word_matrix(texts: Sequence[str], *, figures: bool = False) -> csr_matrix:
    """Which words (runs of letters and digits) each text holds, or only those with a digit: a 0/1 matrix."""
    rows, features = [], []
    for start, end in _chunks(texts):
        points, owner = _points(texts[start:end])
        first, last = spans(_in_word(points))
        if figures and len(first):
            digit = np.concatenate([[0], np.cumsum((points >= 48) & (points <= 57))])
            use = digit[last] > digit[first]
            first, last = first[use], last[use]
        if not len(first):
            continue
        hashed = span_hashes(points, first, last)
        rows.append(owner[first] + start)
        features.append(_mix(hashed))
    return _binary(rows, features, len(texts))


def code_matrix(texts: Sequence[str]) -> csr_matrix:
    """Which codes each text holds: runs without blanks, with a digit, two characters or more, punctuation taken out of them."""
    rows, features = [], []
    for start, end in _chunks(texts):
        points, owner = _points(texts[start:end])
        kept = _in_word(points) | (points == _BLANK)
        points, owner = points[kept], owner[kept]
        first, last = spans(points != _BLANK)
        if not len(first):
            continue
        digit = (points >= 48) & (points <= 57)
        use = (np.add.reduceat(digit, first).astype(np.int64) > 0) & (last - first >= 2)
        if not use.any():
            continue
        rows.append(owner[first[use]] + start)
        features.append(_mix(span_hashes(points, first[use], last[use])))
    return _binary(rows, features, len(texts))


def _in_word(points: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Letters and digits. Everything above ASCII counts as a letter."""
    inside: NDArray[np.bool_] = (points > 127) | ((points >= 48) & (points <= 57)) | ((points >= 97) & (points <= 122))
    return inside


def spans(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where runs of True start and end."""
    edges = np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def span_hashes(points: NDArray[np.uint64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A hash of the code points of each span, by their values and their places in the span."""
    lengths = last - first
    flat = np.repeat(first - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(int(lengths.sum()))
    place = (flat - np.repeat(first, lengths)).astype(np.uint64)
    weighted = (points[flat] + np.uint64(0x1F)) * (_PRIME ^ (place * np.uint64(0xC2B2AE3D27D4EB4F) | np.uint64(1)))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.add.reduceat(weighted, starts)


def _binary(rows: list[NDArray[np.int64]], features: list[NDArray[np.int32]], n_rows: int) -> csr_matrix:
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    shape = (n_rows, FEATURES)
    if not rows:
        return csr_matrix(shape, dtype=np.float32)
    row, feature = np.concatenate(rows), np.concatenate(features)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])
    matrix = csr_matrix((np.ones(len(row), dtype=np.float32), feature, indptr), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


@dataclass(frozen=True, slots=True, eq=False)
class DocumentFrequency:
    """In how many of ``n_rows`` rows each feature occurs."""

    n_rows: int
    counts: NDArray[np.integer[Any]]


class Frequencies:
    """Gives the document frequency of each matrix that is made of a table: counted from the matrix, which holds the whole table.

    Whoever has only a part of the table at hand (``findmatches.spark``) puts the frequencies of the whole in its place. So
    whatever weighs features by how rare they are must ask here, under a name that no other matrix of the table has.
    """

    def of(self, name: str, matrix: csr_matrix) -> DocumentFrequency:
        """What is known of the matrix of that name."""
        return DocumentFrequency(matrix.shape[0], np.bincount(matrix.indices, minlength=matrix.shape[1]))


def weigh(matrix: csr_matrix, known: DocumentFrequency, *, unit: bool = True) -> csr_matrix:
    """TF-IDF, with unit rows if asked for. Features of one row only count in the length of the row and are then dropped; columns are renumbered."""
    from scipy.sparse import csr_matrix, diags  # here and not above: importing findmatches must stay quick

    n_rows, frequency = matrix.shape[0], known.counts
    seen = np.arange(int(frequency.max(initial=0)) + 1)
    weight = (np.log((1 + known.n_rows) / (1 + seen)) + 1).astype(np.float32)
    data = weight[frequency[matrix.indices]]
    owner = np.repeat(np.arange(n_rows), np.diff(matrix.indptr))
    norm = np.sqrt(np.bincount(owner, weights=data.astype(np.float64) ** 2, minlength=n_rows))
    kept = frequency >= 2
    number = np.cumsum(kept, dtype=np.int64) - 1
    use = kept[matrix.indices]
    indices = number[matrix.indices[use]].astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner[use], minlength=n_rows))])
    weighed = csr_matrix((data[use], indices, indptr), shape=(n_rows, max(int(kept.sum()), 1)))
    if not unit:
        return weighed
    return (diags((1 / np.maximum(norm, 1e-12)).astype(np.float32)) @ weighed).tocsr()


def row_dots(
    matrix: csr_matrix, left: NDArray[np.int32], right: NDArray[np.int32], other: csr_matrix | None = None
) -> NDArray[np.float32]:
    """The product of row ``left[k]`` with row ``right[k]`` (of the ``other`` matrix, if there is one), for every k."""
    other = matrix if other is None else other
    result = np.zeros(len(left), dtype=np.float32)
    step = 200_000
    for start in range(0, len(left), step):
        part = slice(start, start + step)
        result[part] = np.asarray(matrix[left[part]].multiply(other[right[part]]).sum(axis=1)).ravel()
    return result


def order_by_row(row: NDArray[np.int32], n_rows: int) -> NDArray[np.int32]:
    """What ``np.argsort(row, kind="stable")`` gives, by counting instead of comparing: row numbers are known to be below ``n_rows``."""
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    place = np.arange(len(row), dtype=np.int32)
    order: NDArray[np.int32] = csr_matrix(
        (np.ones(len(row), dtype=np.int8), (row, place)), shape=(n_rows, max(len(row), 1))
    ).indices
    return order


def row_sums(matrix: csr_matrix) -> NDArray[np.float32]:
    return np.asarray(matrix.sum(axis=1), dtype=np.float32).ravel()
