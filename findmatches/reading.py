"""CSV and Parquet files to ``Records``, with errors that name file, line and column."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from findmatches.errors import FindMatchesError
from findmatches.schema import Records, text_table
from labelfiles import counted

if TYPE_CHECKING:
    import pyarrow as pa

_CSV = (".csv", ".csv.gz")
PARQUET = (".parquet", ".parq")
# A row must fit into one block; where one does not, the file is read again in larger ones.
_BLOCK, _LARGE_BLOCK = 16 << 20, 1 << 30
_HEAD = 1 << 20
_LONGEST_NAME = 100_000
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_LINE_ENDS = re.compile(rb"\r\n|\n|\r")
# A cell of a row; if it begins with a quote, with what is in quotes, and from the closing quote on, if there is one, all up to the next comma.
_CELL = re.compile(r'(?:\A|,)(?:"(?P<quoted>[^"]*+(?:""[^"]*+)*+)(?P<rest>"[^,\r\n]*+)?|[^,\r\n]*+)')


def read_records(source: Path | str | Sequence[Path | str], *, primary_key: str) -> Records:
    """Read a CSV (UTF-8, comma-separated, with a header; ``.gz`` allowed) or Parquet file, a folder of them, or several of both.

    An empty cell is a null. All files must have the same columns; their order may differ. In a folder, files whose names
    start with ``.`` or ``_`` are left out, as Spark does. Raises ``FindMatchesError``.
    """
    paths = data_files([Path(one) for one in ([source] if isinstance(source, (Path, str)) else source)])
    tables = [_read(path) for path in paths]
    return _join(paths, tables, primary_key)


def data_files(sources: list[Path]) -> list[Path]:
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            inside = sorted(
                path
                for path in source.rglob("*")
                if path.is_file()
                and path.name.lower().endswith(_CSV + PARQUET)
                and not any(part.startswith((".", "_")) for part in path.relative_to(source).parts)
            )
            if not inside:
                raise FindMatchesError(f"The folder {source} holds no .csv, .csv.gz or .parquet file.")
            found.extend(inside)
        elif source.is_file():
            found.append(source)
        else:
            raise FindMatchesError(f"There is no file or folder {source}.")
    if not found:
        raise FindMatchesError("No file was given.")
    return found


def _read(path: Path) -> pa.Table:
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    if not path.name.lower().endswith(PARQUET):
        return _read_csv(path)
    import pyarrow.parquet as pq  # only where a Parquet file is read

    try:
        # In nanoseconds, which Arrow makes of the type that Spark writes timestamps in, the year 9999 is 1816.
        table = pq.ParquetFile(path, coerce_int96_timestamp_unit="us").read()
        table.validate(full=True)  # reading looks at no text
        return table
    except (pa.ArrowException, OSError) as error:  # of damage within Arrow says the one or the other
        raise FindMatchesError(f"{path}: {error}") from error


def _read_csv(path: Path) -> pa.Table:
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    from pyarrow import csv as arrow_csv

    data = _content(path)
    if not data.lstrip(b"\xef\xbb\xbf\r\n"):  # of which nothing is copied unless there is something to strip
        raise FindMatchesError(f"{path}: the file is empty.")
    names = _header(path, data)
    if not _LINE_ENDS.search(data):
        data += b"\n"  # without one, a header alone is nothing to Arrow

    def read(block: int) -> pa.Table:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(block_size=block),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
            ),
        )

    try:
        try:
            table = read(_BLOCK if len(data) < 64 * _BLOCK else 4 * _BLOCK)
        except pa.ArrowInvalid as error:
            if "straddl" not in str(error):
                raise
            table = read(_LARGE_BLOCK)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise FindMatchesError(_csv_fault(path, data, names) or f"{path}: {error}") from error
    # Arrow takes all that follows a quote which is never closed, up to the next quote if there is one, for one cell.
    if _may_lack_quotes(data, table.num_rows) and not _is_strict(data) and (fault := _csv_fault(path, data, names)):
        raise FindMatchesError(fault)
    return table


def _may_lack_quotes(data: bytes, n_rows: int) -> bool:
    """Whether a quote is left over, some lines are no rows, or the last is open; each may be right, say in a cell of several lines."""
    quotes = data.count(b'"')
    if not quotes:
        return False
    lines = max(data.count(b"\n"), data.count(b"\r")) + (not data.endswith((b"\n", b"\r")))
    return bool(quotes % 2) or lines > n_rows + 1 or _is_torn(_last_line(data))


def _last_line(data: bytes) -> str:
    return data[-_HEAD:].splitlines()[-1].decode(errors="replace")


def _is_strict(data: bytes) -> bool:
    """Whether every quote is where it may be, and closed."""
    csv.field_size_limit(max(csv.field_size_limit(), len(data)))
    text = io.StringIO(data.decode("utf-8-sig", errors="replace"), newline="")
    try:
        deque(csv.reader(text, strict=True), maxlen=0)
    except csv.Error:
        return False
    return True


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    if not path.name.lower().endswith(".gz"):
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise FindMatchesError(f"{path}: this is not a gzip file, or not a complete one: {error}.") from error


def _header(path: Path, data: bytes, *, strict: bool = True) -> list[str]:
    if data.startswith(_UTF16_BOMS):
        raise FindMatchesError(f"{path}: the file is UTF-16. Save it as CSV in UTF-8.")
    decoder = codecs.getincrementaldecoder("utf-8-sig")("strict" if strict else "backslashreplace")
    try:
        text = decoder.decode(data[:_HEAD], final=len(data) <= _HEAD)  # the last character may be cut in two
    except UnicodeDecodeError:
        raise FindMatchesError(_encoding_fault(path, data)) from None
    try:
        names = next((row for row in csv.reader(io.StringIO(text, newline="")) if row), [])
        endless = any(len(name) > _LONGEST_NAME for name in names)
    except csv.Error:  # a cell of more characters than it takes
        endless = True
    if endless:
        raise FindMatchesError(f"{path}, line 1: a quote in the header is never closed.")
    if len(names) == 1 and any(separator in names[0] for separator in ";\t|"):
        raise FindMatchesError(
            f"{path}, line 1: the cells seem to be separated by something other than commas. Save it with commas."
        )
    for place, name in enumerate(names, start=1):
        if names.count(name) > 1:
            what = (
                f"column {name}: the header names this column more than once"
                if name
                else f"column {place}: the header has a name neither for this column nor for another one"
            )
            raise FindMatchesError(f"{path}, line 1, {what}.")
    return names


def _encoding_fault(path: Path, data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(_LINE_ENDS.findall(data, 0, error.start)) + 1
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        return f"{path}, line {line}: the file is not UTF-8 ({where}). Save it as CSV in UTF-8."
    return ""


def _csv_fault(path: Path, data: bytes, names: list[str]) -> str:
    """Where and why Arrow could not read the file, or read rows as one, found by a slow second look; "" if it did right.

    As to Arrow, a quote that is out of place is a character, as long as no other row is drawn in by it.
    """
    if fault := _encoding_fault(path, data):
        return fault
    for line, text, row in _rows_with_lines(data):
        torn = '"' in text and _is_torn(text)
        if torn or (len(row) != len(names) and not _is_strict(text.encode())):
            return (
                f"{path}, line {line}: in the row that starts here a quote is out of place or never closed. "
                "Double every quote inside a quoted cell."
            )
        if len(row) != len(names):
            return f"{path}, line {line}: the row has {counted(len(row), 'cell')}; the header has {counted(len(names), 'column')}."
    return ""


def _is_torn(row: str) -> bool:
    """Whether a cell of several lines ends at what may be the opening quote of another row, or a cell does not end at all."""
    for cell in _CELL.finditer(row):
        quoted, rest = cell["quoted"], cell["rest"]
        if quoted is not None and (rest is None or (("\n" in quoted or "\r" in quoted) and rest[1:].strip())):
            return True
    return False


def _rows_with_lines(data: bytes) -> Iterator[tuple[int, str, list[str]]]:
    """Every row as Arrow reads it, header included, with the line on which it starts and its own text."""
    csv.field_size_limit(max(csv.field_size_limit(), len(data)))
    text = data.decode("utf-8-sig")
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream)
    line, start = 1, 0
    for row in reader:
        end = stream.tell()
        if row:
            yield line, text[start:end], row
        line, start = reader.line_num + 1, end


def _join(paths: list[Path], tables: list[pa.Table], primary_key: str) -> Records:
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    names = tables[0].column_names
    texts = []
    for path, table in zip(paths, tables, strict=True):
        check_same_columns(path, table.column_names, paths[0], names)
        try:
            texts.append(text_table(table, primary_key).select(names))
        except FindMatchesError as error:
            raise FindMatchesError(f"{path}: {error}") from error
    together = pa.concat_tables(texts, promote_options="permissive")
    return Records.from_arrow(together, primary_key=primary_key, place=lambda row: _place(paths, tables, row))


def check_same_columns(path: Path | str, names: Sequence[str], first: Path | str, wanted: Sequence[str]) -> None:
    """Raises ``FindMatchesError`` if a file does not have the columns of the first one, in whatever order."""
    missing = [name for name in wanted if name not in names]
    unknown = [name for name in names if name not in wanted]
    if missing or unknown:
        what = "; ".join(
            f"{word} {', '.join(found)}" for word, found in (("it lacks", missing), ("it also has", unknown)) if found
        )
        raise FindMatchesError(f"{path}: the columns are not those of {first}: {what}.")


def columns_for_spark(path: Path | str, *, case_matters: bool = False) -> list[str]:
    """The names in the header of a CSV file, of which nothing else is read; none if it is empty.

    Spark gives columns without a name, and those whose names are the same to it, names of its own. Raises ``FindMatchesError`` instead.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise FindMatchesError(f"{path}: {error}") from error
    names = _header(path, head, strict=False)
    seen: dict[str, str] = {}
    for place, name in enumerate(names, start=1):
        if not name:
            raise FindMatchesError(f"{path}, line 1, column {place}: the header has no name for this column.")
        if (first := seen.setdefault(name if case_matters else name.lower(), name)) != name:
            raise FindMatchesError(f"{path}, line 1, column {name}: to Spark this is the same name as {first}.")
    return names


def columns_of_parquet(path: Path | str) -> list[str]:
    """The names of the columns of a Parquet file. Raises ``FindMatchesError``."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.parquet as pq

    try:
        names: list[str] = pq.read_schema(path).names
    except (pa.ArrowException, OSError) as error:  # as in ``_read``
        raise FindMatchesError(f"{path}: {error}") from error
    return names


def _place(paths: list[Path], tables: list[pa.Table], row: int) -> str:
    for path, table in zip(paths, tables, strict=True):
        if row < table.num_rows:
            if path.name.lower().endswith(PARQUET):
                return f"{path}, row {row + 1}"
            for number, (line, *_) in enumerate(_rows_with_lines(_content(path)), start=-1):
                if number == row:
                    return f"{path}, line {line}"
        row -= table.num_rows
    return str(paths[-1])
