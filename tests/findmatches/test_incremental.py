from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findmatches import FindMatchesError, Model, Records, ask, match_incremental, train
from tests.findmatches.data import oracle, partition, people, records


@pytest.fixture(scope="module")
def table() -> tuple[Records, dict[str, str]]:
    return people(120, 60)


@pytest.fixture(scope="module")
def model(table: tuple[Records, dict[str, str]]) -> Model:
    rows, truth = table
    return train(rows, [oracle(truth)(ask(rows, [], sets=8, rows=8))])


def split(rows: Records, model: Model, old: int) -> tuple[Records, Records]:
    """The first rows, matched, and the others."""
    first = Records(rows.table.slice(0, old), rows.primary_key)
    return again(model.match(first)), Records(rows.table.slice(old), rows.primary_key)


def again(matched: pa.Table) -> Records:
    return Records.from_arrow(matched, primary_key="id")


def test_new_rows_join_the_groups_there_are_and_those_stay(table: tuple[Records, dict[str, str]], model: Model) -> None:
    rows, truth = table
    existing, new = split(rows, model, 120)
    both = match_incremental(existing, new, model)
    assert both.column("id").to_pylist() == rows.table.column("id").to_pylist()
    assert both.column_names == [*rows.columns, "match_id", "match_confidence_score"]
    before, after = (t.column("match_id").cast(pa.string()).to_pylist() for t in (existing.table, both))
    assert after[:120] == before
    right = {frozenset(key for key in truth if truth[key] == thing) for thing in set(truth.values())}
    assert len(right & partition(both)) > 0.9 * len(right)
    assert all(0 <= score <= 1 for score in both.column("match_confidence_score").to_pylist())
    whole = partition(model.match(rows))
    assert len(whole & partition(both)) > 0.95 * len(whole)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(old=st.integers(0, 40), seed=st.integers(0, 3))
def test_every_row_is_in_one_group_and_old_groups_are_as_they_were(old: int, seed: int, model: Model) -> None:
    rows = people(25, 15, seed=seed)[0]
    first = Records(rows.table.slice(0, old), "id")
    # Groups that the model would never make: all the same they stay.
    ids = pa.array([str(7 + row % 3) for row in range(old)], pa.string())
    existing = Records(first.table.append_column("match_id", ids), "id")
    both = match_incremental(existing, Records(rows.table.slice(old), "id"), model)
    assert both.column("match_id").to_pylist()[:old] == [7 + row % 3 for row in range(old)]
    assert sorted(both.column("id").to_pylist()) == sorted(rows.keys())
    assert None not in both.column("match_id").to_pylist()
    fresh = set(both.column("match_id").to_pylist()[old:]) - {7, 8, 9}
    assert all(number > 9 for number in fresh) or old < 3


def test_labels_are_respected_if_asked_for(table: tuple[Records, dict[str, str]], model: Model) -> None:
    rows, truth = table
    existing, new = split(rows, model, 120)
    old_keys, new_keys = existing.keys(), new.keys()
    pair = next((a, b) for a in old_keys for b in new_keys if truth[a] == truth[b])
    told = replace(model, enforce_labels=True, told_different=(pair,))
    joined = match_incremental(existing, new, model)
    ids = dict(zip(joined.column("id").to_pylist(), joined.column("match_id").to_pylist(), strict=True))
    assert ids[pair[0]] == ids[pair[1]]
    apart = match_incremental(existing, new, told)
    ids = dict(zip(apart.column("id").to_pylist(), apart.column("match_id").to_pylist(), strict=True))
    assert ids[pair[0]] != ids[pair[1]]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([["a", "x", "1"], ["z", "x", None]], "Row 2 of the existing table .id z.: match_id is empty"),
        ([["a", "x", "one"]], "match_id is one, not a whole number"),
        ([["new", "x", "1"]], "1 of the new rows are already in the existing table, the first with id new"),
    ],
)
def test_what_is_wrong_is_said(cells: list[list[str | None]], message: str, model: Model) -> None:
    with pytest.raises(FindMatchesError, match=message):
        match_incremental(records(cells, ["id", "name", "match_id"]), records([["new", "y"]], ["id", "name"]), model)


def test_other_columns_are_refused(model: Model) -> None:
    existing = records([["a", "x", "1"]], ["id", "name", "match_id"])
    with pytest.raises(FindMatchesError, match="they lack name"):
        match_incremental(existing, records([["b", "y"]], ["id", "town"]), model)
    with pytest.raises(FindMatchesError, match="has no column match_id: match it first"):
        match_incremental(records([["a", "x"]], ["id", "name"]), records([["b", "y"]], ["id", "name"]), model)


def test_labels_are_respected_in_a_group_of_any_size(table: tuple[Records, dict[str, str]], model: Model) -> None:
    cells = table[0].table.to_pylist()
    old = [cells[n // 16] | {"id": f"old {n}", "match_id": "7"} for n in range(1600)]
    new = [cells[0] | {"id": "alike"}, cells[1] | {"id": "twin"}]
    new += [dict.fromkeys(cells[0], name) for name in ("unlike its twin", "foreign")]
    names = [row["id"] for row in new]
    existing, fresh = (Records(pa.Table.from_pylist(rows), "id") for rows in (old, new))
    told = replace(
        model,
        enforce_labels=True,
        told_same=(("foreign", "old 30"), ("twin", "unlike its twin")),
        told_different=(("alike", "old 5"), ("twin", "old 20")),
    )
    found = [match_incremental(existing, fresh, taught) for taught in (model, told)]
    before, after = (dict(zip(names, both.column("match_id").to_pylist()[1600:], strict=True)) for both in found)
    assert before["alike"] == before["twin"] == 7
    assert 7 not in (before["foreign"], before["unlike its twin"])
    assert after == {"alike": 8, "twin": 9, "unlike its twin": 9, "foreign": 7}
