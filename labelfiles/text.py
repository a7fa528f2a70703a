"""Bytes that came from somebody's computer to text."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from io import BytesIO
from typing import IO

from labelfiles.model import LabelFileError, Problem

_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 1 << 20


def find_encoding(source: bytes | IO[bytes], *, otherwise: str | Callable[[IO[bytes]], str] = "cp1252") -> str:
    """``utf-8``, ``utf-8-sig`` with a byte order mark, ``utf-16`` with one, and else ``otherwise``: its name, or a guess by the bytes.

    Windows-1252, which Excel writes in the West, is a guess too, since nearly all bytes are some text in it, so say so to the person. None is made where
    most letters are UTF-8: those are files with a slip. Raises ``LabelFileError`` with the line and the byte at which a file is no text in any of these.
    """
    stream = BytesIO(source) if isinstance(source, bytes) else source
    stream.seek(0)
    start = stream.read(4)
    if start.startswith(_UTF16_BOMS):
        name, encoding = "UTF-16", "utf-16"
        misfit = first_misfit(stream, encoding)
    else:
        name, encoding = "UTF-8", "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"
        misfit = first_misfit(stream, encoding)
        if misfit and encoding == "utf-8" and not _is_mostly_utf8(stream):
            encoding = otherwise if isinstance(otherwise, str) else otherwise(stream)
            name = f"UTF-8 or {encoding.replace('cp125', 'Windows-125')}"
            misfit = first_misfit(stream, encoding)
    if misfit is None:
        return encoding
    line, byte = misfit
    message = f"The byte 0x{byte:02x} is no text in {name} here. Save the file as CSV in UTF-8."
    raise LabelFileError([Problem(line, None, "encoding", message)])


def first_misfit(source: IO[bytes], encoding: str) -> tuple[int, int] | None:
    """The line and the value of the first byte that is no text in the encoding; None if all are. A piece at a time, because text takes up to
    four times the room of its bytes.
    """
    source.seek(0)
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    while True:
        chunk = source.read(_CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            read = error.object[: error.start].decode(error.encoding)
            return line + read.count("\n"), error.object[error.start]
        if not chunk:
            return None
        line += text.count("\n")


def _is_mostly_utf8(source: IO[bytes]) -> bool:
    source.seek(0)
    decoder, letters, misfits = codecs.getincrementaldecoder("utf-8")("replace"), 0, 0
    while True:
        chunk = source.read(_CHUNK)
        text = decoder.decode(chunk, final=not chunk)
        letters += len(text) - len(text.encode("ascii", "ignore"))
        misfits += text.count("\ufffd")
        if not chunk:
            return letters > 2 * misfits


#: What separates cells, and how it is called.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def find_delimiter(line: str) -> str:
    """Which of ``DELIMITERS`` separates the cells of a header line: the one that stands most often outside quotes, the comma if none does.
    Spreadsheets write semicolons where the comma is the decimal sign.
    """
    counts = dict.fromkeys(DELIMITERS, 0)
    quoted = False
    for character in line:
        if character == '"':
            quoted = not quoted
        elif not quoted and character in counts:
            counts[character] += 1
    return max(counts, key=lambda delimiter: counts[delimiter])


def counted(number: int, what: str) -> str:
    """``1 cell``, ``2,000 cells``."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")
