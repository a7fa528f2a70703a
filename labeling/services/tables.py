"""CSV and Parquet through pyarrow: read, checked, described. Everything that a person can fix is an ``InvalidSourceError``."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from labeling.choices import SourceFormat
from labeling.exceptions import InvalidSourceError

MAX_COLUMNS = 100  # TransformSchema of https://docs.aws.amazon.com/glue/latest/webapi/API_GetMLTransform.html
_RESERVED = frozenset({"labeling_set_id", "label", "match_id", "match_confidence_score"})
_CHUNK = 1024 * 1024
_BLOCK = 8 * _CHUNK
_PARQUET_MAGIC = b"PAR1"
_MAX_CELL = 1000


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column with its catalog type, its distinct values that are not blank, and its blank cells."""

    name: str
    data_type: str
    distinct: int
    blank: int


def detect_format(file: IO[bytes], name: str) -> SourceFormat:
    """Parquet by its first bytes, else CSV if the text or the name says so."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    if head.startswith(_PARQUET_MAGIC):
        return SourceFormat.PARQUET
    if not head:
        raise InvalidSourceError(_("The file is empty."))
    if b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidSourceError(_("The file is neither CSV nor Parquet."))
    if name.lower().endswith((".xlsx", ".xls", ".json", ".zip", ".gz", ".parquet", ".pq")):
        raise InvalidSourceError(_("The file is neither CSV nor Parquet. Save it as CSV in UTF-8."))
    return SourceFormat.CSV


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is to be read. The header of a CSV file names the columns unless ``columns`` does."""

    format: SourceFormat
    columns: tuple[str, ...] | None = None
    header_lines: int = 1
    delimiter: str = ","


def read(file: IO[bytes], shape: Shape) -> pa.Table:
    """All rows: CSV as text, in which blank cells are empty, Parquet in its own types."""
    if shape.format == SourceFormat.PARQUET:
        return _read_parquet(file)
    csv_file = _CsvFile(file, shape)
    with csv_file.explained():
        return pa_csv.read_csv(csv_file.source, **csv_file.options)


def pieces(file: IO[bytes], shape: Shape) -> Iterator[pa.RecordBatch]:
    """The same rows in pieces of some megabytes, of which one at a time is in memory."""
    file.seek(0)
    if shape.format == SourceFormat.PARQUET:
        try:
            yield from pq.ParquetFile(pa.PythonFile(file, mode="r")).iter_batches()
        except (pa.ArrowException, OSError) as error:
            raise InvalidSourceError(_("The file cannot be read as Parquet: %(error)s") % {"error": error}) from error
        return
    csv_file = _CsvFile(file, shape)
    with csv_file.explained():
        yield from pa_csv.open_csv(csv_file.source, **csv_file.options)


def as_text(column: pa.Array) -> pa.Array:
    """A column of any type that ``catalog_type`` knows, as text; nulls stay."""
    return (column.dictionary_decode() if pa.types.is_dictionary(column.type) else column).cast(pa.string())


class _CsvFile:
    """A CSV file that has been looked at, with what pyarrow needs to know to read it, and its errors in words."""

    def __init__(self, file: IO[bytes], shape: Shape) -> None:
        if _check_utf8(file) % 2:
            _check_quotes(file, shape.delimiter)
        names = list(shape.columns) if shape.columns is not None else _header(file, shape.delimiter)
        self._width = len(names)
        self._bad_rows: list[tuple[int | None, int]] = []
        file.seek(0)
        self.source = pa.PythonFile(file, mode="r")
        self.options: dict[str, Any] = {
            "read_options": pa_csv.ReadOptions(
                column_names=names, skip_rows_after_names=shape.header_lines, use_threads=False, block_size=_BLOCK
            ),
            "parse_options": pa_csv.ParseOptions(
                delimiter=shape.delimiter, newlines_in_values=True, invalid_row_handler=self._note
            ),
            "convert_options": pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        }

    def _note(self, row: pa_csv.InvalidRow) -> str:
        self._bad_rows.append((row.number, row.actual_columns))
        return "skip" if len(self._bad_rows) < 2 else "error"

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raises ``InvalidSourceError`` for what pyarrow refuses, also for a row that it was told to skip."""
        try:
            yield
        except pa.ArrowInvalid as error:
            if not self._bad_rows:
                raise InvalidSourceError(_("The file cannot be read as CSV: %(error)s") % {"error": error}) from error
        if self._bad_rows:
            number, actual = self._bad_rows[0]
            message = _("Row %(number)s has %(actual)d cells; the header has %(expected)d columns.")
            raise InvalidSourceError(message % {"number": number or "?", "actual": actual, "expected": self._width})


def _read_parquet(file: IO[bytes]) -> pa.Table:
    """A Parquet file as a table in its own types."""
    file.seek(0)
    try:
        table = pq.read_table(pa.PythonFile(file, mode="r"))
        for place, field in enumerate(table.schema):
            if pa.types.is_dictionary(field.type):
                table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
        return table
    except (pa.ArrowException, OSError) as error:
        raise InvalidSourceError(_("The file cannot be read as Parquet: %(error)s") % {"error": error}) from error


def concatenate(parts: Sequence[pa.Table]) -> pa.Table:
    """The files of one table, one after the other."""
    try:
        return pa.concat_tables(parts)
    except pa.ArrowInvalid as error:
        raise InvalidSourceError(_("The files of the table have different columns.")) from error


def check_columns(table: pa.Table) -> None:
    """Raises ``InvalidSourceError`` if Glue could not take the columns, or they could not stand in a label file."""
    names = [name.strip() for name in table.column_names]
    if len(names) > MAX_COLUMNS:
        message = _("The table has %(count)d columns; Glue takes %(limit)d at most.")
        raise InvalidSourceError(message % {"count": len(names), "limit": MAX_COLUMNS})
    if not all(names):
        place = names.index("") + 1
        raise InvalidSourceError(_("Column %(place)d has no name in the header.") % {"place": place})
    # The catalog is case-insensitive.
    repeated = [name for name, count in Counter(name.lower() for name in names).items() if count > 1]
    if repeated:
        raise InvalidSourceError(_("More than one column is called %(name)s.") % {"name": repeated[0]})
    reserved = sorted(_RESERVED.intersection(name.lower() for name in names))
    if reserved:
        message = _("A column cannot be called %(name)s: label files and results use that name.")
        raise InvalidSourceError(message % {"name": reserved[0]})
    for field in table.schema:
        catalog_type(field)


def catalog_type(field: pa.Field) -> str:
    """The Data Catalog's word for the type of a column. Raises ``InvalidSourceError`` for nested and binary columns."""
    kind = field.type
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    for test, word in _TYPES:
        if test(kind):
            return word
    message = _("Column %(name)s holds values of type %(type)s, which cannot be shown as one cell.")
    raise InvalidSourceError(message % {"name": field.name, "type": kind})


_TYPES = (
    (
        lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind),
        "string",
    ),
    (pa.types.is_boolean, "boolean"),
    (lambda kind: pa.types.is_int64(kind) or pa.types.is_uint32(kind) or pa.types.is_uint64(kind), "bigint"),
    (pa.types.is_integer, "int"),
    (pa.types.is_float64, "double"),
    (pa.types.is_floating, "float"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_null, "string"),
)


def column_facts(table: pa.Table) -> Iterable[ColumnFacts]:
    """Each column with its counts, one after the other, so that only one set of distinct values is in memory."""
    for field, column in zip(table.schema, table.columns, strict=True):
        distinct = pc.count_distinct(column, mode="only_valid").as_py()
        blank = column.null_count
        if catalog_type(field) == "string" and not pa.types.is_null(field.type):
            text = column.cast(pa.string())
            spaces = pc.filter(text, pc.equal(pc.utf8_trim_whitespace(text), ""))
            blank += len(spaces)
            distinct -= pc.count_distinct(spaces).as_py()
        yield ColumnFacts(field.name, catalog_type(field), distinct, blank)


def first_rows(table: pa.Table, count: int) -> tuple[tuple[str, ...], ...]:
    """The first rows as text, long cells cut."""
    head = table.slice(0, count)
    return tuple(
        tuple("" if value is None else str(value)[:_MAX_CELL] for value in row)
        for row in zip(*(column.to_pylist() for column in head.columns), strict=True)
    )


def _check_utf8(file: IO[bytes]) -> int:
    """How many quotes there are. Raises ``InvalidSourceError`` with the line of the first byte that is not UTF-8."""
    file.seek(0)
    quotes = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    first = True
    while chunk := file.read(_CHUNK):
        if first and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InvalidSourceError(_("The file is UTF-16. Save it as CSV in UTF-8."))
        first = False
        pending = decoder.getstate()[0]
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line += (pending + chunk)[: error.start].count(b"\n")
            message = _("Line %(line)d is not UTF-8; perhaps the file is Windows-1252. Save it as CSV in UTF-8.")
            raise InvalidSourceError(message % {"line": line}) from None
        line += chunk.count(b"\n")
        quotes += chunk.count(b'"')
    if decoder.getstate()[0]:
        message = _("Line %(line)d is not UTF-8: the file ends in the middle of a character.")
        raise InvalidSourceError(message % {"line": line})
    return quotes


def _check_quotes(file: IO[bytes], delimiter: str) -> None:
    """Raises ``InvalidSourceError`` if a quoted cell never ends; pyarrow would take the rest of the file as that cell."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    last = 1
    try:
        for _row in reader:
            last = reader.line_num + 1
    except csv.Error as error:
        message = _("From line %(line)d on the file cannot be read as CSV: %(error)s.")
        raise InvalidSourceError(message % {"line": last, "error": error}) from error
    finally:
        text.detach()


def _header(file: IO[bytes], delimiter: str) -> list[str]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        names = next(csv.reader(text, delimiter=delimiter), [])
    except csv.Error as error:
        raise InvalidSourceError(_("The header cannot be read: %(error)s") % {"error": error}) from error
    finally:
        text.detach()
    if len(names) == 1 and any(other in names[0] for other in ";\t|"):
        raise InvalidSourceError(_("The cells are not separated by commas. Save the file as CSV with commas."))
    if not names:
        raise InvalidSourceError(_("The file has no header."))
    return names
