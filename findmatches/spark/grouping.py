"""Scored pairs to groups on Spark: connected pieces by DataFrame operations, and inside them the clustering of one machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)
from pyspark.sql.window import Window

from findmatches import clustering
from findmatches.clustering import MAX_PIECE, Edges, Told, cluster, higher
from findmatches.linkage import between as across
from findmatches.model import Model, confidence_of
from findmatches.normalise import MISSING, object_array
from findmatches.normalise import Column as Values
from findmatches.spark.components import components
from findmatches.spark.cores import Cores, places_of
from findmatches.spark.frames import both_ways, kept, strong

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Pairs = Sequence[tuple[int, int]]

# Rows that are numbered together at the end.
_BLOCK = 100_000


def pieces_of(edges: DataFrame, whole: DataFrame, threshold: float, cores: Cores | None = None) -> DataFrame:
    """What the edges connect, and cores, pieces that are too large cut as ``clustering.pieces`` does: ``row`` and ``piece``; rows without a
    link are left out. ``whole`` are the pieces of edges of at least the threshold, uncut."""
    core = cores.core if cores else edges.sparkSession.createDataFrame([], "row long, core long")
    chains = core.select(F.col("core").alias("left"), F.col("row").alias("right"))
    pieces = components(whole.toDF("right", "left").unionByName(chains)) if cores else whole
    counts = F.coalesce(F.col("core") == F.col("row"), F.lit(True)).cast("int")
    while (level := higher(threshold)) is not None:
        threshold = level
        size = pieces.join(core, "row", "left").groupBy("piece").agg(F.sum(counts).alias("size"))
        large = kept(size.where(F.col("size") > MAX_PIECE).select("piece"))
        if large.isEmpty():
            break
        rows = pieces.join(large, "piece").select(F.col("row").alias("left"))
        links = strong(edges, threshold).select("left", "right").unionAll(chains)
        finer = components(links.join(rows, "left", "left_semi"))
        pieces = kept(pieces.join(large, "piece", "left_anti").select("row", "piece").unionAll(finer))
    return pieces


def gaps(edges: DataFrame, pieces: DataFrame, cores: Cores | None = None) -> DataFrame:
    """The pairs that are missing inside pieces of 3 to ``MAX_PIECE`` rows, and of rows that are in no core inside those that have one."""
    size = pieces.groupBy("piece").count().where(F.col("count").between(3, MAX_PIECE)).select("piece")
    members = pieces.join(size, "piece")
    if cores is not None:
        mixed = pieces.join(cores.core, "row").select("piece").distinct()
        outside = pieces.join(mixed, "piece", "left_semi").join(cores.core, "row", "left_anti").select("piece", "row")
        few = outside.groupBy("piece").count().where(F.col("count") <= MAX_PIECE).select("piece")
        members = members.join(mixed, "piece", "left_anti").select("piece", "row").unionAll(outside.join(few, "piece"))
    pairs = members.withColumnRenamed("row", "left").join(members.withColumnRenamed("row", "right"), "piece")
    pairs = pairs.where("left < right").select("left", "right")
    return kept(pairs.join(edges.select("left", "right"), ["left", "right"], "left_anti"))


def between(edges: DataFrame, model: Model) -> DataFrame:
    """The edges between rows of two sources, if the model has learnt that no others count; else all."""
    return edges if model.learner.linkage is None else edges.where("NOT (left_side <=> right_side)")


def with_source(frame: DataFrame, rows: DataFrame, model: Model) -> DataFrame:
    """With the ``source`` of each ``row``; null where the model does not ask for it."""
    place = model.schema.side
    if model.learner.linkage is None or place is None:
        return frame.withColumn("source", F.lit(None).cast("string"))
    return frame.join(rows.select("row", F.element_at("texts", place + 1).alias("source")), "row")


def sources_of(names: pa.ChunkedArray) -> Values:
    """The sources of some rows as a column."""
    found = pc.dictionary_encode(names.combine_chunks())
    codes = np.asarray(pc.fill_null(found.indices, MISSING).to_numpy(zero_copy_only=False), dtype=np.int32)
    values = object_array(found.dictionary.to_pylist())
    return Values("source", codes, values, np.bincount(codes[codes >= 0], minlength=len(values)))


def groups(
    rows: DataFrame,
    edges: DataFrame,
    pieces: DataFrame,
    model: Model,
    same: Pairs,
    different: Pairs,
    cores: Cores | None = None,
) -> DataFrame:
    """``row``, ``match_id`` and ``match_confidence_score`` of every row. Judged pairs are respected, whatever their scores."""
    session = rows.sparkSession
    counted = edges.select("left", "right", "score", F.lit(False).alias("sampled"))
    core = session.createDataFrame([], "row long, core long")
    if cores is not None:
        core = cores.core
        counted = counted.unionAll(cores.sample.select("left", "right", "score", F.lit(True)))
    if same:
        links = pieces.select(F.col("piece").alias("left"), F.col("row").alias("right"))
        pieces = components(links.unionAll(session.createDataFrame(list(same), "left long, right long")))
    portions = max(1, session.sparkContext.defaultParallelism * 4)
    portion = F.pmod(F.xxhash64("piece"), F.lit(portions)).alias("portion")
    members = with_source(pieces.select(portion, "row"), rows, model).join(core, "row", "left")
    inside = (
        counted.join(pieces.toDF("left", "piece"), "left")
        .join(pieces.toDF("right", "other piece"), "right")
        .where(F.col("piece") == F.col("other piece"))
        .select(portion, "left", "right", "score", "sampled")
    )

    joined = members.groupBy("portion").cogroup(inside.groupBy("portion"))
    found = joined.applyInArrow(_join(model, same, different), "row long, leader long, size long, confidence double")
    grouped = (
        rows.select("row")
        .join(found, "row", "left")
        .join(best_scores(outside(edges, pieces, model)), "row", "left")
        .select(
            "row",
            F.coalesce("leader", "row").alias("leader"),
            F.when(F.col("size") > 1, F.col("confidence")).otherwise(alone()).alias("match_confidence_score"),
        )
    )
    grouped = kept(grouped)
    return grouped.join(numbers(grouped, 0), "leader").select("row", "match_id", "match_confidence_score")


def _join(model: Model, same: Pairs, different: Pairs) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """Groups the members of some pieces by the scored pairs inside them."""
    threshold, linkage = model.threshold, model.learner.linkage

    def join(members: pa.Table, inside: pa.Table) -> pa.Table:
        members = members.sort_by("row")
        row = members["row"].to_numpy()
        inside = inside.sort_by([("left", "ascending"), ("right", "ascending")])
        left, right = (np.searchsorted(row, inside[name].to_numpy()).astype(np.int32) for name in ("left", "right"))
        scored = Edges(left, right, inside["score"].to_numpy().astype(np.float32))
        sampled = inside["sampled"].to_numpy(zero_copy_only=False)
        inner = clustering.Cores(places_of(members, row), scored.where(sampled)) if sampled.any() else None
        scored = scored.where(~sampled)
        if linkage is not None:
            sources = sources_of(members["source"])
            connected = clustering.pieces(len(row), across(scored, sources.codes), threshold)
            scored = linkage.complete(scored, connected, sources)
        place = {number: at for at, number in enumerate(row.tolist())}
        told = Told(
            *(tuple((place[a], place[b]) for a, b in pairs if a in place and b in place) for pairs in (same, different))
        )
        group = cluster(len(row), scored, threshold, told, inner)
        first = np.full(int(group.max(initial=-1)) + 1, len(row))
        np.minimum.at(first, group, np.arange(len(row)))
        return pa.table(
            {
                "row": row,
                "leader": row[first[group]],
                "size": np.bincount(group)[group],
                "confidence": confidence_of(group, scored, inner),
            }
        )

    return join


def outside(edges: DataFrame, pieces: DataFrame, model: Model) -> DataFrame:
    """The edges that count as they are: all, unless the model makes something else of those inside ``pieces``."""
    if model.learner.linkage is None:
        return edges
    ends = [pieces.select(F.col("row").alias(end), F.col("piece").alias(f"{end} piece")) for end in ("left", "right")]
    placed = between(edges, model).join(ends[0], "left", "left").join(ends[1], "right", "left")
    return placed.where(~F.coalesce(F.col("left piece") == F.col("right piece"), F.lit(False)))


def best_scores(edges: DataFrame) -> DataFrame:
    """The ``best`` score of each ``row`` that has any."""
    return both_ways(edges, "score").groupBy("row").agg(F.max("score").cast("double").alias("best"))


def alone() -> Column:
    """How sure it is that a row is alone: the ``confidence`` that its piece gives it, if it has one, and no more than 1 minus the ``best``
    of the other scores."""
    return F.greatest(F.lit(0.0), F.least(F.coalesce("confidence", F.lit(1.0)), 1 - F.coalesce("best", F.lit(0.0))))


def numbers(grouped: DataFrame, start: int) -> DataFrame:
    """The groups (``leader``, their first row) numbered from ``start`` in the order of those rows (``match_id``)."""
    leaders = grouped.where("row = leader").select("leader", (F.col("row") / _BLOCK).cast("long").alias("block"))
    counts = sorted((line.block, line["count"]) for line in leaders.groupBy("block").count().collect())
    ends = np.cumsum([count for _, count in counts]).tolist()
    starts = [(block, start + end - count) for (block, count), end in zip(counts, ends, strict=True)]
    begin = grouped.sparkSession.createDataFrame(starts, "block long, start long")
    place = F.row_number().over(Window.partitionBy("block").orderBy("leader")) - 1
    numbered = leaders.withColumn("place", place).join(F.broadcast(begin), "block")
    return numbered.select("leader", (F.col("start") + F.col("place")).alias("match_id"))
