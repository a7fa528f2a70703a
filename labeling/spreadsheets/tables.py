"""Bytes of a spreadsheet file to tables with a header that we know."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from labelfiles import LABEL_COLUMN, SET_ID_COLUMN, LabelFileError, find_delimiter
from labeling.encodings import encoding_name, find_encoding, is_assumed
from labeling.spreadsheets.cells import cell_text
from labeling.spreadsheets.model import GUIDE_SHEET, MARK_COLUMN, OWN_COLUMNS, SheetProblem

MAX_FILE_BYTES = 20_000_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200
# In all sheets together: so many take half a minute of a worker, and a file of a few hundred kilobytes can hold many times more.
MAX_CELLS = 1_600_000
# Unpacked: so much takes half a second of a core.
QUICK_BYTES = 2_000_000
_HEADER_WITHIN = 20
_LAST_ROW = 1_048_576  # of a workbook
_CSV_NAME = "CSV"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell holds, as text. ``formula``: the text is one, or what it stands for is unknown."""

    text: str
    formula: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet with a header: the place of each column by name (the first of several), and the rows below it by number."""

    name: str
    places: dict[str, int]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def letter(place: int) -> str:
    """What a spreadsheet calls the column at a place, from 0."""
    from openpyxl.utils import get_column_letter  # here and below, and not above: web processes must start quickly

    return get_column_letter(place + 1)


def is_quick(data: bytes) -> bool:
    """Whether the file is read so soon that a person can wait for it."""
    if not data.startswith(_ZIP):
        return len(data) <= QUICK_BYTES
    try:
        return _unpacked_bytes(data) <= QUICK_BYTES
    except Exception:  # a damaged or hostile file, which reading refuses at once
        return True


def read_tables(data: bytes) -> tuple[list[Table], list[SheetProblem]]:
    """Every sheet with a label column, and what is wrong with the file. A file that cannot be read gives no table and an error."""
    if len(data) > MAX_FILE_BYTES:
        message = _("The file is larger than %(size)s MB.") % {"size": MAX_FILE_BYTES // 10**6}
        return [], [_whole_file("too_large", message)]
    if data.startswith(_ZIP):
        sheets, problems = _workbook_sheets(data)
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        message = _("This is an old or password-protected Excel file. Save it as .xlsx without a password, or as CSV.")
        return [], [_whole_file("old_excel", message)]
    else:
        sheets, problems = _csv_sheet(data)
    tables = []
    for name, rows in sheets:
        table = _table(name, rows)
        if table is not None:
            tables.append(table)
        elif rows and name != GUIDE_SHEET:
            message = _("This sheet has no header with a column “%(column)s”, so nothing on it was read.")
            problems.append(SheetProblem(name, None, None, "no_header", message % {"column": LABEL_COLUMN}, "warning"))
    if not tables and not any(problem.severity == "error" for problem in problems):
        problems.append(_whole_file("nothing_to_read", _("The file has no sheet with questions.")))
    return tables, problems


_Rows = list[tuple[int, tuple[Cell, ...]]]


class _TooManyCellsError(Exception):
    """The file holds more than is looked at here."""


class _Cells:
    """Counts the cells that are kept of a file. Raises ``_TooManyCellsError`` when they are too many."""

    def __init__(self) -> None:
        self._count = 0

    def take(self, row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        self._count += len(row)
        if self._count > MAX_CELLS:
            raise _TooManyCellsError
        return row


def _workbook_sheets(data: bytes) -> tuple[list[tuple[str, _Rows]], list[SheetProblem]]:
    from openpyxl import load_workbook

    try:
        if _unpacked_bytes(data) > MAX_UNPACKED_BYTES:
            return [], [_whole_file("too_large", _("The file is too large when unpacked."))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of features that it leaves out; labels need none of them
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
            sheets, kept = [], _Cells()
            for page in book.worksheets:
                page.reset_dimensions()  # programs write wrong ones, and then rows would be left out
                sheets.append((page.title, _worksheet_rows(page.iter_rows(max_col=MAX_COLUMNS), kept)))
            book.close()
    except _TooManyCellsError:
        return [], [_too_many_cells()]
    except Exception:  # openpyxl raises whatever a damaged or hostile file makes it stumble over
        message = _("The file cannot be read as an Excel workbook. Save it as .xlsx or as CSV again.")
        return [], [_whole_file("damaged", message)]
    return _bounded(sheets)


def _unpacked_bytes(data: bytes) -> int:
    """As the file says, which is also how much of it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return sum(part.file_size for part in archive.infolist())


def _worksheet_rows(page: Iterable[Sequence[object]], kept: _Cells) -> _Rows:
    """Rows that hold anything, with their numbers."""
    from openpyxl.cell.read_only import EMPTY_CELL

    found: _Rows = []
    for number, cells in enumerate(page, start=1):
        if number > _LAST_ROW:
            raise ValueError("No sheet can have that many rows.")
        # openpyxl fills each row up with empty cells.
        width = next((place for place in range(len(cells), 0, -1) if cells[place - 1] is not EMPTY_CELL), 0)
        row = tuple(_cell(cell) for cell in cells[:width])
        if any(cell.text.strip() or cell.formula for cell in row):
            found.append((number, kept.take(row)))
            if len(found) > MAX_ROWS:
                break
    return found


def _cell(cell: object) -> Cell:
    value, kind = getattr(cell, "value", None), getattr(cell, "data_type", "n")
    if kind == "f":
        return Cell(cell_text(value) if isinstance(value, str) else "=", formula=True)
    return Cell(cell_text(value))


def _csv_sheet(data: bytes) -> tuple[list[tuple[str, _Rows]], list[SheetProblem]]:
    try:
        encoding = find_encoding(data)
    except LabelFileError:
        return [], [
            _whole_file(
                "encoding",
                _(
                    "This is neither an Excel workbook nor CSV in a known encoding. Save it as .xlsx or as CSV in UTF-8."
                ),
            )
        ]
    problems = []
    if is_assumed(encoding):
        message = _(
            "The file is not in UTF-8; it was read as %(encoding)s. Letters missing from that encoding are lost."
        ) % {"encoding": encoding_name(encoding)}
        problems.append(SheetProblem(None, None, None, "assumed_encoding", message, "warning"))
    decoded = data.decode(encoding)
    text = decoded.lstrip("\r\n")
    start = len(re.findall(r"\r\n|\r|\n", decoded[: len(decoded) - len(text)]))
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(first), strict=False)
    rows: _Rows = []
    kept = _Cells()
    try:
        # A spreadsheet numbers rows, not lines.
        for number, cells in enumerate(reader, start=start + 1):
            if any(cell.strip() for cell in cells):
                rows.append((number, kept.take(tuple(Cell(cell) for cell in cells[:MAX_COLUMNS]))))
                if len(rows) > MAX_ROWS:
                    break
    except _TooManyCellsError:
        return [], [*problems, _too_many_cells()]
    except csv.Error:
        message = _("From this row on, the file cannot be read as CSV.")
        last = rows[-1][0] + 1 if rows else 1
        return [], [*problems, SheetProblem(_CSV_NAME, last, None, "damaged", message)]
    sheets, more = _bounded([(_CSV_NAME, rows)])
    return sheets, [*problems, *more]


def _bounded(sheets: list[tuple[str, _Rows]]) -> tuple[list[tuple[str, _Rows]], list[SheetProblem]]:
    for name, rows in sheets:
        if len(rows) > MAX_ROWS:
            message = _("The sheet has more than %(rows)s rows.") % {"rows": MAX_ROWS}
            return [], [SheetProblem(name, None, None, "too_many_rows", message)]
    return sheets, []


def _table(name: str, rows: _Rows) -> Table | None:
    """From the first row that has a label column and one by which rows can be told, near the top."""
    for index, (_number, cells) in enumerate(rows[:_HEADER_WITHIN]):
        places = _places(cells)
        if LABEL_COLUMN in places and (MARK_COLUMN in places or SET_ID_COLUMN in places):
            return Table(name, places, tuple(rows[index + 1 :]))
    return None


def _places(cells: Sequence[Cell]) -> dict[str, int]:
    """Where each column is, by the name in the header. Our own are also known in other capitals, unless one has just this name."""
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        text = cell.text.strip()
        places.setdefault(text if text in OWN_COLUMNS else cell.text, place)
    for place, cell in enumerate(cells):
        if (name := cell.text.strip().casefold()) in OWN_COLUMNS:
            places.setdefault(name, place)
    return places


def _too_many_cells() -> SheetProblem:
    message = _("The file has more than %(cells)s cells. Upload it in several parts.") % {"cells": f"{MAX_CELLS:,}"}
    return _whole_file("too_large", message)


def _whole_file(code: str, message: str) -> SheetProblem:
    return SheetProblem(None, None, None, code, message)
