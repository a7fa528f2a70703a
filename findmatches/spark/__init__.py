"""FindMatches on Apache Spark: the same model, the same result, and nothing that must fit into one machine.

Needs PySpark (``requirements-spark.txt``) and Java 17 or newer, and ``findmatches`` with what it needs on every executor. ``FindMatches`` and
``FindIncrementalMatches`` stand in for those of ``awsglueml.transforms``, and take tables of one machine, too. How it works: ``docs/engine.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from findmatches.errors import FindMatchesError
from findmatches.model import Model
from findmatches.schema import Records
from findmatches.spark.transforms import FindIncrementalMatches, FindMatches

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

__all__ = ["FindIncrementalMatches", "FindMatches", "match", "match_files", "match_incremental", "match_records"]


def match(frame: DataFrame, model: Model) -> DataFrame:
    """The rows with ``match_id`` (rows with the same number are one thing) and ``match_confidence_score``, as ``Model.match`` gives them.

    The work is done when this returns. Raises ``FindMatchesError`` if the frame lacks a column of the model or has one of the result, or if
    a primary key is blank or stands twice.
    """
    from findmatches.spark.matching import match as match_frame  # PySpark need not be there for tables of one machine

    return match_frame(frame, model)


def match_incremental(existing: DataFrame, incremental: DataFrame, model: Model) -> DataFrame:
    """The rows of both frames with their match ids, as ``findmatches.match_incremental`` gives them: rows of ``existing`` keep theirs.

    The work is done when this returns. Raises ``FindMatchesError`` if the frames differ in their columns or share a primary key, or
    if a row of ``existing`` has no match id.
    """
    from findmatches.spark.incremental import match_incremental as match_frames  # as above

    return match_frames(existing, incremental, model)


def match_files(source: Path, model: Model, master: str, output: Path) -> None:
    """Match the records in a CSV or Parquet file, or a folder of them, on the Spark at ``master``, and write a folder: Parquet if its name
    ends so, else CSV with a header. Raises ``FindMatchesError``, also if there is something at ``output`` already.
    """
    with _pyspark():
        from findmatches.spark.session import match_files as match_those
    match_those(source, model, master, output)


def match_records(records: Records, model: Model, master: str, existing: Records | None = None) -> pa.Table:
    """What ``Model.match`` gives, or ``match_incremental`` with ``existing``, in the same order, worked out on the Spark at ``master``.

    The table goes there from this process and comes back to it. Raises ``FindMatchesError``.
    """
    with _pyspark():
        from findmatches.spark.session import match_records as match_those
    return match_those(records, model, master, existing)


@contextmanager
def _pyspark() -> Iterator[None]:
    """Says what to do where PySpark, or what it needs, is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise FindMatchesError(
            f"Matching on Spark needs PySpark, and {error.name} is not installed: pip install -r requirements-spark.txt."
        ) from error
