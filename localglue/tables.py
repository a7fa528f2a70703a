"""The rows of a catalog table: from S3, by the format that its definition names, to Arrow with a text column per catalog column.

Text, because the engine compares text and a label file holds text: ``007`` in an ``int`` column stays ``007``. Types are checked all
the same; a cell that breaks its column's type is an error that names file, line and column, never the content.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from labelfiles import counted
from localglue import store
from localglue.cell_types import check_of
from tableformats import NULL_MARK, FormatError, TableFormat, is_gzipped, numbered, table_format

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_COLUMNS = 100
_BATCH = 65_536
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class TableError(Exception):
    """The table cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What was read: the ``table``, and from which ``files`` its rows are, in their order, how many from each."""

    table: pa.Table
    files: tuple[tuple[store.S3Path, int], ...]

    def place(self, row: int) -> str:
        """Where a row of the table, counted from 0, is: the file and its row, counted from 1, without the header."""
        for path, n_rows in self.files:
            if row < n_rows:
                return f"{path}, row {row + 1}"
            row -= n_rows
        raise IndexError(row)


def _joined(parts: Iterable[tuple[store.S3Object, pa.Table]]) -> Rows:
    import pyarrow as pa  # here and not above: the server never reads tables and should start quickly

    found = list(parts)
    return Rows(
        pa.concat_tables([table for _, table in found]),
        tuple((item.path, int(table.num_rows)) for item, table in found),
    )


def layout_of(definition: dict[str, Any]) -> TableFormat:
    """How the files of a table are to be read. Raises ``TableError``."""
    descriptor = definition.get("StorageDescriptor", {})
    serde = descriptor.get("SerdeInfo", {})
    parameters = {
        **definition.get("Parameters", {}),
        **descriptor.get("Parameters", {}),
        **serde.get("Parameters", {}),
    }
    try:
        return table_format(
            parameters, serde=serde.get("SerializationLibrary", ""), input_format=descriptor.get("InputFormat", "")
        )
    except FormatError as error:
        raise TableError(str(error)) from None


def read_table(definition: dict[str, Any], schema: list[dict[str, str]]) -> Rows:
    """All rows of a table, the columns of ``schema`` in its order, as text; an empty cell is a null.

    Raises ``TableError``, or ``store.StoreError`` where S3 refuses.
    """
    layout = layout_of(definition)
    columns = definition.get("StorageDescriptor", {}).get("Columns", [])
    have = {column["Name"].lower() for column in columns}
    if missing := [column["Name"] for column in schema if column["Name"].lower() not in have]:
        raise TableError(f"The table no longer has the column {missing[0]}, which is in the schema of the transform.")
    read = _READERS[layout.kind]
    location = definition.get("StorageDescriptor", {}).get("Location", "")
    if not location:
        raise TableError("The table has no location.")
    files = _files(location, f"the table's location {location}")
    return _joined((item, _select(read(item, layout, columns), schema)) for item in files)


def _select(rows: pa.Table, schema: list[dict[str, str]]) -> pa.Table:
    positions = {name.lower(): index for index, name in enumerate(rows.column_names)}
    order = [positions[column["Name"].lower()] for column in schema]
    return rows.select(order).rename_columns([column["Name"] for column in schema])


def read_files(location: str, schema: list[dict[str, str]], *, optional: frozenset[str] = frozenset()) -> Rows:
    """The columns of ``schema`` from files that no table describes: CSV with a header, Parquet or JSON lines, by their names' end.

    All files must have them, in whatever order; a column in ``optional`` may be missing from the first, and is then left out.
    Raises as ``read_table``.
    """
    files = _files(location, location)
    first = files[0]
    kind = _kind(first)
    readers = {"csv": _csv_columns, "parquet": _parquet_columns, "json": None}
    if kind not in readers:
        raise TableError(
            f"{first.path}: the name must end with .csv, .parquet or .json, or be that of a folder of such files."
        )
    find = readers[kind]
    layout = layout_of({"Parameters": {"classification": kind}})
    read = _READERS[layout.kind]
    types = {column["Name"].lower(): column["DataType"] for column in schema}
    parts = []
    for item in files:
        if _kind(item) in readers.keys() - {kind}:
            raise TableError(f"{item.path}: the other files of the folder are .{kind}, such as {first.path}.")
        names = find(item) if find else [column["Name"] for column in schema]
        have = {name.lower() for name in names}
        for column in schema:
            if column["Name"].lower() not in have | optional:
                raise TableError(f"{item.path}: the file has no column {column['Name']}.")
        _check_once(item, names, schema)
        if item is first:
            schema, optional = [column for column in schema if column["Name"].lower() in have], frozenset()
        wanted = names if layout.kind == "csv" else [column["Name"] for column in schema]  # the others go by name
        columns = [{"Name": name, "Type": types.get(name.lower(), "string")} for name in wanted]
        parts.append((item, _select(read(item, layout, columns), schema)))
    return _joined(parts)


def _kind(item: store.S3Object) -> str:
    """What the end of the name says, without ``.gz``; of both kinds of JSON ``json``."""
    end = item.path.key.lower().removesuffix(".gz").rpartition(".")[2]
    return "json" if end == "jsonl" else end


def _check_once(item: store.S3Object, names: Iterable[str], schema: list[dict[str, Any]], line: int = 0) -> None:
    """Raises ``TableError`` if it is not clear which column is meant; what is not read may have one name twice."""
    count = Counter(name.lower() for name in names)
    for column in schema:
        if count[column["Name"].lower()] > 1:
            place = f"{item.path}, line {line}" if line else f"{item.path}"
            raise TableError(f"{place}: more than one column is named {column['Name']}; capitals do not count.")


def _csv_columns(item: store.S3Object) -> list[str]:
    with _opened(item) as raw:
        try:
            reader = csv.reader(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""), strict=True)
            header = next(filter(None, reader), [])  # blank lines before it are no header
        except (csv.Error, UnicodeDecodeError):
            raise TableError(f"{item.path}, line 1: the header is not CSV in UTF-8.") from None
    return [name.strip() for name in header]


def _parquet_columns(item: store.S3Object) -> list[str]:
    with _parquet(item) as file:
        return list(file.schema_arrow.names)


@contextmanager
def _parquet(item: store.S3Object) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa  # as above
    import pyarrow.parquet as pq  # as above

    path = store.download(item)
    try:
        # In nanoseconds, which Arrow makes of the type that Spark writes timestamps in, the year 9999 is 1816.
        yield pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
    except (
        pa.ArrowInvalid,
        pa.ArrowNotImplementedError,
        OSError,
    ) as error:  # of damage Arrow says the one or the other
        raise TableError(f"{item.path}: the file cannot be read as Parquet: {error}") from None


def _files(location: str, name: str) -> list[store.S3Object]:
    """The object at the location, or all under it that Hive would read (not ``_SUCCESS``, not ``.hidden``). ``name`` is for the error."""
    try:
        path = store.parse_path(location)
    except store.StoreError as error:
        raise TableError(f"No data can be read at {name}: {error}") from None
    if path.key and not path.key.endswith("/"):
        exact = [item for item in store.list_folder(path) if item.path == path]
        if exact:
            return exact
        path = store.S3Path(path.bucket, f"{path.key}/")
    found = [item for item in store.list_folder(path) if item.size and not store.is_hidden(item.path, path)]
    if not found:
        raise TableError(f"There is no data at {name}.")
    return found


@contextmanager
def _opened(item: store.S3Object) -> Iterator[BinaryIO]:
    with store.download(item).open("rb") as raw:
        if is_gzipped(item.path.key):
            try:
                with gzip.open(raw) as stream:
                    yield cast(BinaryIO, stream)
            except (OSError, EOFError, zlib.error) as error:
                reason = f"this is not a gzip file, or not a complete one: {error}."
                raise TableError(f"{item.path}: {reason}") from None
        else:
            yield raw


class _Columns:
    """Collects rows of text, column by column, in batches; checks each cell against its type."""

    def __init__(self, item: store.S3Object, columns: list[dict[str, Any]]) -> None:
        self.item = item
        self.names = [column["Name"] for column in columns]
        self.checks = [check_of(column.get("Type", "string")) for column in columns]
        self.types = [column.get("Type", "string") for column in columns]
        self.rows: list[list[str | None]] = []
        self.batches: list[Any] = []

    def add(self, line: int, cells: list[str | None]) -> None:
        for index, (check, cell) in enumerate(zip(self.checks, cells, strict=True)):
            if check is not None and cell is not None and not check(cell):
                raise TableError(
                    f"{self.item.path}, line {line}, column {self.names[index]}: the value is not of type {self.types[index]}."
                )
        self.rows.append(cells)
        if len(self.rows) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa  # as above

        columns = list(zip(*self.rows, strict=True)) if self.rows else [()] * len(self.names)
        arrays = [pa.array(column, type=pa.large_string()) for column in columns]
        self.batches.append(pa.table(arrays, names=self.names))
        self.rows = []

    def table(self) -> pa.Table:
        import pyarrow as pa  # as above

        if self.rows or not self.batches:
            self._flush()
        return pa.concat_tables(self.batches)


def _read_csv(item: store.S3Object, layout: TableFormat, columns: list[dict[str, Any]]) -> pa.Table:
    """Columns by position, as Hive reads them."""
    found = _Columns(item, columns)
    names = [column["Name"] for column in columns]
    letters = layout.escaped_null
    nulls = {"", NULL_MARK if letters else layout.null}
    csv.field_size_limit(1 << 28)
    with _opened(item) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        reader = csv.reader(
            map(layout.mark_nulls, text) if letters else text,
            delimiter=layout.delimiter,
            quotechar=layout.quote,
            escapechar=layout.escape or None,
            strict=True,
        )
        line = 0
        try:
            for number, cells in numbered(reader):
                start, line = line + 1, reader.line_num
                if not cells or layout.is_header(number, cells, names):
                    continue
                if len(cells) != len(names):
                    raise TableError(
                        f"{item.path}, line {start}: the row has {counted(len(cells), 'cell')}, the table {counted(len(names), 'column')}."
                    )
                values = [None if cell in nulls else cell for cell in cells]
                if letters:
                    values = [value and value.replace(NULL_MARK, letters) for value in values]
                found.add(start, values)
        except csv.Error as error:
            raise TableError(f"{item.path}, line {line + 1}: {error}.") from None
        except UnicodeDecodeError:
            raise TableError(f"{item.path}, line {_not_utf8(item)}: the file is not UTF-8. Save it in UTF-8.") from None
    return found.table()


def _not_utf8(item: store.S3Object) -> int:
    """The first line that cannot be decoded; a reader of text is some thousand bytes ahead of what it gives."""
    with _opened(item) as raw:
        for line, text in enumerate(raw, start=1):
            try:
                text.decode()
            except UnicodeDecodeError:
                return line
    raise AssertionError("all lines can be decoded")


def _read_json(item: store.S3Object, layout: TableFormat, columns: list[dict[str, Any]]) -> pa.Table:
    """One object a line; members by name, whatever their case; numbers keep the digits that they are written with."""
    found = _Columns(item, columns)
    names = [column["Name"].lower() for column in columns]
    with _opened(item) as raw:
        for line, text in enumerate(raw, start=1):
            if not text.strip():
                continue
            try:
                value = json.loads(
                    text.decode("utf-8-sig"),
                    parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=tuple,
                )  # fmt: skip
            except (ValueError, RecursionError):
                raise TableError(f"{item.path}, line {line}: the line is not JSON in UTF-8.") from None
            if not isinstance(value, tuple):
                raise TableError(f"{item.path}, line {line}: the line is not an object.")
            members = {name.lower(): member for name, member in value}
            if len(members) < len(value):
                _check_once(item, (name for name, _ in value), columns, line)
            found.add(line, [_json_text(item, line, name, members.get(name)) for name in names])
    return found.table()


def _json_text(item: store.S3Object, line: int, name: str, value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        raise TableError(f"{item.path}, line {line}, column {name}: the value is not a plain value.")
    if value and _SURROGATE.search(value):
        raise TableError(f"{item.path}, line {line}, column {name}: the value holds half of a character.")
    return value or None


def _read_parquet(item: store.S3Object, layout: TableFormat, columns: list[dict[str, Any]]) -> pa.Table:
    """Columns by name, whatever their case; the file's own types hold."""
    import pyarrow as pa  # as above

    with _parquet(item) as file:
        table = file.read()
        positions = {name.lower(): index for index, name in enumerate(table.column_names)}
        _check_once(item, table.column_names, columns)
        arrays = []
        for column in columns:
            if column["Name"].lower() not in positions:
                raise TableError(f"{item.path}: the file has no column {column['Name']}.")
            values = table.column(positions[column["Name"].lower()])
            if pa.types.is_nested(values.type):
                raise TableError(f"{item.path}, column {column['Name']}: the values are not plain values.")
            try:
                values.validate(full=True)  # reading looks at no text
            except pa.ArrowInvalid as error:
                raise TableError(f"{item.path}, column {column['Name']}: {error}") from None
            arrays.append(values.cast(pa.large_string()))
        return pa.table(arrays, names=[column["Name"] for column in columns])


_READERS = {"csv": _read_csv, "parquet": _read_parquet, "json": _read_json}
