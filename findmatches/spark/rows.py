"""A Spark DataFrame to numbered rows of folded text, checked as ``findmatches.schema`` checks a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)
from pyspark.sql import types as T  # noqa: N812

from findmatches.dates import SLASHED
from findmatches.disguised import Disguised, uncovered
from findmatches.errors import FindMatchesError
from findmatches.normalise import make_column
from findmatches.schema import text_table
from findmatches.spark.frames import Batches, kept

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def numbered_rows(
    frame: DataFrame, primary_key: str, names: Sequence[str], disguised: Disguised = ()
) -> tuple[DataFrame, int]:
    """The rows with their numbers in the order of the keys (``row``), the key as it was (``key``), and as text (``name``), and the
    folded cells of the named columns (``texts``, null where missing or ``disguised``); and how many there are.

    Rows are numbered as on one machine, so the same candidates and groups come of them. Raises ``FindMatchesError`` if a key is
    blank or stands twice.
    """
    key = F.col(quoted(primary_key))
    cells = [_cell(frame, name).alias(f"column {place}") for place, name in enumerate(names)]
    plain = frame.select(key.alias("key"), key.cast("string").alias("name"), *cells)
    ordered = kept(plain.repartitionByRange("name").sortWithinPartitions("name"))
    counted = ordered.select("name").mapInArrow(_count, "part int, rows long, blank long, repeated string").collect()
    if blank := sum(part.blank for part in counted):
        raise FindMatchesError(f"Column {primary_key}: the primary key is blank in {blank} of the rows.")
    if repeated := sorted(part.repeated for part in counted if part.repeated is not None):
        raise FindMatchesError(f"Column {primary_key}: the primary key {repeated[0]} is in more than one row.")
    counted.sort(key=lambda part: part.part)
    ends = np.cumsum([0, *(part.rows for part in counted)]).tolist()
    highest = _highest_parts(ordered, len(names))
    starts = {part.part: start for part, (start, _) in zip(counted, pairwise(ends), strict=True)}
    schema = T.StructType(
        [
            T.StructField("row", T.LongType()),
            T.StructField("key", frame.schema[primary_key].dataType),
            T.StructField("name", T.StringType()),
            T.StructField("texts", T.ArrayType(T.StringType())),
        ]
    )
    return kept(ordered.mapInArrow(_fold([primary_key, *names], starts, highest, disguised), schema)), ends[-1]


def _cell(frame: DataFrame, name: str) -> Column:
    """A time of a time zone as that of the session's: what people see of it, and midnight is midnight."""
    cell = F.col(quoted(name))
    return cell.cast("timestamp_ntz") if isinstance(frame.schema[name].dataType, T.TimestampType) else cell


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _highest_parts(ordered: DataFrame, n_columns: int) -> list[tuple[int, int]]:
    """``dates.highest_parts`` of each column."""
    parts = [
        F.max(F.lpad(F.regexp_extract(F.col(f"column {place}").cast("string"), SLASHED, part), 2, "0"))
        for place in range(n_columns)
        for part in (1, 2)
    ]
    found = [int(part or 0) for part in ordered.select(*parts).collect()[0]]
    return list(zip(found[::2], found[1::2], strict=True))


def _fold(
    names: Sequence[str], starts: dict[int, int], highest: Sequence[tuple[int, int]], disguised: Disguised
) -> Callable[[Batches], Batches]:
    """Number the rows, from the number at which their part starts, and fold their cells. ``names`` are those of the key and of the columns."""

    def fold(batches: Batches) -> Batches:
        at = starts[_part()]
        for batch in batches:
            table = text_table(pa.Table.from_batches([batch]).drop_columns(["key"]).rename_columns(names), names[0])
            columns = [
                make_column(name, table.column(name), parts)
                for name, parts in zip(table.column_names[1:], highest, strict=True)
            ]
            cells = []
            for column in uncovered(columns, disguised):
                values = pa.array([*column.values, None], pa.string())
                cells.append(values.take(pa.array(column.codes.astype(np.int64) % len(values))))
            row = np.arange(at, at + batch.num_rows)
            at += batch.num_rows
            key, name = batch.column(0), batch.column(1)
            yield pa.record_batch({"row": row, "key": key, "name": name, "texts": _lists(cells, batch.num_rows)})

    return fold


def _lists(cells: Sequence[pa.Array], n_rows: int) -> pa.ListArray:
    """The cells of each row as a list."""
    width = len(cells)
    order = np.arange(n_rows * width).reshape(width, n_rows).T.ravel()
    flat = pa.concat_arrays([cell.cast(pa.string()) for cell in cells]).take(pa.array(order))
    return pa.ListArray.from_arrays(pa.array(np.arange(n_rows + 1, dtype=np.int32) * width), flat)


def _part() -> int:
    context = TaskContext.get()
    assert context is not None
    return context.partitionId()


def _count(batches: Batches) -> Batches:
    """How many rows this part has, how many blank keys, and a key that is repeated. Equal keys are neighbours in one part."""
    rows, blank, repeated, before = 0, 0, None, None
    for batch in batches:
        for key in batch.column(0).to_pylist():
            rows += 1
            blank += key is None or not key.strip()
            if key is not None and key == before:
                repeated = key
            before = key
    part, key = pa.array([_part()], pa.int32()), pa.array([repeated], pa.string())
    yield pa.record_batch({"part": part, "rows": [rows], "blank": [blank], "repeated": key})
