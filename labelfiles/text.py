"""Bytes that came from somebody's computer to text."""

from __future__ import annotations

import codecs

from labelfiles.model import LabelFileError, Problem

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CHUNK = 1 << 20


def find_encoding(data: bytes) -> str:
    """``utf-8``, ``utf-8-sig`` with a byte order mark, ``utf-16`` with one, and else ``cp1252``, which Excel on Windows writes.

    Windows-1252 is a guess, since nearly all bytes are some text in it, so say so to the person. Raises ``LabelFileError`` for bytes that are text in
    none of these.
    """
    if data.startswith(_UTF16_BOMS):
        candidates = ["utf-16"]
    elif data.startswith(_UTF8_BOM):
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        if _is_text(data, encoding):
            return encoding
    message = "The file is not text in UTF-8, UTF-16 or Windows-1252. Save it as CSV in UTF-8."
    raise LabelFileError([Problem(None, None, "encoding", message)])


def _is_text(data: bytes, encoding: str) -> bool:
    """Decoded piece by piece, because text takes up to four times the room of its bytes."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(line: str) -> str:
    """Which of comma, semicolon and tab separates the cells of a header line: the one that stands most often outside quotes, the
    comma if none does. Spreadsheets write semicolons where the comma is the decimal sign.
    """
    counts = dict.fromkeys(",;\t", 0)
    quoted = False
    for character in line:
        if character == '"':
            quoted = not quoted
        elif not quoted and character in counts:
            counts[character] += 1
    return max(counts, key=lambda delimiter: counts[delimiter])
