"""Keys that a spreadsheet has changed, found again among all keys of a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass

from labeling.spreadsheets.cells import date_parts, how_mangled, number_key, rounded
from labeling.spreadsheets.recognise import mangled_words

_MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Unmangled:
    """The keys that a cell may have been, at most five, and in words what was then done to the first."""

    keys: tuple[str, ...]
    how: str


def unmangle(cells: Collection[str], keys: Iterable[str]) -> dict[str, Unmangled]:
    """For each cell, the keys that a spreadsheet may have made it of; cells that none explains are left out.

    ``keys`` are gone through once for each way of mangling that is possible for any of the cells.
    """
    every = tuple(keys)
    found: dict[str, dict[str, None]] = {}
    for sketches in _ways(cells):
        index: dict[Hashable, list[str]] = {}
        for cell in cells:
            for sketch in sketches(cell, True):
                index.setdefault(sketch, []).append(cell)
        for key in every if index else ():
            for sketch in sketches(key, False):
                for cell in index.get(sketch, ()):
                    if len(found.get(cell, ())) < _MAX_CANDIDATES and how_mangled(cell, key) is not None:
                        found.setdefault(cell, {})[key] = None
    return {
        cell: Unmangled(tuple(candidates), mangled_words(how_mangled(cell, next(iter(candidates)))))
        for cell, candidates in found.items()
    }


_Sketches = Callable[[str, bool], Iterator[Hashable]]
"""What a cell (True) and the keys (False) that it may have been have in common."""


def _ways(cells: Collection[str]) -> Iterator[_Sketches]:
    yield _spelling
    yield _number
    for digits in sorted(set(filter(None, map(_shown_digits, cells)))):
        yield _scientific(digits)
    yield _date


def _spelling(text: str, is_cell: bool) -> Iterator[Hashable]:
    """Without spaces, capitals, apostrophes in front, and letters that Windows-1252 has not."""
    plain = " ".join(text.lstrip("'").split()).casefold()
    yield plain
    lossy = plain.encode("cp1252", "replace").decode("cp1252")
    if lossy != plain and not is_cell:
        yield lossy


def _number(text: str, is_cell: bool) -> Iterator[Hashable]:
    if (number := number_key(text)) is not None:
        yield number


def _shown_digits(cell: str) -> int | None:
    """How many digits a number in scientific notation shows."""
    number = number_key(cell)
    return len(number.as_tuple().digits) if number is not None and "e" in cell.casefold() else None


def _scientific(digits: int) -> _Sketches:
    def sketches(text: str, is_cell: bool) -> Iterator[Hashable]:
        number = number_key(text)
        if number is None:
            return
        if is_cell:
            if _shown_digits(text) == digits:
                yield number
        else:
            yield rounded(number, digits)
            yield rounded(number, 6)

    return sketches


def _date(text: str, is_cell: bool) -> Iterator[Hashable]:
    """Any two of day, month and year; the one number if they are the same."""
    parts = sorted(date_parts(text) or ())
    if not is_cell or len(parts) == 1:
        yield from parts
    for place, first in enumerate(parts):
        for second in parts[place + 1 :]:
            yield (first, second)
