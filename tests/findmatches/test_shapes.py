"""Made-up tables of many shapes: the same defaults must hold on each (``bench.shapes`` measures them larger)."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from itertools import combinations

import pytest

from bench.quality import KEY, answer, blur, learn, score
from bench.shapes import SHAPES, make
from findmatches import Model, Records, ask, can_train, train
from labelfiles import LabelFile

# One pair is too few to measure by; "variants" differ from each other in next to nothing.
FEW = ("single pair",)
HARD = ("variants",)


def figures(model: Model, records: Records, truth: dict[str, str]) -> tuple[float, float, float]:
    matched = model.match(records)
    return score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"careless", "hundred columns", "payments", *FEW, *HARD}))
def test_defaults_hold(shape: str) -> None:
    records, truth = make(shape, 400, 0)
    budget = 200 if shape == "big groups" else 100  # one file shows but two or three of the groups
    assert figures(learn(records, truth, budget, 0), records, truth)[2] >= 0.9


def test_the_first_file_holds_matches_and_near_misses_where_duplicates_are_rare() -> None:
    records, truth = make("very rare", 3000, 1)
    assert can_train([answer(ask(records, []), truth)], records.primary_key)


def test_one_pair_in_thousands_of_rows_is_found_and_nothing_else() -> None:
    records, truth = make("single pair", 3000, 4)  # one that a first file misses
    labels: list[LabelFile] = []
    while not can_train(labels, records.primary_key):
        assert len(labels) < 3
        labels.append(answer(ask(records, labels), truth))
    found = figures(train(records, labels), records, truth)
    assert found == (1.0, 1.0, 1.0)


def test_the_trade_off_buys_precision_or_recall() -> None:
    tables = [make("careless", 400, seed) for seed in (0, 1)]
    taught = [(learn(records, truth, 100, 0), records, truth) for records, truth in tables]
    means = []
    for trade_off in (0.1, 0.5, 0.9):
        found = [
            figures(replace(model, precision_recall=trade_off), records, truth) for model, records, truth in taught
        ]
        means.append([sum(values) / len(found) for values in zip(*found, strict=True)])
    precision, recall, _ = zip(*means, strict=True)
    assert precision[0] < precision[1] < precision[2]
    assert recall[0] > recall[1] > recall[2]


def test_wrong_labels_cost_little_and_are_told() -> None:
    records, truth = make("missing everywhere", 400, 0)
    labels: list[LabelFile] = []
    for _ in range(2):
        labels.append(answer(ask(records, labels), truth))
    rng = random.Random(0)  # noqa: S311 (made-up mistakes, no secrets)
    wrong = [blur(one, 0.05, rng) for one in labels]
    assert wrong != labels
    careful, careless = (train(records, given) for given in (labels, wrong))
    assert figures(careless, records, truth)[2] >= figures(careful, records, truth)[2] - 0.02
    assert careful.doubts == ()
    found = [truth[one] != truth[two] for one, two in (doubt.keys for doubt in careless.doubts)]
    mistaken = [truth[one] != truth[two] for file in wrong for one, two in told_same(file)]
    assert sum(mistaken) >= 5
    assert sum(found) >= 0.8 * sum(mistaken)
    assert sum(found) >= 0.8 * len(found)


def told_same(labels: LabelFile) -> list[tuple[str, str]]:
    """The pairs of keys that a file has under one label."""
    groups = defaultdict(list)
    for row in labels.rows:
        groups[row.labeling_set_id, row.label].append(row.values[0])
    return [pair for keys in groups.values() for pair in combinations(keys, 2)]
