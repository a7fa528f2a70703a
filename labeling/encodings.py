"""Which encoding a text file is in that says nothing of it: a guess by its letters, which people then judge by the rows."""

from __future__ import annotations

import re
from typing import IO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

import labelfiles

ENCODINGS: dict[str, str | Promise] = {
    "cp1252": _("Western European (Windows-1252)"),
    "cp1250": _("Central European (Windows-1250)"),
    "cp1257": _("Baltic (Windows-1257)"),
    "cp1254": _("Turkish (Windows-1254)"),
    "cp1251": _("Cyrillic (Windows-1251)"),
    "cp1253": _("Greek (Windows-1253)"),
    "cp1255": _("Hebrew (Windows-1255)"),
    "cp1256": _("Arabic (Windows-1256)"),
    "cp932": _("Japanese (Shift-JIS)"),
    "gb18030": _("Simplified Chinese (GBK, GB 18030)"),
    "big5hkscs": _("Traditional Chinese (Big5)"),
    "cp949": _("Korean (EUC-KR, Windows-949)"),
}
"""What spreadsheets write where UTF-8 is not asked for, by Python's names, which are chardet's too."""

_WESTERN = "cp1252"
_LATIN = {"cp1250", "cp1254", "cp1257"}
# So many times as likely as the Western one, which most files are in, must another be. Words with one letter beyond ASCII, as Italian has them,
# may look like another script, whose own texts are twenty times as likely and more.
_TIMES_LATIN, _TIMES_OTHER = 1.5, 5
_LEAST = 0.04  # what no word of any language looks like has less
_SAMPLE = 100_000
_CHUNK = 1 << 20
_CELL_ENDS = re.compile(rb'[,;\t|"\r\n]+')


def find_encoding(source: bytes | IO[bytes], *, chosen: str = "") -> str:
    """The name of UTF-8 or UTF-16 if the file is in one, else the one of ``ENCODINGS`` that was ``chosen``, or the likeliest.

    Raises ``LabelFileError`` with the line and the byte at which it is no text in it.
    """
    return labelfiles.find_encoding(source, otherwise=chosen or _guess)


def is_assumed(encoding: str) -> bool:
    """Whether nothing in the file says that it is in this one."""
    return encoding in ENCODINGS


def encoding_name(encoding: str) -> str:
    """For people: ``UTF-8``, ``Central European (Windows-1250)``."""
    return str(ENCODINGS.get(encoding, encoding.upper().removesuffix("-SIG")))


def _guess(source: IO[bytes]) -> str:
    import chardet  # a quarter of a second, which every process would take to start

    sample = _sample(source)
    found = chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=("utf-8", *ENCODINGS), compat_names=False
    )
    likely = {name: one["confidence"] for one in found if (name := one["encoding"]) in ENCODINGS}
    western = likely.pop(_WESTERN, 0.0)
    for name, confidence in likely.items():
        times = _TIMES_LATIN if name in _LATIN else _TIMES_OTHER
        if confidence > max(_LEAST, western * times) and not _reads_alike(sample, name):
            return name
    return _WESTERN


def _reads_alike(sample: bytes, encoding: str) -> bool:
    """Whether it makes no difference: é and ü are the same byte in many encodings."""
    return sample.decode(encoding, "replace") == sample.decode(_WESTERN, "replace")


def _sample(source: IO[bytes]) -> bytes:
    """Cells with bytes beyond ASCII: the others tell nothing, and in most files they are most."""
    source.seek(0)
    found, size = [], 0
    while size < _SAMPLE and (chunk := source.read(_CHUNK)):
        if chunk.isascii():
            continue
        chunk += source.readline(_CHUNK)
        for cell in _CELL_ENDS.split(chunk):
            if not cell.isascii():
                found.append(cell)
                size += len(cell)
    return b" ".join(found)[:_SAMPLE]
