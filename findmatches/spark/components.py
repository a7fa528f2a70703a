"""Connected components of a graph: of few edges in one task, of many by DataFrame operations.

Alternating large-star and small-star steps: R. Kiveris, S. Lattanzi, V. Mirrokni, V. Rastogi and S. Vassilvitskii, "Connected components in
MapReduce and beyond" (2014). Edges are exchanged until every row is linked to the lowest row of its component and to nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)

from findmatches.clustering import components as components_here
from findmatches.spark.frames import Batches, both_ways, kept, tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


FEW = 2_000_000
"""So many edges, 16 bytes each, one task takes in; to exchange them takes a dozen stages a step, however few they are."""


def components(edges: DataFrame) -> DataFrame:
    """The piece of each row in one of the edges (``left``, ``right``): ``row``, and the lowest row of its component as ``piece``."""
    stars = kept(edges.select("left", "right").where("left <> right").distinct())
    if stars.count() <= FEW:
        return kept(stars.coalesce(1).mapInArrow(_lowest, "row long, piece long"))
    before = None
    while True:
        stars = kept(_small_star(_large_star(stars)))
        found = stars.agg(F.count("*"), F.sum(F.xxhash64("left", "right").cast("decimal(38,0)"))).first()
        if found == before:
            break
        before = found
    rows = stars.select(F.col("right").alias("row"), F.col("left").alias("piece"))
    return kept(rows.unionAll(stars.select("left", "left").distinct().toDF("row", "piece")))


def _lowest(batches: Batches) -> Batches:
    """``row`` and ``piece`` of each row in one of the edges, all of which are in these batches."""
    for edges in tables(batches):
        ends = np.concatenate([edges["left"].to_numpy(), edges["right"].to_numpy()])
        rows, places = np.unique(ends, return_inverse=True)
        left, right = places.astype(np.int32).reshape(2, -1)
        pieces = components_here(len(rows), left, right)
        _numbers, first = np.unique(pieces, return_index=True)
        yield pa.record_batch({"row": rows, "piece": rows[first[pieces]]})


def _large_star(edges: DataFrame) -> DataFrame:
    """Link the larger neighbours of each row to the smallest of itself and its neighbours."""
    near = both_ways(edges)
    least = near.groupBy("row").agg(F.least(F.min("other"), F.first("row")).alias("least"))
    linked = near.where("other > row").join(least, "row")
    return linked.select(F.col("least").alias("left"), F.col("other").alias("right")).distinct()


def _small_star(edges: DataFrame) -> DataFrame:
    """Link each row and its smaller neighbours to the smallest of them."""
    lower = edges.select(F.greatest("left", "right").alias("row"), F.least("left", "right").alias("other"))
    least = lower.groupBy("row").agg(F.min("other").alias("least"))
    linked = lower.join(least, "row").select("least", "other").unionAll(least.select("least", "row"))
    return linked.toDF("left", "right").where("left <> right").distinct()
