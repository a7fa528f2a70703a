"""What goes into a spreadsheet and what comes out of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from labelfiles import LABEL_COLUMN, SET_ID_COLUMN
from partitions import LABELS, UNSURE, labels_for

MARK_COLUMN = "row mark"
"""The hidden column by which rows are recognised; see ``marks``."""

GUIDE_SHEET = "Guide"
"""The sheet that tells how to fill in the other one."""

OWN_COLUMNS = (MARK_COLUMN, SET_ID_COLUMN, LABEL_COLUMN)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of a question: an id that is unique over all questions, the values of the source columns, the label so far."""

    row_id: str
    values: tuple[str, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class SheetQuestion:
    """One question in the order in which its rows are shown."""

    labeling_set_id: str
    rows: tuple[SheetRow, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What may stand in the label column, beside nothing."""
        return (*labels_for(len(self.rows)), UNSURE)

    @property
    def is_large(self) -> bool:
        """Whether it has more rows than single letters, and so the doubled ones too."""
        return LABELS[-1] in self.labels

    @property
    def labels_in_words(self) -> str:
        """The same for a person."""
        if self.is_large:
            return _("Write a letter from A to O, one of AA to OO, or ? if you cannot tell.")
        return _("Write a letter from A to O, or ? if you cannot tell.")


@dataclass(frozen=True, slots=True)
class QuestionSheet:
    """The questions of one file. ``primary_key`` is one of ``columns``; each row has as many values as there are columns."""

    columns: tuple[str, ...]
    primary_key: str
    questions: tuple[SheetQuestion, ...]

    @property
    def row_ids(self) -> frozenset[str]:
        """Those of all rows."""
        return frozenset(row.row_id for question in self.questions for row in question.rows)


@dataclass(frozen=True, slots=True)
class SheetProblem:
    """One thing that the person should know: an ``error`` was not taken in, a ``warning`` was, or did no harm.

    ``sheet`` is None for the whole file. ``row`` and ``column`` are as the spreadsheet shows them, from 1 and as a letter.
    ``code`` is for programs.
    """

    sheet: str | None
    row: int | None
    column: str | None
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        parts = []
        if self.sheet is not None:
            parts.append(_("sheet “%(sheet)s”") % {"sheet": self.sheet})
        if self.row is not None:
            parts.append(_("row %(row)s") % {"row": self.row})
        if self.column is not None:
            parts.append(_("column %(column)s") % {"column": self.column})
        return f"{', '.join(parts)}: {self.message}" if parts else self.message


@dataclass(frozen=True, slots=True)
class ReadLabel:
    """The label of one recognised row, and where it stands. ``label`` is one of its question's ``labels`` or empty.

    ``label_before`` is the one that the row had when the file was written, None where the hidden mark is lost. A label that is
    equal to it was not touched in the file, so whoever takes labels in can tell an old file from an answer.
    """

    row_id: str
    labeling_set_id: str
    label: str
    label_before: str | None
    sheet: str
    row: int


@dataclass(frozen=True, slots=True)
class SheetReading:
    """Labels by row, in the order of the questions, each row once, and everything that was noticed: errors first, each kind in the order of the file."""

    labels: tuple[ReadLabel, ...]
    problems: tuple[SheetProblem, ...]
