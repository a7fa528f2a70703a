"""Cells to comparable text. Every distinct value is handled once; rows hold its number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.dates import as_year_month_day, highest_parts
from findmatches.letters import comparable
from findmatches.markup import MARKUP, without_markup
from findmatches.quantities import in_base_units

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = -1
# What tables write where they have nothing to say, as whole cells and after folding.
PLACEHOLDERS = frozenset({"null", "none", "nan", "n/a", "#n/a", "nil", "-", "--", "?", "."})
_NOT_IN_NUMBER = r"[^\d.\-]"
_NUMBER = r"^-?(\d+\.?\d*|\.\d+)$"
# A number with a power of ten; one that printf, pandas or a spreadsheet wrote, which no code looks like.
_POWER = r"^-?\d+(\.\d*)?e[+-]?\d{1,2}$"
_WRITTEN_POWER = r"^-?\d(\.\d+e[+-]\d\d|e[+-]0\d|e\+\d\d)$"
# One comma, and points only between thousands before it; a comma that may separate thousands itself.
_ONE_COMMA = r"^[^\d.,]*(0|[1-9]\d*|[1-9]\d{0,2}(\.\d{3})+),\d+[^\d.,]*$"
_THOUSANDS = r"^[^\d.,]*[1-9]\d{0,2},\d{3}[^\d.,]*$"
_LETTER_BETWEEN = r"\d.*[A-Za-z].*\d"
# Blanks at the ends or side by side, all other white space and NUL, and markup: what ``fold`` changes in text that is plain ASCII.
_ODD = rf"^ | $|  |[\x00-\x1f]|{MARKUP}"


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
    """What can be compared of a text (``letters.comparable``), without markup, runs of white space one blank. Placeholders become empty."""
    text = without_markup(text)
    folded = text.lower() if text.isascii() else comparable(text)
    folded = " ".join(folded.replace("\0", " ").split())
    return "" if folded in PLACEHOLDERS else folded


def make_column(name: str, cells: pa.ChunkedArray, highest: tuple[int, int] | None = None) -> Column:
    """Fold the cells of one column. Blank and null cells are missing.

    Where they are but a part of a column, ``highest`` are the ``dates.highest_parts`` of the whole.
    """
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    encoded = (cells.chunk(0) if cells.num_chunks == 1 else cells.combine_chunks()).dictionary_encode()
    folded = _fold_all(encoded.dictionary, highest or highest_parts(encoded.dictionary))
    distinct = folded.dictionary_encode()
    order = pc.sort_indices(distinct.dictionary).to_numpy()
    values = distinct.dictionary.take(pa.array(order)).to_pylist()
    lookup = np.full(len(folded) + 1, MISSING, dtype=np.int32)
    place = np.argsort(order).astype(np.int32)
    known = distinct.indices.is_valid().to_numpy(zero_copy_only=False)
    lookup[:-1][known] = place[distinct.indices.drop_null().to_numpy()]
    codes = lookup[pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)]
    counts = np.bincount(codes[codes >= 0], minlength=len(values)).astype(np.int64)
    return Column(name, codes, object_array(values), counts)


def _fold_all(texts: pa.Array, highest: tuple[int, int]) -> pa.Array:
    """``fold`` of each text, dates, amounts and whole numbers in one way of writing, null where nothing is left. Only what is not plain ASCII in single blanks is handled one by one."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    odd = pc.or_(pc.invert(pc.string_is_ascii(texts)), pc.match_substring_regex(texts, _ODD))
    one_by_one = pa.array([fold(text) for text in texts.filter(odd).to_pylist()], texts.type)
    folded = pc.replace_with_mask(pc.utf8_lower(texts), odd, one_by_one)
    nothing = pc.is_in(folded, pa.array(["", *sorted(PLACEHOLDERS)], texts.type))
    plain = _whole_numbers(_without_powers(pc.if_else(nothing, pa.scalar(None, texts.type), folded)))
    return in_base_units(as_year_month_day(plain, highest))


def _without_powers(folded: pa.Array) -> pa.Array:
    """Cells such as ``1.23e+02`` as they would be written out."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    powers = pc.fill_null(pc.match_substring_regex(folded, _WRITTEN_POWER), False)
    if not pc.any(powers).as_py():
        return folded
    plain = [format(Decimal(text).normalize(), "f") for text in folded.filter(powers).to_pylist()]
    return pc.replace_with_mask(folded, powers, pa.array(plain, folded.type))


def _whole_numbers(folded: pa.Array) -> pa.Array:
    """Cells that are a whole number without what spreadsheets and arrays of floats add or take away: zeros in front, ``.0`` behind."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(folded, r"^0*(\d+)(?:\.0+)?$", r"\1")


def object_array(values: list[str]) -> NDArray[np.object_]:
    """A list of text as an array of objects (never as fixed-width text, which one long cell would blow up)."""
    array: NDArray[Any] = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def numbers(values: NDArray[np.object_]) -> NDArray[np.float64]:
    """The number that each (folded) value is, if it is one (currency signs and thousands separators aside), else NaN.

    A comma before three digits separates thousands, unless nothing but a zero, or thousands with points, stand before it.
    """
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    texts = pa.array(values, pa.large_string())
    power = pc.match_substring_regex(texts, _POWER)
    texts = _with_decimal_points(texts)
    ascii_only = pc.string_is_ascii(texts)
    bare = pc.replace_substring_regex(texts, _NOT_IN_NUMBER, "")
    few = pc.less_equal(pc.subtract(pc.binary_length(texts), pc.binary_length(bare)), 3)
    one = pc.invert(pc.match_substring_regex(texts, _LETTER_BETWEEN))
    fits = pc.and_(pc.and_(few, one), pc.match_substring_regex(bare, _NUMBER))
    result = np.full(len(values), np.nan)
    use = pc.and_(fits, ascii_only)
    result[use.to_numpy(zero_copy_only=False)] = bare.filter(use).cast(pa.float64()).to_numpy(zero_copy_only=False)
    # Other scripts have digits too.
    other = pc.invert(ascii_only)
    result[other.to_numpy(zero_copy_only=False)] = [_number(text) for text in texts.filter(other).to_pylist()]
    result[power.to_numpy(zero_copy_only=False)] = [float(text) for text in texts.filter(power).to_pylist()]
    return result


def _with_decimal_points(texts: pa.Array) -> pa.Array:
    """Numbers with a decimal comma as they are written with a point."""
    import pyarrow.compute as pc

    comma = pc.and_(pc.match_substring_regex(texts, _ONE_COMMA), pc.invert(pc.match_substring_regex(texts, _THOUSANDS)))
    if not pc.any(comma).as_py():
        return texts
    with_points = pc.replace_substring(pc.replace_substring(texts.filter(comma), ".", ""), ",", ".")
    return pc.replace_with_mask(texts, comma, with_points)


def _number(value: str) -> float:
    text = re.sub(_NOT_IN_NUMBER, "", value)
    if not text or len(value) - len(text) > 3 or re.search(_LETTER_BETWEEN, value):
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan
