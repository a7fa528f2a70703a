"""FindMatches on Apache Spark: the same model, the same result, and nothing that must fit into one machine.

Needs PySpark (``requirements-spark.txt``) and Java 17, and ``findmatches`` with what it needs on every executor. ``FindMatches`` and
``FindIncrementalMatches`` stand in for those of ``awsglueml.transforms``, and take tables of one machine, too. How it works: ``docs/engine.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from findmatches.model import Model
from findmatches.spark.transforms import FindIncrementalMatches, FindMatches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["FindIncrementalMatches", "FindMatches", "match", "match_incremental"]


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
