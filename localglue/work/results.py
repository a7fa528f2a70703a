"""The file that a job writes: rows as CSV, Parquet or JSON."""

from __future__ import annotations

import io
import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from localglue.apply_arguments import OutputFormat

_DECIMAL = re.compile(r"decimal\((\d+)(?:,\s*(\d+))?\)")


def encoded(matches: pa.Table, output_format: OutputFormat, schema: list[dict[str, str]]) -> bytes:
    """The rows in this format. CSV keeps the text of each cell; Parquet and JSON (one object a line) have the types of ``schema``."""
    from pyarrow import csv, parquet  # as heavy as the engine

    stream = io.BytesIO()
    if output_format == "csv":
        csv.write_csv(matches, stream, csv.WriteOptions(quoting_style="needed"))
    elif output_format == "json":
        rows = _typed(matches, schema, exact=False).to_pylist()
        for row in rows:
            plain = {name: _plain(value) for name, value in row.items()}
            stream.write(json.dumps(plain, ensure_ascii=False).encode() + b"\n")
    else:
        parquet.write_table(_typed(matches, schema, exact=True), stream)
    return stream.getvalue()


def _typed(matches: pa.Table, schema: list[dict[str, str]], *, exact: bool) -> pa.Table:
    for column in schema:
        index = matches.column_names.index(column["Name"])
        values = _as_type(matches.column(index), column["DataType"].strip().lower(), exact=exact)
        matches = matches.set_column(index, column["Name"], values)
    return matches


def _as_type(text: pa.ChunkedArray, data_type: str, *, exact: bool) -> pa.ChunkedArray:
    """The column as a catalog type says, or as it is if that would lose something of any of its cells."""
    import pyarrow as pa  # as above

    try:
        wanted = _arrow_type(data_type, exact=exact)
        if wanted is None:
            return text
        typed = text.cast(wanted)
    except ValueError:  # a number that is too large, a moment with a time zone, a decimal of more than 38 digits
        return text
    if pa.types.is_integer(wanted) and not typed.cast(text.type).equals(text):
        return text  # 007 is no number to whoever wrote it
    return typed


def _arrow_type(data_type: str, *, exact: bool) -> pa.DataType | None:
    """The type of the values; None for text. Not ``exact``: floats as doubles, which JSON writes with fewer digits."""
    import pyarrow as pa  # as above

    if data_type.startswith("decimal"):
        precision, scale = match.groups() if (match := _DECIMAL.fullmatch(data_type)) else ("10", "0")
        return pa.decimal128(int(precision), int(scale or 0))
    return {
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "long": pa.int64(),
        "float": pa.float32() if exact else pa.float64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }.get(data_type)


def _plain(value: Any) -> str | int | float | None:
    """What JSON has a value for; decimals, dates, times, NaN and infinities as text."""
    if value is None or isinstance(value, (str, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    return str(value)
