"""Labels that nobody was asked for: known matches, and rows drawn at random. How much do they teach?

    python -m bench.brought ../shared/data/fodors_zagats --kinds pairs one

A list of known matches is what people have who bring labels. ``pairs``: sets of one row of each of two sources, every other one a match,
so that no label speaks of two rows of one source. ``matches``: sets of two rows of one thing, so that no label speaks of a difference.
``one`` and ``three``: sets of ten rows, with so many things that have several. Printed is a line of a Markdown table for each folder and
kind: precision, recall and F1 over the whole table, mean of the seeds, after so many rows.

``--asked``: so many files of questions are answered as well, a hundred rows each. ``--grouped``: precision, recall and F1 of how ``propose`` groups
the sets of the next file, without the labels and with them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import findmatches
from bench.guess import within_sets
from bench.quality import KEY, answer, read_truth, score
from bench.report import table
from labelfiles import LabeledRow, LabelFile

THINGS = {"pairs": 1, "matches": 1, "one": 1, "three": 3}
_SIZE = {"pairs": 2, "matches": 2, "one": 10, "three": 10}
_OF_A_THING = 3
_SOURCE = "source"


def sets(records: findmatches.Records, truth: dict[str, str], kind: str, seed: int) -> Iterator[list[str]]:
    """The keys of one set after another, until the known matches are used up. No row is in two of them."""
    rng = random.Random(f"{kind} {seed}")  # noqa: S311 (made-up sets, no secrets)
    keys = records.keys()
    source = dict(zip(keys, records.table.column(_SOURCE).to_pylist(), strict=True)) if kind == "pairs" else {}
    rows: dict[str, list[str]] = {}
    for key in rng.sample(keys, len(keys)):
        rows.setdefault(truth.get(key, key), []).append(key)
    known = [thing for thing in rows.values() if len(thing) > 1]
    if kind == "matches":
        rng.shuffle(known)
    used: set[str] = set()
    number, size = 0, _SIZE[kind]
    while len(known) >= THINGS[kind]:
        number += 1
        things = [known.pop() for _ in range(THINGS[kind] if kind != "pairs" or number % 2 else 0)]
        members: list[str] = []
        for key in [*(key for thing in things for key in thing[:_OF_A_THING]), *rng.sample(keys, len(keys))]:
            if len(members) < size and key not in used and (not source or source[key] not in map(source.get, members)):
                members.append(key)
                used.add(key)
        yield members


def brought(records: findmatches.Records, truth: dict[str, str], kind: str, rows: int, seed: int) -> LabelFile:
    """So many rows in sets of a kind, with the labels that the truth gives them."""
    names = records.table.column_names
    values = {row[KEY]: tuple(row[name] or "" for name in names) for row in records.table.to_pylist()}
    some = islice(sets(records, truth, kind, seed), rows // _SIZE[kind])
    labeled = [LabeledRow(f"{kind} {number}", "", values[key]) for number, keys in enumerate(some) for key in keys]
    return answer(LabelFile(tuple(names), tuple(labeled)), truth)


def measured(
    folder: Path, kind: str, budgets: Sequence[int], seed: int, *, asked: int, grouped: bool
) -> list[tuple[float, ...]]:
    """Precision, recall and F1 after each number of rows; twice if it is asked how sets are grouped."""
    truth, found = read_truth(folder), list[tuple[float, ...]]()
    with tempfile.TemporaryDirectory(prefix="bench-brought-") as cache:
        records = findmatches.read_records(folder / "records.csv", primary_key=KEY).cached_in(Path(cache))
        for rows in budgets:
            labels = [brought(records, truth, kind, rows, seed)]
            for _ in range(asked):
                labels.append(answer(findmatches.ask(records, labels, seed=seed), truth))
            if grouped:
                question = findmatches.ask(records, labels, seed=seed)
                proposed = [findmatches.propose(records, question, known) for known in ([], labels)]
                found.append(sum((within_sets([(question, one)], truth) for one in proposed), ()))
                continue
            matched = findmatches.train(records, labels, seed=seed).match(records)
            found.append(score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--kinds", nargs="+", choices=list(THINGS), default=list(THINGS))
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200, 400], help="rows labelled")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--asked", type=int, default=0, help="files of questions that are answered as well")
    parser.add_argument("--grouped", action="store_true", help="how the sets of the next file are grouped")
    options = parser.parse_args(arguments)
    print(table(["table", "labels", *(f"{budget} rows" for budget in options.budgets)], []))
    for folder in options.folders:
        for kind in options.kinds:
            found = [
                measured(folder, kind, options.budgets, seed, asked=options.asked, grouped=options.grouped)
                for seed in options.seeds
            ]
            means = [
                [sum(figures) / len(found) for figures in zip(*same, strict=True)] for same in zip(*found, strict=True)
            ]
            cells = [", ".join(f"{figure:.3f}" for figure in mean) for mean in means]
            print(f"| {' | '.join([folder.name, kind, *cells])} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
