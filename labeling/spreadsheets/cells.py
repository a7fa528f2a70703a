"""How text gets into cells and what spreadsheets make of it."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, localcontext

CELL_LIMIT = 32_767
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile(r"\r\n?")
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_STARTS_FORMULA = tuple("=+-@\t\r\n'＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(?:[eE]([+-]?\d{1,3}))?")
_PARTS = re.compile(r"\d+|[^\W\d_]{3,}")
# The first three letters of months in English, German, French, Spanish, Italian and Portuguese.
_MONTH_NAMES = (
    ("jan", "ene", "gen"),
    ("feb", "fév", "fev"),
    ("mar", "mär", "mrz"),
    ("apr", "avr", "abr"),
    ("may", "mai", "mag"),
    ("jun", "giu"),
    ("jul", "lug"),
    ("aug", "aoû", "ago"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dez", "déc", "dic"),
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names}


def workbook_text(text: str) -> str:
    """What a cell of a workbook can hold: no control characters, ``\\n`` as line end, at most 32,767 characters."""
    if text.isprintable() and text.isascii() and "_x" not in text and len(text) <= CELL_LIMIT:
        return text  # as nearly all are
    clean = _NOT_IN_XML.sub("�", _LINE_END.sub("\n", text))
    clean = _ESCAPE_LIKE.sub("_x005F_", clean)
    return _cut(clean)


def _cut(text: str) -> str:
    return text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - 1] + "…"


def csv_text(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run as a formula, as OWASP advises, and no longer than a cell may be."""
    clean = text.encode("utf-8", "replace").decode()
    return _cut("'" + clean if clean.startswith(_STARTS_FORMULA) else clean)


def cell_text(value: object) -> str:
    """A cell's value as text, the way it looks plainest."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def looks_alike(cell: str, stored: str) -> bool:
    """Whether the cell holds the stored text as this package writes it, to a workbook or to CSV."""
    if cell == stored:
        return True
    plain = _plain(cell)
    return plain in (_plain(stored), _plain(workbook_text(stored)), _plain(csv_text(stored)))


def how_mangled(cell: str, stored: str) -> str | None:
    """What a spreadsheet may have done to the stored text to make the cell of it; None if nothing known explains it.

    ``spaces``, ``letters`` (capitals), ``number`` (leading zeros, plus signs, 15 digits, scientific notation), ``date``,
    ``characters`` (those that Windows-1252 has not).
    """
    one, two = _plain(cell).lstrip("'").strip(), _plain(stored).lstrip("'").strip()
    if " ".join(one.split()) == " ".join(two.split()):
        return "spaces"
    if one.casefold() == two.casefold():
        return "letters"
    if _same_number(one, two):
        return "number"
    if _same_date(one, two):
        return "date"
    if "?" in one and one == two.encode("cp1252", "replace").decode("cp1252"):
        return "characters"
    return None


def number_key(text: str) -> Decimal | None:
    """What is left of a number in a cell with 15 digits; None for other text."""
    found = _NUMBER.fullmatch(text.strip().lstrip("'"))
    if found is None:
        return None
    return rounded(Decimal(found[0].replace(",", ".")), 15)


def _plain(text: str) -> str:
    return _LINE_END.sub("\n", text).replace("x005F_", "")


def _same_number(cell: str, stored: str) -> bool:
    one, two = number_key(cell), number_key(stored)
    if one is None or two is None:
        return False
    if one == two:
        return True
    shown = _NUMBER.fullmatch(cell)
    if shown is None or shown[3] is None:
        return False
    # In scientific notation six digits are shown, without zeros at their end, or fewer in a narrow column.
    return any(rounded(two, digits) == one for digits in (6, len(one.as_tuple().digits)))


def rounded(number: Decimal, digits: int) -> Decimal:
    """The number with so many digits."""
    with localcontext() as context:
        context.prec = digits
        return (+number).normalize()


def _same_date(cell: str, stored: str) -> bool:
    """Day and month, month and year, or all three, in any order and with the month as number or name."""
    one, two = date_parts(cell), date_parts(stored)
    return one is not None and two is not None and (one <= two or two <= one)


def date_parts(text: str) -> set[int] | None:
    """The numbers of a date, the year by its last two digits; None if the text is not made of two or three such parts."""
    parts = _PARTS.findall(text.casefold())
    if len(parts) not in (2, 3):
        return None
    numbers = set()
    for part in parts:
        if part.isdecimal() and len(part) in (1, 2, 4):
            numbers.add(int(part) % 100)
        elif part[:3] in _MONTHS:
            numbers.add(_MONTHS[part[:3]])
        else:
            return None
    return numbers
