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
_ALPHABETS = [name for name in ENCODINGS if name.startswith("cp125")]
# So many times as likely as the Western one, which most files are in, must another be. Words with one letter beyond ASCII, as Italian has them,
# may look like another script, whose own texts are twenty times as likely and more.
_TIMES = {"cp1254": 1.3, "cp1250": 1.5, "cp1257": 1.5}
_TIMES_OTHER = 5
_LEAST = 0.04  # what no word of any language looks like has less
_SAMPLE = 100_000
_CHUNK = 1 << 20
# A bar after a byte beyond ASCII may be the second half of a letter: of ポ, of 育.
_CELL_ENDS = re.compile(rb'[,;\t"\r\n]+|(?<![\x80-\xff])\|')


def find_encoding(source: bytes | IO[bytes], *, chosen: str = "") -> str:
    """The name of UTF-8 or UTF-16 if the file is in one, else the one of ``ENCODINGS`` that was ``chosen``, or the likeliest.

    Raises ``LabelFileError`` with the line and the byte at which it is no text in it.
    """
    return labelfiles.find_encoding(source, otherwise=chosen or _guess)


def is_text_in(source: IO[bytes], encoding: str) -> bool:
    """Whether all of the file can be read in it."""
    return labelfiles.first_misfit(source, encoding) is None


def is_assumed(encoding: str) -> bool:
    """Whether nothing in the file says that it is in this one."""
    return encoding in ENCODINGS


def encoding_name(encoding: str) -> str:
    """For people: ``UTF-8``, ``Central European (Windows-1250)``."""
    return str(ENCODINGS.get(encoding, encoding.upper().removesuffix("-SIG")))


def _guess(source: IO[bytes]) -> str:
    """The Western one unless another is clearly likelier, or it is no text in it."""
    sample = _sample(source)
    as_written = _likelihoods(sample)
    # Capitals look like no language to chardet, and tables are full of them.
    in_small = {name: _likelihoods(_in_small(sample, name)).get(name, 0) for name in _ALPHABETS}
    likely = as_written | in_small
    by_likelihood = sorted(likely, key=lambda name: -likely[name])
    better = []
    for name in by_likelihood:
        western = (in_small if name in in_small else as_written).get(_WESTERN, 0) * _TIMES.get(name, _TIMES_OTHER)
        if name != _WESTERN and likely[name] > max(_LEAST, western) and not _reads_alike(sample, name):
            better.append(name)
    # Letters of two bytes are tried without being likely: what is none of theirs is no text in them.
    ranking = [*better, _WESTERN, *(name for name in by_likelihood if name not in _ALPHABETS)]
    return next((name for name in ranking if is_text_in(source, name)), _WESTERN)


def _likelihoods(sample: bytes) -> dict[str, float]:
    import chardet  # a quarter of a second, which every process would take to start

    known = ("utf-8", *ENCODINGS)
    found = chardet.detect_all(sample, ignore_threshold=True, include_encodings=known, compat_names=False)
    return {name: one["confidence"] for one in found if (name := one["encoding"]) in ENCODINGS}


def _in_small(sample: bytes, encoding: str) -> bytes:
    text = sample.decode(encoding, "replace")
    if encoding == "cp1254":  # Turkish, whose i keeps its dot and whose ı has none
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower().encode(encoding, "replace")


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
