from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pyarrow import csv, parquet

from findmatches import Model, read_records
from findmatches.cli import main
from labelfiles import label_file_bytes, read_label_file
from tests.findmatches.data import oracle, people


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, answered questions and what they teach."""
    records, truth = people(60, 20)
    folder = tmp_path_factory.mktemp("made")
    table, questions, labels = (str(folder / name) for name in ("in.csv", "q.csv", "l.csv"))
    csv.write_csv(records.table, table)
    assert main(["ask", table, "--primary-key", "id", "--sets", "4", "--rows", "8", "-o", questions]) == 0
    Path(labels).write_bytes(label_file_bytes(oracle(truth)(read_label_file(Path(questions)))))
    assert main(["train", table, "--primary-key", "id", "--labels", labels, "-o", str(folder / "model")]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is where the test is."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, *, blocks: int) -> subprocess.CompletedProcess[str]:
    """A command that can write no file of more than so many half kilobytes, as on a disk that gets full."""
    script = f"ulimit -f {blocks}; exec {sys.executable} -m findmatches {command}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("ask in.csv --primary-key id --labels l.csv -o l.csv", "l.csv"),
        ("ask in.csv --primary-key id -o ./in.csv", "in.csv"),
        ("match in.csv --model model -o link.csv", "in.csv"),
        ("match . --model model -o in.csv", "in.csv"),
        ("evaluate in.csv --primary-key id --labels l.csv -o l.csv", "l.csv"),
        ("propose in.csv --primary-key id --questions q.csv -o q.csv", "q.csv"),
    ],
)
def test_what_a_command_reads_it_does_not_write_over(
    folder: Path, command: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link.csv").symlink_to("in.csv")
    before = (folder / path).read_bytes()
    assert main(command.split()) == 1
    assert "is what this command reads" in capsys.readouterr().err
    assert (folder / path).read_bytes() == before


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("match in.csv --model model -o model", "model is a folder. Name a file"),
        ("match in.csv --model model -o gone/out.csv", "gone/out.csv cannot be written: there is no folder"),
        ("train in.csv --primary-key id --labels l.csv -o l.csv", "l.csv is not a folder"),
        ("train in.csv --primary-key id --labels l.csv -o l.csv/model", "l.csv is not a folder"),
        ("ask in.csv --primary-key id -o /dev/full", "/dev/full cannot be written: No space left on device."),
    ],
)
def test_where_nothing_can_be_written_is_said(
    folder: Path, command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 1
    assert message in capsys.readouterr().err


def test_a_disk_that_gets_full_costs_neither_the_matches_nor_the_model_that_stood_there(folder: Path) -> None:
    old = b"the matches of yesterday\n"
    for name in ("out.csv", "out.parquet"):
        Path(name).write_bytes(old)
        done = run(f"match in.csv --model model -o {name}", blocks=4)
        assert done.returncode == 1
        assert f"findmatches: {name} cannot be written: " in done.stderr
        assert Path(name).read_bytes() == old
    before = Model.load("model").match(read_records("in.csv", primary_key="id"))
    done = run("train in.csv --primary-key id --labels l.csv --seed 1 -o model", blocks=16)
    assert done.returncode == 1
    assert "arrays.npz cannot be written: " in done.stderr
    assert Model.load("model").match(read_records("in.csv", primary_key="id")).equals(before)
    assert not list(folder.rglob(".*"))  # nothing half written is left


def test_new_rows_go_into_the_matches_that_they_come_on_top_of(folder: Path) -> None:
    table = csv.read_csv("in.csv")
    csv.write_csv(table.slice(0, 50), "old.csv")
    csv.write_csv(table.slice(50), "new.csv")
    assert main(["match", "old.csv", "--model", "model", "-o", "all.csv"]) == 0
    Path("all.csv").chmod(0o640)
    assert main(["match", "new.csv", "--existing", "all.csv", "--model", "model", "-o", "all.csv"]) == 0
    assert csv.read_csv("all.csv").num_rows == table.num_rows
    assert Path("all.csv").stat().st_mode & 0o777 == 0o640


def test_the_end_of_the_name_says_what_is_written_as_it_does_of_what_is_read(folder: Path) -> None:
    for name in ("out.csv", "out.csv.gz", "out.parquet", "out.PARQ"):
        assert main(["match", "in.csv", "--model", "model", "-o", name]) == 0
        assert "match_id" in read_records(name, primary_key="id").columns
    assert parquet.read_table("out.PARQ").num_rows == csv.read_csv("out.csv").num_rows


def test_a_pipe_is_written_to_as_it_is(folder: Path) -> None:
    os.mkfifo("pipe")
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(Path("pipe").read_bytes()))
    reader.start()
    assert main(["match", "in.csv", "--model", "model", "-o", "pipe"]) == 0
    reader.join()
    assert found[0].startswith(b'"id","first"')
