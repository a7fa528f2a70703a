"""Questions to CSV, and their rows as every kind of file has them; ``workbook`` makes XLSX of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from labeling.spreadsheets.cells import CELL_LIMIT, csv_text
from labeling.spreadsheets.marks import Mark, make_mark
from labeling.spreadsheets.model import OWN_COLUMNS, QuestionSheet, SheetQuestion

_MARK_BYTES = len(make_mark(Mark("", "A"), b"")) + 2  # with a line end


def csv_bytes(sheet: QuestionSheet, *, key: bytes) -> bytes:
    """The questions as CSV in UTF-8 with a byte order mark, without which Excel takes it for Windows-1252.

    A value that a spreadsheet would run as a formula gets an apostrophe before it. CSV has no text cells, so a spreadsheet may
    rewrite keys and values; ``read_sheet`` recognises the rows all the same.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([csv_text(name) for name in (*OWN_COLUMNS, *sheet.columns)])
    writer.writerows([csv_text(text) for text in cells] for _question, cells in marked_rows(sheet, key))
    return stream.getvalue().encode("utf-8-sig")


def csv_size(question: SheetQuestion) -> int:
    """About how many bytes a question takes in CSV, where up to three more for a cell may be needed; as a workbook it takes about as many at most."""
    return sum(
        _MARK_BYTES
        + len(row.row_id)
        + sum(len(cell.encode("utf-8", "replace")) + cell.count('"') + 1 for cell in cells)
        for row in question.rows
        for cells in [[question.labeling_set_id, row.label, *(text[:CELL_LIMIT] for text in row.values)]]
    )


def marked_rows(sheet: QuestionSheet, key: bytes) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The number of the question, from 0, and the cells of each row with its mark, signed with ``key``: the columns ``OWN_COLUMNS``, then those of the table."""
    for number, question in enumerate(sheet.questions):
        for row in question.rows:
            mark = make_mark(Mark(row.row_id, row.label), key)
            yield number, (mark, question.labeling_set_id, row.label, *row.values)
