"""Spreadsheets as people treat them: opened, filled in, sorted, saved."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from labeling.models import Question

MARK, SET, LABEL = 0, 1, 2
Cells = list[list[str]]


def cells_of(content: bytes) -> Cells:
    """The cells of the first sheet as text, the header first."""
    if not content.startswith(b"PK"):
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    page = load_workbook(io.BytesIO(content)).worksheets[0]
    return [["" if cell.value is None else str(cell.value) for cell in row] for row in page.iter_rows()]


def as_workbook(cells: Cells) -> bytes:
    """An XLSX file with these cells, all of them text."""
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    for number, row in enumerate(cells, start=1):
        for place, value in enumerate(row, start=1):
            if value:
                page.cell(number, place, value).data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_csv(cells: Cells, delimiter: str = ";") -> bytes:
    """A CSV file with these cells, as Excel writes it where the comma is the decimal sign."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(cells)
    return stream.getvalue().encode("utf-8-sig")


def made_large(cells: Cells) -> Cells:
    """The cells with notes beside them, so long that the file is not read at once."""
    note = "n" * 30_000
    return [[*row, *([note] * (80 // len(cells) + 1))] for row in cells]


def filled(cells: Cells, letters: Mapping[Question, str]) -> Cells:
    """The cells with these letters as labels, row by row of each question in the order of the file; a dot for none."""
    left = {question.labeling_set_id: iter(text) for question, text in letters.items()}
    return [
        cells[0],
        *(
            [*row[:LABEL], next(left[row[SET]]).strip("."), *row[LABEL + 1 :]] if row[SET] in left else list(row)
            for row in cells[1:]
        ),
    ]
