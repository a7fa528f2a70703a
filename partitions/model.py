"""What one person says about the rows of one question."""

from __future__ import annotations

import string
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Generic, TypeVar

_LETTERS = tuple(string.ascii_uppercase[:15])

LABELS = (*_LETTERS, *(letter * 2 for letter in _LETTERS))
"""A to O, then AA, BB, … OO: the groups of one question, in the order in which they are given out."""

UNSURE = "?"
"""A row that somebody looked at and could not place. It says nothing about any pair."""

R = TypeVar("R", bound=Hashable)


def labels_for(rows: int) -> tuple[str, ...]:
    """The groups of a question with so many rows: A to O as long as there is one for each row, else all of ``LABELS``."""
    return _LETTERS if rows <= len(_LETTERS) else LABELS


class Verdict(StrEnum):
    """What a grouping says about two rows."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Grouping(Generic[R]):
    """The label of each row: equal labels say "same", unequal ones "different", ``?`` and a missing row say nothing.

    An empty label is a missing one. Two groupings are equal if they place the same rows together, call the same rows unsure and
    leave the same rows out, whatever the letters are.
    """

    labels: Mapping[R, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", {row: label for row, label in self.labels.items() if label})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grouping) and self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash(self._meaning())

    def _meaning(self) -> tuple[frozenset[frozenset[R]], frozenset[R]]:
        return frozenset(map(frozenset, self.groups())), frozenset(self.unsure())

    def verdict(self, first: R, second: R) -> Verdict:
        """What is said about two rows."""
        one, two = self.labels.get(first, UNSURE), self.labels.get(second, UNSURE)
        if UNSURE in (one, two):
            return Verdict.UNKNOWN
        return Verdict.SAME if one == two else Verdict.DIFFERENT

    def pairs(self, rows: Sequence[R] | None = None) -> Iterator[tuple[R, R, Verdict]]:
        """Every pair of ``rows`` once, with its verdict; without ``rows`` every pair of rows that have a label."""
        for first, second in combinations(self.labels if rows is None else rows, 2):
            yield first, second, self.verdict(first, second)

    def groups(self) -> list[tuple[R, ...]]:
        """The rows of each label, in the order in which labels and rows come first. Unsure rows are in none."""
        found: dict[str, list[R]] = {}
        for row, label in self.labels.items():
            if label != UNSURE:
                found.setdefault(label, []).append(row)
        return [tuple(rows) for rows in found.values()]

    def unsure(self) -> tuple[R, ...]:
        """The rows that were looked at and not placed."""
        return tuple(row for row, label in self.labels.items() if label == UNSURE)

    def placed(self) -> tuple[R, ...]:
        """The rows that are in a group."""
        return tuple(row for row, label in self.labels.items() if label != UNSURE)
