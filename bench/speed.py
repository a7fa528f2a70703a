"""How long it takes and how much memory, beside peers in the same run.

    python -m bench.speed ../shared/data --people 10000 100000 1000000 --peers .venv-peers/bin/python --json speed.json

Every measurement is a process of its own: its peak memory counts, reading the table counts. Smaller tables of people are those of whole groups of the
million. Of each table 400 rows are labelled, by the sets that ``ask`` gives for it; training starts without what was cached for that. A match of
people is the middle one of three. Peers are left out without ``--peers``.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import findmatches
from bench.quality import KEY, answer, score
from labelfiles import label_file_bytes, read_label_file

PEOPLE = "synth_people_1000000"
PAPERS = "dblp_acm"
LABELED_ROWS = 400
# dedupe is asked as many pairs.
LABELED_PAPERS = 200


@dataclass(frozen=True)
class Timed:
    """``seconds`` by the clock, ``cpu_seconds`` over all cores: on a busy machine the second says more."""

    work: str
    rows: int
    seconds: float
    cpu_seconds: float
    peak_gib: float
    f1: float | None = None
    load: float = 0.0


def timed(work: str, rows: int, command: Sequence[str]) -> Timed:
    """Run a command to its end and measure it. Ends the benchmark if it fails."""
    measure = [sys.executable, str(Path(__file__).with_name("measured.py"))]
    run = subprocess.run([*measure, *command], capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{work}: {' '.join(command)} failed:\n{run.stderr[-2000:]}")
    return Timed(work, rows, **json.loads(run.stdout), load=os.getloadavg()[0])


def median_match(table: Path, rows: int, model: Path, cache: Path, out: Path, runs: int = 3) -> Timed:
    """The middle one of several runs: what takes a second differs by a tenth from one to the next. Each starts from what training left
    in the cache; what the last adds to it stays there."""
    trained = cache.with_suffix(".trained")
    cache.rename(trained)
    results = []
    for _ in range(runs):
        shutil.rmtree(cache, ignore_errors=True)
        shutil.copytree(trained, cache)
        results.append(timed("match", rows, engine("match", table, "--model", model, "--cache", cache, "-o", out)))
    shutil.rmtree(trained)
    return sorted(results, key=lambda one: one.seconds)[runs // 2]


def together(work: str, parts: Sequence[Timed], f1: float | None = None) -> Timed:
    return Timed(
        work,
        parts[0].rows,
        sum(part.seconds for part in parts),
        sum(part.cpu_seconds for part in parts),
        max(part.peak_gib for part in parts),
        f1,
        max(part.load for part in parts),
    )


def read_people(folder: Path) -> tuple[list[str], list[list[str]], dict[str, str]]:
    with gzip.open(folder / f"{PEOPLE}.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader)
        rows = list(reader)
    with gzip.open(folder / f"{PEOPLE}.clusters.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        return header, rows, {row["id"]: row["cluster_id"] for row in csv.DictReader(stream)}


def write_people(
    path: Path, header: list[str], rows: list[list[str]], truth: dict[str, str], count: int
) -> tuple[Path, int]:
    """About ``count`` rows, whole groups; a smaller table is a part of every larger one."""
    place, share = header.index(KEY), count / len(rows)
    kept = [row for row in rows if zlib.crc32(truth[row[place]].encode()) / 2**32 < share]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(kept)
    return path, len(kept)


def label(
    table: Path, rows: int, truth: dict[str, str], scratch: Path, cache: Sequence[str | Path], wanted: int
) -> tuple[list[Path], list[Timed]]:
    """Label files with so many rows, one file after the other; and what it cost to ask for each."""
    labels: list[Path] = []
    parts: list[Timed] = []
    known: list[str | Path] = []
    labelled = 0
    while labelled < wanted:
        questions, answers = scratch / "questions.csv", scratch / f"{table.stem}_labels_{len(labels)}.csv"
        command = engine("ask", table, "--primary-key", KEY, *known, *cache, "-o", questions)
        parts.append(timed("ask", rows, command))
        asked = read_label_file(questions)
        labelled += len(asked.rows)
        answers.write_bytes(label_file_bytes(answer(asked, truth)))
        labels.append(answers)
        known = ["--labels", *labels]
    return labels, parts


def groups_of(path: Path, group: str) -> tuple[list[str], list[int]]:
    names: dict[str, int] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [(row[KEY], names.setdefault(row[group], len(names))) for row in csv.DictReader(stream)]
    return [key for key, _ in rows], [number for _, number in rows]


def engine(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "findmatches", *map(str, arguments)]


def people(folder: Path, scratch: Path, counts: Sequence[int], peers: Path | None) -> list[Timed]:
    header, rows, truth = read_people(folder)
    results = []
    for count in sorted(counts):
        table, n_rows = write_people(scratch / f"people_{count}.csv", header, rows, truth, count)
        model, out = scratch / f"model_{count}", scratch / f"out_{count}.csv"
        kept = scratch / f"cache_{count}"
        cache: list[str | Path] = ["--cache", kept]
        labels, asked = label(table, n_rows, truth, scratch, cache, LABELED_ROWS)
        shutil.rmtree(kept)
        results.append(shown(together(f"ask for {LABELED_ROWS} rows, in {len(asked)} files", asked)))
        known: list[str | Path] = ["--primary-key", KEY, "--labels", *labels]
        train = timed("train", n_rows, engine("train", table, *known, *cache, "-o", model))
        match = median_match(table, n_rows, model, kept, out)
        ask = timed("next questions", n_rows, engine("ask", table, *known, *cache, "-o", scratch / "next.csv"))
        f1 = score(*groups_of(out, "match_id"), truth)[2]
        shutil.rmtree(kept)
        results += [shown(train), shown(match), shown(together("train + match", [train, match], f1)), shown(ask)]
        if peers is not None:
            script, found = Path(__file__).parent / "peers" / "splink_people.py", scratch / "splink.csv"
            run = timed("splink", n_rows, [str(peers), str(script), str(table), str(found)])
            results.append(shown(together("splink", [run], score(*groups_of(found, "group"), truth)[2])))
    return results


def papers(folder: Path, scratch: Path, peers: Path | None, linked: bool) -> list[Timed]:
    table, clusters = folder / PAPERS / "records.csv", folder / PAPERS / "clusters.csv"
    records = findmatches.read_records(clusters, primary_key=KEY).table
    truth = dict(zip(records.column(KEY).to_pylist(), records.column("cluster_id").to_pylist(), strict=True))
    rows = findmatches.read_records(table, primary_key=KEY).n_rows
    cache: list[str | Path] = ["--cache", scratch / "cache"]
    known, parts = label(table, rows, truth, scratch, cache, LABELED_PAPERS)
    model, out = scratch / "papers", scratch / "papers.csv"
    parts.append(
        timed("train", rows, engine("train", table, "--primary-key", KEY, "--labels", *known, *cache, "-o", model))
    )
    parts.append(timed("match", rows, engine("match", table, "--model", model, *cache, "-o", out)))
    f1 = score(*groups_of(out, "match_id"), truth)[2]
    results = [shown(together(f"{len(known)} × ask, train, match ({LABELED_PAPERS} rows labelled)", parts, f1))]
    if peers is not None:
        script, found = Path(__file__).parent / "peers" / "dedupe_papers.py", scratch / "dedupe.csv"
        command = [
            str(peers),
            str(script),
            str(table),
            str(clusters),
            str(found),
            str(LABELED_PAPERS),
            *(["linked"] if linked else []),
        ]
        name = "dedupe, told that sources have no duplicates inside" if linked else "dedupe"
        run = timed(name, rows, command)
        results.append(shown(together(name, [run], score(*groups_of(found, "group"), truth)[2])))
    return results


def shown(one: Timed) -> Timed:
    f1 = "" if one.f1 is None else f"  F1 {one.f1:.4f}"
    print(
        f"{one.work:45} {one.rows:8,} rows  {one.seconds:7.1f} s  {one.cpu_seconds:7.1f} s of processor  "
        f"{one.peak_gib:5.2f} GiB{f1}  load {one.load:.1f}",
        flush=True,
    )
    return one


def growth(results: Sequence[Timed]) -> float:
    """The exponent with which processor time grows from the smallest to the largest table."""
    own = sorted((one for one in results if one.work == "train + match"), key=lambda one: one.rows)
    return math.log(own[-1].cpu_seconds / own[0].cpu_seconds) / math.log(own[-1].rows / own[0].rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--people", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="sizes of tables")
    parser.add_argument("--papers", action=argparse.BooleanOptionalAction, default=True, help="dblp_acm beside dedupe")
    parser.add_argument("--linked", action="store_true", help="dedupe's lighter mode, which takes less memory")
    parser.add_argument("--peers", type=Path, help="the Python that has Splink and dedupe")
    parser.add_argument("--json", type=Path, help="also write every single result here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-speed-") as scratch:
        found = [shown(timed("importing findmatches", 0, [sys.executable, "-c", "import findmatches"]))]
        if options.papers:
            found += papers(options.data, Path(scratch), options.peers, options.linked)
        if options.people:
            found += people(options.data, Path(scratch), options.people, options.peers)
    if len(options.people) > 1:
        print(f"growth of processor time: rows to the power of {growth(found):.2f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
