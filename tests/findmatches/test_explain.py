from __future__ import annotations

import math

import pyarrow as pa
import pytest

from findmatches import FindMatchesError, Model, Records, ask, explain, train
from tests.findmatches.data import oracle, people

Table = tuple[Records, dict[str, str]]


@pytest.fixture(scope="module")
def table() -> Table:
    return people(120, 60)


@pytest.fixture(scope="module")
def model(table: Table) -> Model:
    rows, truth = table
    return train(rows, [oracle(truth)(ask(rows, [], sets=8, rows=8))])


def doubles(table: Table) -> tuple[str, str]:
    first: dict[str, str] = {}
    return next((first[thing], key) for key, thing in table[1].items() if first.setdefault(thing, key) != key)


def test_contributions_add_up_and_say_what_speaks_for_a_match(table: Table, model: Model) -> None:
    reason = explain(table[0], model, doubles(table))
    columns = [part.column for part in reason.contributions]
    assert sorted(columns) == sorted(
        ["first", "last", "address", "born", "phone", "(the rows as a whole)", "(other rows)"]
    )
    total = reason.typical_log_odds + sum(part.log_odds for part in reason.contributions)
    assert total == pytest.approx(reason.log_odds, abs=1e-6)
    assert reason.score == pytest.approx(1 / (1 + math.exp(-total)))
    assert reason.score > 0.5
    assert reason.typical_log_odds < 0 < max(part.log_odds for part in reason.contributions)
    sizes = [abs(part.log_odds) for part in reason.contributions]
    assert sizes == sorted(sizes, reverse=True)
    for part in reason.contributions:
        if part.cells[0] is not None and part.cells[0] == part.cells[1]:
            assert part.words.startswith("the same")
    text = str(reason)
    assert "enough for a match" in text
    assert text.endswith("together")


def test_the_score_is_that_of_the_match_and_the_order_of_the_keys_does_not_matter(table: Table, model: Model) -> None:
    rows, _ = table
    one, two = doubles(table)
    forth, back = explain(rows, model, (one, two)), explain(rows, model, (two, one))
    assert forth.log_odds == back.log_odds
    assert {part.column: part.log_odds for part in forth.contributions} == {
        part.column: part.log_odds for part in back.contributions
    }
    matched = model.match(rows)
    found = dict(zip(matched.column("id").to_pylist(), matched.column("match_id").to_pylist(), strict=True))
    sure = dict(zip(found, matched.column("match_confidence_score").to_pylist(), strict=True))
    assert list(found.values()).count(found[one]) == 2
    assert found[one] == found[two]
    assert forth.score == pytest.approx(sure[one], abs=1e-3)


def test_rows_that_are_no_candidates_are_explained_too(table: Table, model: Model) -> None:
    rows, truth = table
    keys = list(truth)
    reason = explain(rows, model, (keys[0], next(key for key in keys if truth[key] != truth[keys[0]])))
    assert reason.score < 0.5
    assert "not enough for a match" in str(reason)


def test_dates_and_long_numbers_are_told_as_such() -> None:
    columns = {
        "id": ["1", "2", "3", "4", "5", "6", "7", "8"],
        "name": ["ann lee", "ann lee", "bo chan", "bo chan", "cy diaz", "cy diaz", "di ekko", "ed falk"],
        "phone": ["(312) 555-0101", "312.555.0101", "773 5550177", "773 5550177", "5550188", "555-0199", "", ""],
        "born": ["1990-01-01", "2. 1. 1990", "1971-05-05", "1980-05-05", "1990-02-01", "1990-03-09", "x", "y"],
    }
    rows = Records.from_arrow(pa.table(columns), primary_key="id")
    model = train(rows, [oracle({key: str((int(key) + 1) // 2) for key in columns["id"][:6]})(ask(rows, [], sets=1))])
    said = [
        {part.column: part.words for part in explain(rows, model, pair).contributions}
        for pair in (("1", "2"), ("3", "4"), ("5", "6"))
    ]
    assert [words["phone"] for words in said] == ["the same digits", "the same, and rare", "alike"]
    assert [words["born"] for words in said] == ["one day apart", "9 years apart", "36 days apart"]


@pytest.mark.parametrize(
    ("pair", "message"), [(("r0001", "r0001"), "Two different"), (("r0001", "x"), "no row with id x")]
)
def test_unknown_rows(table: Table, model: Model, pair: tuple[str, str], message: str) -> None:
    with pytest.raises(FindMatchesError, match=message):
        explain(table[0], model, pair)
