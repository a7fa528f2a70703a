"""CSV as text: what pyarrow takes without a word, and what it refuses without the line, is told here."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labelfiles import LabelFileError
from labeling.encodings import find_encoding
from labeling.exceptions import InvalidSourceError
from tableformats import TableFormat, numbered

_CHUNK = 1024 * 1024
_MAX_CELL = 8 * _CHUNK


def check_utf8(file: IO[bytes], layout: TableFormat) -> tuple[int, int, int]:
    """How many quotes there are, how many escapes, and how many NULs. Raises ``InvalidSourceError`` with the line of the first byte that is not UTF-8."""
    file.seek(0)
    quotes = escapes = nuls = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    first = True
    while chunk := file.read(_CHUNK):
        if first and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InvalidSourceError(_("The file is UTF-16. Glue reads tables in UTF-8 alone."))
        first = False
        pending = decoder.getstate()[0]
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line += (pending + chunk)[: error.start].count(b"\n")
            message = _("Line %(line)d is not UTF-8. Glue reads tables in UTF-8 alone.")
            raise InvalidSourceError(message % {"line": line}) from None
        line += chunk.count(b"\n")
        quotes += chunk.count(layout.quote.encode())
        escapes += chunk.count(layout.escape.encode()) if layout.escape else 0
        nuls += chunk.count(0)
    if decoder.getstate()[0]:
        message = _("Line %(line)d is not UTF-8: the file ends in the middle of a character.")
        raise InvalidSourceError(message % {"line": line})
    return quotes, escapes, nuls


def copy_as_utf8(file: IO[bytes], copy: IO[bytes], *, chosen: str = "") -> str:
    """Write a file that somebody uploaded as UTF-8 without a byte order mark, and give the encoding that it was read in (``find_encoding``).

    Raises ``InvalidSourceError`` with the line and the byte at which it is no text.
    """
    try:
        encoding = find_encoding(file, chosen=chosen)
    except LabelFileError as error:
        problem = error.problems[0]
        raise InvalidSourceError(f"{_('Line %(line)d:') % {'line': problem.line}} {problem.message}") from error
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    while piece := text.read(_CHUNK):
        copy.write(piece.encode())
    text.detach()
    return encoding


def refuse_nul(file: IO[bytes], layout: TableFormat, columns: Sequence[str] | None) -> None:
    """Raises ``InvalidSourceError`` with line and column of the first cell with a NUL."""
    line = 1
    with _records(file, layout, strict=False) as reader:
        try:
            for cells in reader:
                columns = columns or cells
                for place, cell in enumerate(cells):
                    if "\0" in cell:
                        name = columns[place].replace("\0", "�") if place < len(columns) else str(place + 1)
                        raise InvalidSourceError(
                            _("Line %(line)d, column %(name)s: %(nul)s")
                            % {"line": line, "name": name, "nul": nul_words()}
                        )
                line = reader.line_num + 1
        except csv.Error:  # what is wrong with the file is told by whoever reads all of it
            return


def nul_words() -> str:
    """Why a cell with a NUL character is refused."""
    return _("The cell contains a NUL character, which no table here can hold. Remove it.")


def check_quotes(file: IO[bytes], layout: TableFormat) -> None:
    """Raises ``InvalidSourceError`` if a quoted cell never ends; pyarrow would take the rest of the file as that cell."""
    last = 1
    with _records(file, layout, strict=True) as reader:
        try:
            for _row in reader:
                last = reader.line_num + 1
        except csv.Error as error:
            message = _("From line %(line)d on, the file cannot be read as CSV: %(error)s.")
            raise InvalidSourceError(message % {"line": last, "error": error}) from error


def first_record(file: IO[bytes], layout: TableFormat) -> tuple[list[str], int]:
    """The cells of the first line that is not blank, none if all are, and how many blank ones are before it. Raises ``InvalidSourceError``."""
    with _records(file, layout, strict=False) as reader:
        try:
            return next(((cells, blank) for blank, cells in enumerate(reader) if cells), ([], 0))
        except csv.Error as error:
            raise InvalidSourceError(_("The header cannot be read: %(error)s") % {"error": error}) from error


def has_line_end(file: IO[bytes]) -> bool:
    """Whether there is more than one line, or one that ends."""
    file.seek(0)
    return any(b"\n" in chunk or b"\r" in chunk for chunk in iter(lambda: file.read(_CHUNK), b""))


@contextmanager
def _records(file: IO[bytes], layout: TableFormat, *, strict: bool) -> Iterator[Any]:
    csv.field_size_limit(_MAX_CELL)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield csv.reader(
            text,
            delimiter=layout.delimiter,
            quotechar=layout.quote,
            escapechar=layout.escape or None,
            strict=strict,
        )
    finally:
        text.detach()


def find_delimiter(file: IO[bytes]) -> str:
    """What separates the cells of a file with a header: the comma, or what spreadsheets write where that is the decimal sign.

    Another mark does if the header has no commas, or if header and first row both have it more often. Raises ``InvalidSourceError`` where
    nobody could tell.
    """
    file.seek(0)
    text = re.sub(r'"[^"]*"', "", file.read(_CHUNK).decode(errors="ignore"))
    lines = [line for line in text.splitlines() if line.strip()][:2] or [""]
    commas = lines[0].count(",")
    for other in sorted(OTHER_DELIMITERS, key=lines[0].count, reverse=True):
        counts = {line.count(other) for line in lines}
        if lines[0].count(other) and (not commas or (len(counts) == 1 and min(counts) > commas)):
            return other
        if counts == {commas} and commas:
            message = _(
                "Both commas and %(others)s could separate the cells. Put the names of the columns in quotes, so that it can be told."
            )
            raise InvalidSourceError(message % {"others": OTHER_DELIMITERS[other]})
    return ","


#: What separates cells where commas do not, and how it is called.
OTHER_DELIMITERS = {";": gettext_lazy("semicolons"), "\t": gettext_lazy("tabs"), "|": gettext_lazy("vertical bars")}


def uneven_row(file: IO[bytes], layout: TableFormat, columns: int) -> str:
    """Where the first row is that has more or fewer cells than there are columns, in words."""
    line = 1
    with _records(file, layout, strict=False) as reader:
        try:
            for number, cells in numbered(reader):
                if cells and len(cells) != columns and number >= layout.header_lines:
                    message = ngettext(
                        "Line %(line)d has %(count)d cell; the header has %(columns)d.",
                        "Line %(line)d has %(count)d cells; the header has %(columns)d.",
                        len(cells),
                    )
                    return message % {"line": line, "count": len(cells), "columns": columns}
                line = reader.line_num + 1
        except csv.Error:  # a cell too large for this reader before the row that pyarrow found
            pass
    return _("A row has more or fewer cells than the header, which has %(columns)d.") % {"columns": columns}
