"""What is learnt from sets whose rows all have something in common that other rows have not."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from bench.quality import KEY, answer, score
from bench.shapes import make
from findmatches import Records, ask, train, tuning
from findmatches.assumed import assumed_differences
from findmatches.engine import lessons_of
from findmatches.labels import Lessons
from findmatches.prepared import Prepared, prepare
from labelfiles import LabeledRow, LabelFile


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


def assumed(prepared: Prepared, taught: Lessons) -> NDArray[np.int64]:
    return assumed_differences(prepared, taught, prepared.comparer.compare(taught.left, taught.right))


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
    assert not len(assumed(prepared, taught))


def test_what_is_assumed_is_a_difference() -> None:
    records, truth = make("bookings", 1500, 1)
    prepared = prepare(records, neighbours=tuning.neighbours(0.5))
    places = assumed(prepared, lessons_of(prepared, [by_customer(records, truth, 10)]))
    assert len(places) >= 20
    ends = (prepared.candidates.left[places].tolist(), prepared.candidates.right[places].tolist())
    assert all(truth[prepared.keys[one]] != truth[prepared.keys[two]] for one, two in zip(*ends, strict=True))
