"""Pairs to scores, by the comparer and the learner of one machine. Each task gets pairs and the records of all their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)

from findmatches.blocking import SMALL, Candidates, make_views
from findmatches.clustering import Edges
from findmatches.comparisons import Comparer, Schema
from findmatches.features import row_dots
from findmatches.normalise import MISSING, Column
from findmatches.rivals import Surroundings
from findmatches.scoring import DOUBT_FROM, Learner
from findmatches.spark.frames import both_ways, kept
from findmatches.spark.part import Around, columns_named, columns_of, edges_of, lists_of, matrix_of
from findmatches.spark.whole import Whole

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Pairs go to tasks by their left row, so many rows together: more rows repeat less work, and take more memory.
TOGETHER = 20_000
_PAIRS = "left long, right long"
Together = Callable[[pa.Table, pa.Table], pa.Table]


class Scorer:
    """Measures and scores pairs of a table on Spark. ``rows`` are those of ``with_counts``."""

    def __init__(self, rows: DataFrame, whole: Whole, schema: Schema, learner: Learner) -> None:
        self._rows, self._whole, self._schema = rows, whole, schema
        context = rows.sparkSession.sparkContext
        self._views = context.broadcast(whole.frequencies.only(lambda name: name.startswith("view ")))
        self._others = context.broadcast(whole.frequencies.only(lambda name: not name.startswith("view ")))
        self._first = context.broadcast((learner.first, learner.sieve))
        self._second = context.broadcast(learner.second) if learner.second else None
        self._evidence = context.broadcast(learner.evidence)
        self._width = len(schema.names()) + (learner.evidence.width if learner.evidence else 0)
        self._records: DataFrame | None = None
        # A small table is dealt out, too.
        self._together = max(1, min(TOGETHER, -(-whole.n_rows // context.defaultParallelism)))

    def cosines(self, pairs: DataFrame) -> DataFrame:
        """The pairs with their cosine in each view (``cosines``)."""
        views, schema, width = self._views, self._schema, self._whole.width

        def measure(pairs: pa.Table, records: pa.Table) -> pa.Table:
            views_of_rows = make_views(schema.views, columns_of(records, schema, width), records.num_rows, views.value)
            left, right = _places(pairs, records)
            found = np.column_stack([row_dots(view.matrix, left, right) for view in views_of_rows])
            return pairs.append_column("cosines", lists_of(found))

        own = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in pairs.schema)
        return kept(
            self._with_records(pairs, self._rows.select("row", "texts"), measure, f"{own}, cosines array<float>")
        )

    def know(self, candidates: DataFrame) -> None:
        """These are all candidates, with their cosines: each row must know its own before it can be compared."""
        by_row = both_ways(candidates, "cosines").groupBy("row")
        edges = by_row.agg(F.collect_list(F.struct("other", "cosines")).alias("edges"))
        self._records = kept(self._rows.select("row", "texts", "counts").join(edges, "row", "left"))

    def first(self, pairs: DataFrame, *, sift: bool) -> DataFrame:
        """The scores of the first round (``score``), and the ``measures`` of pairs that the second round looks at again, evidence included.

        With ``sift``, pairs of a large table that the sieve puts aside score 0. ``left_side`` and ``right_side`` say from which source the rows
        are, where the table has a column for that.
        """
        assert self._records is not None
        schema, width, others = self._schema, self._whole.width, self._others
        learnt, views, told = self._first, self._views, self._evidence
        sift = sift and self._whole.n_rows > SMALL

        def measure(pairs: pa.Table, records: pa.Table) -> pa.Table:
            near, edges = edges_of(records)
            columns = columns_of(records, schema, width, near.records, len(near.rows))
            cosines = matrix_of(edges.field("cosines"), len(schema.views))[near.first]
            candidates = Candidates(near.left, near.right, (), np.ascontiguousarray(cosines.T))
            comparer = Comparer(columns, schema, candidates, others.value)
            left, right = (near.places(rows) for rows in columns_named(pairs, ("left", "right")))
            own_cosines = np.ascontiguousarray(matrix_of(pairs["cosines"].combine_chunks(), len(schema.views)).T)
            forest, sieve = learnt.value
            worth = np.arange(len(left))
            if sift:
                worth = np.flatnonzero(sieve.passes(comparer.outline(left, right, own_cosines)))
            measures = comparer.compare(left[worth], right[worth], own_cosines[:, worth])
            score = np.zeros(len(left), dtype=np.float32)
            score[worth] = forest.predict(measures)
            evidence = told.value
            again = (score[worth] >= DOUBT_FROM) & (evidence is not None)
            place = np.full(len(left), -1)
            place[worth[again]] = np.arange(int(again.sum()))
            measures = measures[again]
            if evidence is not None:
                seen = make_views(schema.views, columns_of(records, schema, width), records.num_rows, views.value)
                ends = (rows[worth[again]] for rows in _places(pairs, records))
                measures = np.hstack([measures, evidence.at(seen).measure(*ends)])
            return pa.table(
                {
                    "left": pairs["left"],
                    "right": pairs["right"],
                    "score": pa.array(score, pa.float32()),
                    "measures": lists_of(measures).take(pa.array(place, mask=place < 0)),
                    "left_side": _side_of(columns, schema, left),
                    "right_side": _side_of(columns, schema, right),
                }
            )

        fields = f"{_PAIRS}, score float, measures array<float>, left_side string, right_side string"
        return kept(self._with_records(pairs, self._records, measure, fields))

    def second(self, scored: DataFrame, edges: DataFrame) -> DataFrame:
        """The scores of the second round, of pairs that ``first`` gave; rivals are the scored ``edges``."""
        settled = scored.where("measures is null").select("left", "right", "score", "left_side", "right_side")
        if self._second is None:
            return settled
        sided, width, learnt = self._schema.side is not None, self._width, self._second

        def measure(pairs: pa.Table, records: pa.Table) -> pa.Table:
            near, known = edges_of(records)
            score = known.field("score").to_numpy(zero_copy_only=False)[near.first]
            side = _sides(near, records, known) if sided else None
            around = Surroundings(len(near.rows), Edges(near.left, near.right, score), side)
            left, right = (near.places(rows) for rows in columns_named(pairs, ("left", "right")))
            rivalry = around.measure(left, right, pairs["score"].to_numpy())
            measures = matrix_of(pairs["measures"].combine_chunks(), width)
            found = learnt.value.predict(np.hstack([measures, rivalry]))
            place = pairs.column_names.index("score")
            return pairs.set_column(place, "score", pa.array(found, pa.float32())).select(names)

        names = ["left", "right", "score", "left_side", "right_side"]
        records = _with_edges(edges)
        fields = f"{_PAIRS}, score float, left_side string, right_side string"
        again = self._with_records(scored.where("measures is not null"), records, measure, fields)
        return kept(settled.unionAll(again))

    def _with_records(self, pairs: DataFrame, records: DataFrame, measure: Together, fields: str) -> DataFrame:
        """Apply to pairs and the records of their rows, in portions by the left row."""
        together = self._together
        portion = (F.col("left") / together).cast("long")
        rows = pairs.select(portion.alias("user"), F.explode(F.array("left", "right")).alias("row")).distinct()
        concerned = rows.join(records, "row").groupBy("user")
        grouped = pairs.withColumn("portion", portion).groupBy("portion").cogroup(concerned)
        return grouped.applyInArrow(
            lambda pairs, records: measure(
                pairs.drop_columns(["portion"]), records.drop_columns(["user"]).sort_by("row")
            ),
            fields,
        )


def _with_edges(edges: DataFrame) -> DataFrame:
    forth = edges.select(
        F.col("left").alias("row"), F.col("right").alias("other"), "score",
        F.col("left_side").alias("side"), F.col("right_side").alias("other_side"),
    )  # fmt: skip
    back = edges.select(
        F.col("right").alias("row"), F.col("left").alias("other"), "score",
        F.col("right_side").alias("side"), F.col("left_side").alias("other_side"),
    )  # fmt: skip
    by_row = forth.unionAll(back).groupBy("row")
    return by_row.agg(
        F.first("side").alias("side"), F.collect_list(F.struct("other", "score", "other_side")).alias("edges")
    )


def _places(pairs: pa.Table, records: pa.Table) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where the two rows of each pair stand among the records, which are sorted."""
    rows = records.column("row").to_numpy()
    left, right = (np.searchsorted(rows, ends).astype(np.int32) for ends in columns_named(pairs, ("left", "right")))
    return left, right


def _side_of(columns: Sequence[Column], schema: Schema, rows: NDArray[np.int32]) -> pa.Array:
    """From which source each of the rows is, as its text; null where that is not known."""
    if schema.side is None:
        return pa.nulls(len(rows), pa.string())
    column = columns[schema.side]
    return pa.array([*column.values.tolist(), None], pa.string()).take(
        pa.array(column.codes[rows] % (len(column.values) + 1))
    )


def _sides(near: Around, records: pa.Table, known: pa.StructArray) -> NDArray[np.int32]:
    """A number for the side of each row, the same for the same side."""
    names = np.full(len(near.rows), None, dtype=object)
    names[near.places(known.field("other").to_numpy(zero_copy_only=False))] = known.field("other_side").to_pylist()
    names[near.records] = records["side"].to_pylist()
    codes = pa.array(names, pa.string()).dictionary_encode().indices
    return np.asarray(pc.fill_null(codes, MISSING).to_numpy(zero_copy_only=False), dtype=np.int32)
