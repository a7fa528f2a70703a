"""Bytes to ``LabelFile``, or every reason why not, with line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from labelfiles.model import (
    LABEL_COLUMN,
    SET_ID_COLUMN,
    LabeledRow,
    LabelFile,
    LabelFileError,
    Problem,
    check_header,
    is_empty,
)
from labelfiles.text import counted

MAX_PROBLEMS = 100
_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_OTHER_FORMATS = {
    b"\x1f\x8b": "compressed with gzip",
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
}
# Bytes that Windows-1252 leaves undefined: a file that holds one of them was not written in it.
_CP1252_HOLES = frozenset(b"\x81\x8d\x8f\x90\x9d")
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_PLAIN_END = re.compile(r'[,"\r\n]')
_LINE_END = re.compile(r"\r\n|\n|\r")


def read_label_file(source: bytes | BinaryIO | Path | str) -> LabelFile:
    """Read a label file, its content or where it is: comma-separated UTF-8, with or without a byte order mark, RFC 4180 quoting, any line ends.

    Lines without any character are skipped, and rows below the header in which every cell is empty are left out and counted. Cells come back exactly as
    written, NUL characters included.
    Raises ``LabelFileError`` with up to 100 problems, in file order: wrong encoding, no header or a wrong one, a quote that is
    out of place or never closed, rows with too few or too many cells. Raises ``OSError`` if a path cannot be read.
    """
    path = ""
    if isinstance(source, (Path, str)):
        path, data = str(source), Path(source).read_bytes()
    elif isinstance(source, bytes):
        data = source
    else:
        data = source.read()
    table = _records(_decode(data))
    first = next(table, None)
    if first is None:
        raise LabelFileError([Problem(None, None, "empty_file", "The file is empty.")])
    columns = _header(*first)
    rows: list[LabeledRow] = []
    problems: list[Problem] = []
    width, empty = len(columns) + 2, 0
    for line, cells in table:
        if is_empty(cells):
            empty += 1
            continue
        if len(cells) == width:
            rows.append(LabeledRow(cells[0], cells[1], tuple(cells[2:]), line))
            continue
        code, few = ("short_row", "only ") if len(cells) < width else ("long_row", "")
        problems.append(
            Problem(
                line,
                None,
                code,
                f"The row has {few}{counted(len(cells), 'cell')}; the header has {counted(width, 'column')}.",
            )
        )
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        raise LabelFileError(problems)
    return LabelFile(columns, tuple(rows), path, empty)


def _decode(data: bytes) -> str:
    for start, what in _OTHER_FORMATS.items():
        if data.startswith(start):
            message = f"The file is {what}. A label file is plain CSV in UTF-8."
            raise LabelFileError([Problem(None, None, "encoding", message)])
    if data.startswith(_UTF16_BOMS):
        raise LabelFileError(
            [Problem(1, None, "encoding", "The file is UTF-16. Save it as CSV in UTF-8.")],
        )
    body = data.removeprefix(_BOM)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start]
        line = len(re.findall(rb"\r\n|\n|\r", before)) + 1
        offset = error.start + len(data) - len(body)
        guess = "" if _CP1252_HOLES.intersection(body) else " It looks like Windows-1252 (cp1252)."
        message = (
            f"The file is not UTF-8: byte 0x{body[error.start]:02x} at offset {offset}.{guess} Save it as CSV in UTF-8."
        )
        raise LabelFileError([Problem(line, None, "encoding", message)]) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the physical line on which it starts. Raises ``LabelFileError`` on broken quoting."""
    position, line, end = 0, 1, len(text)
    while position < end:
        start, cells = line, []
        while True:
            cell, position, line = _cell(text, position, line)
            cells.append(cell)
            if position < end and text[position] == ",":
                position += 1
                continue
            break
        if ended := _LINE_END.match(text, position):
            position = ended.end()
            line += 1
        if cells != [""]:
            yield start, cells


def _cell(text: str, position: int, line: int) -> tuple[str, int, int]:
    """The cell that starts at ``position``, the position after it, and the line there."""
    if not text.startswith('"', position):
        stop = _PLAIN_END.search(text, position)
        end = stop.start() if stop else len(text)
        if text.startswith('"', end):
            message = "There is a quote inside a cell that does not start with one. Quote the whole cell and double the quotes in it."
            raise LabelFileError([Problem(line, None, "stray_quote", message)])
        return text[position:end], end, line
    quoted = _QUOTED.match(text, position)
    if quoted is None:
        raise LabelFileError([Problem(line, None, "open_quote", "A quoted cell starts here and never ends.")])
    after = text[quoted.end() : quoted.end() + 1]
    line += len(_LINE_END.findall(quoted.group(1)))
    if after not in ("", ",", "\r", "\n"):
        message = "Text follows the closing quote of a cell. Double every quote inside a quoted cell."
        raise LabelFileError([Problem(line, None, "stray_quote", message)])
    return quoted.group(1).replace('""', '"'), quoted.end(), line


def _header(line: int, cells: list[str]) -> tuple[str, ...]:
    """The source columns. Raises ``LabelFileError`` if the header is not that of a label file."""
    if cells[:2] != [SET_ID_COLUMN, LABEL_COLUMN]:
        hint = ""
        if len(cells) == 1 and any(separator in cells[0] for separator in ";\t|"):
            hint = " The cells seem to be separated by something other than commas."
        elif [cell.strip().lower() for cell in cells[:2]] == [SET_ID_COLUMN, LABEL_COLUMN]:
            hint = " Write them in lower case, without spaces around them."
        elif {SET_ID_COLUMN, LABEL_COLUMN} <= set(cells):
            hint = " Both are there, but not in first and second place."
        message = f"The first two columns must be {SET_ID_COLUMN} and {LABEL_COLUMN}.{hint}"
        raise LabelFileError([Problem(line, None, "header", message)])
    check_header(cells, line)
    return tuple(cells[2:])
