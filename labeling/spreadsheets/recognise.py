"""Which of our rows a row of a spreadsheet is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _

from labelfiles import SET_ID_COLUMN
from labeling.spreadsheets.cells import csv_text, how_mangled, looks_alike, number_key, workbook_text
from labeling.spreadsheets.marks import read_mark
from labeling.spreadsheets.model import MARK_COLUMN, OWN_COLUMNS, QuestionSheet, SheetQuestion, SheetRow
from labeling.spreadsheets.tables import Cell, Table


@dataclass(frozen=True, slots=True)
class Known:
    """One of our rows."""

    row: SheetRow
    question: SheetQuestion
    key: str

    @property
    def labeling_set_id(self) -> str:
        """That of its question."""
        return self.question.labeling_set_id


@dataclass(frozen=True, slots=True)
class Note:
    """A problem of one row; ``column`` is the name of the column it is about."""

    column: str | None
    code: str
    message: str
    severity: Literal["error", "warning"] = "warning"


@dataclass(slots=True)
class Recognition:
    """``known`` is None if the row must not be taken in; then one of the notes is an error, or ``foreign`` is what a valid mark says: the id of
    a row of other questions. ``marked``: a valid mark was there."""

    known: Known | None = None
    foreign: str | None = None
    label_before: str | None = None
    marked: bool = False
    notes: list[Note] = field(default_factory=list)

    def refuse(self, column: str | None, code: str, message: str) -> Recognition:
        self.known = None
        self.notes.append(Note(column, code, message, "error"))
        return self


class Recogniser:
    """Knows all rows of the questions. A row is told by its mark; what is visible must not speak against it.

    - The mark is valid and the key fits: it is this row.
    - The mark is valid and the key does not fit: another row that fits better was moved without its mark, and is the one that the
      person saw. If a row with that key fits as well as the marked one, nobody can tell, and the row is refused.
    - There is no valid mark: the row of this labeling set with this key, or with a key that a spreadsheet could have made this of;
      of several, the one whose values fit best.
    """

    def __init__(self, sheet: QuestionSheet, key: bytes) -> None:
        self.columns = sheet.columns
        self.primary_key = sheet.primary_key
        self.key_index = sheet.columns.index(sheet.primary_key)
        self._signing_key = key
        self._by_id: dict[str, Known] = {}
        self._by_set: dict[str, list[Known]] = {}
        self._by_key: dict[str, list[Known]] = {}
        self._by_number: dict[Decimal, list[Known]] = {}
        for question in sheet.questions:
            for row in question.rows:
                known = Known(row, question, row.values[self.key_index])
                self._by_id[row.row_id] = known
                self._by_set.setdefault(known.labeling_set_id, []).append(known)
                self._by_key.setdefault(known.key, []).append(known)
                if (number := number_key(known.key)) is not None:
                    self._by_number.setdefault(number, []).append(known)

    def places(self, table: Table) -> dict[str, int]:
        """Where in a table the source columns are that it still has."""
        return {
            name: table.places[written]
            for name in self.columns
            if name not in OWN_COLUMNS
            for written in (name, workbook_text(name), csv_text(name), name.strip())
            if written in table.places
        }

    def recognise(self, table: Table, places: dict[str, int], cells: Sequence[Cell]) -> Recognition:
        """Say which row this is, and what the cells say that differs from it."""
        row = _Row(self, table, places, cells)
        found = Recognition()
        text = row.own(MARK_COLUMN) or ""
        mark = read_mark(text, self._signing_key)
        if mark is not None:
            found.marked = True
            known = self._by_id.get(mark.row_id)
            if known is None:
                found.foreign = mark.row_id
                return found
            found.known, found.label_before = known, mark.label
            if not row.is_whole(known):
                self._doubt_mark(row, found)
        else:
            if text.strip():
                message = _("The hidden mark of this row was changed; the row was found by its key.")
                found.notes.append(Note(MARK_COLUMN, "mark_invalid", message))
            self._look_up(row, found)
        if found.known is not None:
            self._compare(row, found)
        return found

    def _doubt_mark(self, row: _Row, found: Recognition) -> None:
        marked = found.known
        assert marked is not None
        if row.key is not None and row.key_fits(marked):
            return
        pool = [*self._by_set[marked.labeling_set_id], *self._by_key.get(row.key or "", ())]
        rivals = {other.row.row_id: other for other in pool if other is not marked}
        best = _best(row, rivals.values())
        own = row.score(marked)
        if best and row.score(best[0]) > own:
            if len(best) > 1:
                found.refuse(
                    None, "row_unclear", _("The hidden mark and the visible row belong to different rows of this file.")
                )
                return
            found.known, found.label_before = best[0], None
            message = _("The hidden mark belongs to another row. The row was recognised by its visible cells.")
            found.notes.append(Note(MARK_COLUMN, "mark_elsewhere", message))
        elif row.key is not None and any(row.score(other) == own and row.key_fits(other) for other in best):
            found.refuse(
                None, "row_unclear", _("The hidden mark and the visible row belong to different rows of this file.")
            )

    def _look_up(self, row: _Row, found: Recognition) -> None:
        pool = self._pool(row)
        if row.key is None:
            fitting = [known for known in pool if row.is_whole(known)]
        else:
            fitting = [known for known in pool if looks_alike(row.key, known.key)]
            fitting = fitting or [known for known in pool if row.key_fits(known)]
        best = _best(row, fitting)
        if len(best) == 1:
            found.known = best[0]
        elif best:
            found.refuse(
                None,
                "row_unclear",
                _("Several rows of the questions look like this one, and its hidden mark is missing."),
            )
        else:
            found.refuse(None, "row_unknown", _("This row is not in the questions."))

    def _pool(self, row: _Row) -> list[Known]:
        """Rows of the labeling set that the row names; without one that we know, rows with this key or this number as key."""
        name = row.own(SET_ID_COLUMN)
        if name is not None and name.strip():
            if name in self._by_set:
                return self._by_set[name]
            sets = [known for known in self._by_set if looks_alike(name, known) or how_mangled(name, known)]
            return [known for set_id in sets for known in self._by_set[set_id]]
        if row.key is None:
            return list(self._by_id.values())
        number = number_key(row.key)
        return self._by_key.get(row.key) or (self._by_number.get(number, []) if number is not None else [])

    def _compare(self, row: _Row, found: Recognition) -> None:
        known = found.known
        assert known is not None
        name = row.own(SET_ID_COLUMN)
        if name is not None and not (
            looks_alike(name, known.labeling_set_id) or how_mangled(name, known.labeling_set_id)
        ):
            message = _("This row belongs to labeling set %(set)s. Rows cannot be moved between sets.")
            found.refuse(SET_ID_COLUMN, "set_changed", message % {"set": known.labeling_set_id})
            return
        for column, cell, stored in row.differences(known):
            how = how_mangled(cell, stored)
            if column == self.primary_key:
                words = {"key": stored, "cell": cell, "how": mangled_words(how)}
                message = (
                    _("The key of this row is %(key)s, but the file says %(cell)s (%(how)s). The row was recognised.")
                    % words
                )
                found.notes.append(Note(column, "key_mangled" if how else "key_changed", message))
            elif how is None:
                message = _("This cell was changed. The row was recognised, but the change is ignored.")
                found.notes.append(Note(column, "value_changed", message))


class _Row:
    """The cells of one row of a table by what they mean."""

    def __init__(self, recogniser: Recogniser, table: Table, places: dict[str, int], cells: Sequence[Cell]) -> None:
        self._table, self._cells = table, cells
        self._present = [
            (name, self._text(places[name]), index) for index, name in enumerate(recogniser.columns) if name in places
        ]
        self.key = self._text(places[recogniser.primary_key]) if recogniser.primary_key in places else None

    def _text(self, place: int) -> str:
        return self._cells[place].text if place < len(self._cells) else ""

    def own(self, name: str) -> str | None:
        """The text in one of our own columns, None if the table has lost it."""
        return self._text(self._table.places[name]) if name in self._table.places else None

    def key_fits(self, known: Known) -> bool:
        return self.key is not None and (
            looks_alike(self.key, known.key) or how_mangled(self.key, known.key) is not None
        )

    def differences(self, known: Known) -> list[tuple[str, str, str]]:
        """Column, cell and stored value wherever they are not alike."""
        return [
            (name, text, known.row.values[index])
            for name, text, index in self._present
            if not looks_alike(text, known.row.values[index])
        ]

    def score(self, known: Known) -> int:
        """In how many columns the cell is the value or could have been made of it."""
        return len(self._present) - sum(
            how_mangled(cell, stored) is None for _name, cell, stored in self.differences(known)
        )

    def is_whole(self, known: Known) -> bool:
        return bool(self._present) and self.score(known) == len(self._present)


def _best(row: _Row, pool: Iterable[Known]) -> list[Known]:
    """Those that fit best; several if they fit equally well."""
    scored = [(row.score(known), known) for known in pool]
    most = max((score for score, _known in scored), default=0)
    return [known for score, known in scored if score == most]


def mangled_words(how: str | None) -> str:
    """What happened to a key, in words."""
    return {
        "spaces": _("spaces were lost"),
        "letters": _("capitals were changed"),
        "number": _("a spreadsheet turned it into a number"),
        "date": _("a spreadsheet turned it into a date"),
        "characters": _("letters were lost in the encoding"),
    }.get(how or "", _("it was changed"))
