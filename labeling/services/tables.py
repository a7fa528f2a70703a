"""CSV and Parquet through pyarrow: read, checked, described. Everything that a person can fix is an ``InvalidSourceError``."""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from django.conf import settings
from django.utils.translation import gettext as _

from labeling.choices import SourceFormat
from labeling.exceptions import InvalidSourceError
from labeling.services import csv_text
from tableformats import NULL_MARK, TableFormat

MAX_COLUMNS = 100  # TransformSchema of https://docs.aws.amazon.com/glue/latest/webapi/API_GetMLTransform.html
_RESERVED = frozenset({"labeling_set_id", "label", "match_id", "match_confidence_score"})
_MAX_NAME = 255
_CHUNK = 1024 * 1024
_BLOCK = 8 * _CHUNK
_MAX_BATCH = 65_536
_TIGHT = 8  # bytes
_PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class Pieces:
    """A file's columns, and its rows in pieces of some megabytes, of which one at a time is in memory.

    CSV is text, in which blank cells are empty; Parquet has its own types, but text that repeats itself comes as dictionaries: written
    out, a small file can be larger than all memory (``as_text`` does it for a piece).
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]

    def select(self, places: Sequence[int], names: Sequence[str]) -> Pieces:
        """The columns at these places alone, in this order and under these names."""
        fields = zip(places, names, strict=True)
        schema = pa.schema([self.schema.field(place).with_name(name) for place, name in fields])
        return Pieces(
            schema,
            (pa.record_batch([batch.column(place) for place in places], schema=schema) for batch in self.batches),
        )


def detect_format(file: IO[bytes], name: str) -> SourceFormat:
    """Parquet by its first bytes, else CSV if the text or the name says so."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    if head.startswith(_PARQUET_MAGIC):
        return SourceFormat.PARQUET
    if not head:
        raise InvalidSourceError(_("The file is empty."))
    if _is_binary(head):
        raise InvalidSourceError(_("The file is neither CSV nor Parquet."))
    if name.lower().endswith((".xlsx", ".xls", ".json", ".zip", ".gz", ".parquet", ".pq")):
        raise InvalidSourceError(_("The file is neither CSV nor Parquet. Save it as CSV in UTF-8."))
    return SourceFormat.CSV


def _is_binary(head: bytes) -> bool:
    """Whether a file begins as no text does, in UTF-16 neither. One NUL among letters is a slip, of which the line is told later."""
    if b"\0" not in head or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    return 4 * head.count(0) > len(head) or any(byte < 32 and byte not in b"\0\t\n\r" for byte in head)


def open_pieces(
    file: IO[bytes], layout: TableFormat, columns: Sequence[str] | None = None, *, refuse_nul: bool = False
) -> Pieces:
    """Look at a file and begin to read it. The header of a CSV file names the columns unless ``columns`` does.

    With ``refuse_nul``, raises ``InvalidSourceError`` for a NUL character in CSV, where the line can be told.
    """
    if layout.kind == SourceFormat.PARQUET:
        return _open_parquet(file)
    csv_file = _CsvFile(file, layout, columns, refuse_nul=refuse_nul)
    return Pieces(csv_file.schema, csv_file.batches())


def find_columns(header: Sequence[str], names: Sequence[str]) -> list[int | None]:
    """Where the columns ``names`` stand, the first of each; None where there is no such column.

    Upper and lower case are one, since Glue's catalog knows only the latter; blanks around names do not count.
    """
    at = {name.strip().lower(): place for place, name in reversed(list(enumerate(header)))}
    return [at.get(name.strip().lower()) for name in names]


def check_size(file: IO[bytes], layout: TableFormat) -> None:
    """Raises ``InvalidSourceError`` if a Parquet file says of itself that it holds more than is looked at here, packed as it may be."""
    if layout.kind != SourceFormat.PARQUET:
        return
    with _parquet_explained():
        metadata = pq.read_metadata(_source(file))
    check_rows(metadata.num_rows)
    size = _unpacked_size(metadata)
    if size > settings.MAX_SOURCE_BYTES:
        message = _("The file is %(size)d MB when unpacked; the portal reads %(limit)d MB at most.")
        raise InvalidSourceError(message % {"size": size >> 20, "limit": settings.MAX_SOURCE_BYTES >> 20})


def check_rows(count: int) -> None:
    """Raises ``InvalidSourceError`` if there are more rows than are looked at here."""
    if count > settings.MAX_SOURCE_ROWS:
        message = _("There are more than %(limit)s rows, the most that the portal reads.")
        raise InvalidSourceError(message % {"limit": f"{settings.MAX_SOURCE_ROWS:,}"})


def as_text(column: pa.Array) -> pa.Array:
    """A column of any type that ``catalog_type`` knows, as text; nulls stay. Raises ``InvalidSourceError`` for times of a zone that nobody knows."""
    with _parquet_explained():
        return (column.dictionary_decode() if pa.types.is_dictionary(column.type) else column).cast(pa.string())


class _CsvFile:
    """A CSV file that has been looked at, with what pyarrow needs to know to read it, and its errors in words."""

    def __init__(
        self, file: IO[bytes], layout: TableFormat, columns: Sequence[str] | None, *, refuse_nul: bool
    ) -> None:
        quotes, escapes, nuls = csv_text.check_utf8(file, layout)
        if nuls and refuse_nul:
            csv_text.refuse_nul(file, layout, columns)
        if quotes % 2 or escapes:
            csv_text.check_quotes(file, layout)
        first, blank = csv_text.first_record(file, layout)
        names = list(columns) if columns is not None else first
        if not names:
            raise InvalidSourceError(_("The file has no header."))
        self.schema = pa.schema([(name, pa.string()) for name in names])
        header_lines = blank + (layout.header_lines or int(layout.is_header(0, first, names)))
        self._is_header_alone = bool(header_lines) and not csv_text.has_line_end(file)
        self._file, self._layout = file, layout
        self._bad_rows = 0
        self._letters = layout.escaped_null
        self._source = pa.PythonFile(_MarkedNulls(file, layout), mode="r") if self._letters else _source(file)
        self._options: dict[str, Any] = {
            "read_options": pa_csv.ReadOptions(
                column_names=names,
                skip_rows_after_names=header_lines,
                use_threads=False,
                block_size=_BLOCK,
            ),
            "parse_options": pa_csv.ParseOptions(
                delimiter=layout.delimiter,
                quote_char=layout.quote,
                escape_char=layout.escape or False,
                newlines_in_values=True,
                invalid_row_handler=self._note,
            ),
            "convert_options": pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                null_values=[NULL_MARK if self._letters else layout.null],
                strings_can_be_null=bool(layout.null),
            ),
        }

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        if self._is_header_alone:  # which pyarrow refuses unless its line ends
            return
        with self._explained():
            for batch in pa_csv.open_csv(self._source, **self._options):
                if not self._letters:
                    yield batch
                    continue
                columns = [pc.replace_substring(column, NULL_MARK, self._letters) for column in batch.columns]
                yield pa.record_batch(columns, schema=batch.schema)

    def _note(self, _row: pa_csv.InvalidRow) -> str:
        self._bad_rows += 1
        return "skip" if self._bad_rows < 2 else "error"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raises ``InvalidSourceError`` for what pyarrow refuses, also for a row that it was told to skip."""
        try:
            yield
        except pa.ArrowInvalid as error:
            if not self._bad_rows:
                message = _(
                    "The file cannot be read as CSV. Either a row is longer than %(limit)d MB, or a quote is missing somewhere."
                )
                raise InvalidSourceError(message % {"limit": _BLOCK >> 20}) from error
        if self._bad_rows:
            raise InvalidSourceError(csv_text.uneven_row(self._file, self._layout, len(self.schema)))


class _MarkedNulls(io.RawIOBase):
    """A file in which escaped nulls are marked, since pyarrow resolves escapes before it looks for nulls."""

    def __init__(self, file: IO[bytes], layout: TableFormat) -> None:
        file.seek(0)
        self._file, self._layout, self._marked = file, layout, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        while not 0 <= size <= len(self._marked) and (lines := self._file.readlines(_CHUNK)):
            self._marked += self._layout.mark_nulls(b"".join(lines).decode()).encode()
        end = len(self._marked) if size < 0 else size
        taken, self._marked = self._marked[:end], self._marked[end:]
        return taken


def _open_parquet(file: IO[bytes]) -> Pieces:
    with _parquet_explained():
        # In nanoseconds, which Arrow makes of this type, the year 9999 is 1816.
        plain = pq.ParquetFile(_source(file), coerce_int96_timestamp_unit="us")
        texts = {field.name for field in plain.schema_arrow if _is_text(field.type)}
        repeated = sorted(texts & _packed_tightly(plain.metadata))
        found = pq.ParquetFile(
            _source(file), metadata=plain.metadata, read_dictionary=repeated, coerce_int96_timestamp_unit="us"
        )
    rows = _BLOCK * plain.metadata.num_rows // (_unpacked_size(plain.metadata) + 1)

    def batches() -> Iterator[pa.RecordBatch]:
        with _parquet_explained():
            for batch in found.iter_batches(min(max(rows, 1), _MAX_BATCH)):
                _check_text(batch)
                yield batch

    return Pieces(found.schema_arrow, batches())


def _check_text(batch: pa.RecordBatch) -> None:
    """Raises ``InvalidSourceError`` for text that is none, which pyarrow reads without looking."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            message = _("Column %(name)s holds text that is not UTF-8, as all text in Parquet must be.")
            raise InvalidSourceError(message % {"name": field.name}) from error


def _unpacked_size(metadata: pq.FileMetaData) -> int:
    return sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))


def _packed_tightly(metadata: pq.FileMetaData) -> set[str]:
    """The columns that take but a few bytes a value, as text does only if the same values come again and again."""
    sizes: Counter[str] = Counter()
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(place)
            sizes[chunk.path_in_schema] += chunk.total_uncompressed_size
    return {name for name, size in sizes.items() if size < _TIGHT * metadata.num_rows}


@contextmanager
def _parquet_explained() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise InvalidSourceError(_("The file cannot be read as Parquet: %(error)s") % {"error": error}) from error


def _source(file: IO[bytes]) -> pa.PythonFile:
    file.seek(0)
    return pa.PythonFile(file, mode="r")


def check_columns(schema: pa.Schema) -> None:
    """Raises ``InvalidSourceError`` if Glue could not take the columns, or they could not stand in a label file."""
    names = [name.strip() for name in schema.names]
    if len(names) > MAX_COLUMNS:
        message = _("The table has %(count)d columns; Glue accepts %(limit)d at most.")
        raise InvalidSourceError(message % {"count": len(names), "limit": MAX_COLUMNS})
    if not names:
        raise InvalidSourceError(_("The table has no columns."))
    if not all(names):
        place = names.index("") + 1
        raise InvalidSourceError(_("Column %(place)d has no name in the header.") % {"place": place})
    if any("\0" in name for name in names):
        place = next(place for place, name in enumerate(names, start=1) if "\0" in name)
        raise InvalidSourceError(_("The name of column %(place)d contains a NUL character.") % {"place": place})
    for place, name in enumerate(names, start=1):
        _check_name(name, place)
    # The catalog is case-insensitive.
    repeated = [name for name, count in Counter(name.lower() for name in names).items() if count > 1]
    if repeated:
        one, other = [name for name in names if name.lower() == repeated[0]][:2]
        message = _("The columns %(one)s and %(other)s differ only in case; the catalog does not tell them apart.")
        if one == other:
            message = _("More than one column is called %(one)s.")
        raise InvalidSourceError(message % {"one": one, "other": other})
    reserved = sorted(_RESERVED.intersection(name.lower() for name in names))
    if reserved:
        message = _(
            "A column cannot be called %(name)s: label files and results use that name. Give the column another name."
        )
        raise InvalidSourceError(message % {"name": reserved[0]})
    for field in schema:
        catalog_type(field)


def _check_name(name: str, place: int) -> None:
    """Raises ``InvalidSourceError`` for the name of a column that Glue refuses, in words of its own.

    https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html
    """
    if len(name) > _MAX_NAME:
        message = _("The name of column %(place)d has %(count)d characters; Glue accepts %(limit)d at most.")
        raise InvalidSourceError(message % {"place": place, "count": len(name), "limit": _MAX_NAME})
    if any(character in name for character in "\r\n"):
        message = _("The name of column %(place)d contains a line break, which Glue does not accept.")
        raise InvalidSourceError(message % {"place": place})
    if any(character < " " and character != "\t" for character in name):
        message = _("The name of column %(place)d contains a control character, which Glue does not accept.")
        raise InvalidSourceError(message % {"place": place})


def catalog_type(field: pa.Field) -> str:
    """The Data Catalog's word for the type of a column. Raises ``InvalidSourceError`` for nested and binary columns."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    for test, word in _TYPES:
        if test(kind):
            return word
    message = _("Column %(name)s holds values of type %(type)s, which cannot be shown as one cell.")
    raise InvalidSourceError(message % {"name": field.name, "type": kind})


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


_TYPES = (
    (_is_text, "string"),
    (pa.types.is_boolean, "boolean"),
    (lambda kind: pa.types.is_int64(kind) or pa.types.is_uint32(kind) or pa.types.is_uint64(kind), "bigint"),
    (pa.types.is_integer, "int"),
    (pa.types.is_float64, "double"),
    (pa.types.is_floating, "float"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_null, "string"),
)
