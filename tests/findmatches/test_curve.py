from __future__ import annotations

import numpy as np
import pytest

from findmatches import FindMatchesError, ask, learning_curve
from findmatches.curve import _extrapolate, _f1
from labelfiles import LabelFile
from tests.findmatches.data import oracle, people


def test_a_learning_curve_tells_what_the_next_file_is_worth() -> None:
    table, truth = people(160, 50)
    labels = [oracle(truth)(ask(table, [], sets=8, rows=8))]
    curve = learning_curve(table, labels)
    assert curve.labeled_rows == 64
    rows = [point.labeled_rows for point in curve.points]
    assert rows == sorted(rows)
    assert rows[-1] < 64  # some sets are always left to judge by
    for point in curve.points:
        assert 0 <= point.f1_low <= point.f1_high <= 1
    ahead = curve.next_file
    assert ahead.rows == 100
    assert 0 <= ahead.gain_low <= ahead.gain <= ahead.gain_high
    assert ahead.f1_now + ahead.gain <= 1


def test_too_few_sets_have_no_curve() -> None:
    table, truth = people(60, 30)
    questions = oracle(truth)(ask(table, [], sets=3, rows=8))
    with pytest.raises(FindMatchesError, match="four labeling sets"):
        learning_curve(table, [questions])
    with pytest.raises(FindMatchesError, match="four labeling sets"):
        learning_curve(table, [LabelFile(questions.columns, ())])


def test_the_fitted_curve_follows_a_power_law_and_never_falls() -> None:
    rows = np.array([50.0, 100.0, 150.0, 200.0])
    lawful = (1 - (0.05 + 2 * rows**-0.5))[:, None]
    ahead = _extrapolate(rows, lawful, np.array([200, 400]))[:, 0]
    assert ahead == pytest.approx(1 - (0.05 + 2 * np.array([200, 400]) ** -0.5), abs=2e-3)
    falling = np.array([[0.9], [0.8], [0.7], [0.6]])
    now, then, later = _extrapolate(rows, falling, np.array([200, 300, 1200]))[:, 0]
    assert now == then == later
    now, then, later = _extrapolate(rows, lawful, np.array([200, 300, 1200]))[:, 0]
    assert now < then < later, "more rows bring more"


def test_weights_count_pairs_as_often_as_they_were_drawn() -> None:
    match = np.array([True, False, True, False])
    scores = np.array([[[0.9, 0.8, 0.7, 0.0]]], dtype=np.float32)
    even, doubled = _f1(scores, match, np.array([[1.0, 1, 1, 1], [1, 2, 1, 1]]))[0, 0]
    assert even == pytest.approx(2 * 2 / (3 + 2))
    assert doubled == pytest.approx(2 * 1 / (1 + 2))
