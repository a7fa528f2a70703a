"""Part of a table is compared as the whole table would be: what Spark rests on, without Spark."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from findmatches.blocking import MIN_SIMILARITY, Candidates, make_views, whole_views
from findmatches.comparisons import Comparer
from findmatches.features import DocumentFrequency, Frequencies, row_dots
from findmatches.keeping import worths
from findmatches.prepared import Prepared, prepare
from findmatches.schema import Records
from tests.findmatches.data import people, records

pytest.importorskip("pyspark", reason="make install-spark")

from findmatches.spark.part import Width, columns_of, edges_of, matrix_of
from findmatches.spark.search import _Block, _Chunk, _packed, _worth_to
from findmatches.spark.whole import Known

NAMES = ["id", "first", "last", "address", "born", "phone", "source", "price", "about", "always"]


def mixed(things: int, doubles: int) -> Records:
    """People with a source, a number, a long text and a column that says nothing: every kind of column, cells missing."""
    rng = random.Random(1)  # noqa: S311 (test data, no secrets)
    base, _ = people(things, doubles)
    rows = []
    for row in zip(*(column.to_pylist() for column in base.table.columns), strict=True):
        about = " ".join(
            rng.choice([*"abcdefgh", f"x{rng.randint(1, 50)}", str(row[1]), str(row[2])]) for _ in range(60)
        )
        rows.append([*row, rng.choice("ab"), f"{rng.randint(1, 900) / 10} EUR", rng.choice([about, about, ""]), "yes"])
    return records(rows, NAMES)


class Remembering(Frequencies):
    """Counts the whole table and remembers it as Spark's executors are told of it."""

    def __init__(self) -> None:
        self.found: dict[str, DocumentFrequency] = {}

    def of(self, name: str, matrix: object) -> DocumentFrequency:
        assert name not in self.found, "two matrices of one name"
        self.found[name] = super().of(name, matrix)
        return self.found[name]


def known_of(prepared: Prepared) -> Known:
    remembering = Remembering()
    make_views(prepared.schema.views, prepared.columns, len(prepared.keys), remembering)
    Comparer(prepared.columns, prepared.schema, prepared.candidates, remembering)
    return Known(remembering.found)


def records_of(prepared: Prepared, rows: np.ndarray) -> pa.Table:
    """The records of some rows, as Spark ships them."""
    known = {int(row): [] for row in rows}  # type: ignore[var-annotated]
    candidates = prepared.candidates
    for place, (one, two) in enumerate(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True)):
        for row, other in ((one, two), (two, one)):
            if row in known:
                known[row].append({"other": other, "cosines": candidates.cosines[:, place].tolist()})
    cells = [[column.codes[row] for column in prepared.columns] for row in rows]
    texts = [
        [c.values[code] if code >= 0 else None for c, code in zip(prepared.columns, row, strict=True)] for row in cells
    ]
    counts = [
        [c.counts[code] if code >= 0 else 0 for c, code in zip(prepared.columns, row, strict=True)] for row in cells
    ]
    edge = pa.struct([("other", pa.int64()), ("cosines", pa.list_(pa.float32()))])
    return pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "texts": pa.array(texts, pa.list_(pa.string())),
            "counts": pa.array(counts, pa.list_(pa.int64())),
            "edges": pa.array([known[int(row)] for row in rows], pa.list_(edge)),
        }
    )


def test_measures_of_a_part_are_those_of_the_whole_to_the_last_digit() -> None:
    prepared = prepare(mixed(150, 60), neighbours=8)
    assert {kind for _, kind, _ in prepared.schema.columns} == {"constant", "category", "short", "long"}
    assert prepared.schema.side is not None
    known, candidates, schema = known_of(prepared), prepared.candidates, prepared.schema
    width = Width(len(prepared.keys), tuple(len(column.values) for column in prepared.columns))
    pairs = np.flatnonzero(candidates.left % 7 == 3)
    left, right = candidates.left[pairs], candidates.right[pairs]
    rows = np.unique(np.concatenate([left, right]))
    part = records_of(prepared, rows)

    views = make_views(schema.views, columns_of(part, schema, width), len(rows), known)
    places = np.searchsorted(rows, left).astype(np.int32), np.searchsorted(rows, right).astype(np.int32)
    assert (np.stack([row_dots(view.matrix, *places) for view in views]) == candidates.cosines[:, pairs]).all()

    near, edges = edges_of(part)
    cosines = matrix_of(edges.field("cosines"), len(schema.views))[near.first].T
    local = Candidates(near.left, near.right, (), cosines)
    comparer = Comparer(columns_of(part, schema, width, near.records, len(near.rows)), schema, local, known)
    found = comparer.compare(near.places(left), near.places(right), candidates.cosines[:, pairs])
    wanted = prepared.comparer.compare(left, right, candidates.cosines[:, pairs])
    differ = ~((found == wanted) | (np.isnan(found) & np.isnan(wanted))).all(axis=0)
    assert [name for name, wrong in zip(schema.names(), differ, strict=True) if wrong] == []


def test_a_block_that_sees_the_table_pass_by_finds_the_same_neighbours() -> None:
    prepared = prepare(mixed(150, 60), neighbours=8)
    for _, view, _ in prepared.candidates.views:
        n_rows = view.shape[0]
        chunks = [
            _Chunk(
                _packed(
                    0, np.arange(start, min(start + 40, n_rows)), 80, view[start : start + 40], 1.0, 1.0
                ).to_pylist()[0]
            )
            for start in range(0, n_rows, 40)
        ]
        found: set[int] = set()
        for first in range(0, len(chunks), 2):
            block = _Block(chunks[first : first + 2], 6)
            for chunk in reversed(chunks):
                block.look_at(chunk)
            found |= {line["left"] * n_rows + line["right"] for line in block.found().to_pylist()}
        exact = np.triu((view @ view.T).toarray(), 1)
        sixth = np.maximum(
            np.sort((view @ view.T).toarray(), axis=1)[:, -6], MIN_SIMILARITY
        )  # one of them is the row itself
        left, right = np.array(list(found)) // n_rows, np.array(list(found)) % n_rows
        assert (exact[left, right] >= np.minimum(sixth[left], sixth[right]) - 1e-6).all()
        must = np.argwhere(exact > np.minimum(sixth[:, None], sixth[None, :]) + 1e-6)
        assert {one * n_rows + two for one, two in must.tolist()} <= found


def test_a_pair_is_worth_the_same_on_spark() -> None:
    prepared = prepare(mixed(150, 60), neighbours=8)
    found, whole = prepared.candidates, whole_views(prepared.schema.views)
    wanted = np.concatenate(worths(len(prepared.keys), found.left, found.right, found.cosines, whole))
    row = np.concatenate([found.left, found.right]).astype(np.int64)
    order = np.argsort(row, kind="stable")
    both = np.hstack([found.cosines, found.cosines])
    assert _worth_to(row[order], both[:, order], whole) == pytest.approx(wanted[order], abs=1e-6)
