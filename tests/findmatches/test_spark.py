"""FindMatches on a real Spark: what it finds is what one machine finds. Tests share a session, but for those of processes that start their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

import findmatches
from findmatches import blocking, prepared
from findmatches.cli import main
from findmatches.clustering import Edges, cluster
from findmatches.clustering import components as components_here
from findmatches.clustering import pieces as pieces_here
from findmatches.linkage import between as between_here
from findmatches.model import confidence_of
from findmatches.normalise import make_column
from localglue.work.find_matches import matched
from tests.findmatches.data import oracle, partition, register_and_finds, shops
from tests.support.servers import wait_until

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pytest_django import Settings

pytest.importorskip("pyspark", reason="make install-spark")
pytestmark = pytest.mark.slow

from pyspark.sql import functions  # noqa: E402

from findmatches.spark import (  # noqa: E402
    FindIncrementalMatches,
    FindMatches,
    match,
    match_incremental,
    scoring,
)
from findmatches.spark import components as spark_components  # noqa: E402
from findmatches.spark.components import components  # noqa: E402
from findmatches.spark.frames import strong  # noqa: E402
from findmatches.spark.grouping import between, groups, pieces_of  # noqa: E402
from findmatches.spark.rows import numbered_rows  # noqa: E402
from findmatches.spark.session import read_frame, spark_session  # noqa: E402

# All plans of the module fit into 128 MB of compiled code, not into the 48 MB that one compiler gets by itself: there they are thrown out and
# compiled anew. Classes of Spark's fill 160 MB, at steps to which all memory would be looked through. An operator that sorts or counts takes a page
# at once, of 64 MB if nobody says less, for the few rows that there are here.
SHORT_LIVED = (
    "--driver-java-options "
    "'-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=128m -XX:MetaspaceSize=256m' "
    "--conf spark.buffer.pageSize=1m"
)


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or newer: apt install openjdk-17-jre-headless")
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("PYSPARK_SUBMIT_ARGS", f"{SHORT_LIVED} pyspark-shell")
        session = stack.enter_context(spark_session("local[2]"))
        session.conf.set("spark.sql.shuffle.partitions", "2")
        # Nothing runs often enough here to be worth compiling.
        session.conf.set("spark.sql.codegen.wholeStage", "false")
        session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        # To plan again after each stage takes longer than the stages; ``planned_anew`` is as Spark does it by default.
        session.conf.set("spark.sql.adaptive.enabled", "false")
        yield session


@pytest.fixture
def planned_anew(session: SparkSession) -> Iterator[None]:
    """With the sizes that the stages before had, as wherever nobody has chosen otherwise."""
    session.conf.set("spark.sql.adaptive.enabled", "true")
    yield
    session.conf.set("spark.sql.adaptive.enabled", "false")


@pytest.fixture(scope="module")
def taught() -> tuple[findmatches.Records, findmatches.Model]:
    """Of a table with sources that count: that of one source without is a part of the way."""
    records, truth = register_and_finds(70, 30)
    labels = oracle(truth)(findmatches.ask(records, [], sets=8, rows=10))
    model = findmatches.train(records, [labels], enforce_labels=True)
    assert model.learner.linkage is not None
    return records, model


@pytest.mark.usefixtures("session")
def test_the_command_gives_the_groups_of_one_machine(
    taught: tuple[findmatches.Records, findmatches.Model],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    records, model = taught
    for module in (blocking, prepared, scoring):
        monkeypatch.setattr(module, "SMALL", 100)  # so that the table is searched, and sifted, as a large one
    monkeypatch.setattr(spark_components, "FEW", 0)
    model.save(tmp_path / "model")
    # What is between blanks stays there.
    table = records.table.append_column(
        "note", pa.array([" a ", "\tb"] * (records.n_rows // 2) + ["c"] * (records.n_rows % 2))
    )
    arrow_csv.write_csv(table, tmp_path / "in.csv")
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
    assert f"findmatches: {out}: written by Spark.\n" in capsys.readouterr().err
    found = findmatches.read_records(out, primary_key="id").table
    assert found.column_names == [*table.column_names, "match_id", "match_confidence_score"]
    here = model.match(records)
    assert partition(found) == partition(here)
    assert 100 < len(partition(found)) < 0.9 * records.n_rows
    assert found.sort_by("id").select(table.column_names).equals(table.sort_by("id"))
    confidence = [
        np.array(table.sort_by("id")["match_confidence_score"].to_pylist(), dtype=float) for table in (found, here)
    ]
    assert np.abs(confidence[0] - confidence[1]).max() < 1e-3

    assert main(command) == 1, "the folder is there already"


@pytest.mark.usefixtures("session", "planned_anew")
def test_a_job_of_localglue_finds_on_spark_what_its_engine_finds(
    taught: tuple[findmatches.Records, findmatches.Model], settings: Settings
) -> None:
    """Whole is the command above; here new rows join a table that has been matched."""
    records, model = taught
    old = findmatches.Records(records.table.slice(0, 150), "id")
    new = findmatches.Records(records.table.slice(150), "id")
    existing = findmatches.Records.from_arrow(model.match(old), primary_key="id")
    here = matched(new, model, existing)
    settings.LOCALGLUE_SPARK_MASTER = "local[2]"
    found = matched(new, model, existing)
    assert found.drop_columns(["match_confidence_score"]).equals(here.drop_columns(["match_confidence_score"]))
    confidence = [np.array(table["match_confidence_score"].to_pylist(), dtype=float) for table in (found, here)]
    assert np.abs(confidence[0] - confidence[1]).max() < 1e-3


def test_nothing_of_spark_outlives_a_driver_that_is_killed() -> None:
    """So it is with a job run of localglue: stopping it, or its worker's end, kills the process that is the driver."""
    script = (
        "import time\nfrom findmatches.spark.session import spark_session\n"
        "with spark_session('local[1]') as session:\n"
        "    session.range(1).mapInArrow(lambda batches: iter(lambda: time.sleep(600), 1), 'id long').count()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as driver:
        wait_until(lambda: len(group_below(driver.pid)) > 2, seconds=120, what="Java and a Python worker of Spark's")
        started = group_below(driver.pid)
        driver.kill()
    wait_until(lambda: not any(map(lives, started)), seconds=60, what="the end of all that Spark has started")
    assert [pid for pid in started if lives(pid)] == []


def state_of(pid: int) -> list[str]:
    """State, parent and so on of a process; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def lives(pid: int) -> bool:
    return state_of(pid)[:1] not in ([], ["Z"])


def group_below(pid: int) -> list[int]:
    """The processes that descend from one."""
    parents = {int(path.name): state_of(int(path.name))[1:2] for path in Path("/proc").glob("[0-9]*")}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == [str(one)]]
    return found[1:]


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["exchanged", "in one task"])
def test_components_are_those_of_a_graph_library(
    session: SparkSession, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(spark_components, "FEW", few)
    rng = np.random.default_rng(0)
    chain = np.column_stack([np.arange(0, 16), np.arange(1, 17)])
    edges = np.vstack([chain, rng.integers(50, 150, (60, 2))])
    lines = [(int(one), int(two)) for one, two in edges[rng.permutation(len(edges))]]
    found = components(session.createDataFrame(lines, "left long, right long")).toArrow()
    pieces = components_here(150, edges[:, 0].astype(np.int32), edges[:, 1].astype(np.int32))
    linked = np.unique(edges[edges[:, 0] != edges[:, 1]])
    wanted = {(int(row), int(np.flatnonzero(pieces == pieces[row])[0])) for row in linked}
    assert set(zip(found["row"].to_pylist(), found["piece"].to_pylist(), strict=True)) == wanted


def test_given_scores_make_the_groups_and_confidences_of_one_machine(
    session: SparkSession, taught: tuple[findmatches.Records, findmatches.Model]
) -> None:
    """Registers compete for the finds: some rows that are linked stay alone."""
    model, rng = taught[1], np.random.default_rng(0)
    linkage, side = model.learner.linkage, model.schema.side
    assert linkage is not None
    assert side is not None
    left, right = np.triu_indices(40, 1)
    some = np.sort(rng.choice(len(left), 90, replace=False))
    edges = Edges(left[some].astype(np.int32), right[some].astype(np.int32), rng.random(90, dtype=np.float32))
    names = rng.choice(["register", "finds"], 40).tolist()
    texts = [[name if place == side else "" for place in range(len(model.schema.columns))] for name in names]
    rows = session.createDataFrame(list(enumerate(texts)), "row long, texts array<string>")
    lines = [
        (one, two, score, names[one], names[two])
        for one, two, score in zip(edges.left.tolist(), edges.right.tolist(), edges.score.tolist(), strict=True)
    ]
    frame = session.createDataFrame(lines, "left long, right long, score float, left_side string, right_side string")
    linked = between(frame, model)
    pieces = pieces_of(linked, components(strong(linked, model.threshold)), model.threshold)
    found = groups(rows, frame, pieces, model, (), ()).orderBy("row").toArrow()

    sources = make_column("source", pa.chunked_array([names]))
    connected = pieces_here(40, between_here(edges, sources.codes), model.threshold)
    scored = linkage.complete(edges, connected, sources)
    group = cluster(40, scored, model.threshold)
    assert found["match_id"].to_pylist() == group.tolist()
    assert np.allclose(found["match_confidence_score"].to_numpy(), confidence_of(group, scored), atol=1e-6)
    linked_and_alone = (np.bincount(connected)[connected] > 1) & (np.bincount(group)[group] == 1)
    assert linked_and_alone.sum() > 2


def test_the_whole_column_tells_which_number_of_a_date_is_the_month(session: SparkSession) -> None:
    cells = ["3/4/2024", "25/12/2024", None, "Щукин"]
    frame = session.createDataFrame(list(zip("abcd", cells, strict=True)), "id string, born string")
    size = session.conf.get("spark.sql.execution.arrow.maxRecordsPerBatch")
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 1)  # each row by itself
    rows, _ = numbered_rows(frame, "id", ["born"])
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(size))
    found = [line.texts for line in rows.orderBy("row").collect()]
    assert found == [["2024-04-03"], ["2024-12-25"], [None], ["shchukin"]]


def test_what_stands_for_nothing_counts_as_missing(session: SparkSession) -> None:
    rows = [("a", "Unknown", "unknown"), ("b", "Oslo", "1 Main  Street")]
    frame = session.createDataFrame(rows, "id string, city string, street string")
    numbered, _ = numbered_rows(frame, "id", ["city", "street"], ((0, "unknown"), (1, "1 main street")))
    assert [line.texts for line in numbered.orderBy("row").collect()] == [[None, "unknown"], ["oslo", None]]


def test_files_that_spark_would_read_wrongly_are_refused(session: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "windows.csv").write_bytes("id,name\nr1,Zoë\n".encode("cp1252"))
    with pytest.raises(findmatches.FindMatchesError, match=r"the file windows\.csv is not UTF-8"):
        read_frame(session, tmp_path / "windows.csv")
    (tmp_path / "utf8.csv").write_text("id,name\nr1,Zoë\n", encoding="utf-8")
    assert read_frame(session, tmp_path / "utf8.csv").collect() == [("r1", "Zoë")]
    (tmp_path / "twice.csv").write_text("id,name,name\nr1,Zoë,Ida\n", encoding="utf-8")
    with pytest.raises(findmatches.FindMatchesError, match=r"twice\.csv, line 1, column name: the header names"):
        read_frame(session, tmp_path / "twice.csv")
    folder = tmp_path / "folder"
    folder.mkdir()
    parquet.write_table(pa.table({"id": ["r1"], "name": ["Zoë"]}), folder / "1.parquet")
    parquet.write_table(pa.table({"name": ["Ida"], "id": ["r2"]}), folder / "2.parquet")
    assert set(read_frame(session, folder).collect()) == {("r1", "Zoë"), ("r2", "Ida")}
    parquet.write_table(pa.table({"id": ["r3"]}), folder / "3.parquet")
    with pytest.raises(
        findmatches.FindMatchesError, match=r"3\.parquet: the columns are not those of .*: it lacks name"
    ):
        read_frame(session, folder)


def test_midnight_is_that_of_the_session(session: SparkSession) -> None:
    zone = session.conf.get("spark.sql.session.timeZone")
    session.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    frame = session.sql("SELECT 'a' AS id, timestamp'2024-03-01 00:00:00' AS born")
    rows, _ = numbered_rows(frame, "id", ["born"])
    session.conf.set("spark.sql.session.timeZone", str(zone))
    assert [line.texts for line in rows.collect()] == [["2024-03-01"]]


def with_random_keys(frame: DataFrame) -> DataFrame:
    """In the order of the keys; no two looks at the frame find the same ones."""
    salt = functions.udf(lambda: uuid4().hex, "string").asNondeterministic()
    return frame.withColumn("id", functions.concat_ws("#", "id", salt()))


def without_salt(found: DataFrame) -> pa.Table:
    return found.withColumn("id", functions.substring_index("id", "#", 1)).toArrow()


def test_new_rows_join_a_frame_with_columns_of_other_types(
    session: SparkSession, taught: tuple[findmatches.Records, findmatches.Model]
) -> None:
    """As a CSV file with guessed types gives them, and pandas gives ids and empty cells."""
    records, model = taught[0], replace(taught[1], enforce_labels=False)  # as above
    old = model.match(findmatches.Records(records.table.slice(0, 150), "id"))
    day = pa.array(["19300101"] * 150)  # what is read as a number there, and as text here
    old = old.set_column(old.column_names.index("born"), "born", day)
    new = findmatches.Records(records.table.slice(150), "id")
    here = findmatches.match_incremental(findmatches.Records.from_arrow(old, primary_key="id"), new, model)
    existing = session.createDataFrame(old)
    guessed = {
        "born": functions.col("born").cast("int"),
        "match_id": functions.col("match_id").cast("double"),
        "match_confidence_score": functions.lit(""),
    }
    fresh = with_random_keys(session.createDataFrame(new.table))
    found = FindIncrementalMatches.apply(existing.withColumns(guessed), fresh, model)
    assert dict(found.dtypes)["born"] == "string"
    wanted = here.select([*records.columns, "match_id"]).sort_by("id")
    assert without_salt(found).sort_by("id").equals(wanted)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("r1", "anna"), (" ", "bert")], "blank in 1 of the rows"),
        ([("r1", "anna"), ("r2", "bert"), ("r1", "carla")], "r1 is in more than one row"),
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
    scored = FindMatches.apply(one, model, computeMatchConfidenceScores=1)
    assert scored.select("match_id", "match_confidence_score").collect() == [(0, 1.0)]
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
    with pytest.raises(findmatches.FindMatchesError, match="lacks columns that the model was trained with: born"):
        match(frame.drop("born"), model)
    with pytest.raises(findmatches.FindMatchesError, match="has a column match_id, and so has every result"):
        FindMatches.apply(frame.withColumnRenamed("born", "match_id"), model)
    with pytest.raises(findmatches.FindMatchesError, match="has a column MATCH_ID, and so has every result"):
        match(frame.withColumn("MATCH_ID", functions.lit(1)), model)
    with pytest.raises(findmatches.FindMatchesError, match="more than one column named X"):
        match(frame.select("*", functions.lit(1).alias("x"), functions.lit(1).alias("X")), model)
    with pytest.raises(findmatches.FindMatchesError, match="Column born holds list<element: string> values"):
        match(frame.withColumn("born", functions.array("born")), model)
    with pytest.raises(
        findmatches.FindMatchesError, match=r"^Column born \(binary\) cannot be read as text: Invalid UTF8"
    ):
        match(frame.withColumn("born", functions.unhex(functions.lit("ff"))), model)
    existing = frame.withColumn("match_id", functions.lit(1))
    with pytest.raises(
        findmatches.FindMatchesError, match="Rows of the existing table that have no whole number in match_"
    ):
        match_incremental(existing.withColumn("match_id", functions.lit("1.5")), frame.limit(0), model)
    with pytest.raises(findmatches.FindMatchesError, match="leave no room for new ones"):
        match_incremental(existing.withColumn("match_id", functions.lit(-(2**63))), frame.limit(0), model)
    with pytest.raises(
        findmatches.FindMatchesError, match="Rows of the existing table that have no number in match_conf"
    ):
        match_incremental(existing.withColumn("match_confidence_score", functions.lit("-")), frame.limit(0), model)
    model.save(tmp_path / "model")
    bad = tmp_path / "bad.csv"
    bad.write_text("id,source,first,last,address,born\nr1,a,b,c,d,e\nr2,too,few\n")
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
    assert "--cache and --spark cannot be used together" in capsys.readouterr().err


@pytest.mark.usefixtures("planned_anew")
def test_large_groups_are_those_of_one_machine_and_keys_that_are_made_up_lose_no_rows(session: SparkSession) -> None:
    records, truth = shops(sizes=(230, 210, 20, 5))
    model = findmatches.train(records, [oracle(truth)(findmatches.ask(records, [], sets=8, rows=10))])
    here = model.match(records)
    frame = with_random_keys(session.createDataFrame(records.table)).withColumn("a.`b", functions.array("id"))
    found = FindMatches.apply(frame, model, computeMatchConfidenceScores=1)
    assert found.columns == [*frame.columns, "match_id", "match_confidence_score"]
    there = without_salt(found.drop("a.`b")).sort_by("id")
    assert max(map(len, partition(here))) > 200
    assert partition(there) == partition(here)
    sure, as_sure = (table["match_confidence_score"].to_numpy() for table in (here.sort_by("id"), there))
    assert np.allclose(sure, as_sure, atol=1e-4)
