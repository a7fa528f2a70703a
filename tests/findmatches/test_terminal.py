from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pyarrow import csv as arrow_csv

from findmatches.cli import main
from labelfiles import LabeledRow, LabelFile, label_file_bytes, read_label_file
from tests.findmatches.data import oracle, people

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "findmatches", "label"]
COLUMNS = ("id", "name", "town")
ROWS = [("1", "anna", "ulm"), ("2", "bert", "ulm"), ("3", "bert", "ulm"), ("4", "carla", "ulm")]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}


def questions(path: Path, *sets: tuple[str, Sequence[tuple[str, ...]]], columns: Sequence[str] = COLUMNS) -> Path:
    """A file of questions: the labels of each, a blank for none, and its rows."""
    rows = [
        LabeledRow(f"set-{number}", label.strip(), values)
        for number, (labels, table) in enumerate(sets, start=1)
        for label, values in zip(labels, table, strict=True)
    ]
    path.write_bytes(label_file_bytes(LabelFile(tuple(columns), tuple(rows))))
    return path


def labels(path: Path) -> list[list[str]]:
    return [[row.label for row in rows] for rows in read_label_file(path).by_set().values()]


def label(path: Path, *lines: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a process makes of these lines."""
    return subprocess.run(
        [*COMMAND, str(path)],
        input="".join(f"{line}\n" for line in lines),
        env=environment(**variables),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def shown(output: str) -> list[str]:
    """The lines of the first question, without what comes before and after it."""
    return re.split(r"\n\n  \d+\n> ", output.split("Question 1 ", 1)[1])[0].splitlines()[1:]


def test_from_questions_to_a_model(tmp_path: Path) -> None:
    records, truth = people(60, 20)
    table, file = str(tmp_path / "in.csv"), tmp_path / "q.csv"
    arrow_csv.write_csv(records.table, table)
    assert main(["ask", table, "--primary-key", "id", "--sets", "4", "--rows", "5", "-o", str(file)]) == 0
    answers = oracle(truth)(read_label_file(file))
    lines = []
    for rows in answers.by_set().values():
        names = list(dict.fromkeys(row.label for row in rows))
        lines.append("".join("ABCDE"[names.index(row.label)] for row in rows))
    done = label(file, *lines)
    assert done.returncode == 0
    assert done.stderr == f"findmatches: {file}: 4 of 4 questions are answered. Next: train.\n"
    assert labels(file) == [list(line) for line in lines]
    assert main(["train", table, "--primary-key", "id", "--labels", str(file), "-o", str(tmp_path / "model")]) == 0


def test_answers_in_the_file_stay_and_starting_again_goes_on(tmp_path: Path) -> None:
    file = questions(
        tmp_path / "q.csv", ("    ", ROWS), ("xyx ", ROWS), ("    ", ROWS), ("    ", ROWS), ("A", ROWS[:1])
    )
    done = label(file, "a b, b?", "q")
    assert re.findall(r"Question \d.*", done.stdout) == [
        "Question 1 (set-1). 1 of 4 questions are answered.",
        "Question 3 (set-3). 2 of 4 questions are answered.",
    ]
    assert (
        done.stderr == f"findmatches: {file}: 2 of 4 questions are answered. The same command goes on with the rest.\n"
    )
    assert labels(file) == [[*list("ABB"), ""], ["x", "y", "x", ""], [""] * 4, [""] * 4, ["A"]]
    done = label(file, "w", "t")
    assert re.findall(r"Question \d \S+", done.stdout) == ["Question 3 (set-3).", "Question 4 (set-4)."]
    assert "4 of 4 questions are answered. b goes back, Enter ends." in done.stdout
    assert labels(file) == [[*list("ABB"), ""], ["x", "y", "x", ""], list("ABCD"), list("AAAA"), ["A"]]


def test_back_and_skip(tmp_path: Path) -> None:
    file = questions(tmp_path / "q.csv", *[("    ", ROWS)] * 3)
    done = label(file, "b", "AABB", "s", "b", "b", "ABBA", "s", "AAAA", "s", "w", "b", "ABCC", "")
    assert "This is the first question." in done.stdout
    assert re.findall(r"Question (\d)", done.stdout) == ["1", "2", "3", "2", "1", "2", "3", "2", "3"]
    assert "\n1 A  1   anna\n2 A  2   bert\n3 B  3   bert\n" in done.stdout
    assert "2 of 3 questions are answered. b goes back, s shows those that were skipped, Enter ends." in done.stdout
    assert labels(file) == [list("ABBA"), list("ABCD"), list("ABCC")]


def test_a_wrong_line_is_told_and_asked_again(tmp_path: Path) -> None:
    file = questions(tmp_path / "q.csv", ("    ", ROWS))
    done = label(file, "AAB", "", "quit", "AAB1", "?", "x", "AABC")
    told = [
        line
        for line in done.stdout.replace("> ", "\n").splitlines()
        if "Type ? for help" in line or "is no group" in line
    ]
    assert told == [
        "That makes 3 letters, and the question has 4 rows. Type ? for help.",
        "That makes 0 letters, and the question has 4 rows. Type ? for help.",
        "Q is no group here. 4 rows make groups A to D at most; type ? for help.",
        "1 is no group here. 4 rows make groups A to D at most; type ? for help.",
        "That makes 1 letter, and the question has 4 rows. Type ? for help.",
    ]
    assert done.stdout.count("Which rows are the same thing?") == 2
    assert done.stdout.count("Question 1") == 1
    assert labels(file) == [list("AABC")]


def test_more_rows_than_letters(tmp_path: Path) -> None:
    file = questions(tmp_path / "q.csv", (" " * 30, [(str(number), "anna", "ulm") for number in range(30)]))
    label(file, "w")
    assert len(set(labels(file)[0])) == 30


def test_what_all_rows_share_is_said_once(tmp_path: Path) -> None:
    columns = ("id", "name", "town", "fax", "note")
    rows = [(number, name, "ulm", "", "a\tb\n c") for number, name, _ in ROWS]
    done = label(questions(tmp_path / "q.csv", ("    ", rows), columns=columns))
    assert shown(done.stdout) == [
        "The same in all rows: town: ulm; note: a b c",
        "",
        "   id  name",
        "1  1   anna",
        "2  2   bert",
        "3  3   bert",
        "4  4   carla",
    ]


def columns_taken(line: str) -> int:
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in line
    )


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_table_fits_the_terminal_and_loses_nothing(tmp_path: Path, width: int) -> None:
    columns = [f"column {place}" for place in range(12)]
    words = [f"w{number}{place}" * (1 + 3 * place * (number % 3)) for number in range(12) for place in range(12)]
    rows = [tuple(words[number * 12 : number * 12 + 12]) for number in range(12)]
    done = label(questions(tmp_path / "q.csv", (" " * 12, rows), columns=columns), COLUMNS=str(width))
    lines = shown(done.stdout)
    assert max(map(columns_taken, lines)) <= width
    found = "".join("".join(lines).split())
    assert sorted(letter for letter in found if letter == "w") == ["w"] * sum(word.count("w") for word in words)
    assert sum(line.startswith("12 ") for line in lines) > 1, "it takes several tables"


def test_wide_letters_keep_columns_in_line_and_nothing_in_a_cell_is_obeyed(tmp_path: Path) -> None:
    names = ("東京都", "Mu\u0308ller", "o\u0301\u0323", "\x1b[2Jbert\x07\u202e")
    rows = [(str(number), name, f"town{number}") for number, name in enumerate(names)]
    done = label(questions(tmp_path / "q.csv", ("    ", rows)), PYTHONIOENCODING="utf-8")
    lines = shown(done.stdout)[1:]
    assert len({columns_taken(line[: line.index("town")]) for line in lines}) == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout)
    done = label(questions(tmp_path / "q.csv", ("    ", rows)), "AABC", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, "letters that the terminal lacks end nothing"
    assert read_label_file(tmp_path / "q.csv").rows[3].values[1] == names[3], "the file keeps them"


def terminal(file: Path, *keys: str, width: int = 80, variables: Mapping[str, str] | None = None) -> str:
    """What a terminal shows while these keys are typed, each when the command waits for it; Ctrl-D ends it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 24, width, 0, 0))
    seen = b""
    with subprocess.Popen(
        [*COMMAND, str(file)],
        env=environment(**{"TERM": "xterm", **(variables or {})}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        for key in (*keys, "\x04"):
            before = len(seen)
            while not seen[before:].endswith((b"> ", b"> \x1b[?2004h")):
                seen += os.read(ours, 1000)
            os.write(ours, key.encode())
        while True:
            try:
                seen += os.read(ours, 1000)
            except OSError:  # as Linux tells that nobody writes any more
                break
        assert process.wait(60) == 0
    os.close(ours)
    return re.sub(r"\x1b\[\?2004[hl]", "", seen.decode()).replace("\r", "")


def test_a_terminal_shows_what_differs_in_bold_and_has_its_own_width(tmp_path: Path) -> None:
    file = questions(tmp_path / "q.csv", *[("    ", ROWS)] * 2)
    seen = terminal(file, "aaxc\x1b[D\x7fb\n")  # with the arrow to the left, and what deletes
    assert "\n1  1   anna\n2  2   \x1b[1mbert\x1b[0m\n3  3   bert\n4  4   \x1b[1mcarla\x1b[0m\n" in seen
    assert "1 of 2 questions are answered. The same command goes on with the rest." in seen
    assert labels(file) == [list("AABC"), [""] * 4]
    long = [(number, name, "ulm " * 30 + number) for number, name, _ in ROWS]
    seen = terminal(questions(file, ("    ", long)), width=50)
    assert 40 < max(map(len, shown(re.sub(r"\x1b\[\d+m", "", seen)))) <= 50


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_nothing_is_bold_where_that_is_not_wanted(tmp_path: Path, variables: dict[str, str]) -> None:
    seen = terminal(questions(tmp_path / "q.csv", ("    ", ROWS)), "?\n", variables=variables)
    assert "\n2  2   bert\n" in seen
    assert "\x1b" not in seen


def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    file = questions(tmp_path / "q.csv", *[("    ", ROWS)] * 3)
    with subprocess.Popen(
        [*COMMAND, str(file)],
        env=environment(PYTHONUNBUFFERED="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"AABC\n")
        process.stdin.flush()
        seen = b""
        while b"Question 2" not in seen or not seen.endswith(b"> "):
            seen += os.read(process.stdout.fileno(), 1000)
        assert labels(file)[0] == list("AABC"), "saved while the command waits for the next answer"
        while process.poll() is None:  # Python misses a signal just before it waits for a line
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        assert process.returncode == 130
        assert process.stderr.read().decode().startswith(f"findmatches: {file}: 1 of 3 questions are answered.")
    assert labels(file) == [list("AABC"), [""] * 4, [""] * 4]
    assert list(tmp_path.iterdir()) == [file]


def answer_while(file: Path, other: Path) -> subprocess.CompletedProcess[str]:
    """The first question is answered, then the file is replaced, then the second one is answered."""
    script = f"(echo AABC; while ! grep -q ^set-1,A {file}; do sleep 0.05; done; mv {other} {file}; echo t) | "
    command = script + " ".join([*COMMAND, str(file)])
    return subprocess.run(["sh", "-c", command], env=environment(), capture_output=True, text=True, check=False)


def test_what_somebody_else_saves_in_the_meantime_stays(tmp_path: Path) -> None:
    file = questions(tmp_path / "q.csv", *[("    ", ROWS)] * 3)
    done = answer_while(file, questions(tmp_path / "other.csv", ("AABB", ROWS), ("    ", ROWS), ("ABCD", ROWS)))
    assert labels(file) == [list("AABB"), list("AAAA"), list("ABCD")]
    assert "3 of 3 questions are answered" in done.stderr
    questions(file, *[("    ", ROWS)] * 3)
    other = questions(tmp_path / "other.csv", ("    ", ROWS), ("    ", ROWS[::-1]))
    content = other.read_bytes()
    done = answer_while(file, other)
    assert done.returncode == 1
    assert f"{file} has other rows than before. The last answer was not saved; start again." in done.stderr
    assert file.read_bytes() == content


def test_a_full_disk_is_told_and_what_was_saved_stays(tmp_path: Path) -> None:
    long = [(number, "anna" * 200, "ulm") for number, _, _ in ROWS]
    file = questions(tmp_path / "q.csv", ("AABC", long), ("    ", long))
    content = file.read_bytes()
    script = f"ulimit -f 2; echo AAAA | {' '.join([*COMMAND, str(file)])}"
    done = subprocess.run(["sh", "-c", script], env=environment(), capture_output=True, text=True, check=False)
    assert "1 of 2 questions are answered" in done.stderr
    assert f"{file} cannot be written: File too large." in done.stderr
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.csv", "gone.csv: No such file or directory"),
        (".", "is not a file. Name the file of the questions: answers are saved in it."),
        ("single.csv", "has no question: no labeling set of two rows or more."),
        ("table.csv", "The first two columns must be labeling_set_id and label."),
    ],
)
def test_what_cannot_be_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    questions(tmp_path / "single.csv", (" ", ROWS[:1]))
    (tmp_path / "table.csv").write_text("id,name\n1,anna\n")
    assert main(["label", name]) == 1
    assert words in capsys.readouterr().err
