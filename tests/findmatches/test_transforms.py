"""What stands in for ``awsglueml.transforms``, on tables of one machine. On Spark: ``test_spark.py``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import findmatches
from findmatches.spark import FindIncrementalMatches, FindMatches
from tests.findmatches.data import oracle, partition, people


@pytest.fixture(scope="module")
def taught() -> tuple[findmatches.Records, findmatches.Model]:
    records, truth = people(120, 50)
    labels = oracle(truth)(findmatches.ask(records, [], sets=8, rows=10))
    return records, findmatches.train(records, [labels])


def test_a_script_for_glue_runs_on_one_machine(
    taught: tuple[findmatches.Records, findmatches.Model], tmp_path: Path
) -> None:
    records, model = taught
    model.save(tmp_path / "model")
    table = records.table.append_column("visits", pa.array(range(records.n_rows)))
    found = FindMatches.apply(frame=table, transformId=str(tmp_path / "model"), transformation_ctx="matches")
    assert found.column_names == [*table.column_names, "match_id"]
    assert found.schema.field("visits").type == pa.int64()
    assert partition(found) == partition(model.match(records))
    scored = FindMatches.apply(table, model, computeMatchConfidenceScores=1)
    assert scored["match_confidence_score"].to_pylist() == model.match(records)["match_confidence_score"].to_pylist()


def test_new_rows_join_those_of_a_pandas_frame(taught: tuple[findmatches.Records, findmatches.Model]) -> None:
    pytest.importorskip("pandas", reason="make install-spark")
    records, model = taught
    old, new = records.table.slice(0, 100).to_pandas(), records.table.slice(100).to_pandas()
    matched = FindMatches.apply(old, model=model, computeMatchConfidenceScores=1)
    both = FindIncrementalMatches.apply(matched, new, model)
    assert list(both.columns) == [*records.columns, "match_id"]
    assert both["match_id"][:100].tolist() == matched["match_id"].tolist()
    assert both["id"].tolist() == records.keys()
    assert both["match_id"][100:].isin(matched["match_id"]).any()
    assert both.index.tolist() == list(range(records.n_rows))


def test_a_pandas_frame_keeps_its_index_and_its_types(
    taught: tuple[findmatches.Records, findmatches.Model],
) -> None:
    pandas = pytest.importorskip("pandas", reason="make install-spark")
    records, model = taught
    frame = records.table.to_pandas()
    frame["source"] = pandas.Categorical(["crm", "shop"] * (len(frame) // 2))
    frame["visits"] = pandas.array([None, *range(1, len(frame))], dtype="Int64")
    frame.index = pandas.Index([f"row {number}" for number in range(len(frame))][::-1], name="place")
    found = FindMatches.apply(frame, model, computeMatchConfidenceScores=1)
    pandas.testing.assert_frame_equal(found[list(frame.columns)], frame)
    assert found["match_id"].tolist() == model.match(records)["match_id"].to_pylist()
    assert found.columns[-2:].tolist() == ["match_id", "match_confidence_score"]

    old, new = found[:100], frame[100:]
    both = FindIncrementalMatches.apply(old, new, model)
    pandas.testing.assert_frame_equal(both[list(frame.columns)], frame)
    assert both["match_id"][:100].tolist() == old["match_id"].tolist()


def test_enforced_matches_decide(taught: tuple[findmatches.Records, findmatches.Model]) -> None:
    records, model = taught
    before = partition(model.match(records))
    apart = sorted(next(group for group in before if len(group) > 1))[:2]
    together = sorted(min(group) for group in before if len(group) == 1)[:2]
    lines = [("s1", "A", apart[0]), ("s1", "B", apart[1]), ("s2", "A", together[0]), ("s2", "A", together[1])]
    enforced = pa.table(
        {name: [line[place] for line in lines] for place, name in enumerate(("labeling_set_id", "label", "id"))}
    )
    found = partition(FindMatches.apply(records.table, model, enforcedMatches=enforced))
    assert any(set(together) <= group for group in found)
    assert not any(set(apart) <= group for group in found)


def test_enforced_matches_go_before_labels_that_the_model_enforces(
    taught: tuple[findmatches.Records, findmatches.Model],
) -> None:
    records, model = taught
    one, two = sorted(next(group for group in partition(model.match(records)) if len(group) > 1))[:2]
    told = replace(model, enforce_labels=True, told_same=((one, two),), told_different=())
    apart = pa.table({"labeling_set_id": ["s", "s"], "label": ["A", "B"], "id": [two, one]})
    found = partition(FindMatches.apply(records.table, told, enforcedMatches=apart))
    assert not any({one, two} <= group for group in found)

    free = replace(model, enforce_labels=False, told_same=(), told_different=((one, two),))
    others = pa.table({"labeling_set_id": ["s", "s"], "label": ["A", "A"], "id": ["r0000", "r0001"]})
    found = partition(FindMatches.apply(records.table, free, enforcedMatches=others))
    assert any({one, two} <= group for group in found)  # what the model does not enforce stays free


def test_what_cannot_be_done_is_said(taught: tuple[findmatches.Records, findmatches.Model]) -> None:
    records, model = taught
    refused = findmatches.FindMatchesError
    with pytest.raises(refused, match="nightly: stageThreshold and totalThreshold must be 0"):
        FindMatches.apply(records.table, model, info="nightly", stageThreshold=1)
    with pytest.raises(refused, match="Give a model"):
        FindMatches.apply(records.table)
    with pytest.raises(refused, match="none is not a model folder"):
        FindMatches.apply(records.table, "none")
    with pytest.raises(refused, match="this is a list"):
        FindMatches.apply([1], model)
    with pytest.raises(refused, match="enforcedMatches lacks the column label"):
        FindMatches.apply(records.table, model, enforcedMatches=pa.table({"labeling_set_id": ["a"], "id": ["r0000"]}))
    with pytest.raises(refused, match="no column match_id: match it first"):
        FindIncrementalMatches.apply(records.table.slice(0, 9), records.table.slice(9), model)
