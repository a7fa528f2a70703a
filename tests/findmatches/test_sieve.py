"""Large tables: pairs that cannot match are put aside before their cells are compared."""

from __future__ import annotations

import numpy as np
import pytest

from findmatches import ask, prepared, train
from findmatches.comparisons import Comparer
from findmatches.learner import fit_sieve
from findmatches.prepared import prepare
from tests.findmatches.data import oracle, partition, people


def test_an_outline_is_part_of_a_comparison() -> None:
    table, _ = people(150, 80)
    ready = prepare(table, neighbours=8)
    left, right = ready.candidates.left, ready.candidates.right
    outline = ready.comparer.outline(left, right)
    whole = ready.comparer.compare(left, right)
    assert np.array_equal(outline, whole[:, ready.schema.outlined()], equal_nan=True)
    with_what_is_known_of_candidates = ready.outline(np.arange(len(left)))
    assert np.array_equal(with_what_is_known_of_candidates, outline, equal_nan=True)
    assert outline.shape[1] < whole.shape[1] / 1.5


def test_most_pairs_are_put_aside_and_no_match_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    table, truth = people(400, 200)
    labels = [oracle(truth)(ask(table, []))]
    every = partition(train(table, labels).match(table))
    monkeypatch.setattr(prepared, "SMALL", 100)
    compared: list[int] = []
    compare = Comparer.compare

    def counted(self: Comparer, left: np.ndarray, right: np.ndarray, *known: np.ndarray) -> np.ndarray:
        compared.append(len(left))
        return compare(self, left, right, *known)

    model = train(table, labels)
    monkeypatch.setattr(Comparer, "compare", counted)
    found = partition(model.match(table))
    assert max(compared) < len(prepare(table, neighbours=15).candidates.left) / 3

    def pairs(groups: set[frozenset[str]]) -> set[frozenset[str]]:
        return {frozenset((a, b)) for group in groups for a in group for b in group if a < b}

    true = pairs({frozenset(key for key in truth if truth[key] == thing) for thing in set(truth.values())})
    assert len(pairs(found) & true) >= len(pairs(every) & true)
    assert len(pairs(found) - true) <= len(pairs(every) - true) + 2


def test_a_wrong_match_does_not_open_the_sieve() -> None:
    draw = np.random.default_rng(0)
    match = np.arange(4000) < 1000
    outline = (draw.normal(size=(4000, 3)) + np.where(match, 2, -2)[:, None]).astype(np.float32)
    match[-1] = True
    passed = fit_sieve(outline, match).passes(outline)
    assert passed[:1000].all()
    assert passed[1000:].mean() < 0.1
