"""The cores of large groups on Spark: as on one machine, without a look at each of their pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)

from findmatches import cores
from findmatches.clustering import Edges, higher
from findmatches.spark.components import components
from findmatches.spark.frames import kept, strong

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Score = Callable[["DataFrame"], "DataFrame"]
_PAIRS = "left long, right long"


class Cores(NamedTuple):
    """As ``findmatches.clustering.Cores``: ``row`` and ``core`` of the rows inside cores, and the sample as ``left``, ``right``, ``score``."""

    core: DataFrame
    sample: DataFrame


def find_cores(
    edges: DataFrame, whole: DataFrame, threshold: float, alone: Sequence[int], score: Score
) -> Cores | None:
    """As ``findmatches.cores.find_cores``; None if there are none. ``whole`` are the pieces that edges of at least the threshold connect."""
    session = edges.sparkSession
    found = session.createDataFrame([], "row long, core long")
    sampled = session.createDataFrame([], f"{_PAIRS}, score float")
    seen = session.createDataFrame([], "piece long, count long")
    pieces, at = whole, threshold
    while True:
        sizes = pieces.groupBy("piece").count().where(F.col("count") > cores.LARGE)
        large = kept(pieces.join(sizes, "piece"))
        if large.isEmpty():
            break
        new = kept(large.join(seen, ["piece", "count"], "left_anti").select("piece", "row"))
        if not new.isEmpty():
            seen = kept(seen.unionAll(large.select("piece", "count").distinct()))
            core, pairs = _look_into(new, at, alone, score)
            found, sampled = kept(found.unionAll(core)), kept(sampled.unionAll(pairs))
        left = kept(large.join(found, "row", "left_anti").select("row"))
        if left.isEmpty():
            break
        for end in ("left", "right"):
            edges = edges.join(left.withColumnRenamed("row", end), end, "left_semi")
        if (level := higher(at)) is None:
            break
        edges, at = kept(strong(edges, level)), level
        pieces = components(edges)
    return None if found.isEmpty() else Cores(found, sampled)


def _look_into(new: DataFrame, threshold: float, alone: Sequence[int], score: Score) -> tuple[DataFrame, DataFrame]:
    first = _scored(new, 0, cores.FIRST, score)
    hopeful = kept(_cores(new, first, alone, threshold).select("piece").distinct())
    again = new.join(hopeful, "piece", "left_semi")
    pairs = kept(first.join(hopeful, "piece", "left_semi").unionAll(_scored(again, cores.FIRST, cores.PARTNERS, score)))
    core = kept(_cores(again, pairs, alone, (1 + threshold) / 2).select("row", "core"))
    for end in ("left", "right"):
        pairs = pairs.join(core.select(F.col("row").alias(end), F.col("core").alias(f"{end} core")), end)
    return core, pairs.where(F.col("left core") == F.col("right core")).select("left", "right", "score")


def _scored(pieces: DataFrame, first: int, last: int, score: Score) -> DataFrame:
    """The scores of a sample of the pairs of each piece, with the ``piece``."""

    def sample(rows: pa.Table) -> pa.Table:
        left, right = cores.sample(np.sort(rows["row"].to_numpy()), first, last)
        return pa.table({"piece": pa.repeat(rows["piece"][0], len(left)), "left": left, "right": right})

    pairs = kept(pieces.groupBy("piece").applyInArrow(sample, f"piece long, {_PAIRS}"))
    scores = score(pairs.select("left", "right")).select("left", "right", "score")
    return kept(pairs.join(scores, ["left", "right"]).select("piece", "left", "right", "score"))


def _cores(pieces: DataFrame, pairs: DataFrame, alone: Sequence[int], mean_from: float) -> DataFrame:
    """``piece``, ``row`` and ``core`` of the rows of the core of each piece, as far as its scored pairs tell."""

    def core(members: pa.Table, pairs: pa.Table) -> pa.Table:
        rows = np.sort(members["row"].to_numpy())
        edges = Edges(*(pairs[name].to_numpy() for name in ("left", "right", "score")))
        alike = rows[cores.core_of(~np.isin(rows, alone), rows, edges, mean_from)]
        piece, first = (pa.repeat(value, len(alike)) for value in (members["piece"][0], alike[:1].sum()))
        return pa.table({"piece": piece, "row": alike, "core": first.cast(pa.int64())})

    grouped = pieces.groupBy("piece").cogroup(pairs.groupBy("piece"))
    return grouped.applyInArrow(core, "piece long, row long, core long")


def with_surroundings(cores_found: Cores, pieces: DataFrame, score: Score) -> Cores:
    """With the scores of the pairs of ``findmatches.cores.pairs_to_sample`` in the sample, too."""
    core, within = cores_found
    placed = pieces.join(core, "row", "left")
    mixed = placed.where("core IS NOT NULL").select("piece").distinct()

    def sample(members: pa.Table) -> pa.Table:
        members = members.sort_by("row")
        rows = members["row"].to_numpy()
        left, right = cores.pairs_to_sample(np.zeros(len(rows), dtype=np.int32), places_of(members, rows))
        return pa.table({"left": rows[left], "right": rows[right]})

    pairs = kept(placed.join(mixed, "piece", "left_semi").groupBy("piece").applyInArrow(sample, _PAIRS))
    return Cores(core, kept(within.unionAll(score(pairs).select("left", "right", "score"))))


def places_of(members: pa.Table, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    """The core of each of the (sorted) rows, by the place of its first row among them; -1 outside of cores."""
    core = members["core"].fill_null(-1).to_numpy()
    return np.where(core < 0, -1, np.searchsorted(rows, core)).astype(np.int32)
