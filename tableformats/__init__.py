"""How the files of a Data Catalog table are to be read, by the table's own parameters. Standard library only.

The portal and localglue both read such files and must see the same rows, so the rules stand here once. They are those of Hive's SerDes,
which Glue follows, for what crawlers write: https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

KINDS = ("csv", "parquet", "json")

_SERDES = {"parquet": "parquet", "json": "json", "csv": "csv", "lazysimple": "csv"}
_HIVE_DELIMITER = "\x01"
_ESCAPE = "\\"
_SPELLED = {r"\t": "\t", r"\\": "\\", r"\"": '"', r"\'": "'", r"\0": "\0"}
_NUMBERED = re.compile(r"\\u([0-9a-fA-F]{4})|\\([0-3][0-7]{2})")
_HEADER_LINES = re.compile(r"\d{1,6}", re.ASCII)
# What an escaped null is read as; Unicode sets this code aside for programs, so no text has it.
NULL_MARK = "\ufdd0"


class FormatError(ValueError):
    """Nobody can read the table as its parameters say: ``code`` is kind, delimiter, quote, escape or header_lines, ``value`` what stands there."""

    def __init__(self, code: str, value: str) -> None:
        super().__init__(_TEXTS[code] % {"value": repr(value[:60])})
        self.code = code
        self.value = value


_TEXTS = {
    "kind": "Tables can be read as CSV, Parquet and JSON lines, not as %(value)s.",
    "delimiter": "The table's delimiter is %(value)s; it must be one ASCII character.",
    "quote": "The table's quote is %(value)s; it must be one ASCII character other than the delimiter.",
    "escape": "The table's escape is %(value)s; it must be one ASCII character other than the delimiter.",
    "header_lines": "The table's skip.header.line.count is %(value)s; it must be a number.",
}


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How to read the files of a table. All but ``kind``, one of ``KINDS``, is for CSV.

    A quote within a quoted cell is doubled or escaped; ``escape`` is empty where no character escapes. ``null`` is how a null is written
    apart from an empty cell.
    """

    kind: str
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    header_lines: int = 0
    null: str = ""

    def is_header(self, number: int, cells: Sequence[str], names: Sequence[str]) -> bool:
        """Whether a record, counted from 0, is none: a first one that repeats the column names is a header even if nothing says so."""
        if number or self.header_lines:
            return number < self.header_lines
        return [cell.strip().lower() for cell in cells] == [name.strip().lower() for name in names]

    @property
    def escaped_null(self) -> str:
        """What follows the escape in a null that begins with it (the ``N`` of Hive's ``\\N``), else empty.

        Hive looks for such a null before it resolves escapes, and a reader of CSV afterwards, when ``\\N`` has become ``N`` and the escaped
        text ``\\\\N`` has become ``\\N``. So lines are to be read as ``mark_nulls`` gives them: a cell that is ``NULL_MARK`` is then
        the null, and within a cell the mark stands for this text.
        """
        rest = self.null[1:] if self.escape and self.null.startswith(self.escape) else ""
        return rest if rest.isalnum() else ""

    def mark_nulls(self, lines: str) -> str:
        """Whole lines, with ``NULL_MARK`` for each ``escaped_null`` and its escape."""
        if not self.escaped_null or self.escape not in lines:
            return lines
        found = re.compile(f"{re.escape(self.escape)}(?:({re.escape(self.escaped_null)})|.)", re.DOTALL)
        return found.sub(lambda match: NULL_MARK if match[1] else match[0], lines)


# What the portal writes for a table of its own: every cell quoted, quote and escape escaped. Whoever goes by the parameters of the table
# reads it alike, whether a doubled quote means something to them or not.
ESCAPED_CSV = TableFormat("csv", escape=_ESCAPE, header_lines=1)


def table_format(parameters: Mapping[str, str], *, serde: str = "", input_format: str = "") -> TableFormat:
    """The format by ``classification``, else SerDe, else input format. Raises ``FormatError``.

    ``parameters`` are those of the table, of its storage descriptor and of its SerDe, the later before the earlier.
    """
    library = serde.lower()
    named = parameters.get("classification", "").lower().replace("unknown", "")
    kind = named or _kind(library, input_format.lower(), parameters.get("table_type", "").lower())
    if kind not in KINDS:
        raise FormatError("kind", kind)
    if kind != "csv":
        return TableFormat(kind)
    default = "," if named or "opencsv" in library else _HIVE_DELIMITER
    delimiter = _first(parameters, "separatorChar", "field.delim", "delimiter") or default
    if not _is_character(delimiter):
        raise FormatError("delimiter", delimiter)
    quote = _first(parameters, "quoteChar") or '"'
    if not _is_character(quote) or quote == delimiter:
        raise FormatError("quote", quote)
    escape = _escape(_first(parameters, "escapeChar", "escape.delim"), quote, open_csv="opencsv" in library)
    if escape and (not _is_character(escape) or escape == delimiter):
        raise FormatError("escape", escape)
    skipped = parameters.get("skip.header.line.count", "").strip() or "0"
    if not _HEADER_LINES.fullmatch(skipped):
        raise FormatError("header_lines", skipped)
    null = parameters.get("serialization.null.format", "\\N" if "lazysimple" in library else "")
    return TableFormat("csv", delimiter, quote, escape, int(skipped), null)


def numbered(records: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each record of a CSV file with its number, from 0. Blank lines at the start of the file do not count; they have -1."""
    number = 0
    for cells in records:
        number += bool(cells or number)
        yield number - 1, cells


def is_gzipped(name: str) -> bool:
    """Whether the text in a file is packed, by the end of its name, as Hive tells it."""
    return name.lower().endswith((".gz", ".gzip"))


def _kind(library: str, input_format: str, table_type: str) -> str:
    if library:
        return next((kind for hint, kind in _SERDES.items() if hint in library), library)
    if "parquet" in input_format:
        return "parquet"
    return table_type or "csv"  # Hive's own is delimited text; Iceberg's tables have a type and no SerDe


def _escape(written: str, quote: str, *, open_csv: bool) -> str:
    """OpenCSVSerde takes the backslash unless it is told otherwise, also where it is told to double quotes; NUL is how to tell it: nothing."""
    if written == "\0":
        return ""
    if written in ("", quote):
        return _ESCAPE if open_csv and quote != _ESCAPE else ""
    return written


def _first(parameters: Mapping[str, str], *names: str) -> str:
    """The first of these that is set, as the character that it stands for where it is spelled out."""
    value = next((parameters[name] for name in names if parameters.get(name)), "")
    if numbered := _NUMBERED.fullmatch(value):
        return chr(int(numbered[1], 16) if numbered[1] else int(numbered[2], 8))
    return _SPELLED.get(value, value)


def _is_character(value: str) -> bool:
    return len(value) == 1 and value.isascii() and value not in "\r\n\0"
