"""Uploaded CSV, written anew in a form that every reader of its table takes alike.

Glue goes by Hive's OpenCSVSerde, which always has an escape character and reads line by line. So CSV is written with every cell quoted and
with quote and escape escaped, as its table declares; a table with line breaks in its cells, which no line of CSV can hold there, is
written as Parquet. https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
"""

from __future__ import annotations

from itertools import chain
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from labeling.choices import SourceFormat
from labeling.services.tables import Pieces
from tableformats import ESCAPED_CSV


def write_rows(rows: Pieces, file: IO[bytes], *, has_line_breaks: bool) -> SourceFormat:
    """Write the rows of an uploaded CSV file. Gives the format that they are in now, for CSV ``ESCAPED_CSV``."""
    if has_line_breaks:
        _write_parquet(rows, file)
        return SourceFormat.PARQUET
    _write_csv(rows, file)
    return SourceFormat.CSV


def _write_csv(rows: Pieces, file: IO[bytes]) -> None:
    header = pa.record_batch([pa.array([name]) for name in rows.schema.names], names=rows.schema.names)
    quote, escape, delimiter = ESCAPED_CSV.quote, ESCAPED_CSV.escape, ESCAPED_CSV.delimiter
    for batch in chain((header,), rows.batches):
        cells = [
            pc.replace_substring(pc.replace_substring(column, escape, escape * 2), quote, escape + quote)
            for column in batch.columns
        ]
        lines = pc.binary_join_element_wise(*cells, f"{quote}{delimiter}{quote}")
        file.writelines(f"{quote}{line}{quote}\n".encode() for line in lines.to_pylist())


def _write_parquet(rows: Pieces, file: IO[bytes]) -> None:
    """Every column as text, empty cells as nulls, which is what they mean in CSV."""
    with pq.ParquetWriter(file, rows.schema) as writer:
        for batch in rows.batches:
            columns = [pc.if_else(pc.equal(column, ""), None, column) for column in batch.columns]
            writer.write_batch(pa.record_batch(columns, schema=rows.schema))
