"""What a label file holds, as frozen dataclasses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

SET_ID_COLUMN = "labeling_set_id"
LABEL_COLUMN = "label"


@dataclass(frozen=True, slots=True)
class LabeledRow:
    """One source row inside one labeling set.

    ``label`` is ``""`` when the row is still a question, or when nobody could tell. ``values`` are the cells of the source
    columns, in their order. ``line`` is the physical line (from 1) on which the row starts in the file it was read from, 0 if
    it was read from none; it is where the row stood, not what it says, so it does not count when rows are compared.
    """

    labeling_set_id: str
    label: str
    values: tuple[str, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The source columns (without ``labeling_set_id`` and ``label``) and the rows, in file order.

    ``path`` is where it was read from, if it was a file, for people who have several; ``empty_rows`` is how many rows without any value were left out
    then. Neither counts when files are compared.
    """

    columns: tuple[str, ...]
    rows: tuple[LabeledRow, ...]
    path: str = field(default="", compare=False)
    empty_rows: int = field(default=0, compare=False)

    def by_set(self) -> dict[str, list[LabeledRow]]:
        """The rows of each set, sets and rows in the order in which they come first in the file."""
        sets: dict[str, list[LabeledRow]] = {}
        for row in self.rows:
            sets.setdefault(row.labeling_set_id, []).append(row)
        return sets


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs of rows in one set, by what is said of them."""

    matching: int
    non_matching: int

    @classmethod
    def of_groups(cls, sizes: Iterable[int]) -> Self:
        """The pairs that labelled rows of one set make, given how many rows each group has."""
        sizes = tuple(sizes)
        labelled, matching = sum(sizes), sum(size * (size - 1) // 2 for size in sizes)
        return cls(matching, labelled * (labelled - 1) // 2 - matching)

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts(self.matching + other.matching, self.non_matching + other.non_matching)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (``error``) or suspicious (``warning``), where it is, and in words for the person who wrote the file.

    ``code`` is stable and meant for programs. ``line`` and ``column`` are None where the problem has no such place. ``repair`` names what
    puts it right without guessing (``labelfiles.preflight.REPAIRS``); empty where a person must decide.
    """

    line: int | None
    column: str | None
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"
    repair: str = field(default="", compare=False)

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                f"line {self.line}" if self.line is not None else "",
                f"column {self.column}" if self.column is not None else "",
            )
            if part
        )
        return f"{place}: {self.message}" if place else self.message


class LabelFileError(ValueError):
    """The file cannot be read as a label file. ``problems`` says why, in file order; it is never empty."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(str(problem) for problem in self.problems[:3])
        more = len(self.problems) - 3
        super().__init__(f"{shown}; and {more} more" if more > 0 else shown)


def is_empty(cells: Iterable[str]) -> bool:
    """Whether a row says nothing at all: spreadsheets write such rows below what they hold, as many as were ever touched."""
    return not "".join(cells).strip()


def check_header(names: Sequence[str], line: int = 1) -> None:
    """Raises ``LabelFileError`` if two columns have the same name."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        message = "The header names this column more than once."
        unnamed = "Several columns have no name. Does every line end with commas?"
        raise LabelFileError(
            Problem(line, name or None, "repeated_column", message if name else unnamed) for name in repeated
        )
