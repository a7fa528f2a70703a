"""``match_incremental`` on Spark: new rows into a frame that has been matched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)
from pyspark.sql import types as T  # noqa: N812

from findmatches.clustering import MAX_PIECE, Edges
from findmatches.errors import FindMatchesError
from findmatches.incremental import check_columns, confidence_with_new, join_pieces, pieces_to_join
from findmatches.model import RESULT_COLUMNS, Model
from findmatches.spark.components import components
from findmatches.spark.frames import errors_of_tasks, kept, strong
from findmatches.spark.grouping import (
    Pairs,
    alone,
    best_scores,
    between,
    numbers,
    outside,
    sources_of,
    with_source,
)
from findmatches.spark.matching import check_frame, numbered, prepared, told, with_result
from findmatches.spark.rows import quoted
from findmatches.spark.scoring import Scorer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ID, _CONFIDENCE = RESULT_COLUMNS


@errors_of_tasks()
def match_incremental(existing: DataFrame, incremental: DataFrame, model: Model) -> DataFrame:
    """See ``findmatches.spark.match_incremental``.

    A known group is one node of the graph, named after its first row; a new row is a node of its own. What connects them goes to
    one task, which joins new rows to groups as one machine does.
    """
    if _ID not in existing.columns:
        raise FindMatchesError(f"The existing table has no column {_ID}: match it first.")
    own = existing.drop(*RESULT_COLUMNS)
    check_columns(own.columns, incremental.columns)
    for frame in (own, incremental):
        check_frame(frame, model)
    existing, incremental = map(kept, _of_one_type(existing, incremental, own.columns))
    names = [quoted(name) for name in own.columns]
    both = existing.select(*names).unionByName(incremental.select(*names))
    rows, n_rows = numbered(both, model)
    state = _state(rows, existing, model.primary_key)
    if n_rows == 0:
        return with_result(both, rows, state.selectExpr("row", f"known AS {_ID}", f"sure AS {_CONFIDENCE}"), model)
    scorer, candidates = prepared(rows, n_rows, model)
    edges, around = _scored(scorer, candidates, state)
    same, different = _told(rows, state, model)
    members = _members(state, between(edges, model), same, model.threshold)
    missing = _gaps(members, edges)
    if not missing.isEmpty():
        filled = scorer.first(scorer.cosines(missing), sift=False)
        edges = kept(edges.unionAll(scorer.second(filled, around)))
    found = _joined(with_source(members, rows, model), edges, model, same, different)
    return with_result(both, rows, _finished(state, found, outside(edges, members, model)), model)


def _of_one_type(existing: DataFrame, incremental: DataFrame, names: Sequence[str]) -> tuple[DataFrame, DataFrame]:
    """The frames, where one has text in a column and the other has not, with text there in both: Spark would make numbers of it."""
    texts = {
        name: F.col(quoted(name)).cast("string")
        for name in names
        if len({isinstance(frame.schema[name].dataType, T.StringType) for frame in (existing, incremental)}) > 1
    }
    return existing.withColumns(texts), incremental.withColumns(texts)


def _state(rows: DataFrame, existing: DataFrame, key: str) -> DataFrame:
    """Of each row: its ``known`` match id and how ``sure`` that group is (null for new rows), and its ``node``."""
    said = F.col(_CONFIDENCE).cast("string") if _CONFIDENCE in existing.columns else F.lit(None).cast("string")
    number = F.expr(f"try_cast(CAST({_ID} AS STRING) AS DECIMAL(38, 9))")  # 1.0 too, as pandas has it
    matched = existing.select(
        F.col(quoted(key)).alias("key"),
        F.when(number == F.floor(number), number.try_cast("bigint")).alias("known"),
        said.try_cast("double").alias("sure"),
        (F.trim(said) != "").alias("said"),
        F.lit(1).alias("old"),
    )
    state = kept(rows.select("row", "key").join(matched, "key", "left").drop("key"))
    if wrong := state.where("old = 1 AND known IS NULL").count():
        raise FindMatchesError(f"Rows of the existing table that have no whole number in {_ID}: {wrong:,}.")
    if wrong := state.where("said AND sure IS NULL").count():
        raise FindMatchesError(f"Rows of the existing table that have no number in {_CONFIDENCE}: {wrong:,}.")
    if state.where(f"known NOT BETWEEN {1 - 2**62} AND {2**62 - 1}").count():
        raise FindMatchesError(f"The existing table has numbers in {_ID} that leave no room for new ones.")
    first = state.where("old = 1").groupBy("known").agg(F.min("row").alias("first"))
    node = F.coalesce("first", "row").alias("node")
    return kept(state.join(first, "known", "left").select("row", "known", "sure", node))


def _scored(scorer: Scorer, candidates: DataFrame, state: DataFrame) -> tuple[DataFrame, DataFrame]:
    """The scores of all candidates with a new row; and those of the first round of all candidates of the rows concerned."""
    new = state.where("known IS NULL").select("row")
    near = kept(_touching(candidates, new))
    concerned = near.select(F.explode(F.array("left", "right")).alias("row")).distinct()
    around = scorer.first(_touching(candidates, concerned), sift=True)
    return scorer.second(scorer.first(near, sift=False), around), around


def _touching(edges: DataFrame, rows: DataFrame) -> DataFrame:
    """The edges with one of the rows at either end."""
    one = rows.select(F.col("row").alias("left"), F.lit(1).alias("at left"))
    two = rows.select(F.col("row").alias("right"), F.lit(1).alias("at right"))
    found = edges.join(one, "left", "left").join(two, "right", "left")
    return found.where(F.col("at left").isNotNull() | F.col("at right").isNotNull()).select(*edges.columns)


def _told(rows: DataFrame, state: DataFrame, model: Model) -> tuple[Pairs, Pairs]:
    """The judged pairs that the result must respect, as far as a new row takes part in them."""
    same, different = told(rows, model)
    named = sorted({row for pair in (*same, *different) for row in pair})
    if not named:
        return same, different
    wanted = rows.sparkSession.createDataFrame([(row,) for row in named], "row long")
    new = {line.row for line in state.where("known IS NULL").join(F.broadcast(wanted), "row").select("row").collect()}
    same, different = ([pair for pair in pairs if new.intersection(pair)] for pairs in (same, different))
    return same, different


def _members(state: DataFrame, edges: DataFrame, same: Pairs, threshold: float) -> DataFrame:
    """The rows of each piece that edges and judgements with a new row connect: all rows of the known groups, and the new ones."""
    links = strong(edges, threshold).select("left", "right")
    if same:
        links = links.unionAll(state.sparkSession.createDataFrame(list(same), "left long, right long"))
    for end in ("left", "right"):
        nodes = state.select(F.col("row").alias(end), F.col("node").alias(f"{end} node"))
        links = links.join(nodes, end).drop(end)
    pieces = components(links.toDF("left", "right"))
    return kept(state.join(pieces.withColumnRenamed("row", "node"), "node"))


def _gaps(members: DataFrame, edges: DataFrame) -> DataFrame:
    """The pairs with a new row that are missing inside pieces of at most ``MAX_PIECE`` rows."""
    small = members.groupBy("piece").count().where(F.col("count") <= MAX_PIECE).select("piece")
    inside = members.join(small, "piece").select("piece", "row", F.col("known").isNull().alias("new"))
    left, right = (
        inside.select("piece", F.col("row").alias(end), F.col("new").alias(f"{end} new")) for end in ("left", "right")
    )
    pairs = left.join(right, "piece").where(F.col("left") < F.col("right"))
    pairs = pairs.where(F.col("left new") | F.col("right new")).select("left", "right")
    return kept(pairs.join(edges.select("left", "right"), ["left", "right"], "left_anti"))


def _joined(members: DataFrame, edges: DataFrame, model: Model, same: Pairs, different: Pairs) -> DataFrame:
    """For each row of a piece: the ``match_id`` of its group if that was known, else the first row of the group (``leader``); the
    ``confidence`` of the group, and its ``size``, the known rows among it counted."""
    threshold, linkage = model.threshold, model.learner.linkage
    portions = max(1, members.sparkSession.sparkContext.defaultParallelism * 4)
    portion = F.pmod(F.xxhash64("piece"), F.lit(portions)).alias("portion")
    ends = [members.select(F.col("row").alias(end), F.col("piece").alias(f"{end} piece")) for end in ("left", "right")]
    inside = edges.join(ends[0], "left").join(ends[1], "right").where(F.col("left piece") == F.col("right piece"))
    inside = inside.withColumn("piece", F.col("left piece")).select(portion, "left", "right", "score")

    def join(members: pa.Table, inside: pa.Table) -> pa.Table:
        members = members.sort_by("row")
        inside = inside.sort_by([("left", "ascending"), ("right", "ascending")])
        row, known = members["row"].to_numpy(), members["known"].to_pylist()
        left, right = (np.searchsorted(row, inside[name].to_numpy()).astype(np.int32) for name in ("left", "right"))
        scored = Edges(left, right, inside["score"].to_numpy().astype(np.float32))
        ids = sorted({number for number in known if number is not None})
        code = {number: place for place, number in enumerate(ids)}
        before = np.array([-1 if number is None else code[number] for number in known], dtype=np.int64)
        new = before < 0
        node = np.where(new, len(ids) + np.cumsum(new) - 1, before)
        _, piece = np.unique(members["piece"].to_numpy(), return_inverse=True)
        place = {number: at for at, number in enumerate(row.tolist())}
        told = ([(place[a], place[b]) for a, b in pairs if a in place and b in place] for pairs in (same, different))
        local = (np.array(pairs, dtype=np.int64).reshape(-1, 2) for pairs in told)
        pieces = pieces_to_join(piece.astype(np.int32), new)
        if linkage is not None:
            small = [rows for rows in pieces if len(rows) <= MAX_PIECE]
            scored = linkage.complete_new(scored, small, node, len(ids), sources_of(members["source"]))
        group = join_pieces(pieces, scored, threshold, node, len(ids), *local)
        first = np.full(int(group.max(initial=-1)) + 1, len(row))
        np.minimum.at(first, group, np.arange(len(row)))
        sure = members["sure"].to_numpy(zero_copy_only=False).astype(np.float64)
        confidence = confidence_with_new(group, before, sure, scored)
        return pa.table(
            {
                "row": row,
                "match_id": pa.array(
                    [ids[number] if number < len(ids) else None for number in group.tolist()], pa.int64()
                ),
                "leader": row[first[group]],
                "size": np.bincount(group)[group],
                "confidence": pa.array(confidence, mask=np.isnan(confidence)),
            }
        )

    grouped = (
        members.select(portion, "row", "known", "sure", "piece", "source")
        .groupBy("portion")
        .cogroup(inside.groupBy("portion"))
    )
    return kept(grouped.applyInArrow(join, "row long, match_id long, leader long, size long, confidence double"))


def _finished(state: DataFrame, found: DataFrame, edges: DataFrame) -> DataFrame:
    """``match_id`` and ``match_confidence_score`` of every row; new groups are numbered beyond the highest known id."""
    sure = (
        F.when(F.col("known").isNull() & (F.coalesce("size", F.lit(1)) == 1), alone())
        .when(F.col("size").isNotNull(), F.col("confidence"))
        .otherwise(F.col("sure"))
    )
    grouped = kept(
        state.join(found, "row", "left")
        .join(best_scores(edges), "row", "left")
        .select(
            "row",
            F.coalesce("match_id", "known").alias("known"),
            F.coalesce("leader", "row").alias("leader"),
            sure.alias(_CONFIDENCE),
        )
    )
    highest = grouped.agg(F.max("known")).first()
    fresh = grouped.where("known IS NULL").select("row", "leader")
    start = 0 if highest is None or highest[0] is None else highest[0] + 1
    numbered = grouped.join(numbers(fresh, start), "leader", "left")
    return numbered.select("row", F.coalesce("known", "match_id").alias(_ID), _CONFIDENCE)
