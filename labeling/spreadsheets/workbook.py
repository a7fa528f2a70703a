"""Questions to XLSX. Who needs this module imports it where it is used: web processes must start quickly."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, groupby, islice, zip_longest
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from labelfiles import LABEL_COLUMN
from labeling.spreadsheets.cells import workbook_text
from labeling.spreadsheets.model import GUIDE_SHEET, OWN_COLUMNS, QuestionSheet, SheetQuestion
from labeling.spreadsheets.write import marked_rows

# Light, so that black text has a contrast above 12 to 1. The labeling set column says the same without colour.
_FILLS = ("E3F2FD", "FFF3D6", "E1F5E4", "FBE4EC", "EDE7F6", "E0F4F4")
_NO_ROWS = b"<sheetData></sheetData>"
_FIRST_SHEET = "xl/worksheets/sheet1.xml"
_LABEL_PLACE = OWN_COLUMNS.index(LABEL_COLUMN) + 1


def workbook_bytes(sheet: QuestionSheet, *, title: str, key: bytes) -> bytes:
    """An XLSX file with the questions on its first sheet and, on its second, how to fill it in.

    Every cell is text, whatever it looks like, so that no key is rewritten and nothing is run as a formula. The rows of a
    question share a colour. The first row and the label column stay in view. The first column, hidden, holds the signed marks
    by which ``read_sheet`` recognises rows; ``key`` signs them. What a workbook cannot hold is replaced, see ``workbook_text``.
    """
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = _sheet_title(title)
    header = _style("header", None, Font(bold=True))
    styles = [_style(f"question {number}", fill, None) for number, fill in enumerate(_FILLS, start=1)]
    for style in (header, *styles):
        book.add_named_style(style)
    names = [workbook_text(name) for name in (*OWN_COLUMNS, *sheet.columns)]
    rows = sum(len(question.rows) for question in sheet.questions)
    page.freeze_panes = f"{get_column_letter(len(OWN_COLUMNS) + 1)}2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(names))}{rows + 1}"
    page.column_dimensions["A"].hidden = True
    first = [cells for _question, cells in islice(marked_rows(sheet, key), 60)]
    for place, cells in enumerate(zip_longest(names, *first, fillvalue=""), start=1):
        if place > 1:
            page.column_dimensions[get_column_letter(place)].width = min(40, max(map(len, cells)) + 3)
    _offer_labels(page, sheet)
    _write_guide(book, doubled=any(question.is_large for question in sheet.questions))
    bold, *colours = (_style_id(page, style) for style in (header, *styles))
    every = chain(
        [(bold, names)], ((colours[number % len(colours)], cells) for number, cells in marked_rows(sheet, key))
    )
    return _with_rows(book, every)


def _with_rows(book: Workbook, rows: Iterable[tuple[int, Sequence[str]]]) -> bytes:
    """The book with these rows, each of a style, on its empty first sheet, all of them text.

    openpyxl makes an object of each cell, which takes twenty times as long; so it writes everything else, and the rows are put in their place.
    """
    made, stream = io.BytesIO(), io.BytesIO()
    book.save(made)
    with ZipFile(made) as source, ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=4) as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename != _FIRST_SHEET:
                target.writestr(part, content)
                continue
            head, _empty, tail = content.partition(_NO_ROWS)
            with target.open(part.filename, "w", force_zip64=True) as file:
                file.write(head + b"<sheetData>")
                for number, (style, cells) in enumerate(rows, start=1):
                    file.write(_row_xml(number, style, cells).encode())
                file.write(b"</sheetData>" + tail)
    return stream.getvalue()


def _row_xml(number: int, style: int, cells: Sequence[str]) -> str:
    """A row of a sheet (ECMA-376, 18.3.1.73), its texts inline."""
    written = [
        f'<c r="{letter}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(clean)}</t></is></c>'
        if (clean := workbook_text(text))
        else f'<c r="{letter}{number}" s="{style}"/>'
        for letter, text in zip(_letters(len(cells)), cells, strict=True)
    ]
    return f'<row r="{number}">{"".join(written)}</row>'


@cache
def _letters(columns: int) -> tuple[str, ...]:
    return tuple(map(get_column_letter, range(1, columns + 1)))


def _style_id(page: Worksheet, style: NamedStyle) -> int:
    """The number by which cells name the style."""
    cell = Cell(page, row=1, column=1)
    cell.style = style.name
    return cell.style_id


def _style(name: str, fill: str | None, font: Font | None) -> NamedStyle:
    style = NamedStyle(name=name, number_format="@", alignment=Alignment(vertical="top"))
    if fill is not None:
        style.fill = PatternFill("solid", fgColor=fill)
    if font is not None:
        style.font = font
    return style


def _offer_labels(page: Worksheet, sheet: QuestionSheet) -> None:
    """A list to choose from in the label column. It only warns: what is typed is checked when the file comes back."""
    letter = get_column_letter(_LABEL_PLACE)
    offers: dict[bool, DataValidation] = {}
    first = 2
    for is_large, run in groupby(sheet.questions, key=lambda question: question.is_large):
        questions = list(run)
        last = first + sum(len(question.rows) for question in questions) - 1
        if is_large not in offers:
            offers[is_large] = _offer(questions[0])
            page.add_data_validation(offers[is_large])
        offers[is_large].add(f"{letter}{first}:{letter}{last}")
        first = last + 1


def _offer(question: SheetQuestion) -> DataValidation:
    offer = DataValidation(
        "list", formula1=f'"{",".join(question.labels)}"', allow_blank=True, errorStyle="warning", showErrorMessage=True
    )
    offer.error = question.labels_in_words
    return offer


def _write_guide(book: Workbook, *, doubled: bool) -> None:
    guide = book.create_sheet(GUIDE_SHEET)
    guide.column_dimensions["A"].width = 100
    lines = [
        _("Rows of one colour belong to one question: which of them are the same thing?"),
        _(
            "Write a letter from A to O in the column “label”. Rows of one question with the same letter are the same thing."
        ),
        _("Write ? where you cannot tell. Leave the cell empty to answer later."),
        _("A row that matches no other gets a letter of its own."),
        _("You can sort and move rows. Keep the hidden first column with its rows."),
        _("Only labels are read back. Other changes are pointed out and ignored."),
    ]
    if doubled:
        lines.insert(2, _("A question of more than 15 rows also has the groups AA, BB, CC and so on up to OO."))
    for number, line in enumerate(lines, start=1):
        guide.cell(number, 1, line)


def _sheet_title(title: str) -> str:
    """Spreadsheets allow 31 characters and none of ``[]:*?/\\`` in the name of a sheet."""
    clean = "".join(" " if character in "[]:*?/\\" or ord(character) < 32 else character for character in title)
    return clean.strip().strip("'")[:31].strip() or _("Questions")
