"""FindMatches on a real Spark, in one session: what it finds is what one machine finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pyarrow import csv as arrow_csv

import findmatches
from findmatches import blocking, prepared
from findmatches.cli import main
from findmatches.clustering import components as components_here
from tests.findmatches.data import oracle, partition, people

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark", reason="make install-spark")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark")]

from findmatches.spark import (  # noqa: E402
    FindIncrementalMatches,
    FindMatches,
    match,
    scoring,
)
from findmatches.spark.components import components  # noqa: E402
from findmatches.spark.session import spark_session  # noqa: E402


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17: apt install openjdk-17-jre-headless")
    with ExitStack() as stack:
        session = stack.enter_context(spark_session("local[2]"))
        session.conf.set("spark.sql.shuffle.partitions", "2")
        yield session


@pytest.fixture(scope="module")
def taught() -> tuple[findmatches.Records, findmatches.Model]:
    records, truth = people(170, 70)
    labels = oracle(truth)(findmatches.ask(records, [], sets=8, rows=10))
    return records, findmatches.train(records, [labels], enforce_labels=True)


@pytest.mark.usefixtures("session")
def test_the_command_gives_the_groups_of_one_machine(
    taught: tuple[findmatches.Records, findmatches.Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, model = taught
    for module in (blocking, prepared, scoring):
        monkeypatch.setattr(module, "SMALL", 100)  # so that the table is searched, and sifted, as a large one
    model.save(tmp_path / "model")
    arrow_csv.write_csv(records.table, tmp_path / "in.csv")
    out = tmp_path / "out"
    command = [
        "match",
        str(tmp_path / "in.csv"),
        "--model",
        str(tmp_path / "model"),
        "--spark",
        "local[2]",
        "-o",
        str(out),
    ]
    assert main(command) == 0
    found = findmatches.read_records(out, primary_key="id").table
    assert found.column_names == [*records.columns, "match_id", "match_confidence_score"]
    here = model.match(records)
    assert partition(found) == partition(here)
    assert len(partition(found)) < 180
    assert found.sort_by("id").select(records.columns).equals(records.table.sort_by("id"))
    confidence = [
        np.array(table.sort_by("id")["match_confidence_score"].to_pylist(), dtype=float) for table in (found, here)
    ]
    assert np.abs(confidence[0] - confidence[1]).max() < 1e-3

    assert main(command) == 1, "the folder is there already"


def test_new_rows_join_the_groups_that_one_machine_finds(
    session: SparkSession, taught: tuple[findmatches.Records, findmatches.Model]
) -> None:
    records, model = taught
    old = findmatches.Records(records.table.slice(0, 150), "id")
    new = findmatches.Records(records.table.slice(150), "id")
    matched = model.match(old)
    here = findmatches.match_incremental(findmatches.Records.from_arrow(matched, primary_key="id"), new, model)
    found = FindIncrementalMatches.apply(
        session.createDataFrame(matched), session.createDataFrame(new.table), model, computeMatchConfidenceScores=1
    ).toArrow()
    assert found.column_names == here.column_names
    found, here = found.sort_by("id"), here.sort_by("id")
    assert found["match_id"].to_pylist() == here["match_id"].to_pylist()
    confidence = [np.array(table["match_confidence_score"].to_pylist(), dtype=float) for table in (found, here)]
    assert np.abs(confidence[0] - confidence[1]).max() < 1e-3


def test_components_are_those_of_a_graph_library(session: SparkSession) -> None:
    rng = np.random.default_rng(0)
    chain = np.column_stack([np.arange(0, 40), np.arange(1, 41)])
    edges = np.vstack([chain, rng.integers(50, 150, (60, 2))])
    lines = [(int(one), int(two)) for one, two in edges[rng.permutation(len(edges))]]
    found = components(session.createDataFrame(lines, "left long, right long")).toArrow()
    pieces = components_here(150, edges[:, 0].astype(np.int32), edges[:, 1].astype(np.int32))
    linked = np.unique(edges[edges[:, 0] != edges[:, 1]])
    wanted = {(int(row), int(np.flatnonzero(pieces == pieces[row])[0])) for row in linked}
    assert set(zip(found["row"].to_pylist(), found["piece"].to_pylist(), strict=True)) == wanted


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("r1", "anna"), (" ", "bert")], "blank in 1 of the rows"),
        ([("r1", "anna"), ("r2", "bert"), ("r1", "carla")], "r1 stands in more than one row"),
    ],
)
def test_keys_are_checked(
    session: SparkSession,
    taught: tuple[findmatches.Records, findmatches.Model],
    rows: list[tuple[str, str]],
    message: str,
) -> None:
    wide = [(*row, "", "", "", "") for row in rows]
    frame = session.createDataFrame(wide, ", ".join(f"{name} string" for name in taught[0].columns))
    with pytest.raises(findmatches.FindMatchesError, match=message):
        match(frame, taught[1])


def test_tables_of_no_or_one_row(session: SparkSession, taught: tuple[findmatches.Records, findmatches.Model]) -> None:
    records, model = taught
    one = session.createDataFrame(records.table.slice(0, 1))
    assert match(one, model).select("match_id", "match_confidence_score").collect() == [(0, 1.0)]
    nothing = match(one.limit(0), model)
    assert nothing.columns[-2:] == ["match_id", "match_confidence_score"]
    assert nothing.count() == 0


def test_what_is_missing_is_said(
    session: SparkSession,
    taught: tuple[findmatches.Records, findmatches.Model],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    records, model = taught
    frame = session.createDataFrame(records.table)
    with pytest.raises(findmatches.FindMatchesError, match="lacks columns that the model was trained with: phone"):
        match(frame.drop("phone"), model)
    with pytest.raises(findmatches.FindMatchesError, match="already has a column match_id"):
        FindMatches.apply(frame.withColumnRenamed("phone", "match_id"), model)
    model.save(tmp_path / "model")
    bad = tmp_path / "bad.csv"
    bad.write_text("id,first,last,address,born,phone\nr1,a,b,c,d,e\nr2,too,few\n")
    command = [
        "match",
        str(bad),
        "--model",
        str(tmp_path / "model"),
        "--spark",
        "local[2]",
        "-o",
        str(tmp_path / "out"),
    ]
    assert main(command) == 1
    assert "does not have the columns of the header" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*command, "--cache", str(tmp_path)]) == 1
    assert "--cache and --spark do not go together" in capsys.readouterr().err
