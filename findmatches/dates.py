"""Cells that are a date, in whatever way it is written, as year-month-day."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# A date with slashes at the start of a cell, whichever way round.
SLASHED = r"^\s*(\d{1,2})/(\d{1,2})/\d{4}\b"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>january|february|march|april|june|july|august|september|october|november|december|sept|"
    + "|".join(_MONTHS)
    + ")"
)
_DAY, _NUMBER, _YEAR = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>\d{4})"
# Chinese and Japanese, and Korean as it is folded, in single signs of its letters.
_YEARS, _MONTHS_OF, _DAYS = (
    f"(?:{one}|{unicodedata.normalize('NFKD', other)})" for one, other in ("年년", "月월", "日일")
)
# What a day becomes where it has passed through a column of times.
_AT_MIDNIGHT = r"[t ](?:0?0:00(?::00(?:\.0+)?)?z?|12:00(?::00)? am)"
_MIDNIGHT = f"(?:{_AT_MIDNIGHT})?"
# The ways of writing a date that leave no doubt which number is the month.
_FORMS = (
    rf"^{_DAY}\. ?{_NUMBER}\. ?{_YEAR}{_MIDNIGHT}$",
    rf"^{_DAY}(?:\.|st|nd|rd|th)?[ -]{_MONTH}\.?,?[ -]{_YEAR}$",
    rf"^{_MONTH}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}$",
    rf"^{_YEAR}[/.]{_NUMBER}[/.]{_DAY}{_MIDNIGHT}$",
    rf"^{_YEAR} ?{_YEARS} ?{_NUMBER} ?{_MONTHS_OF} ?{_DAY} ?{_DAYS}$",
    rf"^{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d){_AT_MIDNIGHT}$",
)
_DAY_FIRST, _MONTH_FIRST = rf"^{_DAY}/{_NUMBER}/{_YEAR}{_MIDNIGHT}$", rf"^{_NUMBER}/{_DAY}/{_YEAR}{_MIDNIGHT}$"


def highest_parts(cells: pa.Array) -> tuple[int, int]:
    """The highest first and the highest second number of the dates with slashes, 0 and 0 where there are none."""
    import pyarrow.compute as pc  # here and not above: importing findmatches must stay quick

    slashed = cells.filter(pc.match_substring_regex(cells, SLASHED))
    parts = (pc.replace_substring_regex(slashed, f"(?s){SLASHED}.*", number) for number in (r"\1", r"\2"))
    first, second = (pc.max(part.cast("int32")).as_py() or 0 for part in parts)
    return first, second


def as_year_month_day(folded: pa.Array, highest: tuple[int, int]) -> pa.Array:
    """Folded cells that are a date as year-month-day, all others as they are.

    Of ``03/04/2024`` only its column can tell which number is the month: ``highest`` are the highest first and second number of all its
    dates with slashes. Where one is a day (13 to 31) and the other never, it is known for all; where not, such dates stay in their order.
    """
    import pyarrow.compute as pc  # here and not above: importing findmatches must stay quick

    length = pc.binary_length(folded)
    maybe = pc.and_(pc.greater_equal(length, 8), pc.less_equal(length, 48))
    maybe = pc.and_(maybe, pc.match_substring_regex(folded, rf"^(\d|[a-z]{{3,9}}\.? \d{{1,2}}).*([\dmz]|{_DAYS})$"))
    texts = folded.filter(maybe)
    for form in (*_FORMS, *_slashes(highest)):
        found = pc.extract_regex(texts, form)
        if found.null_count < len(found):
            texts = pc.if_else(pc.is_valid(found), _written(found, texts.type), texts)
    return pc.replace_with_mask(folded, pc.fill_null(maybe, False), texts)


def _slashes(highest: tuple[int, int]) -> tuple[str, ...]:
    first, second = highest
    if second <= 12 < first <= 31:
        return (_DAY_FIRST,)
    return (_MONTH_FIRST,) if first <= 12 < second <= 31 else ()


def _written(found: pa.StructArray, kind: pa.DataType) -> pa.Array:
    """Year-month-day of the parts of dates."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    parts = [pc.struct_field(found, name) for name in ("year", "month", "day")]
    number = pc.index_in(pc.utf8_slice_codeunits(parts[1], 0, 3), pa.array(_MONTHS, kind))
    parts[1] = pc.coalesce(pc.cast(pc.add(number, 1), kind), parts[1])
    parts[1:] = [pc.utf8_lpad(part, 2, "0") for part in parts[1:]]
    return pc.binary_join_element_wise(*parts, pa.scalar("-", kind))
