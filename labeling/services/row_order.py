"""The order in which the rows of a question stand, on every page and in every spreadsheet: likely matches next to each other.

Worked out once, from the values alone, when the question is made: so row 3 is the same row for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST = 200
"""So many characters of a value are looked at."""


def reading_order(rows: Sequence[Sequence[str]], *, key: int) -> list[int]:
    """The places of the rows, in reading order: the first row, then always the one that is most like one that stands there already.

    ``key`` is the place of the primary key, which says nothing about what is alike.
    """
    left = {place: _Features.of(row, key) for place, row in enumerate(rows)}
    likeness = dict.fromkeys(left, -1.0)
    order = []
    while left:
        place = max(left, key=lambda one: (likeness[one], -one))
        placed = left.pop(place)
        order.append(place)
        for other, features in left.items():
            likeness[other] = max(likeness[other], placed.likeness(features))
    return order


@dataclass(frozen=True, slots=True)
class _Features:
    """The pairs of neighbouring characters, column by column and as a whole: values stand in the wrong column at times."""

    columns: tuple[frozenset[str], ...]
    whole: frozenset[str]

    @classmethod
    def of(cls, values: Sequence[str], key: int) -> _Features:
        columns = tuple(_pairs(value) for place, value in enumerate(values) if place != key)
        return cls(columns, frozenset().union(*columns))

    def likeness(self, other: _Features) -> float:
        """From 0 to 2: the mean over the columns where both have a value, and of all together."""
        by_column = [
            _shared(mine, theirs) for mine, theirs in zip(self.columns, other.columns, strict=False) if mine and theirs
        ]
        return (sum(by_column) / len(by_column) if by_column else 0.0) + _shared(self.whole, other.whole)


def _pairs(value: str) -> frozenset[str]:
    text = " ".join(value.split()).casefold()[:_LONGEST]
    return frozenset(text[place : place + 2] for place in range(len(text) - 1))


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    """The share that both have (Dice)."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
