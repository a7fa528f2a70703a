"""Label files that somebody brings in whatever shape: columns in any order, with other separators, some of them missing.

What counts is the labeling set, the label and the primary key of each row. All other cells are taken from the source table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labelfiles.model import LABEL_COLUMN, SET_ID_COLUMN, LabeledRow, LabelFile, Problem
from labelfiles.pairs import PairTable
from labelfiles.split import split_set
from labelfiles.text import counted
from labelfiles.validate import MAX_SET_ROWS, check_empty

# Glue knows no ``?``: taken for a label, it would say that all rows of a set about which nobody can tell are the same.
_NO_LABEL = ("", "?")


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """Which columns of the table hold the labeling set, the label and the primary key.

    ``tidy``: labels of one set that differ only by capitals and by spaces around them are the same label. ``split``: sets of more than 50
    rows become several (``labelfiles.split_set``); else they are left out.
    """

    labeling_set: str
    label: str
    key: str
    tidy: bool = False
    split: bool = False


@dataclass(frozen=True, slots=True)
class BroughtLabels:
    """``label_file`` holds what can be used; ``problems`` says what cannot (errors) and what should be known (warnings).

    ``blank`` counts the rows without a label or with ``?``, which means that nobody can tell: they teach nothing and are left out.
    """

    label_file: LabelFile
    problems: tuple[Problem, ...]
    blank: int


def is_label_table(table: PairTable) -> bool:
    """Whether the columns have the names that Glue asks for, in any place and spelling."""
    names = {name.strip().casefold() for name in table.columns}
    return table.has_header and {SET_ID_COLUMN, LABEL_COLUMN} <= names


def guess_label_mapping(table: PairTable, *, primary_key: str) -> LabelMapping:
    """Columns by their names, in any spelling; else the first ones that are left."""
    free = list(table.columns)

    def take(wanted: str) -> str:
        fitting = [name for name in free if name.strip().casefold() == wanted.casefold()]
        name = (fitting or free or [table.columns[0]])[0]
        if name in free:
            free.remove(name)
        return name

    return LabelMapping(take(SET_ID_COLUMN), take(LABEL_COLUMN), take(primary_key))


def labels_to_label_file(
    table: PairTable, mapping: LabelMapping, *, columns: Sequence[str], records: Mapping[str, Sequence[str]]
) -> BroughtLabels:
    """A label file with the rows of the table that have a set, a label (``?`` is none) and a key, in their order.

    ``columns`` are those of the source table and ``records`` its rows by primary key, as many values as columns; a key that
    is not there is an error. Cells that differ from the source table are warned of. A row that stands in a set twice is taken once; if the
    labels differ, it is an error and taken not at all. Sets of more than 50 rows are left out. Raises ``ValueError`` if the mapping
    names a column that the table has not.
    """
    reader = _Reader(table, mapping, columns, records)
    for line, cells in table.rows:
        reader.read(line, cells)
    rows = reader.rows()
    return BroughtLabels(LabelFile(tuple(columns), rows), tuple(reader.problems), reader.blank)


class _Reader:
    def __init__(
        self, table: PairTable, mapping: LabelMapping, columns: Sequence[str], records: Mapping[str, Sequence[str]]
    ) -> None:
        self.problems = list(check_empty(table.empty_rows))
        self.blank = 0
        self._mapping, self._records = mapping, records
        self._set, self._label, self._key = (
            table.columns.index(name) for name in (mapping.labeling_set, mapping.label, mapping.key)
        )
        taken = {self._set, self._label, self._key}
        self._shared = [
            (name, place, columns.index(name))
            for place, name in enumerate(table.columns)
            if name in columns and place not in taken
        ]
        self._width = max(taken) + 1
        self._labels: dict[str, dict[str, tuple[str, int]]] = {}
        """By set and key: the label and the line on which it was read first."""
        self._spelling: dict[tuple[str, str], str] = {}
        self._spoilt: set[tuple[str, str]] = set()

    def read(self, line: int, cells: tuple[str, ...]) -> None:
        if len(cells) < self._width:
            self._error(line, None, "short_row", f"The row has only {counted(len(cells), 'cell')}.")
            return
        set_id, label, key = cells[self._set].strip(), cells[self._label], cells[self._key]
        if key not in self._records:
            key = key.strip()
        if label.strip() in _NO_LABEL:
            self.blank += 1
        elif not set_id:
            self._error(line, self._mapping.labeling_set, "blank_set_id", "The row does not belong to a labeling set.")
        elif not key:
            self._error(line, self._mapping.key, "blank_key", "The cell has no primary key.")
        elif key not in self._records:
            message = f"The source table has no row with the key {key}."
            self._error(line, self._mapping.key, "unknown_key", message)
        else:
            self._take(line, set_id, self._tidied(set_id, label), key)
            self._compare(line, cells, self._records[key])

    def rows(self) -> tuple[LabeledRow, ...]:
        """What is left when all rows are read."""
        found: list[LabeledRow] = []
        for set_id, labels in self._labels.items():
            rows = [
                LabeledRow(set_id, label, tuple(self._records[key]), line)
                for key, (label, line) in labels.items()
                if (set_id, key) not in self._spoilt
            ]
            if len(rows) > MAX_SET_ROWS and self._mapping.split:
                found.extend(self._split(set_id, rows))
            elif len(rows) > MAX_SET_ROWS:
                message = (
                    f"Set {set_id} has {len(rows)} rows; more than {MAX_SET_ROWS} may make Glue fail. "
                    "It is left out: split it."
                )
                place = self._mapping.labeling_set
                self.problems.append(Problem(rows[0].line, place, "set_too_large", message, repair="split_sets"))
            else:
                found.extend(rows)
        return tuple(found)

    def _split(self, set_id: str, rows: list[LabeledRow]) -> list[LabeledRow]:
        parts = list(split_set(set_id, rows))
        names = {row.labeling_set_id for row in parts}
        if names & self._labels.keys():
            message = f"Set {set_id} cannot be split: there are other sets called {set_id}-1 and so on. It is left out."
            self._error(rows[0].line, self._mapping.labeling_set, "set_too_large", message)
            return []
        message = (
            f"Set {set_id} has {len(rows)} rows and is split into {len(names)} sets; pairs across them teach nothing."
        )
        self.problems.append(Problem(rows[0].line, self._mapping.labeling_set, "set_split", message, "warning"))
        return parts

    def _take(self, line: int, set_id: str, label: str, key: str) -> None:
        before, first = self._labels.setdefault(set_id, {}).setdefault(key, (label, line))
        if first == line:
            return
        if before == label:
            message = f"The same row is in line {first} of set {set_id}, with the same label."
            self.problems.append(Problem(line, None, "repeated_row", message, "warning"))
        else:
            self._spoilt.add((set_id, key))
            message = f"Line {first} gives the same row of set {set_id} another label. Neither is used."
            self._error(line, self._mapping.label, "contradicting_row", message)

    def _tidied(self, set_id: str, label: str) -> str:
        """The first spelling of the label in its set, if labels are to be tidied."""
        if not self._mapping.tidy:
            return label
        return self._spelling.setdefault((set_id, label.strip().casefold()), label.strip())

    def _compare(self, line: int, cells: tuple[str, ...], record: Sequence[str]) -> None:
        different = [
            name
            for name, place, index in self._shared
            if place < len(cells) and cells[place] != record[index] and cells[place].strip() != record[index].strip()
        ]
        if different:
            message = f"The source table has different values here: {', '.join(different)}. The values from the table are used."
            self.problems.append(Problem(line, different[0], "other_values", message, "warning"))

    def _error(self, line: int, column: str | None, code: str, message: str) -> None:
        self.problems.append(Problem(line, column, code, message))
