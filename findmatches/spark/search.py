"""Candidates on Spark: the nearest rows of each row by cosine, as ``findmatches.blocking`` finds them, in blocks of rows.

A sparse product of a table with itself needs all rows against all rows. Each task holds one block of rows and lets the whole table
pass by, a chunk at a time, keeping the best of each row; no task holds more than its block and a chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)

from findmatches.blocking import (
    LEAST_SHARE,
    MIN_SIMILARITY,
    Limits,
    Unit,
    affordable,
    limits,
    make_view,
    make_views,
    view_of,
)
from findmatches.comparisons import Schema
from findmatches.keeping import standing_out, usual_cosine
from findmatches.rare_pairs import Rare, count_shared, pairs_in, rarest_features
from findmatches.spark.frames import Batches, both_ways, kept, tables
from findmatches.spark.part import columns_of, matrix_of
from findmatches.spark.whole import Known, Whole

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from scipy.sparse import csr_matrix

# Rows that a task holds at most, and rows that pass by at a time.
BLOCK = 125_000
CHUNK = 25_000
# Rows whose pairs are ranked together, and pairs of words or trigrams that are counted together.
_RANKED = 50_000
_COUNTED = 4_000_000
_SHARED: dict[Unit, int] = {"words": -1, "trigrams": -2}
_VECTORS = (
    "view int, block int, rows binary, starts binary, features binary, weights binary, weight double, left double"
)
_FOUND = "left long, right long"


def find_pairs(rows: DataFrame, whole: Whole, schema: Schema, neighbours: int) -> DataFrame:
    """What the searches find: pairs ``left < right``, each once."""
    allowed = limits(whole.n_rows, neighbours)
    block = max(1, min(BLOCK, -(-whole.n_rows // rows.sparkSession.sparkContext.defaultParallelism)))
    vectors = kept(rows.select("row", "texts").mapInArrow(_view_vectors(schema, whole, allowed, block), _VECTORS))
    searched = list(range(len(schema.views)))
    if allowed.large:
        share = (
            vectors.groupBy("view")
            .agg((F.sum("left") / F.greatest(F.sum("weight"), F.lit(1e-12))).alias("share"))
            .collect()
        )
        least = [LEAST_SHARE[view.unit] for view in schema.views]
        searched = [line.view for line in share if line.share >= least[line.view]] or searched
        vectors = vectors.where(F.col("view").isin(searched))
        for unit, rare in allowed.rare.items():
            vectors = vectors.unionAll(_shared_vectors(rows, whole, schema, block, unit, rare))
    near = _nearest(vectors, -(-whole.n_rows // block), allowed.neighbours)
    return kept(near.dropDuplicates())


def best_pairs(pairs: DataFrame, n_rows: int, whole_views: Sequence[int], count: int) -> DataFrame:
    """Of pairs with their ``cosines`` those that are among the ``count`` that are worth most to at least one of their rows, as in
    ``findmatches.keeping``."""
    blocks = -(-n_rows // _RANKED)
    directed = both_ways(pairs, "cosines").repartitionById(blocks, (F.col("row") / _RANKED).cast("int"))
    ranked = directed.mapInArrow(_rank(list(whole_views), count), "left long, right long, cosines array<float>")
    return kept(ranked.dropDuplicates(["left", "right"]))


def _rank(whole_views: list[int], count: int) -> Callable[[Batches], Batches]:
    def rank(batches: Batches) -> Batches:
        for table in tables(batches):
            row, other = (table.column(name).to_numpy() for name in ("row", "other"))
            lists = table.column("cosines").combine_chunks()
            order = np.lexsort((other, row))
            row, cosines = row[order], matrix_of(lists, len(lists[0]))[order].T
            worth = _worth_to(row, cosines, whole_views)
            best = np.lexsort((-worth, row))
            order, row, worth = order[best], row[best], worth[best]
            first, lengths = _runs(row)
            among = worth >= np.repeat(worth[first + np.minimum(count, lengths) - 1], lengths)
            row, other = row[among], other[order[among]]
            own = lists.take(pa.array(order[among]))
            yield pa.record_batch({"left": np.minimum(row, other), "right": np.maximum(row, other), "cosines": own})

    return rank


def _worth_to(row: NDArray[np.int64], cosines: NDArray[np.float32], whole_views: list[int]) -> NDArray[np.float32]:
    """What each pair is worth to its ``row``; these are sorted."""
    first, lengths = _runs(row)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values.astype(np.float64), first) / lengths)

    worth: NDArray[np.float32] = cosines[whole_views].sum(axis=0)
    for cosine in cosines:
        worth += standing_out(cosine, np.repeat(usual_cosine(mean(cosine), mean(cosine**2)), lengths))
    return worth


def _runs(row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each row begins, and how many pairs it has; these are sorted by row."""
    first = np.flatnonzero(np.append(True, np.diff(row) != 0))
    return first, np.diff(np.append(first, len(row)))


def _view_vectors(schema: Schema, whole: Whole, allowed: Limits, block: int) -> Callable[[Batches], Batches]:
    """What of each view is searched, in chunks of rows, with the weight of the whole view and of what is left of it."""
    known: Known = whole.frequencies.only(lambda name: name.startswith("view "))
    width, n_rows = whole.width, whole.n_rows

    def vectors(batches: Batches) -> Batches:
        from scipy.sparse import diags  # here and not above: it is the executors that need it

        keeps = []
        for number in range(len(schema.views)):
            counts = known[f"view {number}"].counts
            keeps.append(affordable(counts[counts >= 2], n_rows, allowed.work))
        for table in tables(batches, CHUNK):
            row = table.column("row").to_numpy()
            columns = columns_of(table, schema, width)
            for number, (_, view, _) in enumerate(make_views(schema.views, columns, len(row), known)):
                searched = view
                if not keeps[number].all():
                    searched = (view @ diags(keeps[number])).tocsr()
                    searched.eliminate_zeros()
                yield _packed(number, row, block, searched, *(float((one.data**2).sum()) for one in (view, searched)))

    return vectors


def _packed(
    view: int, row: NDArray[np.int64], block: int, matrix: csr_matrix, weight: float, left: float
) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "view": pa.array([view], pa.int32()),
            "block": pa.array([int(row[0]) // block], pa.int32()),
            "rows": [row.astype(np.int64).tobytes()],
            "starts": [matrix.indptr.astype(np.int64).tobytes()],
            "features": [matrix.indices.astype(np.int64).tobytes()],
            "weights": [matrix.data.tobytes()],
            "weight": [weight],
            "left": [left],
        }
    )


def _shared_vectors(rows: DataFrame, whole: Whole, schema: Schema, block: int, unit: Unit, rare: Rare) -> DataFrame:
    """Which pairs of rare words, or of rare trigrams, each row has; only those that 2 to ``MAX_SHARING`` rows have. Unit rows."""
    pairs = rows.select("row", "texts").mapInArrow(_rare_pairs(schema, whole, unit, rare), "row long, pair long")
    parts = max(rows.sparkSession.sparkContext.defaultParallelism, whole.n_rows * rare.pairs // _COUNTED)
    shared = pairs.repartition(parts, "pair").mapInArrow(_count_shared, "row long, pair long, count int")
    blocks = -(-whole.n_rows // block)
    placed = shared.repartitionById(blocks, (F.col("row") / block).cast("int"))
    return kept(placed.mapInArrow(_pack_shared(_SHARED[unit], whole.n_rows, block), _VECTORS))


def _rare_pairs(schema: Schema, whole: Whole, unit: Unit, rare: Rare) -> Callable[[Batches], Batches]:
    """The pairs of rare words or trigrams of each row."""
    number = view_of(unit, schema.views)
    known: Known = whole.frequencies.only(lambda name: name == f"view {number}")
    width = whole.width

    def pairs(batches: Batches) -> Batches:
        counts = known[f"view {number}"].counts
        counts = counts[counts >= 2]
        for table in tables(batches, CHUNK):
            row = table.column("row").to_numpy()
            view = make_view(schema.views, number, columns_of(table, schema, width), len(row), known).matrix
            for place, pair in pairs_in(rarest_features(view, counts, rare), len(counts)):
                yield pa.record_batch({"row": row[place], "pair": pair})

    return pairs


def _count_shared(batches: Batches) -> Batches:
    """How many rows have each pair, where that is 2 to ``MAX_SHARING``."""
    for table in tables(batches):
        row, pair, count = count_shared(*(table.column(name).to_numpy() for name in ("row", "pair")))
        shared = {"row": row, "pair": np.repeat(pair, count), "count": np.repeat(count, count).astype(np.int32)}
        yield pa.record_batch(shared)


def _pack_shared(view: int, n_rows: int, block: int) -> Callable[[Batches], Batches]:
    def pack(batches: Batches) -> Batches:
        from scipy.sparse import csr_matrix  # here and not above: it is the executors that need it

        for table in tables(batches):
            order = np.argsort(table.column("row").to_numpy(), kind="stable")
            row, pair, count = (table.column(name).to_numpy()[order] for name in ("row", "pair", "count"))
            rows, start = np.unique(row, return_index=True)
            starts = np.append(start, len(row))
            weight = np.log(n_rows / count)
            norm = np.sqrt(np.add.reduceat(weight**2, start))
            data = (weight / np.repeat(np.maximum(norm, 1e-12), np.diff(starts))).astype(np.float32)
            for at in range(0, len(rows), CHUNK):
                part = starts[at : at + CHUNK + 1]
                # Not a matrix to reckon with: only the names of its features are wanted here, and those of pairs are large numbers.
                matrix = csr_matrix((len(part) - 1, 1), dtype=np.float32)
                matrix.indptr = part - part[0]
                matrix.indices, matrix.data = pair[part[0] : part[-1]], data[part[0] : part[-1]]
                yield _packed(view, rows[at : at + CHUNK], block, matrix, 1.0, 1.0)

    return pack


def _nearest(vectors: DataFrame, blocks: int, neighbours: int) -> DataFrame:
    """The nearest rows of each row, in each view."""
    views = sorted(line.view for line in vectors.select("view").distinct().collect())
    held = vectors.withColumn("target", F.explode(F.sequence(F.lit(0), F.lit(blocks - 1))))
    number = F.array_position(F.lit(views), F.col("view")) - 1
    placed = held.repartitionById(blocks * len(views), (number * blocks + F.col("target")).cast("int"))
    # What a task holds comes first; of that it makes its block, then the rest passes by.
    own = F.col("target") == F.col("block")
    placed = placed.sortWithinPartitions("view", "target", F.desc(own))
    lines = placed.select("view", "target", own.alias("own"), "rows", "starts", "features", "weights")
    return lines.mapInArrow(_search(neighbours + 1), _FOUND)


class _Chunk:
    """Some rows of a view."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.rows = np.frombuffer(line["rows"], dtype=np.int64)
        self.starts = np.frombuffer(line["starts"], dtype=np.int64)
        self.features = np.frombuffer(line["features"], dtype=np.int64)
        self.weights = np.frombuffer(line["weights"], dtype=np.float32)


class _Block:
    """The rows that a task holds, and the best that it has seen of each."""

    def __init__(self, chunks: list[_Chunk], count: int) -> None:
        from scipy.sparse import csr_matrix  # here and not above: it is the executors that need it

        self._count = count
        self.rows = np.concatenate([chunk.rows for chunk in chunks])
        lengths = np.concatenate([np.diff(chunk.starts) for chunk in chunks])
        features = np.concatenate([chunk.features for chunk in chunks])
        self._features, place = np.unique(features, return_inverse=True)
        weights = np.concatenate([chunk.weights for chunk in chunks])
        starts = np.concatenate([[0], np.cumsum(lengths)])
        self._matrix = csr_matrix((weights, place, starts), shape=(len(self.rows), max(len(self._features), 1)))
        self._best: csr_matrix | None = None
        self._others: list[NDArray[np.int64]] = []

    def look_at(self, chunk: _Chunk) -> None:
        """Let some rows pass by."""
        from scipy.sparse import csr_matrix  # as above
        from sparse_dot_topn import sp_matmul_topn, zip_sp_matmul_topn

        if not len(self._features):
            return
        place = np.minimum(np.searchsorted(self._features, chunk.features), len(self._features) - 1)
        own = self._features[place] == chunk.features
        starts = np.concatenate([[0], np.cumsum(own)])[chunk.starts]
        passing = csr_matrix((chunk.weights[own], place[own], starts), shape=(len(chunk.rows), len(self._features)))
        found = sp_matmul_topn(
            self._matrix, passing.T.tocsr(), top_n=self._count, threshold=MIN_SIMILARITY, sort=True, n_threads=1
        )
        self._others.append(chunk.rows)
        self._best = found if self._best is None else zip_sp_matmul_topn(self._count, [self._best, found])

    def found(self) -> pa.RecordBatch:
        """The best rows of each row, itself left out."""
        row, other = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        if self._best is not None:
            row = np.repeat(self.rows, np.diff(self._best.indptr))
            other = np.concatenate(self._others)[self._best.indices]
            keep = row != other
            row, other = row[keep], other[keep]
        return pa.record_batch({"left": np.minimum(row, other), "right": np.maximum(row, other)})


def _search(count: int) -> Callable[[Batches], Batches]:
    def search(batches: Batches) -> Batches:
        for _, lines in groupby(_lines(batches), key=lambda line: (line["view"], line["target"])):
            own: list[_Chunk] = []
            block = None
            for line in lines:
                if line["own"]:
                    own.append(_Chunk(line))
                elif own:
                    block = block or _made(own, count)
                    block.look_at(_Chunk(line))
            if own:
                yield (block or _made(own, count)).found()

    return search


def _made(own: list[_Chunk], count: int) -> _Block:
    block = _Block(own, count)
    for chunk in own:
        block.look_at(chunk)
    return block


def _lines(batches: Batches) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()
