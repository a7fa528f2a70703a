"""Values that stand for nothing, written where a form had to be filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from bench.shapes import SHAPES, make
from bench.spoilt import filled, with_gaps
from findmatches import Model, Records, ask, explain, train
from findmatches.comparisons import describe
from findmatches.disguised import Disguised, uncovered
from findmatches.normalise import Column, make_column
from tests.findmatches.data import oracle


def columns_of(records: Records) -> list[Column]:
    return [make_column(name, records.table.column(name)) for name in records.columns if name != records.primary_key]


def told(records: Records) -> Disguised:
    return describe(columns_of(records)).disguised


def with_cells(records: Records, column: str, changed: Mapping[int, str]) -> Records:
    place = records.columns.index(column)
    cells = records.table.column(column).to_pylist()
    for row, cell in changed.items():
        cells[row] = cell
    return replace(records, table=records.table.set_column(place, column, pa.array(cells, pa.string())))


@pytest.mark.parametrize("shape", ["companies", "households", "careless", "missing everywhere", "model numbers"])
def test_they_count_as_missing(shape: str) -> None:
    records, _ = make(shape, 1200, 0)
    typed, left_open = (columns_of(one) for one in (filled(records), with_gaps(records)))
    typed = list(uncovered(typed, describe(typed).disguised))
    alike = [np.array_equal(one.codes, other.codes) for one, other in zip(typed, left_open, strict=True)]
    # Of a column with few values it may not be told: one of them may well be so common.
    assert alike == [column.n_values > 50 for column in left_open]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_rows_are_stands_for_something_however_common(shape: str) -> None:
    records, _ = make(shape, 1200, 2)
    assert not told(records)


@pytest.mark.parametrize("rows", [300, 400, 600])
def test_a_table_of_a_few_large_groups_has_none(rows: int) -> None:
    assert not told(make("big groups", rows, 0)[0])


def test_one_thing_in_very_many_rows_stands_for_something() -> None:
    records, _ = make("companies", 1200, 0)
    again = pa.concat_tables([records.table, *[records.table.slice(7, 1)] * 200])
    assert not told(replace(records, table=again))


def test_rows_with_nothing_else_do_not_tell() -> None:
    records, _ = make("companies", 1200, 0)
    tests = pa.table({"id": [f"test {number}" for number in range(100)], "c0": ["test"] * 100})
    assert not told(replace(records, table=pa.concat_tables([records.table, tests], promote_options="default")))


def test_a_model_knows_them_in_a_table_where_they_are_rare(tmp_path: Path) -> None:
    made, truth = make("companies", 1200, 0)
    records, few = filled(made), replace(made, table=made.table.slice(0, 30))
    train(records, [oracle(truth)(ask(records, [], sets=20))]).save(tmp_path / "model")
    model = Model.load(tmp_path / "model")
    place, text = model.schema.disguised[1]
    column = few.columns[place + 1]
    rare = with_cells(few, column, {3: text.upper(), 4: text})
    left_open = with_cells(few, column, {3: "", 4: ""})
    assert model.match(rare).column("match_id").equals(model.match(left_open).column("match_id"))
    words = {part.column: part.words for part in explain(rare, model, (few.keys()[3], few.keys()[4])).contributions}
    assert words[column] == f"missing in both rows; {text.upper()} stands for nothing; {text} stands for nothing"
