"""What comparisons need to know of the whole table: counts that do not grow with its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)

from findmatches.blocking import make_views
from findmatches.comparisons import Comparer, Schema
from findmatches.comparisons.columns import ColumnComparer
from findmatches.features import DocumentFrequency, Frequencies
from findmatches.normalise import Column, object_array
from findmatches.spark.frames import Batches, kept, tables
from findmatches.spark.part import Width, columns_of, lists_of, no_candidates

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from scipy.sparse import csr_matrix

_ROWS_AT_ONCE = 50_000
_COUNTS = "source string, matrix string, feature int, count long"


class Known(Frequencies):
    """Document frequencies that were counted before, by the names of the matrices. They travel to the executors."""

    def __init__(self, found: Mapping[str, DocumentFrequency]) -> None:
        self._found = found

    def of(self, name: str, matrix: csr_matrix) -> DocumentFrequency:
        return self[name]

    def __getitem__(self, name: str) -> DocumentFrequency:
        return self._found[name]

    def only(self, want: Callable[[str], bool]) -> Known:
        """Those whose names are wanted."""
        return Known({name: found for name, found in self._found.items() if want(name)})


class _Counting(Frequencies):
    """Counts, and remembers what it has counted."""

    def __init__(self) -> None:
        self.counted: dict[str, DocumentFrequency] = {}

    def of(self, name: str, matrix: csr_matrix) -> DocumentFrequency:
        self.counted[name] = super().of(name, matrix)
        return self.counted[name]

    def batch(self, source: str) -> pa.RecordBatch:
        """All counts, and those of the rows as counts of the feature -1."""
        names: list[str] = []
        features, counts = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int64)]
        for name, found in self.counted.items():
            names += [name] * (len(found.features) + 1)
            features += [np.array([-1], dtype=np.int32), found.features]
            counts += [np.array([found.n_rows], dtype=np.int64), found.counts.astype(np.int64)]
        return pa.record_batch(
            {
                "source": pa.array([source] * len(names), pa.string()),
                "matrix": pa.array(names, pa.string()),
                "feature": np.concatenate(features),
                "count": np.concatenate(counts),
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """The counts of a table with the columns and views of a model."""

    width: Width
    frequencies: Known

    @property
    def n_rows(self) -> int:
        return self.width.n_rows


def with_counts(rows: DataFrame, n_rows: int) -> tuple[DataFrame, DataFrame]:
    """The rows with ``counts``, in how many rows each of their values stands (in the order of ``texts``, 0 where missing);
    and the distinct values (``place`` of the column, ``value``, ``count``).

    Values are counted by their 64-bit hashes: numbers are shuffled and sorted many times as fast as text.
    """
    cells = rows.select("row", F.posexplode("texts").alias("place", "value")).where("value IS NOT NULL")
    values = kept(cells.groupBy("place", "value").agg(F.count("*").alias("count")))
    hashed = cells.select("row", "place", F.xxhash64("place", "value").alias("hash"))
    parts = max(rows.sparkSession.sparkContext.defaultParallelism, n_rows // _ROWS_AT_ONCE)
    counted = hashed.repartition(parts, "hash").mapInArrow(_count_values, "row long, place int, count long")
    placed = counted.repartitionById(-(-n_rows // _ROWS_AT_ONCE) or 1, (F.col("row") / _ROWS_AT_ONCE).cast("int"))
    n_columns = rows.select(F.size("texts")).first()
    width = n_columns[0] if n_columns else 0
    found = placed.mapInArrow(_gather(width), "row long, counts array<long>")
    missing = F.array_repeat(F.lit(0).cast("long"), width)
    joined = rows.join(found, "row", "left").withColumn("counts", F.coalesce("counts", missing))
    return kept(joined), values


def _count_values(batches: Batches) -> Batches:
    for table in tables(batches):
        _, place, counts = np.unique(table.column("hash").to_numpy(), return_inverse=True, return_counts=True)
        row, column = (table.column(name).combine_chunks() for name in ("row", "place"))
        yield pa.record_batch({"row": row, "place": column, "count": counts[place]})


def _gather(width: int) -> Callable[[Batches], Batches]:
    """The counts of the cells of a row, as a list."""

    def gather(batches: Batches) -> Batches:
        for table in tables(batches):
            rows, at = np.unique(table.column("row").to_numpy(), return_inverse=True)
            counts = np.zeros((len(rows), width), dtype=np.int64)
            counts[at, table.column("place").to_numpy()] = table.column("count").to_numpy()
            yield pa.record_batch({"row": rows, "counts": lists_of(counts)})

    return gather


def whole_of(rows: DataFrame, values: DataFrame, n_rows: int, schema: Schema) -> Whole:
    """Count. ``rows`` and ``values`` are those of ``with_counts``."""
    width = Width(n_rows, _n_values(values, len(schema.columns)))
    by_row = rows.select("row", "texts", "counts").mapInArrow(_count_rows(schema, width), _COUNTS)
    by_value = values.mapInArrow(_count_words(schema), _COUNTS)
    summed = by_row.unionAll(by_value).groupBy("source", "matrix", "feature").agg(F.sum("count").alias("count"))
    found = summed.toArrow()
    names = [pc.dictionary_encode(found.column(name)).combine_chunks() for name in ("source", "matrix")]
    feature, count = found.column("feature").to_numpy(), found.column("count").to_numpy()
    known = {}
    for source in ("rows", "values"):  # the latter last: among rows a value counts as often as it stands there
        for name in names[1].dictionary.to_pylist():
            own = np.flatnonzero(_is(names[0], source) & _is(names[1], name))
            if len(own):
                known[name] = _frequency(feature[own], count[own])
    return Whole(width, Known(known))


def _is(names: pa.DictionaryArray, wanted: str) -> NDArray[np.bool_]:
    codes = names.dictionary.to_pylist()
    result: NDArray[np.bool_] = names.indices.to_numpy() == (codes.index(wanted) if wanted in codes else -1)
    return result


def _frequency(feature: NDArray[np.int32], count: NDArray[np.int64]) -> DocumentFrequency:
    real = np.flatnonzero(feature >= 0)
    real = real[np.argsort(feature[real])]
    return DocumentFrequency(int(count[feature < 0].sum()), feature[real], count[real].astype(np.int32))


def _n_values(values: DataFrame, n_columns: int) -> tuple[int, ...]:
    found: dict[int, int] = dict(values.groupBy("place").count().collect())
    return tuple(found.get(place, 0) for place in range(n_columns))


def _count_rows(schema: Schema, width: Width) -> Callable[[Batches], Batches]:
    def count(batches: Batches) -> Batches:
        for table in tables(batches, _ROWS_AT_ONCE):
            counting = _Counting()
            columns = columns_of(table, schema, width)
            make_views(schema.views, columns, table.num_rows, counting)
            Comparer(columns, schema, no_candidates(len(schema.views)), counting)
            yield counting.batch("rows")

    return count


def _count_words(schema: Schema) -> Callable[[Batches], Batches]:
    def count(batches: Batches) -> Batches:
        for table in tables(batches, _ROWS_AT_ONCE):
            counting = _Counting()
            places, texts = table.column("place").to_numpy(), table.column("value")
            for place, (name, kind, numeric) in enumerate(schema.columns):
                own = object_array(texts.filter(pa.array(places == place)).to_pylist())
                column = Column(name, np.arange(len(own), dtype=np.int32), own, np.ones(len(own), dtype=np.int64))
                ColumnComparer(column, kind, numeric, counting)
            yield counting.batch("values")

    return count
