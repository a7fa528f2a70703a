from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from findmatches import Records, ask, prepared, train
from findmatches.blocking import Candidates
from findmatches.cache import Cache, content_name, save_arrays
from findmatches.cli import main
from findmatches.comparisons import Comparer
from labelfiles import LabelFile
from tests.findmatches.data import oracle, partition, people

Taught = tuple[Records, list[LabelFile]]


@pytest.fixture(scope="module")
def taught() -> Taught:
    table, truth = people(100, 50)
    return table, [oracle(truth)(ask(table, [], sets=6, rows=8))]


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever looks for candidates, or compares more pairs than labels hold, fails from now on."""

    def searched(*_: object) -> Candidates:
        raise AssertionError("candidates were looked for again")

    compare = Comparer.compare

    def compared(self: Comparer, left: np.ndarray, right: np.ndarray, **known: np.ndarray) -> np.ndarray:
        assert len(left) < 500, "candidates were compared again"
        return compare(self, left, right, **known)

    monkeypatch.setattr(prepared, "find_candidates", searched)
    monkeypatch.setattr(Comparer, "compare", compared)


def test_an_entry_that_is_replaced_while_it_is_read_is_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several processes work on one table, and each keeps the comparisons that it wants: measures of one are no measures of the other's places."""
    cache = Cache(tmp_path)

    def put(number: int) -> None:
        cache.put(
            "entry", lambda folder: save_arrays(folder, {"measures": np.full(3, number), "places": np.full(3, number)})
        )

    put(1)
    load = np.load

    def slowly(path: Path, **how: Any) -> np.ndarray:
        found: np.ndarray = load(path, **how)
        if path.stem == "measures" and found[0] == 1:
            put(2)  # as another process does
        return found

    monkeypatch.setattr(np, "load", slowly)
    found = cache.get("entry", dict)
    assert found is not None
    assert {name: array.tolist() for name, array in found.items()} == {"measures": [2, 2, 2], "places": [2, 2, 2]}


def test_the_next_work_on_the_same_content_starts_from_what_is_kept(
    taught: Taught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, labels = taught
    fresh, questions = train(table, labels).match(table), ask(table, labels)
    cached = table.cached_in(tmp_path)
    assert train(cached, labels).match(cached).equals(fresh)
    forbid(monkeypatch)
    assert train(cached, labels).match(cached).equals(fresh)
    assert ask(cached, labels) == questions
    # Neither the order of the rows nor how the table is cut matters.
    turned = pa.concat_tables([cached.table.slice(70), cached.table.slice(0, 70)])
    again = train(Records.from_arrow(turned, primary_key="id").cached_in(tmp_path), labels)
    assert partition(again.match(Records(turned, "id", cached.cache))) == partition(fresh)


def test_other_content_is_other_work(taught: Taught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, labels = taught
    train(table.cached_in(tmp_path), labels)
    rows = table.table.to_pylist()
    rows[0]["last"] = "someone else"
    changed = Records.from_arrow(pa.Table.from_pylist(rows, schema=table.table.schema), primary_key="id")
    forbid(monkeypatch)
    with pytest.raises(AssertionError, match="looked for again"):
        train(changed.cached_in(tmp_path), labels)


def test_a_damaged_entry_is_made_again_and_a_folder_that_cannot_be_written_costs_nothing(
    taught: Taught, tmp_path: Path
) -> None:
    table, labels = taught
    model = train(table, labels)
    fresh, cached = model.match(table), table.cached_in(tmp_path)
    model.match(cached)
    for path in tmp_path.glob("*/*.npy"):
        path.write_bytes(b"no array")
    assert train(cached, labels).match(cached).equals(fresh)
    for entry in list(tmp_path.iterdir()):  # what tidies up a folder for temporary files takes them one by one
        before = {path.name: path.read_bytes() for path in entry.iterdir()}
        min(entry.iterdir()).unlink()
        assert model.match(cached).equals(fresh)
        assert {path.name: path.read_bytes() for path in entry.iterdir()} == before
    (tmp_path / "file").write_text("no folder")
    assert model.match(table.cached_in(tmp_path / "file")).equals(fresh)


def test_a_full_disk_costs_the_entry_and_not_the_work(taught: Taught, tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("needs a file system of its own")
    table, labels = taught
    model, cache = train(table, labels), tmp_path / "cache"
    model.save(tmp_path / "model")
    csv.write_csv(table.table, tmp_path / "table.csv")
    cache.mkdir()
    match = f"{sys.executable} -m findmatches match table.csv --model model --cache cache -o matches.csv"
    # Candidates, and what comparing them needs of the table, have room there; what was compared has not.
    script = f"mount -t tmpfs -o size=500k none cache && PYTHONPATH={Path.cwd()} {match} && ls -A cache"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [name.split("-")[0] for name in done.stdout.split()] == ["candidates", "setup"]
    assert partition(csv.read_csv(tmp_path / "matches.csv")) == partition(model.match(table))


def test_what_was_not_used_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_bytes=5000)
    kilo = np.zeros(250)  # 2,000 bytes and a header
    for name in ("a", "b"):
        cache.put(name, lambda folder: save_arrays(folder, {"x": kilo}))
    for age, name in ((300, "a"), (400, "b")):
        stamp = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (stamp, stamp))
    assert cache.get("b", dict) is not None  # used now: "a" is the oldest
    abandoned = tmp_path / ".partial-of-a-killed-process"
    abandoned.mkdir()
    os.utime(abandoned, (0, 0))
    cache.put("c", lambda folder: save_arrays(folder, {"x": kilo}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]
    assert cache.get("a", dict) is None


def test_the_command_keeps_no_more_than_it_is_told(taught: Taught, tmp_path: Path) -> None:
    table, kept = tmp_path / "people.csv", tmp_path / "cache"
    csv.write_csv(taught[0].table, table)
    asked = ["ask", str(table), "--primary-key", "id", "--cache", str(kept), "-o", str(tmp_path / "questions.csv")]
    assert main([*asked, "--cache-limit", "0.00001"]) == 0
    assert len(list(kept.iterdir())) == 1
    assert main(asked) == 0
    assert len(list(kept.iterdir())) == 2


def test_names_tell_nulls_from_blanks_and_cells_from_their_neighbours() -> None:
    tables: list[list[list[str | None]]] = [
        [["ab", "c"]],
        [["a", "bc"]],
        [["", "x"]],
        [[None, "x"]],
        [["x", ""]],
        [["ab"], ["c"]],
    ]
    names = set()
    for columns in tables:
        table = pa.table({str(n): pa.array(cells, pa.string()) for n, cells in enumerate(columns)})
        names |= {content_name(table), content_name(table, "fact")}
    assert len(names) == 2 * len(tables)
    whole = pa.table({"n": pa.array(["a", None, "bc", "d"], pa.string())})
    parts = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert content_name(whole) == content_name(parts)


def test_pairs_that_were_compared_are_not_compared_again_and_others_join_them(tmp_path: Path) -> None:
    table, _ = people(60, 20)
    ready = prepared.prepare(table.cached_in(tmp_path), neighbours=6)
    every = np.arange(len(ready.candidates.left))
    fresh, compared = ready.measures()(every), list[int]()

    def compare(places: np.ndarray) -> np.ndarray:
        compared.append(len(places))
        return np.asarray(fresh[places])

    def kept(places: np.ndarray) -> prepared.Measured:
        found = ready.measures(places)
        return prepared.Measured(found.places, found.values, compare)

    assert np.array_equal(kept(every[::2])(every), fresh, equal_nan=True)
    assert compared == [len(every[1::2])]
    few = every[::2][:-1]
    assert np.array_equal(kept(np.union1d(few, [1]))(every[:2]), fresh[:2], equal_nan=True)  # few more: not kept
    assert compared[1:] == [1]
    kept(every)(every)
    assert len(compared) == 2
