"""Small help with DataFrames."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)

from findmatches.errors import FindMatchesError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches: TypeAlias = Iterator[pa.RecordBatch]


def kept(frame: DataFrame) -> DataFrame:
    """The frame, worked out and kept on the disks of the executors. What is made of it does not carry its history along, and sees the same
    rows each time, even where those of ``frame`` are arbitrary (a limit, duplicates dropped) or made up (random keys).
    """
    return frame.localCheckpoint(eager=True, storageLevel=StorageLevel.DISK_ONLY)


@contextmanager
def errors_of_tasks() -> Iterator[None]:
    """Makes of our error in a task, which Spark wraps up in its own, ours again."""
    try:
        yield
    except PySparkException as error:
        if ours := re.search(r"FindMatchesError: (.+)", str(error)):
            raise FindMatchesError(ours[1]) from error
        raise


def strong(edges: DataFrame, threshold: float) -> DataFrame:
    """The edges that link: scores are single precision, and so is the threshold that they are held against."""
    return edges.where(F.col("score") >= float(np.float32(threshold)))


def both_ways(edges: DataFrame, *rest: str) -> DataFrame:
    """Each edge from each of its rows: ``row`` and ``other``."""
    forth = edges.select(F.col("left").alias("row"), F.col("right").alias("other"), *rest)
    return forth.unionAll(edges.select(F.col("right").alias("row"), F.col("left").alias("other"), *rest))


def tables(batches: Batches, rows: float = math.inf) -> Iterator[pa.Table]:
    """The batches of a task put together to tables of so many rows or a few more; never an empty one."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= rows:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)
