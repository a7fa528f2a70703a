"""The same groups on Spark as on one machine; time and memory on Spark as tables grow.

    python -m bench.spark ../shared/data --agreement musicbrainz_20k --people 100000 1000000 --master 'local[2]'

Memory is that of all processes together (driver, Java, Python workers; shared pages once), looked at twice a second. Labels and tables of people are
those of ``bench.speed``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import findmatches
from bench.quality import KEY, learn, read_truth, score
from bench.speed import LABELED_ROWS, engine, read_people, write_people

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock and of all processors, and the most memory that all processes had together."""

    work: str
    rows: int
    seconds: float
    cpu_seconds: float
    peak_gib: float
    load: float
    f1: float
    same_as_one_machine: float | None = None


def below(root: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.name))
    found = [root]
    for one in found:
        found += children.get(one, [])
    return found


def memory_and_time(pid: int) -> tuple[float, float]:
    """GiB of a process, shared pages by halves, thirds and so on; and its processor seconds. Zeros if it has gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kib = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except (OSError, StopIteration):
        return 0.0, 0.0
    return kib / 2**20, sum(map(int, times)) / TICK


def run(command: Sequence[str]) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak GiB of a command and of all that it starts. Ends the benchmark if it fails."""
    start = time.perf_counter()
    peak, processor = 0.0, dict[int, float]()
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            seen = {pid: memory_and_time(pid) for pid in below(process.pid)}
            peak = max(peak, sum(gib for gib, _ in seen.values()))
            processor |= {pid: seconds for pid, (_, seconds) in seen.items() if seconds}
            time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, sum(processor.values()), peak


def on_spark(
    work: str, table: Path, model: Path, truth: dict[str, str], master: str, scratch: Path, *, compare: bool
) -> Spent:
    """Match with the command, and measure; with ``compare`` also on this machine alone."""
    from sklearn.metrics import adjusted_rand_score

    out = scratch / f"{table.stem}.parquet"
    spent = run(engine("match", table, "--model", model, "--spark", master, "-o", out))
    matched = findmatches.read_records(out, primary_key=KEY).table.sort_by(KEY)
    keys, groups = matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist()
    same = None
    if compare:
        records = findmatches.read_records(table, primary_key=KEY)
        here = findmatches.Model.load(model).match(records).sort_by(KEY)
        same = float(adjusted_rand_score(here.column("match_id").to_pylist(), groups))
    return Spent(work, len(keys), *spent, os.getloadavg()[0], score(keys, groups, truth)[2], same)


def shown(one: Spent) -> Spent:
    same = "" if one.same_as_one_machine is None else f"  adjusted Rand {one.same_as_one_machine:.5f}"
    print(
        f"{one.work:20} {one.rows:9,} rows  {one.seconds:7.1f} s  {one.cpu_seconds:7.1f} s of processor  "
        f"{one.peak_gib:5.2f} GiB  F1 {one.f1:.4f}{same}  load {one.load:.1f}",
        flush=True,
    )
    return one


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--agreement", nargs="*", default=["musicbrainz_20k"], help="matched on one machine as well")
    parser.add_argument("--people", type=int, nargs="*", default=[100_000, 1_000_000], help="sizes of tables")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--json", type=Path, help="also write every single result here")
    options = parser.parse_args(arguments)
    found: list[Spent] = []
    with tempfile.TemporaryDirectory(prefix="bench-spark-") as folder:
        scratch = Path(folder)
        for name in options.agreement:
            records = findmatches.read_records(options.data / name / "records.csv", primary_key=KEY)
            truth = read_truth(options.data / name)
            learn(records.cached_in(scratch / "cache"), truth, 200, 0).save(scratch / name)
            table = options.data / name / "records.csv"
            found.append(shown(on_spark(name, table, scratch / name, truth, options.master, scratch, compare=True)))
        if options.people:
            header, rows, truth = read_people(options.data)
            small, _ = write_people(scratch / "small.csv", header, rows, truth, 10_000)
            taught = findmatches.read_records(small, primary_key=KEY)
            learn(taught, truth, LABELED_ROWS, 0).save(scratch / "people")
            for count in sorted(options.people):
                table, _ = write_people(scratch / f"people_{count}.csv", header, rows, truth, count)
                model = scratch / "people"
                found.append(shown(on_spark("people", table, model, truth, options.master, scratch, compare=False)))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
