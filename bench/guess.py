"""Learn what tells a match in most tables (``findmatches.guess``), and how well sets are grouped by it before there is a label.

    python -m bench.guess --learn ../shared/data/early_childhood ../shared/data/musicbrainz_20k ../shared/data/splink_fake_1000 \
        --judge ../shared/data/abt_buy ../shared/data/early_childhood

Printed is the regression, to be put into ``findmatches/guess.py``; then for each table that is judged precision, recall and F1 of pairs
within the sets of first files. A table that is learnt from is judged by what the others teach.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import findmatches
from bench import shapes
from bench.quality import KEY, answer, read_truth, score
from findmatches import guess, tuning
from findmatches.learner import Linear, fit
from findmatches.prepared import prepare
from findmatches.proposals import Proposal, propose
from labelfiles import LabelFile

# Matches of a public and of a made-up table, and how many differences for each.
PUBLIC, MADE, DIFFERENCES = 500, 100, 4
MADE_SEEDS = (0, 1)
# Shapes that hold next to no differences, or next to no matches.
LEFT_OUT = ("big groups", "payments", "very rare", "single pair")
Lesson = tuple[NDArray[np.float32], NDArray[np.bool_]]


def lesson(records: findmatches.Records, truth: dict[str, str], matches: int) -> Lesson:
    """What a table teaches: general measures of some of its candidates, and which are matches."""
    prepared = prepare(records, neighbours=tuning.neighbours(0.5))
    left, right = prepared.candidates.left, prepared.candidates.right
    things = np.unique([truth.get(key, "alone " + key) for key in prepared.keys], return_inverse=True)[1]
    same = things[left] == things[right]
    rng = np.random.default_rng(0)
    some = [
        rng.choice(places, min(count, len(places)), replace=False)
        for places, count in ((np.flatnonzero(same), matches), (np.flatnonzero(~same), DIFFERENCES * matches))
    ]
    places = np.concatenate(some)
    measures = prepared.comparer.compare(left[places], right[places])
    return guess.general_measures(prepared.schema, measures), same[places]


def learn(lessons: Sequence[Lesson]) -> Linear:
    measures, match = (np.concatenate(parts) for parts in zip(*lessons, strict=True))
    return fit(measures, match, seed=0, trees=1, directions=guess.DIRECTIONS).linear


def judged(folder: Path, seeds: Sequence[int]) -> tuple[float, float, float]:
    """How well first files of each seed are grouped without labels."""
    records, truth = findmatches.read_records(folder / "records.csv", primary_key=KEY), read_truth(folder)
    questions = [findmatches.ask(records, [], seed=seed) for seed in seeds]
    return within_sets([(question, propose(records, question, [])) for question in questions], truth)


def within_sets(
    proposed: Sequence[tuple[LabelFile, dict[str, list[Proposal]]]], truth: dict[str, str]
) -> tuple[float, float, float]:
    """Precision, recall and F1 over the pairs within the sets of some files together."""
    said: list[int] = []
    things: dict[str, str] = {}
    for number, (question, found) in enumerate(proposed):
        for set_id, rows in answer(question, truth).by_set().items():
            first = len(said)  # no other set has so high a number
            for row, one in zip(rows, found[set_id], strict=True):
                things[str(len(said))] = f"{number} {set_id} {row.label}"
                said.append(first + one.group)
    return score(list(things), said, things)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--learn", type=Path, nargs="+", default=[], help="tables to learn from, besides the made-up ones"
    )
    parser.add_argument("--judge", type=Path, nargs="+", default=[], help="tables whose first files are grouped")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args(arguments)
    lessons: dict[str, Lesson] = {}
    if options.learn:
        for name in (name for name in shapes.SHAPES if name not in LEFT_OUT):
            lessons |= {f"{name} {seed}": lesson(*shapes.make(name, 2000, seed), MADE) for seed in MADE_SEEDS}
        for folder in options.learn:
            records = findmatches.read_records(folder / "records.csv", primary_key=KEY)
            lessons[folder.name] = lesson(records, read_truth(folder), PUBLIC)
        learnt = learn(list(lessons.values()))
        for names, *numbers in zip(guess.NAMES, learnt.fill, learnt.scale, learnt.weights, strict=True):
            print(*names, *(f"{number:.4f}" for number in numbers))
        print(f"intercept {learnt.intercept:.4f}", flush=True)
    for folder in options.judge:
        if lessons:
            guess.GENERAL = learn([one for name, one in lessons.items() if name != folder.name])
        print(
            f"{folder.name:20} precision {{:.3f}}  recall {{:.3f}}  F1 {{:.3f}}".format(*judged(folder, options.seeds)),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
