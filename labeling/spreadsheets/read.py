"""What a file says about our questions: labels by row, and everything that a person should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labelfiles import LABEL_COLUMN, SET_ID_COLUMN
from labeling.spreadsheets.marks import read_mark
from labeling.spreadsheets.model import (
    MARK_COLUMN,
    QuestionSheet,
    ReadLabel,
    SheetProblem,
    SheetQuestion,
    SheetReading,
)
from labeling.spreadsheets.recognise import Note, Recogniser
from labeling.spreadsheets.tables import Cell, Table, letter, read_tables

MAX_PROBLEMS = 500
_WHOLE_FILE = (None, None)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file whose cells are read, and what was wrong with it so far."""

    tables: tuple[Table, ...]
    problems: tuple[SheetProblem, ...]


@dataclass(frozen=True, slots=True)
class Mentions:
    """Which questions a file is about: ids of rows that have a valid mark, and what the other rows have as labeling set ("" if none)."""

    row_ids: frozenset[str]
    labeling_sets: frozenset[str]


def open_file(data: bytes) -> OpenedFile:
    """Read the cells of an XLSX or CSV file. What cannot be read has no tables and an error."""
    tables, problems = read_tables(data)
    return OpenedFile(tuple(tables), tuple(problems))


def mentions(opened: OpenedFile, *, key: bytes) -> Mentions:
    """What must be looked up before the file can be read; ``key`` is the one that signed the marks."""
    row_ids, sets = set(), set()
    for table in opened.tables:
        for _number, cells in table.rows:
            mark = read_mark(_text(cells, table.places.get(MARK_COLUMN)), key)
            if mark is None:
                sets.add(_text(cells, table.places.get(SET_ID_COLUMN)))
            else:
                row_ids.add(mark.row_id)
    return Mentions(frozenset(row_ids), frozenset(sets))


def _text(cells: Sequence[Cell], place: int | None) -> str:
    return cells[place].text if place is not None and place < len(cells) else ""


def read_sheet(
    data: bytes | OpenedFile, sheet: QuestionSheet, *, key: bytes, elsewhere: Mapping[str, str] = MappingProxyType({})
) -> SheetReading:
    """Read an XLSX or CSV file that was made of ``sheet`` (or of some of its questions), filled in and treated in any way.

    Rows are recognised by their mark, signed with ``key``, and where it is lost or lies, by labeling set, primary key and values.
    Labels come back for recognised rows only; a row that is there twice with different labels, a label that is none, a
    formula, and a row that is not ours are errors and bring no label. Rows of another transform are told of all together; ``elsewhere`` has
    the name of theirs by row id, as far as it may be told. Reading the same file again gives the same. After 500 problems the rest is only
    counted.
    """
    opened = data if isinstance(data, OpenedFile) else open_file(data)
    reader = _Reader(sheet, key)
    for table in opened.tables:
        reader.read(table)
    labels = reader.labels()
    problems = [*opened.problems, *reader.foreign(elsewhere), *reader.of_rows()]
    if opened.tables:
        problems.extend(reader.missing())
    return SheetReading(labels, _bounded(problems))


class _Reader:
    """Collects labels and problems over all sheets of a file."""

    def __init__(self, sheet: QuestionSheet, key: bytes) -> None:
        self._problems: list[SheetProblem] = []
        self._sheet = sheet
        self._recogniser = Recogniser(sheet, key)
        self._seen: dict[str, list[ReadLabel | None]] = {}
        """By row id, in the order of the file; None where a row was recognised whose label cannot be used."""
        self._foreign: list[tuple[str, tuple[str | None, int | None]]] = []
        """Row id, and sheet and row, of what belongs to other questions."""

    def read(self, table: Table) -> None:
        places = self._recogniser.places(table)
        names = {**table.places, **places}
        unmarked = 0
        for number, cells in table.rows:
            found = self._recogniser.recognise(table, places, cells)
            if found.foreign is not None:
                self._foreign.append((found.foreign, (table.name, number)))
            notes = list(found.notes)
            if found.known is not None:
                unmarked += not found.marked
                label = _label(found.known.question, cells, table.places[LABEL_COLUMN], notes)
                row_id = found.known.row.row_id
                read = None
                if label is not None:
                    set_id = found.known.labeling_set_id
                    read = ReadLabel(row_id, set_id, label, found.label_before, table.name, number)
                    self._check_twice(read, notes)
                self._seen.setdefault(row_id, []).append(read)
            for note in notes:
                column = letter(names[note.column]) if note.column in names else None
                self._problems.append(SheetProblem(table.name, number, column, note.code, note.message, note.severity))
        if unmarked:
            message = ngettext(
                "%(rows)s row lost its hidden mark and was recognised by its key.",
                "%(rows)s rows lost their hidden marks and were recognised by their keys.",
                unmarked,
            )
            found_by_key = SheetProblem(table.name, None, None, "marks_lost", message % {"rows": unmarked}, "warning")
            self._problems.append(found_by_key)

    def _check_twice(self, read: ReadLabel, notes: list[Note]) -> None:
        before = next((seen for seen in self._seen.get(read.row_id, ()) if seen is not None), None)
        if before is None:
            return
        where = {"sheet": before.sheet, "row": before.row}
        if before.label == read.label:
            message = _("The same row is also on sheet “%(sheet)s” in row %(row)s, with the same label.") % where
            notes.append(Note(None, "row_twice", message))
        else:
            message = (
                _("The same row is also on sheet “%(sheet)s” in row %(row)s, with another label. Neither is used.")
                % where
            )
            notes.append(Note(LABEL_COLUMN, "row_contradicted", message, "error"))

    def labels(self) -> tuple[ReadLabel, ...]:
        """One for each row whose labels, if it is there several times, are all usable and the same."""
        found = []
        for question in self._sheet.questions:
            for row in question.rows:
                seen = self._seen.get(row.row_id, [])
                first = seen[0] if seen else None
                if first is not None and all(other is not None and other.label == first.label for other in seen):
                    found.append(first)
        return tuple(found)

    def of_rows(self) -> list[SheetProblem]:
        """What is wrong with single rows; if none of many is ours, that is one problem of the file."""
        unknown = sum(problem.code == "row_unknown" for problem in self._problems)
        if unknown < 2 or self._seen:
            return self._problems
        message = _("None of the %(rows)s rows is in the questions of this transform.") % {"rows": f"{unknown:,}"}
        rest = [problem for problem in self._problems if problem.code != "row_unknown"]
        return [SheetProblem(None, None, None, "row_unknown", message), *rest]

    def foreign(self, elsewhere: Mapping[str, str]) -> list[SheetProblem]:
        """One problem for all rows of another transform: the file was made there."""
        places: dict[str, list[tuple[str | None, int | None]]] = {}
        for row_id, place in self._foreign:
            places.setdefault(elsewhere.get(row_id, ""), []).append(place)
        problems = []
        for name, rows in places.items():
            if name:
                message = ngettext(
                    "%(rows)s row belongs to the transform “%(name)s” and is not taken in. Upload the file there.",
                    "%(rows)s rows belong to the transform “%(name)s” and are not taken in. Upload the file there.",
                    len(rows),
                )
            else:
                message = ngettext(
                    "%(rows)s row does not belong to the questions of this transform and is not taken in.",
                    "%(rows)s rows do not belong to the questions of this transform and are not taken in.",
                    len(rows),
                )
            sheet, number = rows[0] if len(rows) == 1 else _WHOLE_FILE
            words = message % {"rows": f"{len(rows):,}", "name": name}
            problems.append(SheetProblem(sheet, number, None, "other_file", words))
        return problems

    def missing(self) -> list[SheetProblem]:
        """Rows that the file has lost. They stay as they are, but somebody may believe that they are answered."""
        problems = []
        absent = 0
        for question in self._sheet.questions:
            lost = sum(row.row_id not in self._seen for row in question.rows)
            if lost == len(question.rows):
                absent += 1
            elif lost:
                message = ngettext(
                    "%(lost)s row of labeling set %(set)s is not in the file; it stays as it is.",
                    "%(lost)s rows of labeling set %(set)s are not in the file; they stay as they are.",
                    lost,
                ) % {"lost": lost, "set": question.labeling_set_id}
                problems.append(SheetProblem(None, None, None, "rows_missing", message, "warning"))
        if absent:
            message = ngettext(
                "%(absent)s question is not in the file; it stays as it is.",
                "%(absent)s questions are not in the file; they stay as they are.",
                absent,
            ) % {"absent": absent}
            problems.append(SheetProblem(None, None, None, "questions_missing", message, "warning"))
        return problems


def _label(question: SheetQuestion, cells: Sequence[Cell], place: int, notes: list[Note]) -> str | None:
    """The label of a row; None, with a note that says why, if it cannot be used."""
    cell = cells[place] if place < len(cells) else Cell("")
    if cell.formula:
        message = _("This is a formula instead of a label. Write the letter itself.")
        notes.append(Note(LABEL_COLUMN, "label_formula", message, "error"))
        return None
    label = cell.text.strip().upper()
    if label and label not in question.labels:
        message = _("“%(label)s” is not a label. %(allowed)s") % {
            "label": cell.text[:40],
            "allowed": question.labels_in_words,
        }
        notes.append(Note(LABEL_COLUMN, "label_unknown", message, "error"))
        return None
    return label


def _bounded(noticed: Sequence[SheetProblem]) -> tuple[SheetProblem, ...]:
    """What was not taken in comes first: a spreadsheet that wrote every date anew must not hide it."""
    problems = sorted(noticed, key=lambda problem: problem.severity != "error")
    rest = problems[MAX_PROBLEMS:]
    if not rest:
        return tuple(problems)
    message = ngettext("There is %(rest)s more problem.", "There are %(rest)s more problems.", len(rest))
    severity: Literal["error", "warning"] = "error" if any(one.severity == "error" for one in rest) else "warning"
    more = SheetProblem(None, None, None, "more_problems", message % {"rest": len(rest)}, severity)
    return (*problems[:MAX_PROBLEMS], more)
