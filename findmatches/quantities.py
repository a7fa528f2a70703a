"""Amounts with a unit in one way of writing: ``1.5kg``, ``1,5 kg`` and ``1500 grams`` as ``1500 g``, ``6x33cl`` as ``6 x 330 ml``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# How a unit is written in folded text: the unit that it is told in, and how many of those it is.
_SPELLINGS = {
    "mg": ("mg", 1),
    "g gr gram grams gramm gramme grammes": ("g", 1),
    "kg kgs kilo kilos kilogram kilograms": ("g", 1000),
    "oz ounce ounces": ("oz", 1),
    "lb lbs pound pounds": ("lb", 1),
    "ml": ("ml", 1),
    "cl": ("ml", 10),
    "dl": ("ml", 100),
    "l ltr liter liters litre litres litro litros": ("ml", 1000),
    "mm": ("mm", 1),
    "cm": ("mm", 10),
    "m meter meters metre metres metro metros": ("mm", 1000),
    "in inch inches zoll": ("in", 1),
    "ft feet foot": ("ft", 1),
    "w watt watts": ("w", 1),
    "v volt volts": ("v", 1),
    **{unit: (unit, 1) for unit in ["kb", "mb", "gb", "tb", "hz", "khz", "mhz", "ghz", "kw", "mah", "ah"]},
}
_UNITS = {spelling: unit for spellings, unit in _SPELLINGS.items() for spelling in spellings.split()}
_LENGTHS = {"mm", "in", "ft"}
_NUMBER = r"\d{1,12}(?:[.,]\d{1,12})*"
_FACTORS = rf"(?:{_NUMBER} ?[x×] ?){{1,3}}"
_UNIT = rf"(?:{'|'.join(_UNITS)})"
# Not in the middle of a code, a range or a fraction: ``ab12g``, ``18-55mm``, ``1/2 in``.
_MAYBE = rf"(?:^|[^0-9a-z.,/-])(?:{_FACTORS})?{_NUMBER}[ -]?{_UNIT}(?:[^0-9a-z]|$)"
_QUANTITY = re.compile(rf"(?<![^\W_])(?<![.,/-])({_FACTORS})?({_NUMBER})[ -]?({_UNIT})(?![^\W_])")
_FACTOR = re.compile(_NUMBER)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_THOUSANDS_WITH_POINTS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+,\d+")


def in_base_units(folded: pa.Array) -> pa.Array:
    """Folded cells with their amounts as a number, a blank and a unit, metric weights, volumes and lengths in one unit each. All others as they are.

    A comma before three digits separates thousands, any other is a decimal point. Other units are not converted: who does, rounds.
    """
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    maybe = pc.fill_null(pc.match_substring_regex(folded, _MAYBE), False)
    if not pc.any(maybe).as_py():
        return folded
    written = [_QUANTITY.sub(_written, text) for text in folded.filter(maybe).to_pylist()]
    return pc.replace_with_mask(folded, maybe, pa.array(written, folded.type))


def _written(found: re.Match[str]) -> str:
    before, amount, unit = found.groups(default="")
    told, size = _UNITS[unit]
    numbers = [_plain(number) for number in (*_FACTOR.findall(before), amount)]
    if any(number.count(".") > 1 for number in numbers):  # a version, a date
        return found[0]
    # Of 10 x 20 cm both are lengths, of 6 x 33 cl the first is a number of bottles.
    sizes = [size if told in _LENGTHS else 1] * (len(numbers) - 1) + [size]
    values = [(Decimal(number) * each).normalize() for number, each in zip(numbers, sizes, strict=True)]
    return f"{' x '.join(f'{value:f}' for value in values)} {told}"


def _plain(number: str) -> str:
    """The number with a decimal point and nothing between thousands."""
    if _THOUSANDS.fullmatch(number):
        return number.replace(",", "")
    if _THOUSANDS_WITH_POINTS.fullmatch(number):
        number = number.replace(".", "")
    return number.replace(",", ".")
