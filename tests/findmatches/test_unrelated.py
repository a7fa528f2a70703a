"""Columns that have nothing to do with what the rows are: those of other systems, which real tables are full of."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.quality import answer, pairs
from bench.shapes import make
from bench.spoilt import cluttered
from findmatches import Records, ask, explain, train, tuning
from findmatches.blocking import put_aside
from findmatches.prepared import Prepared, prepare

# Of what is cluttered with, the state and the clerk have so few values that they stay out anyway.
CLUTTER = {"kept_row", "kept_uuid", "kept_changed", "kept_score"}


def aside(records: Records) -> set[str]:
    prepared = prepare(records, neighbours=1)
    return {prepared.columns[place].name for place in put_aside(prepared.schema.views)}


def found(prepared: Prepared, truth: dict[str, str]) -> float:
    """Which share of the true pairs are candidates."""
    ends = (prepared.candidates.left.tolist(), prepared.candidates.right.tolist())
    hits = sum(truth[prepared.keys[one]] == truth[prepared.keys[two]] for one, two in zip(*ends, strict=True))
    return hits / pairs(Counter(truth.values()))


def test_they_hide_no_pairs() -> None:
    records, truth = make("careless", 2000, 1)
    without, among = (prepare(one, neighbours=tuning.neighbours(0.5)) for one in (records, cluttered(records)))
    assert found(among, truth) > found(without, truth) - 0.02


@pytest.mark.parametrize("shape", ["companies", "variants", "missing everywhere"])
def test_they_are_told_from_the_columns_that_say_what_a_row_is(shape: str) -> None:
    records, _ = make(shape, 1500, 1)
    assert aside(records) == set()
    assert {"kept_uuid", "kept_changed"} <= aside(cluttered(records)) <= CLUTTER


@pytest.mark.parametrize("shape", ["very rare", "single pair", "one column"])
def test_nothing_is_told_where_next_to_no_rows_are_alike_in_several_columns(shape: str) -> None:
    records, _ = make(shape, 1500, 0)
    assert aside(cluttered(records)) == set()


def test_an_explanation_names_each_telling_word_once() -> None:
    made, truth = make("companies", 600, 0)
    records = cluttered(made)
    model = train(records, [answer(ask(records, [], sets=20), truth)])
    keys: dict[str, list[str]] = {}
    for key, thing in truth.items():
        keys.setdefault(thing, []).append(key)
    pairs_of = [(same[0], same[1]) for same in keys.values() if len(same) > 1]
    told = [part.words.partition("telling words: ")[2] for part in explain(records, model, pairs_of[0]).contributions]
    (words,) = filter(None, told)
    assert len(set(words.split(", "))) == len(words.split(", "))
