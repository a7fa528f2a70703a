"""How many correct matches a labelled row buys: ask, let an oracle answer, train, match, count.

    python -m bench.quality ../shared/data/fodors_zagats ../shared/data/abt_buy --budgets 100 200 400 --seeds 0 1 2

Each folder holds ``records.csv`` (with a column ``id``) and ``clusters.csv`` (``id,cluster_id``; rows that it leaves out stand
alone). Precision, recall and F1 count pairs of rows over the whole table; all true pairs are in the denominator.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import findmatches
from labelfiles import LabeledRow, LabelFile

KEY = "id"


@dataclass(frozen=True)
class Result:
    data: str
    seed: int
    budget: int
    labelled_rows: int
    precision: float
    recall: float
    f1: float
    ask_seconds: float
    train_seconds: float
    match_seconds: float


def read_truth(folder: Path) -> dict[str, str]:
    table = findmatches.read_records(folder / "clusters.csv", primary_key=KEY).table
    return dict(zip(table.column(KEY).to_pylist(), table.column("cluster_id").to_pylist(), strict=True))


def answer(questions: LabelFile, truth: dict[str, str]) -> LabelFile:
    """What a person who knows the truth would write into the label column."""
    place = questions.columns.index(KEY)
    rows = []
    for set_id, members in questions.by_set().items():
        names: dict[str, str] = {}
        for row in members:
            thing = truth.get(row.values[place], "alone " + row.values[place])
            rows.append(LabeledRow(set_id, names.setdefault(thing, f"G{len(names) + 1}"), row.values))
    return LabelFile(questions.columns, tuple(rows))


def pairs(groups: Counter[object]) -> int:
    return sum(size * (size - 1) // 2 for size in groups.values())


def score(keys: Sequence[str], said: Sequence[int], truth: dict[str, str]) -> tuple[float, float, float]:
    """Pairwise precision, recall and F1 of a grouping."""
    things = [truth.get(key, "alone " + key) for key in keys]
    hits = pairs(Counter(zip(said, things, strict=True)))
    found, real = pairs(Counter(said)), pairs(Counter(things))
    precision = hits / found if found else 0.0
    recall = hits / real if real else 0.0
    return precision, recall, 2 * hits / (found + real) if found + real else 0.0


def run(folder: Path, budgets: Sequence[int], seed: int, rows_per_file: int) -> list[Result]:
    """Ask, answer and match until the largest budget is spent; measure at each budget."""
    records = findmatches.read_records(folder / "records.csv", primary_key=KEY)
    truth = read_truth(folder)
    labels: list[LabelFile] = []
    results = []
    labelled, asking = 0, 0.0
    for budget in sorted(budgets):
        while labelled < budget:
            start = time.perf_counter()
            sets = max(1, round(min(rows_per_file, budget - labelled) / 10))
            questions = findmatches.ask(records, labels, sets=sets, rows=10, seed=seed)
            asking += time.perf_counter() - start
            labels.append(answer(questions, truth))
            labelled += len(questions.rows)
        start = time.perf_counter()
        model = findmatches.train(records, labels, seed=seed)
        middle = time.perf_counter()
        matched = model.match(records)
        end = time.perf_counter()
        figures = score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)
        results.append(Result(folder.name, seed, budget, labelled, *figures, asking, middle - start, end - middle))
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200, 400], help="rows labelled")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows-per-file", type=int, default=100, help="rows asked for at a time")
    parser.add_argument("--json", type=Path, help="also write every single result here")
    options = parser.parse_args(arguments)
    found: list[Result] = []
    for folder in options.folders:
        for seed in options.seeds:
            results = run(folder, options.budgets, seed, options.rows_per_file)
            for one in results:
                print(
                    f"{one.data:20} seed {one.seed}  {one.labelled_rows:4} rows  precision {one.precision:.4f}  "
                    f"recall {one.recall:.4f}  F1 {one.f1:.4f}  ask {one.ask_seconds:.1f} s  "
                    f"train {one.train_seconds:.1f} s  match {one.match_seconds:.1f} s",
                    flush=True,
                )
            found += results
        for budget in options.budgets:
            mine = [one.f1 for one in found if (one.data, one.budget) == (folder.name, budget)]
            print(
                f"{folder.name:20} mean of {len(mine)} seeds, {budget} rows: F1 {sum(mine) / len(mine):.4f}", flush=True
            )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
