"""Rows of text to sparse vectors, without a Python loop over rows: trigrams and words are hashed as arrays of code points."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.normalise import Column
from findmatches.pile import Pile
from findmatches.threads import in_threads, in_turn

if TYPE_CHECKING:
    import pyarrow as pa
    from scipy.sparse import csr_matrix

_BITS = 22
FEATURES = 1 << _BITS
_CHUNK_BYTES = 1 << 19
# Pairs of rows that are multiplied at once by one thread, and about so many features of theirs: of long texts, each has thousands.
_DOTS, _DOT_FEATURES = 20_000, 1 << 22
# Entries of a matrix that are weighed, and counted, at a time.
_WEIGHED, _COUNTED = 1 << 20, 1 << 25
# With fewer than this part of all features in its rows, those of a table are counted by sorting instead of by looking at all.
_SPARSE = 16
_BLANK, _ZERO, _NINE = 32, 48, 57
_WORD = re.compile(r"[a-z0-9\u0080-\U0010ffff]+")  # what ``_in_word`` says of code points
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def join_columns(columns: Sequence[Column], n_rows: int) -> pa.Array:
    """The text of each row: its values, blanks between. Missing values leave nothing behind."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    if not columns:
        return pa.repeat(pa.scalar("", pa.large_string()), n_rows)
    parts = [
        pa.array(column.values.tolist(), pa.large_string()).take(pa.array(column.codes, mask=column.codes < 0))
        for column in columns
    ]
    # Arrow would leave out rows that have nothing but nulls.
    empty = pa.array(np.all([column.codes < 0 for column in columns], axis=0))
    parts[0] = pc.if_else(empty, pa.scalar("", pa.large_string()), parts[0])
    joined: pa.Array = pc.binary_join_element_wise(*parts, pa.scalar(" ", pa.large_string()), null_handling="skip")
    return joined


def _chunks(texts: pa.Array) -> Iterator[pa.Array]:
    """The texts in pieces of about as many bytes each."""
    if not len(texts):
        return
    ends = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    start = 0
    while start < len(texts):
        end = max(int(np.searchsorted(ends, ends[start] + _CHUNK_BYTES, side="right")) - 1, start + 1)
        yield texts.slice(start, min(end, len(texts)) - start)
        start = end


def _points(texts: pa.Array) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """The code points of all texts, a blank before and after each, and the row of each point."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    empty, blank = pa.scalar("", pa.large_string()), pa.scalar(" ", pa.large_string())
    padded = pc.binary_join_element_wise(empty, texts, empty, blank)
    _, offsets, data = padded.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[: len(padded) + 1]
    raw = np.frombuffer(data, dtype=np.uint8)[: ends[-1]] if data is not None else np.empty(0, dtype=np.uint8)
    lengths = np.diff(ends)
    if len(raw) and raw.max() > 127:
        lengths = pc.utf8_length(padded).to_numpy(zero_copy_only=False)
        raw = np.frombuffer(raw.tobytes().decode().encode("utf-32-le"), dtype="<u4")
    return raw.astype(np.uint64), np.repeat(np.arange(len(texts), dtype=np.int32), lengths)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Spread 64-bit hashes over ``FEATURES`` columns."""
    values = values ^ (values >> np.uint64(31))
    values = values * _PRIME
    return (values >> np.uint64(64 - _BITS)).astype(np.int32)


def trigram_matrix(texts: pa.Array) -> csr_matrix:
    """Which three characters side by side (blanks at both ends of the text included) each text holds: a 0/1 matrix."""

    def trigrams(part: pa.Array) -> csr_matrix:
        points, owner = _points(part)
        hashed = np.zeros(max(len(points) - 2, 0), dtype=np.uint64)
        for offset in range(3):
            hashed = hashed * np.uint64(1_000_003) + points[offset : offset + len(hashed)]
        # A gram of two blanks says nothing; it appears only in empty texts.
        inside = (owner[:-2] == owner[2:]) & ((points[:-2] != _BLANK) | (points[1:-1] != _BLANK))
        return _binary(owner[:-2][inside], hashed[inside], len(part))

    return _stacked(trigrams, texts)


def word_matrix(texts: pa.Array) -> csr_matrix:
    """Which words (runs of letters and digits) each text holds: a 0/1 matrix."""

    def words(part: pa.Array) -> csr_matrix:
        points, owner = _points(part)
        first, last = spans(_in_word(points))
        return _binary(owner[first], span_hashes(points, first, last), len(part))

    return _stacked(words, texts)


def words_in(text: str) -> set[str]:
    """The words of one folded text, as ``word_matrix`` takes them."""
    return set(_WORD.findall(text))


def figure_matrix(texts: pa.Array) -> csr_matrix:
    """Which words with a digit each text holds: a 0/1 matrix."""

    def figures(part: pa.Array) -> csr_matrix:
        points, owner = _points(part)
        first, last = spans(_in_word(points))
        digit = _digits_before(points)
        use = digit[last] > digit[first]
        return _binary(owner[first[use]], span_hashes(points, first[use], last[use]), len(part))

    return _stacked(figures, texts)


def code_matrix(texts: pa.Array) -> csr_matrix:
    """Which codes each text holds: runs without blanks, with a digit, two characters or more, punctuation taken out of them."""

    def codes(part: pa.Array) -> csr_matrix:
        points, owner = _points(part)
        kept = _in_word(points) | (points == _BLANK)
        points, owner = points[kept], owner[kept]
        first, last = spans(points != _BLANK)
        digit = _digits_before(points)
        use = (digit[last] > digit[first]) & (last - first >= 2)
        return _binary(owner[first[use]], span_hashes(points, first[use], last[use]), len(part))

    return _stacked(codes, texts)


def by_value(find: Callable[[pa.Array], csr_matrix], columns: Sequence[Column], n_rows: int) -> csr_matrix:
    """What ``find`` gives for the joined text of each row, looking at every distinct value once.

    Only for what never reaches beyond a blank (words, figures, codes), or for a single column.
    """
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    total = _empty(n_rows)
    for column in columns:
        # A last text that is empty stands for missing values, whose code is -1.
        found = find(pa.array([*column.values.tolist(), ""], pa.large_string()))[column.codes]
        total = total + found if total.nnz else found
    total.data[:] = 1
    return total


def _in_word(points: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Letters and digits. Everything above ASCII counts as a letter."""
    inside: NDArray[np.bool_] = (
        (points > 127) | ((points >= _ZERO) & (points <= _NINE)) | ((points >= 97) & (points <= 122))
    )
    return inside


def _digits_before(points: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many digits stand before each point, and in all."""
    digits: NDArray[np.int64] = np.concatenate([[0], np.cumsum((points >= _ZERO) & (points <= _NINE))])
    return digits


def spans(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where runs of True start and end."""
    edges = np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def span_hashes(points: NDArray[np.uint64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A hash of the code points of each span, by their values and their places in the span."""
    lengths = last - first
    starts = np.cumsum(lengths) - lengths
    flat = np.repeat(first - starts, lengths) + np.arange(int(lengths.sum()))
    place = (flat - np.repeat(first, lengths)).astype(np.uint64)
    weighted = (points[flat] + np.uint64(0x1F)) * (_PRIME ^ (place * np.uint64(0xC2B2AE3D27D4EB4F) | np.uint64(1)))
    return np.add.reduceat(weighted, starts)


def _binary(owner: NDArray[np.int32], hashed: NDArray[np.uint64], n_rows: int) -> csr_matrix:
    """A 0/1 matrix of hashed features, given with the row that each stands in, by row."""
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n_rows))])
    matrix = csr_matrix((np.ones(len(owner), dtype=np.int8), _mix(hashed), indptr), shape=(n_rows, FEATURES))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _stacked(find: Callable[[pa.Array], csr_matrix], texts: pa.Array) -> csr_matrix:
    """The 0/1 matrix that ``find`` gives for all texts, a piece of them at a time in each thread."""
    from scipy.sparse import csr_matrix  # as above

    def piece(part: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        found = find(part)
        return found.indices, np.diff(found.indptr)

    # No piece of text holds more features than bytes, and those of the blank at its end.
    indices = Pile(np.int32, texts.nbytes + len(texts))
    counts = [np.zeros(1, dtype=np.int32)]
    for found, count in in_turn(piece, _chunks(texts)):
        indices.add(found)
        counts.append(count)
    features, indptr = indices.whole(), np.cumsum(np.concatenate(counts))
    return csr_matrix((np.ones(len(features), dtype=np.int8), features, indptr), shape=(len(texts), FEATURES))


def _empty(n_rows: int) -> csr_matrix:
    from scipy.sparse import csr_matrix  # as above

    return csr_matrix((n_rows, FEATURES), dtype=np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class DocumentFrequency:
    """In how many of ``n_rows`` rows each of ``features`` occurs. These ascend, and all others occur in none: in a small table, most."""

    n_rows: int
    features: NDArray[np.int32]
    counts: NDArray[np.int32]

    @classmethod
    def count(cls, matrix: csr_matrix) -> DocumentFrequency:
        """Of a matrix with one number for each feature of a row."""
        if matrix.nnz < matrix.shape[1] // _SPARSE:
            features, counts = np.unique(matrix.indices, return_counts=True)
        else:
            dense = occurrences(matrix)
            features = np.flatnonzero(dense > 0)
            counts = dense[features]
        return cls(matrix.shape[0], features.astype(np.int32), counts.astype(np.int32))

    @property
    def repeated(self) -> NDArray[np.int32]:
        """The features that occur in two rows or more; the others say nothing of pairs."""
        return self.features[self.counts >= 2]

    def spread(self, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """A weight for each of ``features``, as an array with a place for every feature."""
        spread = np.zeros(FEATURES, dtype=np.float32)
        spread[self.features] = weights
        return spread


class Frequencies:
    """Gives the document frequency of each matrix that is made of a table: counted from the matrix, which holds the whole table.

    Whoever has only a part of the table at hand (``findmatches.spark``) puts the frequencies of the whole in its place. So
    whatever weighs features by how rare they are must ask here, under a name that no other matrix of the table has.
    """

    def of(self, name: str, matrix: csr_matrix) -> DocumentFrequency:
        """What is known of the matrix of that name."""
        return DocumentFrequency.count(matrix)


def weigh(matrix: csr_matrix, known: DocumentFrequency, *, unit: bool = True) -> csr_matrix:
    """TF-IDF of a 0/1 matrix, with unit rows if asked for. Features of one row only count in the length of the row and are then dropped; columns are
    renumbered. Some rows at a time: the largest matrix of a table is what most of its memory goes into."""
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    weight = known.spread(np.log((1 + known.n_rows) / (1 + known.counts)) + 1)
    repeated = known.repeated
    kept, number = np.zeros(FEATURES, dtype=bool), np.zeros(FEATURES, dtype=np.int32)
    kept[repeated], number[repeated] = True, np.arange(len(repeated))

    def weighed(rows: slice) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
        indptr = matrix.indptr[rows.start : rows.stop + 1]
        features = matrix.indices[indptr[0] : indptr[-1]]
        part = csr_matrix((weight[features], features, indptr - indptr[0]), shape=(len(indptr) - 1, matrix.shape[1]))
        if unit:
            norm = np.sqrt(row_sums(csr_matrix((np.square(part.data), features, part.indptr), shape=part.shape)))
            part.data *= np.repeat((1 / np.maximum(norm, 1e-12)).astype(np.float32), np.diff(indptr))
        part = keep_columns(part, kept)
        return part.data, number[part.indices], np.diff(part.indptr)

    data, indices = Pile(np.float32, matrix.nnz), Pile(np.int32, matrix.nnz)
    lengths = [np.zeros(1, dtype=np.int32)]
    for values, features, count in in_turn(weighed, parts_of(matrix, _WEIGHED)):
        data.add(values)
        indices.add(features)
        lengths.append(count)
    indptr = np.cumsum(np.concatenate(lengths), dtype=matrix.indptr.dtype)
    shape = matrix.shape[0], max(len(repeated), 1)
    return csr_matrix((data.whole(), indices.whole(), indptr), shape=shape)


def share_of_weight(matrix: csr_matrix, keep: NDArray[np.bool_]) -> float:
    """Which share of the squares of a matrix stands in these columns."""
    kept = whole = 0.0
    for start in range(0, matrix.nnz, _WEIGHED):
        squares = np.square(matrix.data[start : start + _WEIGHED])
        whole += float(squares.sum())
        kept += float(squares[keep[matrix.indices[start : start + _WEIGHED]]].sum())
    return kept / max(whole, 1e-12)


def occurrences(matrix: csr_matrix) -> NDArray[np.int64]:
    """In how many rows each feature occurs, an array with a place for every feature."""
    counts = np.zeros(matrix.shape[1], dtype=np.int64)
    for start in range(0, matrix.nnz, _COUNTED):
        counts += np.bincount(matrix.indices[start : start + _COUNTED], minlength=matrix.shape[1])
    return counts


def parts_of(matrix: csr_matrix, size: int) -> Iterator[slice]:
    """Its rows in pieces of about ``size`` entries each."""
    step = max(1, size * matrix.shape[0] // max(matrix.nnz, 1))
    for start in range(0, matrix.shape[0], step):
        yield slice(start, min(start + step, matrix.shape[0]))


def keep_columns(matrix: csr_matrix, keep: NDArray[np.bool_]) -> csr_matrix:
    """What of the matrix stands in these columns; the others are empty."""
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    use = keep[matrix.indices]
    if use.all():
        return matrix
    so_far = np.cumsum(use, dtype=matrix.indptr.dtype)
    indptr = np.where(matrix.indptr > 0, so_far[matrix.indptr - 1], 0)
    return csr_matrix((matrix.data[use], matrix.indices[use], indptr), shape=matrix.shape)


def row_dots(
    matrix: csr_matrix, left: NDArray[np.int32], right: NDArray[np.int32], other: csr_matrix | None = None
) -> NDArray[np.float32]:
    """The product of row ``left[k]`` with row ``right[k]`` (of the ``other`` matrix, if there is one), for every k."""
    second = matrix if other is None else other
    size = max(1, min(_DOTS, _DOT_FEATURES * matrix.shape[0] // max(matrix.nnz, 1)))

    def dots(start: int) -> NDArray[np.float32]:
        part = slice(start, start + size)
        return row_sums(matrix[left[part]].multiply(second[right[part]]))

    parts = in_threads(dots, range(0, len(left), size))
    return np.concatenate([np.empty(0, dtype=np.float32), *parts])


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


def arrays_of(name: str, matrix: csr_matrix) -> dict[str, NDArray[Any]]:
    """A matrix as arrays whose names start with its own."""
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}
    return {f"{name}_{part}": array for part, array in parts.items()}


def matrix_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> csr_matrix:
    """What ``arrays_of`` was given."""
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    parts = tuple(arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
    return csr_matrix(parts, shape=tuple(arrays[f"{name}_shape"].tolist()))
