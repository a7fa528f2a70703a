from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from pyarrow import csv as arrow_csv

from findmatches.cli import main
from labelfiles import LabelFile, label_file_bytes, read_label_file
from tests.findmatches.data import oracle, partition, people


def test_the_whole_way_through_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, truth = people(120, 40)
    table, questions, labels, model, out = (
        str(tmp_path / name) for name in ("in.csv", "q.csv", "l.csv", "model", "out.csv")
    )
    arrow_csv.write_csv(records.table, table)
    assert main(["ask", table, "--primary-key", "id", "--sets", "5", "--rows", "8", "-o", questions]) == 0
    Path(labels).write_bytes(label_file_bytes(oracle(truth)(read_label_file(Path(questions)))))
    assert main(["ask", table, "--primary-key", "id", "--labels", labels, "--seed", "3", "-o", questions]) == 0
    assert main(["train", table, "--primary-key", "id", "--labels", labels, "-o", model]) == 0
    assert main(["match", table, "--model", model, "-o", out]) == 0
    matched = arrow_csv.read_csv(out)
    assert matched.column_names == [*records.columns, "match_id", "match_confidence_score"]
    assert len(partition(matched)) < 130
    assert main(["match", table, "--model", model, "-o", str(tmp_path / "out.parquet")]) == 0
    metrics = str(tmp_path / "m.json")
    assert main(["evaluate", table, "--primary-key", "id", "--labels", labels, "-o", metrics]) == 0
    content = json.loads(Path(metrics).read_text())
    assert content["learning_curve"]["next_file"]["rows"] == 100
    assert set(content["confusion_matrix"]) == {
        "true_positives",
        "false_positives",
        "true_negatives",
        "false_negatives",
    }
    proposals = tmp_path / "p.csv"
    assert main(["propose", table, "--primary-key", "id", "--questions", questions, "-o", str(proposals)]) == 0
    assert proposals.read_text().startswith("labeling_set_id,id,group,confidence\n")
    gone = read_label_file(Path(labels)).rows[0].values[0]
    lines = Path(table).read_text().splitlines(keepends=True)
    Path(table).write_text("".join(line for line in lines if line.split(",")[0].strip('"') != gone))
    capsys.readouterr()
    assert main(["train", table, "--primary-key", "id", "--labels", labels, "-o", model]) == 0
    assert "not in the table, and teach by what the label file shows: 1\n" in capsys.readouterr().err


def test_each_command_says_what_came_of_it_and_on_request_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    records, truth = people(60, 20)
    table, questions, model, out = (str(tmp_path / name) for name in ("in.csv", "q.csv", "model", "out.csv"))
    arrow_csv.write_csv(records.table, table)
    assert main(["ask", table, "--primary-key", "id", "--sets", "4", "--rows", "5", "-o", questions]) == 0
    assert (
        f"{questions}: 4 questions about 20 rows. Next: answer them (python -m findmatches label"
        in capsys.readouterr().err
    )
    answered = oracle(truth)(read_label_file(Path(questions)))
    Path(questions).write_bytes(label_file_bytes(answered))
    assert main(["train", table, "--primary-key", "id", "--labels", questions, "-o", model]) == 0
    told = capsys.readouterr().err
    sets = [[row.label for row in rows] for rows in answered.by_set().values()]
    same = sum(one == two for labels in sets for one, two in combinations(labels, 2))
    assert f"learnt from 20 labelled rows in 4 sets: {same} matching pairs, {40 - same} others.\n" in told
    caplog.clear()
    assert main(["match", table, "--model", model, "-o", out]) == 0
    groups = [len(group) for group in partition(arrow_csv.read_csv(out))]
    several = [size for size in groups if size > 1]
    assert (
        f"{out}: {sum(groups)} rows, {len(groups)} things: {sum(several)} rows in {len(several)} groups of 2 to {max(several)}.\n"
        in capsys.readouterr().err
    )
    assert not caplog.messages
    assert main(["match", table, "--model", model, "-v", "-o", out]) == 0
    assert any(message.endswith(" candidate pairs") for message in caplog.messages)


def test_of_many_findings_about_labels_the_first_are_named_and_on_request_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records, truth = people(60, 20)
    table, labels, more, model = (str(tmp_path / name) for name in ("in.csv", "l.csv", "more.csv", "model"))
    arrow_csv.write_csv(records.table, table)
    assert main(["ask", table, "--primary-key", "id", "--sets", "4", "--rows", "6", "-o", labels]) == 0
    right = oracle(truth)(read_label_file(Path(labels)))
    doubled = [replace(row, labeling_set_id=f"{row.labeling_set_id} again", label="A") for row in right.rows]
    Path(labels).write_bytes(label_file_bytes(LabelFile(right.columns, (*right.rows, *doubled))))
    assert main(["ask", table, "--primary-key", "id", "--labels", labels, "--seed", "1", "-o", more]) == 0
    capsys.readouterr()
    teach = ["train", table, "--primary-key", "id", "--labels", labels, more, "-o", model]
    assert main([*teach, "-v"]) == 0
    all_told = [line for line in capsys.readouterr().err.splitlines() if "contradict" in line]
    assert len(all_told) > 11
    assert main(teach) == 0
    told = capsys.readouterr().err
    assert "in 8 sets: " in told, "the questions that nobody has answered teach nothing"
    more_told = f"findmatches: labels contradict each other: {len(all_told) - 10} more; -v names them all"
    assert [line for line in told.splitlines() if "contradict" in line] == [*all_told[:10], more_told]


def test_an_estimate_can_be_read_without_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, truth = people(60, 20)
    table, labels, metrics = (str(tmp_path / name) for name in ("in.csv", "l.csv", "m.json"))
    arrow_csv.write_csv(records.table, table)
    assert main(["ask", table, "--primary-key", "id", "--sets", "6", "--rows", "6", "-o", labels]) == 0
    Path(labels).write_bytes(label_file_bytes(oracle(truth)(read_label_file(Path(labels)))))
    capsys.readouterr()
    estimate = ["evaluate", table, "--primary-key", "id", "--labels", labels]
    assert main(estimate) == 0
    told = capsys.readouterr()
    assert not told.err
    assert main([*estimate, "-o", metrics]) == 0
    assert capsys.readouterr() == ("", told.out)
    content = json.loads(Path(metrics).read_text())
    matrix = content["confusion_matrix"]
    assert f"precision  {content['precision']:.3f}   {matrix['false_positives']} of " in told.out
    assert f"raise F1 by {content['learning_curve']['next_file']['gain']:.3f} (" in told.out
    first = content["column_importances"][0]
    assert f"Columns that tell most: {first['column']} {first['importance']:.0%}" in told.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "none.csv", "--primary-key", "id", "-o", "q.csv"], "no file or folder none.csv"),
        (["match", "in.csv", "--model", "none", "-o", "o.csv"], "none is not a model folder"),
        (["match", "in.csv", "--model", "l.csv", "-o", "o.csv"], "l.csv is a file, not a model folder"),
        (["ask", "in.csv", "--primary-key", "id", "--cache", "l.csv", "-o", "q.csv"], "l.csv is not a folder"),
        (
            ["ask", "matched.csv", "--primary-key", "id", "-o", "q.csv"],
            "has a column match_id, and so has every result",
        ),
        (["train", "in.csv", "--primary-key", "id", "--labels", "in.csv", "-o", "m"], "first two columns"),
        (["train", "in.csv", "--primary-key", "id", "--labels", "gone.csv", "-o", "m"], "gone.csv: No such file"),
        (["ask", "in.csv", "--primary-key", "id", "--rows", "1", "-o", "q.csv"], "2 to 50 rows"),
        (
            ["ask", "in.csv", "--primary-key", "id", "--seed", "-1", "-o", "q.csv"],
            "whole number from 0 to 2147483647, not -1",
        ),
        (
            ["train", "in.csv", "--primary-key", "id", "--labels", "l.csv", "more/k.csv", "-o", "m"],
            "more/k.csv, line 3: set t has a row with id 7",
        ),
        (
            ["train", "in.csv", "--primary-key", "id", "--labels", "l.csv", "--seed", "4294967296", "-o", "m"],
            "not 4294967296",
        ),
        (["evaluate", "in.csv", "--primary-key", "id", "--labels", "l.csv", "--seed", "-1", "-o", "e.json"], "not -1"),
        (["train", "in.csv", "--primary-key", "name", "--labels", "l.csv", "-o", "m"], "l.csv has no column name"),
        (["train", "in.csv", "--primary-key", "id", "--labels", "blank.csv", "-o", "m"], "at least one pair"),
        (
            ["propose", "in.csv", "--primary-key", "id", "--questions", "q.csv", "-o", "p.csv"],
            "q.csv, line 3, column id: the primary key is blank",
        ),
    ],
)
def test_what_is_wrong_is_said_and_the_exit_code_is_1(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("id,name\n1,x\n2,y\n3,z\n")
    (tmp_path / "matched.csv").write_text("id,name,match_id\n1,x,0\n2,y,1\n3,z,2\n")
    (tmp_path / "l.csv").write_text("labeling_set_id,label,id\ns,A,1\ns,A,2\ns,B,3\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "k.csv").write_text("labeling_set_id,label,id\nt,A,1\nt,A,7\n")
    (tmp_path / "blank.csv").write_text("labeling_set_id,label,id\ns, ,1\ns, ,2\ns,B,3\n")  # " " is no label
    (tmp_path / "q.csv").write_text("labeling_set_id,label,id,name\ns,,1,x\ns,,,y\n")
    assert main(arguments) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["ask", "train", "match", "explain", "evaluate", "propose"])
def test_help_shows_a_command_that_can_be_copied_and_what_comes_of_it(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python -m findmatches {command} ")
    assert command == "explain" or re.search(r"--output \S+\s+\w", text)


def test_a_command_without_spark_does_not_wait_for_pandas(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="make install-spark")
    table = tmp_path / "in.csv"
    arrow_csv.write_csv(people(20, 5)[0].table, table)
    command = [sys.executable, "-X", "importtime", "-m", "findmatches", "ask", str(table), "--primary-key", "id", "-o", str(tmp_path / "q.csv")]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pyarrow" in run.stderr
    assert "pandas.core" not in run.stderr


def data_folder() -> Path:
    return Path(os.environ.get("LABELPORTAL_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))


@pytest.mark.skipif(not (data_folder() / "fodors_zagats").is_dir(), reason="needs LABELPORTAL_DATA with fodors_zagats")
def test_it_teaches_itself_restaurants_over_200_rows(tmp_path: Path) -> None:
    from bench.quality import answer, read_truth, score

    folder = data_folder() / "fodors_zagats"
    table, truth = str(folder / "records.csv"), read_truth(folder)
    labels: list[str] = []
    for number in range(2):
        questions = tmp_path / f"q{number}.csv"
        known = ["--labels", *labels] if labels else []
        assert main(["ask", table, "--primary-key", "id", *known, "-o", str(questions)]) == 0
        labels.append(str(tmp_path / f"l{number}.csv"))
        Path(labels[-1]).write_bytes(label_file_bytes(answer(read_label_file(questions), truth)))
    model, out = str(tmp_path / "model"), str(tmp_path / "out.csv")
    assert main(["train", table, "--primary-key", "id", "--labels", *labels, "-o", model]) == 0
    assert main(["match", table, "--model", model, "-o", out]) == 0
    matched = arrow_csv.read_csv(out)
    _, _, f1 = score(matched.column("id").to_pylist(), matched.column("match_id").to_pylist(), truth)
    assert f1 >= 0.95
