"""Label files to pairs of rows of a table, and what in them cannot all be true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from findmatches.errors import FindMatchesError
from findmatches.schema import Records
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

    def with_differences(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Lessons:
        """These pairs come last, each as a difference in a set of its own, which has no name."""
        sets = len(self.sets) + np.arange(len(left), dtype=np.int32)
        return replace(
            self,
            left=np.concatenate([self.left, left]),
            right=np.concatenate([self.right, right]),
            match=np.concatenate([self.match, np.zeros(len(left), dtype=bool)]),
            set_number=np.concatenate([self.set_number, sets]),
        )


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


def can_train(labels: Sequence[LabelFile], primary_key: str) -> bool:
    """There is at least one pair of rows that match. Where no two do not, other rows of the table stand in (``assumed``).

    Raises ``FindMatchesError`` if a label file does not have the key.
    """
    return count_pairs(labels, primary_key)[0] > 0


def count_pairs(labels: Sequence[LabelFile], primary_key: str) -> tuple[int, int]:
    """How many pairs of rows the sets call one thing, and how many two; a row that stands twice in a set is one.

    Raises ``FindMatchesError`` if a label file does not have the key.
    """
    same = apart = 0
    for label_file, rows in valid_sets(labels).values():
        place = key_place(label_file, primary_key)
        keys: dict[str, set[str]] = {}
        for row in rows:
            if row.label.strip():
                keys.setdefault(row.label, set()).add(row.values[place])
        same += sum(comb(len(group), 2) for group in keys.values())
        apart += sum(len(one) * len(two) - len(one & two) for one, two in combinations(keys.values(), 2))
    return same, apart


def with_labelled_rows(records: Records, labels: Sequence[LabelFile]) -> Records:
    """As ``with_rows_of``: what people said of a row holds when it has left the table.

    Raises ``FindMatchesError`` also if not one labelled row is in the table: then the labels are most likely those of another one.
    """
    taught = with_rows_of(records, labels)
    rows = [(label_file, row) for label_file in labels for row in label_file.rows]
    if rows and taught.n_rows == records.n_rows + len({_key(*one, records) for one in rows}):
        key = f"{records.primary_key} {_key(*rows[0], records)}"
        raise FindMatchesError(
            f"{place_of(*rows[0])}: a row has {key}, which is not in the table, nor is any other labelled row. "
            "Are these the labels of another table?"
        )
    return taught


def with_rows_of(records: Records, files: Sequence[LabelFile]) -> Records:
    """The table, and after its own rows those of label files that it does not have, with the values that the last file shows.

    Raises ``FindMatchesError`` if such a row has no key, or not all columns of the table.
    """
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    named = {_key(label_file, row, records): (label_file, row) for label_file in files for row in label_file.rows}
    keys = records.table.column(records.primary_key)
    for key in keys.filter(pc.is_in(keys, value_set=pa.array(list(named), keys.type))).to_pylist():
        del named[key]
    if not named:
        return records
    for key, (label_file, row) in named.items():
        where = f"{place_of(label_file, row)}: set {row.labeling_set_id} has a row"
        if not key.strip():
            raise FindMatchesError(f"{where} whose primary key, column {records.primary_key}, is blank.")
        if missing := [column for column in records.columns if column not in label_file.columns]:
            raise FindMatchesError(
                f"{where} with {records.primary_key} {key}, which is not in the table, "
                f"and the label file does not show its {missing[0]}."
            )
    schema = records.table.schema
    cells = {
        field.name: pa.array(
            [row.values[label_file.columns.index(field.name)] or None for label_file, row in named.values()], field.type
        )
        for field in schema
    }
    return replace(records, table=pa.concat_tables([records.table, pa.table(cells, schema=schema)]))


def _key(label_file: LabelFile, row: LabeledRow, records: Records) -> str:
    return row.values[key_place(label_file, records.primary_key)]


def key_place(label_file: LabelFile, primary_key: str) -> int:
    """Where the primary key stands in the rows. Raises ``FindMatchesError`` if the file does not have it."""
    if primary_key not in label_file.columns:
        name = label_file.path or "The label file"
        raise FindMatchesError(f"{name} has no column {primary_key}, which is the primary key.")
    return label_file.columns.index(primary_key)


def lessons(labels: Sequence[LabelFile], primary_key: str, row_of: Mapping[str, int]) -> Lessons:
    """The pairs that the labels imply, each row of which is in the table (``with_labelled_rows``)."""
    found: list[tuple[int, int, bool, int]] = []
    rows_seen: set[int] = set()
    sets = valid_sets(labels)
    for number, (label_file, rows) in enumerate(sets.values()):
        place = key_place(label_file, primary_key)
        labelled = []
        for row in rows:
            key = row.values[place]
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
