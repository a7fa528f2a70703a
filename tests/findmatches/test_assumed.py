"""What is learnt from sets whose rows all have something in common that other rows have not."""

from __future__ import annotations

from collections import defaultdict

import pytest

from bench.guess import within_sets
from bench.quality import KEY, answer, score
from bench.shapes import make
from findmatches import Records, ask, propose, train, tuning
from findmatches.assumed import assumed_differences
from findmatches.engine import lessons_of
from findmatches.labels import Lessons
from findmatches.prepared import Prepared, prepare
from labelfiles import LabeledRow, LabelFile
from tests.findmatches.data import register_and_finds


def by_customer(records: Records, truth: dict[str, str], sets: int, rows: int = 10) -> LabelFile:
    """Sets of the payments of one customer each, as somebody makes them who sorts the table by name."""
    payments = defaultdict(list)
    for values in zip(*(column.to_pylist() for column in records.table.columns), strict=True):
        payments[values[1].split()[0]].append([value or "" for value in values])
    labelled = [
        LabeledRow(name, truth[values[0]], tuple(values))
        for name in sorted(payments, key=lambda name: -len(payments[name]))[:sets]
        for values in payments[name][:rows]
    ]
    return LabelFile(records.columns, tuple(labelled))


def assumed(prepared: Prepared, taught: Lessons) -> list[tuple[str, str]]:
    """The keys of the pairs."""
    left, right = assumed_differences(prepared, taught, prepared.comparer.compare(taught.left, taught.right))
    return [(prepared.keys[one], prepared.keys[two]) for one, two in zip(left.tolist(), right.tolist(), strict=True)]


def test_payments_of_one_customer_in_each_set_do_not_teach_that_one_amount_is_one_payment() -> None:
    records, truth = make("bookings", 1500, 3)
    matched = train(records, [by_customer(records, truth, 10)]).match(records)
    precision, recall, _ = score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)
    assert precision > 0.9
    assert recall > 0.9


def test_nothing_is_assumed_where_rows_that_are_less_alike_may_be_one_thing_too() -> None:
    records, truth = make("big groups", 400, 0)
    prepared = prepare(records, neighbours=tuning.neighbours(0.5))
    taught = lessons_of(prepared, [answer(ask(records, []), truth)])
    assert not assumed(prepared, taught)


def test_what_is_assumed_is_a_difference() -> None:
    records, truth = make("bookings", 1500, 1)
    prepared = prepare(records, neighbours=tuning.neighbours(0.5))
    pairs = assumed(prepared, lessons_of(prepared, [by_customer(records, truth, 10)]))
    assert len(pairs) >= 20
    assert all(truth[one] != truth[two] for one, two in pairs)


def known_matches(records: Records, truth: dict[str, str], count: int) -> LabelFile:
    """So many people of the register with one of their finds, and as many with a find of the next of them: a set for each pair."""
    rows: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for values in zip(*(column.to_pylist() for column in records.table.columns), strict=True):
        rows[truth[values[0]]].setdefault(values[1], values)
    both = [found for found in rows.values() if len(found) == 2][:count]
    labelled = []
    for one, other in zip(both, [*both[1:], both[0]], strict=True):
        register, find, other_find = one["register"], one["finds"], other["finds"]
        labelled += [LabeledRow(f"same {register[0]}", "A", values) for values in (register, find)]
        labelled += [LabeledRow(f"not {register[0]}", *row) for row in (("A", register), ("B", other_find))]
    return LabelFile(records.columns, tuple(labelled))


def test_other_rows_of_the_register_are_differences_where_known_matches_show_none_that_are_alike() -> None:
    records, truth = register_and_finds(200, 100)
    prepared = prepare(records, neighbours=tuning.neighbours(0.5))
    pairs = assumed(prepared, lessons_of(prepared, [known_matches(records, truth, 30)]))
    assert len(pairs) == 30
    assert all(truth[one] != truth[two] for one, two in pairs)
    source = dict(zip(records.keys(), records.table.column("source").to_pylist(), strict=True))
    assert all({source[one], source[two]} == {"register", "finds"} for one, two in pairs)


def test_known_matches_do_not_teach_that_whoever_looks_alike_is_one() -> None:
    records, truth = register_and_finds(200, 100)
    matched = train(records, [known_matches(records, truth, 30)]).match(records)
    precision, recall, _ = score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)
    assert precision > 0.98
    assert recall > 0.8


def pairs_of(records: Records, truth: dict[str, str], count: int) -> LabelFile:
    """So many pairs of rows that are one thing, a set for each, and not one difference."""
    rows: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for values in zip(*(column.to_pylist() for column in records.table.columns), strict=True):
        rows[truth[values[0]]].append(tuple(value or "" for value in values))
    pairs = [found[start : start + 2] for found in rows.values() for start in range(0, len(found) - 1, 2)]
    some = pairs[:: len(pairs) // count]
    labelled = [LabeledRow(f"set {number}", "A", values) for number, pair in enumerate(some) for values in pair]
    return LabelFile(records.columns, tuple(labelled))


@pytest.mark.parametrize(("shape", "least"), [("register", 0.8), ("companies", 0.8), ("big groups", 0.3)])
def test_known_matches_alone_teach_by_what_other_rows_are_like(shape: str, least: float) -> None:
    """Also in a table where nearly all rows that are alike are one thing, though there groups come in pieces."""
    records, truth = register_and_finds(200, 100) if shape == "register" else make(shape, 600, 0)
    matched = train(records, [pairs_of(records, truth, 30)]).match(records)
    precision, recall, _ = score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)
    assert precision > 0.9
    assert recall > least


@pytest.mark.parametrize("shape", ["model numbers", "phone numbers"])
def test_known_matches_alone_teach_how_to_group_the_sets_of_the_next_file(shape: str) -> None:
    """The guess without labels has 0.78 and 0.75."""
    records, truth = make(shape, 600, 0)
    known = [pairs_of(records, truth, 30)]
    questions = ask(records, known)
    _, _, f1 = within_sets([(questions, propose(records, questions, known))], truth)
    assert f1 > 0.95


def test_known_matches_alone_teach_what_to_ask_about() -> None:
    """Questions as if there were no labels yet leave 0.91."""
    records, truth = make("careless", 600, 0)
    known = [pairs_of(records, truth, 30)]
    matched = train(records, [*known, answer(ask(records, known), truth)]).match(records)
    _, _, f1 = score(matched.column(KEY).to_pylist(), matched.column("match_id").to_pylist(), truth)
    assert f1 > 0.95
