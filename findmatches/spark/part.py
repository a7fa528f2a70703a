"""Part of a table, compared as if the whole were at hand. Nothing in here knows Spark: Arrow tables in, arrays out.

A part is a table of records: ``row`` (its number in the whole), ``texts`` (folded cells, null where missing), ``counts`` (in how
many rows of the whole each cell's value stands) and, where candidates are asked for, ``edges``: the other rows of all of its candidates, with what is
known of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from findmatches.blocking import Candidates
from findmatches.comparisons import Schema
from findmatches.normalise import MISSING, PartOfColumn, object_array


@dataclass(frozen=True, slots=True)
class Width:
    """How many rows the whole table has, and how many distinct values each of its columns."""

    n_rows: int
    n_values: tuple[int, ...]


def no_candidates(n_views: int) -> Candidates:
    none = np.empty(0, dtype=np.int32)
    return Candidates(none, none, (), np.empty((n_views, 0), dtype=np.float32))


def columns_of(
    records: pa.Table, schema: Schema, width: Width, places: NDArray[np.int64] | None = None, size: int = 0
) -> list[PartOfColumn]:
    """The columns of the records. With ``places`` the records stand there among ``size`` rows, and nothing is known of the rest."""
    n_columns = len(schema.columns)
    texts = records.column("texts").combine_chunks().flatten()
    counts = (
        records.column("counts").combine_chunks().flatten().to_numpy() if "counts" in records.column_names else None
    )
    columns = []
    for number, (name, _, _) in enumerate(schema.columns):
        own = np.arange(number, len(texts), n_columns)
        encoded = texts.take(pa.array(own)).dictionary_encode()
        raw = pc.fill_null(encoded.indices, MISSING).to_numpy(zero_copy_only=False)
        found = encoded.dictionary.to_pylist()
        order = sorted(range(len(found)), key=found.__getitem__)
        values = object_array([found[place] for place in order])
        lookup = np.full(len(found) + 1, MISSING, dtype=np.int32)
        lookup[order] = np.arange(len(found))
        codes = lookup[raw]
        count = np.ones(len(values), dtype=np.int64)
        if counts is not None:
            filled = codes >= 0
            count[codes[filled]] = counts[own][filled]
        if places is not None:
            spread = np.full(size, MISSING, dtype=np.int32)
            spread[places] = codes
            codes = spread
        columns.append(PartOfColumn(name, codes, values, count, width.n_rows, width.n_values[number]))
    return columns


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """Rows and their edges, renumbered from 0 in the order of the whole table.

    ``rows[k]`` is the number of row k in the whole; ``records`` are the places of the records in there, other rows only stand at the far end
    of an edge. ``left < right`` are the edges, sorted, each once; ``first`` says where an edge stands among those of the records.
    """

    rows: NDArray[np.int64]
    records: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    first: NDArray[np.int64]

    def places(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Where these rows of the whole stand here."""
        return np.searchsorted(self.rows, rows).astype(np.int32)


def around(row: NDArray[np.int64], counts: NDArray[np.int64], other: NDArray[np.int64]) -> Around:
    """``row`` are the numbers of the records, ``counts`` how many edges each has, ``other`` the far ends of all of them."""
    rows = np.unique(np.concatenate([row, other]))
    one, two = np.searchsorted(rows, np.repeat(row, counts)), np.searchsorted(rows, other)
    code, first = np.unique(np.minimum(one, two) * len(rows) + np.maximum(one, two), return_index=True)
    size = max(len(rows), 1)
    return Around(
        rows, np.searchsorted(rows, row), (code // size).astype(np.int32), (code % size).astype(np.int32), first
    )


def edges_of(records: pa.Table) -> tuple[Around, pa.StructArray]:
    """The rows and edges of records, and what is known of the edges, as the records have it."""
    edges = records.column("edges").combine_chunks()
    counts = pc.fill_null(pc.list_value_length(edges), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = edges.flatten()
    found = around(records.column("row").to_numpy(), counts, flat.field("other").to_numpy(zero_copy_only=False))
    return found, flat


def matrix_of(lists: pa.Array, width: int) -> NDArray[np.float32]:
    """Lists of ``width`` numbers each as an array, a row for each list."""
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(-1, width)


def lists_of(matrix: NDArray[Any]) -> pa.ListArray:
    """The rows of an array as lists."""
    ends = np.arange(len(matrix) + 1, dtype=np.int32) * matrix.shape[1]
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(np.ascontiguousarray(matrix).ravel()))


def columns_named(table: pa.Table, names: Sequence[str]) -> list[NDArray[np.int64]]:
    return [table.column(name).to_numpy() for name in names]
