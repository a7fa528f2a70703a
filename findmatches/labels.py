"""Label files to pairs of rows of a table, and what in them cannot all be true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from findmatches.errors import FindMatchesError
from labelfiles import LabeledRow, LabelFile


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two rows that some labels say are one thing and others say are two. ``sets`` are the sets that say so, by any route."""

    keys: tuple[str, str]
    sets: tuple[str, ...]

    def __str__(self) -> str:
        return f"rows {self.keys[0]} and {self.keys[1]} are both the same and different, by sets {', '.join(self.sets)}"


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Pairs ``left < right`` of rows, whether they match, and the number of the set (into ``sets``) that says so.

    A pair that several sets judge stands here several times. ``rows`` are all rows that stand in a label file, blank or not.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    match: NDArray[np.bool_]
    set_number: NDArray[np.int32]
    sets: tuple[str, ...]
    rows: NDArray[np.int32]

    @property
    def teachable(self) -> bool:
        """Both kinds of pairs are there."""
        return bool(self.match.any() and not self.match.all())


def valid_sets(labels: Sequence[LabelFile]) -> dict[str, tuple[LabelFile, list[LabeledRow]]]:
    """The rows of each set and the file they come from. A set that is in several files counts as in the last of them."""
    sets: dict[str, tuple[LabelFile, list[LabeledRow]]] = {}
    for label_file in labels:
        for set_id, rows in label_file.by_set().items():
            if not set_id.strip():
                raise FindMatchesError(f"{place_of(label_file, rows[0])}: a row does not belong to a labeling set.")
            sets[set_id] = (label_file, rows)
    return sets


def place_of(label_file: LabelFile, row: LabeledRow) -> str:
    """Where the row stands, for people."""
    name = label_file.path or "Label file"
    return f"{name}, line {row.line}" if row.line else name


def can_train(labels: Sequence[LabelFile]) -> bool:
    """There is at least one pair that matches and one that does not."""
    same = different = False
    for _, rows in valid_sets(labels).values():
        found = [row.label for row in rows if row.label.strip()]
        different |= len(set(found)) > 1
        same |= len(set(found)) < len(found)
    return same and different


def lessons(labels: Sequence[LabelFile], primary_key: str, row_of: Mapping[str, int]) -> Lessons:
    """The pairs that the labels imply. Raises ``FindMatchesError`` if a labelled row is not in the table."""
    found: list[tuple[int, int, bool, int]] = []
    rows_seen: set[int] = set()
    sets = valid_sets(labels)
    for number, (set_id, (label_file, rows)) in enumerate(sets.items()):
        if primary_key not in label_file.columns:
            name = label_file.path or "The label file"
            raise FindMatchesError(f"{name} has no column {primary_key}, which is the primary key.")
        place = label_file.columns.index(primary_key)
        labelled = []
        for row in rows:
            key = row.values[place]
            if key not in row_of:
                raise FindMatchesError(
                    f"{place_of(label_file, row)}: set {set_id} has a row with {primary_key} {key}, which is not in the table."
                )
            rows_seen.add(row_of[key])
            if row.label.strip():
                labelled.append((row_of[key], row.label))
        for (one, first), (two, second) in combinations(labelled, 2):
            if one != two:
                found.append((min(one, two), max(one, two), first == second, number))
    table = np.array(found, dtype=np.int64).reshape(-1, 4)
    return Lessons(
        table[:, 0].astype(np.int32),
        table[:, 1].astype(np.int32),
        table[:, 2].astype(bool),
        table[:, 3].astype(np.int32),
        tuple(sets),
        np.array(sorted(rows_seen), dtype=np.int32),
    )


def contradictions(taught: Lessons, keys: Sequence[str]) -> list[Contradiction]:
    """Pairs judged different that a chain of "same" judgements joins, each with all the sets on that chain."""
    links: dict[int, list[tuple[int, int]]] = {}
    for one, two, number in zip(
        taught.left[taught.match].tolist(),
        taught.right[taught.match].tolist(),
        taught.set_number[taught.match].tolist(),
        strict=True,
    ):
        links.setdefault(one, []).append((two, number))
        links.setdefault(two, []).append((one, number))
    group: dict[int, int] = {}
    for start in links:
        stack = [start] if start not in group else []
        while stack:
            row = stack.pop()
            if row not in group:
                group[row] = start
                stack.extend(other for other, _ in links[row])
    found: dict[tuple[int, int], set[int]] = {}
    apart = ~taught.match
    for one, two, number in zip(
        taught.left[apart].tolist(), taught.right[apart].tolist(), taught.set_number[apart].tolist(), strict=True
    ):
        if one in group and group[one] == group.get(two):
            found.setdefault((one, two), set(_chain(links, one, two))).add(number)
    return [
        Contradiction((keys[one], keys[two]), tuple(taught.sets[number] for number in sorted(numbers)))
        for (one, two), numbers in sorted(found.items())
    ]


def _chain(links: Mapping[int, Sequence[tuple[int, int]]], start: int, end: int) -> list[int]:
    """The sets on a shortest chain of links from one row to another."""
    came: dict[int, tuple[int, int]] = {start: (start, -1)}
    queue = [start]
    for row in queue:
        for other, number in links[row]:
            if other not in came:
                came[other] = (row, number)
                queue.append(other)
    numbers, row = [], end
    while row != start:
        row, number = came[row]
        numbers.append(number)
    return numbers
