"""What is done otherwise with large tables, tried on small ones with the limits lowered."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv

from findmatches import FindMatchesError, Records, ask, match_incremental, memory, pile, read_records, schema, train
from findmatches.cli import main
from labelfiles import LabelFile, label_file_bytes
from tests.findmatches.data import oracle, people

Taught = tuple[Records, LabelFile, LabelFile]


@pytest.fixture(scope="module")
def taught() -> Taught:
    """A table, the first questions, and their answers."""
    table, truth = people(100, 50)
    questions = ask(table, [], sets=6, rows=8)
    return table, questions, oracle(truth)(questions)


def test_what_is_kept_in_files_gives_the_same_questions_and_matches(
    taught: Taught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table, questions, labels = taught
    result = train(table, [labels]).match(table)
    monkeypatch.setattr(pile, "IN_MEMORY", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert ask(table, [], sets=6, rows=8) == questions
    assert train(table, [labels]).match(table).equals(result)
    assert not list(tmp_path.iterdir()), "a file was left behind"
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match="nowhere"):
        ask(table, [])


def test_columns_of_much_text_are_matched_like_any_other(
    taught: Taught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table, _, labels = taught
    model = train(table, [labels])
    result, more = model.match(table), ask(table, [labels])
    old, new = model.match(Records(table.table.slice(0, 70), "id")), Records(table.table.slice(70), "id")
    grown = match_incremental(Records.from_arrow(old, primary_key="id"), new, model)
    for number, half in enumerate((table.table.slice(0, 70), new.table)):
        csv.write_csv(half, tmp_path / f"{number}.csv")

    monkeypatch.setattr(schema, "_PLAIN", 100)
    read = read_records(tmp_path, primary_key="id")
    assert read.table.schema.field("first").type == pa.large_string()
    assert ask(read, [labels]) == more
    assert train(read, [labels]).match(read).to_pylist() == result.to_pylist()
    assert match_incremental(Records.from_arrow(old, primary_key="id"), new, model).to_pylist() == grown.to_pylist()


def test_a_table_that_memory_cannot_hold_is_refused_before_the_work(
    taught: Taught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, _, labels = taught
    csv.write_csv(table.table, tmp_path / "people.csv")
    (tmp_path / "labels.csv").write_bytes(label_file_bytes(labels))
    monkeypatch.setattr(memory, "memory_of_machine", lambda: 50_000)
    given = ["train", str(tmp_path / "people.csv"), "--primary-key", "id", "--labels", str(tmp_path / "labels.csv")]
    assert main([*given, "-o", str(tmp_path / "model")]) == 1
    told = capsys.readouterr().err
    assert "too large for this machine: 150 rows" in told
    assert "Spark" in told
    assert not (tmp_path / "model").exists()


def test_running_out_of_memory_is_told_without_a_stack_trace(
    taught: Taught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    csv.write_csv(taught[0].table, tmp_path / "people.csv")
    monkeypatch.setattr("findmatches.prepared.find_candidates", full)
    given = ["ask", str(tmp_path / "people.csv"), "--primary-key", "id"]
    assert main([*given, "-o", str(tmp_path / "questions.csv")]) == 1
    assert "ran out of memory" in capsys.readouterr().err


def test_the_memory_of_a_container_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = memory.memory_of_machine()
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_LIMITS", (str(tmp_path / "none"), str(limit)))
    for content, counts in (("max\n", machine), ("123456\n", 123456)):
        limit.write_text(content)
        assert memory.memory_of_machine() == pytest.approx(counts)


def test_how_much_is_needed_grows_with_rows_and_text_of_long_texts_the_most() -> None:
    short, long = (pa.table({"name": [letter * length] * 1000}) for letter, length in (("x", 40), ("y", 400)))
    memory.check_memory(short, there_is=600_000)
    memory.check_memory(long, there_is=6_000_000)
    for table, there_is in ((short, 500_000), (long, 5_000_000)):
        with pytest.raises(FindMatchesError, match=r"1,000 rows"):
            memory.check_memory(table, there_is=there_is)
