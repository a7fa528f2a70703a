"""Cells to comparable text. Every distinct value is handled once; rows hold its number."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = -1
# What tables write where they have nothing to say, as whole cells and after folding.
PLACEHOLDERS = frozenset({"null", "none", "nan", "n/a", "#n/a", "nil", "-", "--", "?", "."})
_NUMBER = re.compile(r"[^\d.\-]")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column: ``values[codes[row]]`` is the folded text of a row, code -1 where it has none.

    ``values`` are distinct and sorted; ``counts[code]`` is in how many rows a value stands.
    """

    name: str
    codes: NDArray[np.int32]
    values: NDArray[np.object_]
    counts: NDArray[np.int64]

    @property
    def n_rows(self) -> int:
        """How many rows the table has."""
        return len(self.codes)

    @property
    def n_values(self) -> int:
        """How many distinct values the table has in this column."""
        return len(self.values)

    @property
    def filled(self) -> float:
        """The share of rows that have a value."""
        return float(self.counts.sum()) / max(len(self.codes), 1)

    @property
    def mean_length(self) -> float:
        """Characters per filled cell."""
        if not len(self.values):
            return 0.0
        lengths = np.fromiter(map(len, self.values), np.float64, len(self.values))
        return float((lengths * self.counts).sum() / self.counts.sum())


@dataclass(frozen=True, slots=True, eq=False)
class PartOfColumn(Column):
    """Some rows of a column: ``codes`` and ``values`` are theirs, ``counts`` and the numbers below those of the whole table."""

    whole_rows: int
    whole_values: int

    @property
    def n_rows(self) -> int:
        return self.whole_rows

    @property
    def n_values(self) -> int:
        return self.whole_values


def fold(text: str) -> str:
    """Compatibility forms joined, case and accents folded, runs of white space one blank. Placeholders become empty."""
    if text.isascii():
        folded = text.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        folded = "".join(char for char in decomposed if not unicodedata.combining(char))
    folded = " ".join(folded.replace("\0", " ").split())
    return "" if folded in PLACEHOLDERS else folded


def make_column(name: str, cells: pa.ChunkedArray) -> Column:
    """Fold the cells of one column. Blank and null cells are missing."""
    import pyarrow.compute as pc  # here and not above: importing findmatches must stay quick

    encoded = (
        cells.combine_chunks().dictionary_encode() if cells.num_chunks != 1 else cells.chunk(0).dictionary_encode()
    )
    raw_codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    folded = [fold(value) for value in encoded.dictionary.to_pylist()]
    values = sorted(set(folded) - {""})
    number = {value: code for code, value in enumerate(values)}
    lookup = np.array([number.get(value, MISSING) for value in folded] + [MISSING], dtype=np.int32)
    codes = lookup[raw_codes]
    counts = np.bincount(codes[codes >= 0], minlength=len(values)).astype(np.int64)
    return Column(name, codes, object_array(values), counts)


def object_array(values: list[str]) -> NDArray[np.object_]:
    """A list of text as an array of objects (never as fixed-width text, which one long cell would blow up)."""
    array: NDArray[Any] = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def numbers(values: NDArray[np.object_]) -> NDArray[np.float64]:
    """The number that each value is, if it is one (currency signs and thousands separators aside), else NaN."""
    result = np.full(len(values), np.nan)
    for place, value in enumerate(values):
        text = _NUMBER.sub("", value)
        if text and len(value) - len(text) <= 3 and sum(map(str.isalpha, value)) <= 3:
            try:
                result[place] = float(text)
            except ValueError:
                continue
    return result
