"""How rows are grouped before there is any label."""

from __future__ import annotations

import pytest

from bench import shapes
from bench.guess import within_sets
from findmatches import ask, propose


@pytest.mark.parametrize(("shape", "least"), [("model numbers", 0.9), ("phone numbers", 0.7), ("companies", 0.85)])
def test_pairs_of_a_first_file_are_grouped_without_a_label(shape: str, least: float) -> None:
    """From likeness alone model numbers had 0.75, phone numbers 0.61."""
    records, truth = shapes.make(shape, 400, 7)
    question = ask(records, [], seed=0)
    _, _, f1 = within_sets([(question, propose(records, question, []))], truth)
    assert f1 >= least
