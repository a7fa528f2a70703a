"""How many correct matches a labelled row buys: ask, let an oracle answer, train, match, count.

    python -m bench.quality ../shared/data/fodors_zagats ../shared/data/abt_buy --budgets 100 200 400 --seeds 0 1 2

Each folder holds ``records.csv`` (with a column ``id``) and ``clusters.csv`` (``id,cluster_id``; rows that it leaves out stand
alone). Precision, recall and F1 count pairs of rows over the whole table; all true pairs are in the denominator.

    --noise 0.05                          this share of the rows gets a wrong label
    --spoilt clutter                      with what real tables are full of (bench/spoilt.py): clutter, gaps, fillers, markup
    --precision-recall 0.1 0.5 0.9        also match at these trade-offs
    --candidates 0 0.25 0.5 0.75 1        instead: what each accuracy-cost trade-off looks at, and in how many seconds
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import findmatches
from bench.spoilt import SPOILT
from labelfiles import LabeledRow, LabelFile

KEY = "id"
# Candidates and comparisons of ten million rows take 13 GiB; what is not kept is worked out for every model anew.
_CACHE = 20 << 30


@dataclass(frozen=True)
class Result:
    data: str
    seed: int
    budget: int
    labelled_rows: int
    precision_recall: float
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


def blur(labels: LabelFile, noise: float, rng: random.Random) -> LabelFile:
    """The labels of a person who is wrong in this share of the rows: another group of the set, or one of its own."""
    rows = []
    for members in labels.by_set().values():
        for place, row in enumerate(members):
            label = row.label
            if rng.random() < noise:
                label = rng.choice([*sorted({other.label for other in members} - {label}), f"wrong {place}"])
            rows.append(LabeledRow(row.labeling_set_id, label, row.values))
    return LabelFile(labels.columns, tuple(rows))


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


def label(
    records: findmatches.Records,
    truth: dict[str, str],
    labels: list[LabelFile],
    rows: int,
    seed: int,
    noise: float = 0.0,
) -> int:
    """Ask for up to ``rows`` rows more and add the answers to ``labels``; how many rows were asked."""
    questions = findmatches.ask(records, labels, sets=max(1, round(rows / 10)), rows=10, seed=seed)
    answers = answer(questions, truth)
    rng = random.Random(f"{seed} {len(labels)}")  # noqa: S311 (made-up mistakes, no secrets)
    labels.append(blur(answers, noise, rng) if noise else answers)
    return len(questions.rows)


def learn(records: findmatches.Records, truth: dict[str, str], budget: int, seed: int) -> findmatches.Model:
    """What is learnt from so many rows, asked for by hundreds; fewer if the table runs out."""
    labels: list[LabelFile] = []
    labelled = 0
    while labelled < min(budget, records.n_rows // 2):
        labelled += label(records, truth, labels, min(100, budget - labelled), seed)
    return findmatches.train(records, labels, seed=seed)


def run(
    folder: Path,
    budgets: Sequence[int],
    seed: int,
    rows_per_file: int,
    noise: float = 0.0,
    trade_offs: Sequence[float] = (0.5,),
    cache: Path | None = None,
    spoilt: str | None = None,
) -> list[Result]:
    """Ask, answer and match until the largest budget is spent; measure at each budget and trade-off."""
    records = findmatches.read_records(folder / "records.csv", primary_key=KEY)
    if spoilt:
        records = SPOILT[spoilt](records)
    if cache is not None:
        records = records.cached_in(cache, max_bytes=_CACHE)
    truth = read_truth(folder)
    labels: list[LabelFile] = []
    results = []
    labelled, asking = 0, 0.0
    for budget in sorted(budgets):
        while labelled < budget:
            start = time.perf_counter()
            labelled += label(records, truth, labels, min(rows_per_file, budget - labelled), seed, noise)
            asking += time.perf_counter() - start
        start = time.perf_counter()
        model = findmatches.train(records, labels, seed=seed)
        training = time.perf_counter() - start
        for trade_off in trade_offs:
            start = time.perf_counter()
            matched = replace(model, precision_recall=trade_off).match(records)
            matching = time.perf_counter() - start
            figures = score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)
            results.append(Result(folder.name, seed, budget, labelled, trade_off, *figures, asking, training, matching))
    return results


def print_candidates(folder: Path, trade_offs: Sequence[float]) -> None:
    """How many candidates each accuracy-cost trade-off finds, which share of the true pairs they are, and how long they take."""
    from findmatches import tuning
    from findmatches.prepared import prepare
    from findmatches.scoring import measure

    records = findmatches.read_records(folder / "records.csv", primary_key=KEY)
    truth = read_truth(folder)
    real = pairs(Counter(truth.values()))
    for trade_off in trade_offs:
        start = time.process_time()
        prepared = prepare(records, neighbours=tuning.neighbours(trade_off))
        left, right = prepared.candidates.left, prepared.candidates.right
        measure(prepared, left, right)
        seconds = time.process_time() - start
        things = [truth.get(key, "alone " + key) for key in prepared.keys]
        hits = sum(things[one] == things[two] for one, two in zip(left.tolist(), right.tolist(), strict=True))
        print(
            f"{folder.name:20} accuracy-cost {trade_off:.2f}  {len(left):8} candidates  recall {hits / real:.4f}  "
            f"{seconds:.1f} processor seconds to find and compare them",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200, 400], help="rows labelled")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows-per-file", type=int, default=100, help="rows asked for at a time")
    parser.add_argument("--noise", type=float, default=0.0, help="share of the rows that get a wrong label")
    parser.add_argument("--spoilt", choices=SPOILT, help="with what real tables are full of")
    parser.add_argument("--precision-recall", type=float, nargs="+", default=[0.5], help="trade-offs to match at")
    parser.add_argument("--candidates", type=float, nargs="+", help="accuracy-cost trade-offs to look at instead")
    parser.add_argument(
        "--cache", type=Path, help="keep candidates and comparisons here: the same figures, other seconds"
    )
    parser.add_argument("--json", type=Path, help="also write every single result here")
    options = parser.parse_args(arguments)
    found: list[Result] = []
    for folder in options.folders:
        if options.candidates is not None:
            print_candidates(folder, options.candidates)
            continue
        for seed in options.seeds:
            results = run(
                folder,
                options.budgets,
                seed,
                options.rows_per_file,
                options.noise,
                options.precision_recall,
                options.cache,
                options.spoilt,
            )
            for one in results:
                print(
                    f"{one.data:20} seed {one.seed}  {one.labelled_rows:4} rows  at {one.precision_recall}  "
                    f"precision {one.precision:.4f}  recall {one.recall:.4f}  F1 {one.f1:.4f}  "
                    f"ask {one.ask_seconds:.1f} s  train {one.train_seconds:.1f} s  match {one.match_seconds:.1f} s",
                    flush=True,
                )
            found += results
        for budget in options.budgets:
            for trade_off in options.precision_recall:
                mine = [
                    one
                    for one in found
                    if (one.data, one.budget, one.precision_recall) == (folder.name, budget, trade_off)
                ]
                means = [
                    sum(values) / len(mine)
                    for values in zip(*((x.precision, x.recall, x.f1) for x in mine), strict=True)
                ]
                print(
                    f"{folder.name:20} mean of {len(mine)} seeds, {budget} rows, at {trade_off}: "
                    "precision {:.4f}  recall {:.4f}  F1 {:.4f}".format(*means),
                    flush=True,
                )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
