"""Made-up tables of many shapes: the same defaults must hold on each (``bench.shapes`` measures them larger)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.quality import KEY, answer, blur, learn, score
from bench.shapes import SHAPES, make
from findmatches import Model, Records, ask, can_train, train


def figures(model: Model, records: Records, truth: dict[str, str]) -> tuple[float, float, float]:
    matched = model.match(records)
    return score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_defaults_hold(shape: str) -> None:
    records, truth = make(shape, 400, 0)
    assert figures(learn(records, truth, 100, 0), records, truth)[2] >= 0.9


def test_the_first_file_holds_matches_and_near_misses_where_duplicates_are_rare() -> None:
    records, truth = make("very rare", 3000, 1)
    assert can_train([answer(ask(records, []), truth)])
