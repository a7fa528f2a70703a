"""How alike two cells of one column are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from findmatches.features import Frequencies, row_dots, weigh, word_matrix
from findmatches.normalise import Column, numbers, object_array

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Kind = Literal["constant", "category", "short", "text", "long"]

_SHORT_LENGTH = 30
_LONG_LENGTH = 100
_CATEGORIES = 20
# Characters beyond this are not compared letter by letter; words are, whatever the length.
_MAX_LETTERS = 400

MEASURES: dict[Kind, tuple[str, ...]] = {
    "constant": (),
    "category": ("same", "missing"),
    "short": ("same", "missing", "letters", "start", "words", "part", "rarity"),
    "text": ("same", "missing", "letters", "start", "words", "part", "subset", "weighted words"),
    "long": ("same", "missing", "letters", "words", "subset", "weighted words"),
}
# What an outline holds of each column: all that needs no look into the cells but whether they are equal.
OUTLINE = ("same", "missing", "rarity")


def kind_of(column: Column) -> Kind:
    if len(column.values) <= 1:
        return "constant"
    if len(column.values) <= _CATEGORIES and len(column.values) < 0.2 * len(column.codes):
        return "category"
    length = column.mean_length
    return "short" if length <= _SHORT_LENGTH else "text" if length <= _LONG_LENGTH else "long"


def is_numeric(column: Column) -> bool:
    """Most of the filled cells are numbers."""
    if not len(column.values):
        return False
    known = ~np.isnan(numbers(column.values))
    return bool((known * column.counts).sum() >= 0.8 * column.counts.sum())


class ColumnComparer:
    """Compares the cells of one column of one table; what can be known of each distinct value is worked out once."""

    def __init__(self, column: Column, kind: Kind, numeric: bool, frequencies: Frequencies) -> None:
        import pyarrow as pa  # here and not above: importing findmatches must stay quick
        import pyarrow.compute as pc

        self.column = column
        self.kind = kind
        self.names = (*MEASURES[kind], *(("number",) if numeric and kind != "constant" else ()))
        self._numbers = numbers(column.values) if "number" in self.names else np.empty(0)
        self._words: csr_matrix | None = None
        self._texts = object_array([value[:_MAX_LETTERS] for value in column.values])
        texts = pa.array(self._texts, pa.large_string())
        self._several = pc.match_substring(texts, " ").to_numpy(zero_copy_only=False)
        if "weighted words" in self.names and len(column.values):
            words = word_matrix(pa.array(column.values, pa.large_string()))
            self._words = weigh(words, frequencies.of(f"values of {column.name}", words))

    def compare(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
        """One row a pair, one column a measure; NaN where one of the cells is missing ("missing" counts how many are)."""
        result = np.full((len(left), len(self.names)), np.nan, dtype=np.float32)
        if not self.names:
            return result
        one, two = self.column.codes[left], self.column.codes[right]
        result[:, 1] = (one < 0).astype(np.float32) + (two < 0)
        both, same = (one >= 0) & (two >= 0), one == two
        equal, other = np.flatnonzero(both & same), np.flatnonzero(both & ~same)
        result[equal, 0], result[other, 0] = 1.0, 0.0
        result[equal, 2:] = self._values(one[equal], two[equal])
        first = np.minimum(one[other], two[other]).astype(np.int64)
        code, place = np.unique(
            first * len(self.column.values) + np.maximum(one[other], two[other]), return_inverse=True
        )
        distinct = np.divmod(code, max(len(self.column.values), 1))
        result[other, 2:] = self._values(distinct[0].astype(np.int32), distinct[1].astype(np.int32))[place]
        return result

    def outline(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> list[NDArray[np.float32]]:
        """The measures in ``OUTLINE``, as ``compare`` gives them, one after the other."""
        one, two = self.column.codes.take(left), self.column.codes.take(right)
        unknown, same = (one < 0) | (two < 0), one == two
        parts = [same.astype(np.float32), (one < 0).astype(np.float32) + (two < 0)]
        if "rarity" in self.names:
            rarity, equal = np.zeros(len(one), dtype=np.float32), np.flatnonzero(same)
            rarity[equal] = self._weights[one[equal]]
            parts.append(rarity)
        for part in parts[::2]:
            part[unknown] = np.nan
        return parts

    def _values(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.float32]:
        """What ``compare`` says beyond ``same`` and ``missing``, of pairs of values by their codes."""
        result = np.ones((len(first), len(self.names) - 2), dtype=np.float32)
        other = np.flatnonzero(first != second)
        one, two = self._texts[first[other]].tolist(), self._texts[second[other]].tolist()
        for place, name in enumerate(self.names[2:]):
            if name == "rarity":
                result[:, place] = self._rarity(first, second)
            elif name == "number":
                result[:, place] = self._number(first, second)
            elif name == "weighted words":
                if self._words is not None:
                    result[other, place] = row_dots(self._words, first[other], second[other])
            elif name == "words":  # of single words the order is that of their letters
                several = np.flatnonzero(self._several[first[other]] | self._several[second[other]])
                result[:, place] = result[:, self.names.index("letters") - 2]
                some = [one[at] for at in several], [two[at] for at in several]
                result[other[several], place] = string_measure(name, *some)
            else:
                result[other, place] = string_measure(name, one, two)
        return result

    def _rarity(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.float32]:
        """How much an equal value says: 0 if the values differ, 1 if nobody else has it, less the more often it occurs."""
        return np.where(first == second, self._weights[first], np.float32(0))

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        """How rare each value is; the last stands for missing ones."""
        rows = max(self.column.n_rows, 2)
        return np.append(np.log(rows / self.column.counts) / np.log(rows), 0.0).astype(np.float32)

    def _number(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.float32]:
        """1 for equal numbers, less the more they differ for their size; NaN if one of the values is no number."""
        one, two = self._numbers[first], self._numbers[second]
        size = np.maximum(np.maximum(np.abs(one), np.abs(two)), 1e-9)
        return (1 - np.minimum(np.abs(one - two) / size, 1)).astype(np.float32)


def string_measure(name: str, one: list[str], two: list[str]) -> NDArray[np.float32]:
    """One of the bulk comparisons, all between 0 (nothing in common) and 1 (alike)."""
    from rapidfuzz import fuzz, process  # here and not above: importing findmatches must stay quick
    from rapidfuzz.distance import Indel, JaroWinkler

    scorer: Any = {
        "letters": Indel.normalized_similarity,
        "start": JaroWinkler.normalized_similarity,
        "words": fuzz.token_sort_ratio,
        "subset": fuzz.token_set_ratio,
        "part": fuzz.partial_ratio,
    }[name]
    result: NDArray[np.float32] = process.cpdist(one, two, scorer=scorer, dtype=np.float32, workers=-1)
    return result if name in ("letters", "start") else (result / 100).astype(np.float32)
