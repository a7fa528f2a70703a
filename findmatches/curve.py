"""How quality grows with labels, and what the next file of questions is likely to be worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from findmatches import tuning
from findmatches.errors import FindMatchesError
from findmatches.evaluate import blocks_of, splits, study_of_labels
from findmatches.labels import Lessons
from findmatches.schema import Records
from findmatches.study import Study
from labelfiles import LabelFile

# Parts of the sets that a split leaves to learn from.
FRACTIONS = (0.25, 0.5, 0.75, 1.0)
_ROUNDS = 2
# The form of the curve needs fewer trees than a model does, and some thirty models are made.
_TREES = 36
_DRAWS = 400
_TAILS = (5, 95)
# How fast the error falls: exponents of the power law that are tried.
_EXPONENTS = np.geomspace(0.1, 2.0, 25)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """F1 after so many labelled rows, and the bounds between which it lies with 90% probability."""

    labeled_rows: int
    f1: float
    f1_low: float
    f1_high: float


@dataclass(frozen=True, slots=True)
class NextFile:
    """What so many rows more are likely to add to F1: ``gain`` and the bounds of its 90% interval, none below 0."""

    rows: int
    f1_now: float
    gain: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """``points``: measured, fewest labels first. ``next_file``: read off the curve fitted to them."""

    labeled_rows: int
    points: tuple[CurvePoint, ...]
    next_file: NextFile

    def to_dict(self) -> dict[str, Any]:
        """The curve as JSON knows it."""
        return asdict(self)


def learning_curve(
    records: Records, labels: Sequence[LabelFile], *, accuracy_cost: float = 0.5, next_rows: int = 100, seed: int = 0
) -> LearningCurve:
    """F1 on labelled pairs of sets that were not learnt from, after a quarter, a half, three quarters and all of the other sets.

    F1 is the best over all thresholds, as in ``evaluate``, and judged on splits of the same kind, twice over. Bounds come from a
    bootstrap over labeling sets (Efron and Tibshirani 1993). What ``next_rows`` more rows would add is read off an inverse power
    law fitted to each draw, error = a + b · rows^-c, after Figueroa, Zeng-Treitler, Kandula and Ngo, "Predicting sample size
    required for classification performance", BMC Medical Informatics and Decision Making 12:8 (2012).

    Raises ``FindMatchesError`` where the labels are too few for a curve: under four sets that share no row.
    """
    if next_rows < 1:
        raise FindMatchesError("The next file must hold at least one row.")
    return curve_of(study_of_labels(records, labels, accuracy_cost), next_rows=next_rows, seed=seed)


def curve_of(study: Study, *, next_rows: int = 100, seed: int = 0) -> LearningCurve:
    """As ``learning_curve``, for pairs that have been measured already."""
    tuning.check_seed(seed)
    taught = study.judged
    block = blocks_of(taught)
    if not taught.teachable or len(np.unique(block)) < 4:
        raise FindMatchesError(
            "There are too few labels for a learning curve: matches and differences are needed in at least four labeling sets."
        )
    random = np.random.default_rng(seed)
    found = [_round(study, block, seed + number, random) for number in range(_ROUNDS)]
    rows = np.mean([used for used, _ in found], axis=0)
    scores = np.stack([score for _, score in found])
    f1 = _f1(scores, taught.match, np.ones((1, len(block)))).mean(axis=1)[:, 0]
    drawn = _bootstrap(scores, taught.match, block, random)
    low, high = np.percentile(drawn, _TAILS, axis=1)
    total = int(_rows_by_set(taught).sum())
    at = np.array([total, total + next_rows])
    middle, spread = _extrapolate(rows, f1[:, None], at)[:, 0], _extrapolate(rows, drawn, at)
    gain_low, gain_high = np.percentile(spread[1] - spread[0], _TAILS)
    gain = float(middle[1] - middle[0])
    figures = zip(rows.round().astype(int).tolist(), f1.tolist(), low.tolist(), high.tolist(), strict=True)
    return LearningCurve(
        total,
        tuple(CurvePoint(*figure) for figure in figures),
        NextFile(next_rows, float(middle[0]), gain, min(float(gain_low), gain), max(float(gain_high), gain)),
    )


def _rows_by_set(taught: Lessons) -> NDArray[np.int64]:
    """How many rows of each set take part in a judged pair."""
    set_number = np.concatenate([taught.set_number, taught.set_number])
    members = np.unique(np.column_stack([set_number, np.concatenate([taught.left, taught.right])]), axis=0)
    return np.bincount(members[:, 0], minlength=len(taught.sets))


def _round(
    study: Study, block: NDArray[np.int64], seed: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Every set judged by models that have learnt from a fraction of the others: the rows learnt from, and for each fraction
    the score of each pair. A part of the labels that cannot teach gives no match: score 0."""
    taught = study.judged
    size = _rows_by_set(taught)
    total = np.zeros((len(FRACTIONS), len(block)), dtype=np.float32)
    times = np.zeros(len(block))
    used: list[list[int]] = []
    for number, held in enumerate(splits(taught, seed)):
        order = random.permutation(np.unique(block[~held]))
        judged = np.flatnonzero(held)
        used.append([])
        for place, fraction in enumerate(FRACTIONS):
            use = ~held & np.isin(block, order[: max(1, round(fraction * len(order)))])
            used[-1].append(int(size[np.unique(taught.set_number[use])].sum()))
            if taught.match[use].any() and not taught.match[use].all():
                learner = study.learn(seed=seed + number, use=use, trees=_TREES)
                total[place, judged] += study.score(learner, judged)
        times[held] += 1
    if not used:
        raise FindMatchesError("There are too few labels for a learning curve: all matches are in one labeling set.")
    return np.mean(used, axis=0), (total / np.maximum(times, 1)).astype(np.float32)


def _bootstrap(
    scores: NDArray[np.float32], match: NDArray[np.bool_], block: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.float64]:
    """F1 at each fraction (rows) in each draw (columns) of blocks of sets and of rounds, with replacement."""
    blocks, place = np.unique(block, return_inverse=True)
    even = np.full(len(blocks), 1 / len(blocks))
    weight = random.multinomial(len(blocks), even, size=_DRAWS)[:, place].astype(np.float64)
    f1 = _f1(scores, match, weight)
    rounds = random.integers(len(scores), size=(len(scores), _DRAWS))
    drawn: NDArray[np.float64] = np.take_along_axis(f1, rounds[None], axis=1).mean(axis=1)
    return drawn[:, (weight[:, match].sum(axis=1) > 0)]


def _f1(scores: NDArray[np.float32], match: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The best F1 over all thresholds, for scores (rounds, fractions, pairs) and weights (draws, pairs): (fractions, rounds, draws)."""
    n_rounds, n_fractions, _ = scores.shape
    result = np.zeros((n_fractions, n_rounds, len(weight)))
    real = weight[:, match].sum(axis=1)
    for number in range(n_rounds):
        for place in range(n_fractions):
            score = scores[number, place]
            order = np.argsort(-score, kind="stable")
            order = order[: int((score > 0).sum())]
            last = np.append(np.diff(score[order]) != 0, True)[: len(order)]  # a threshold takes all pairs of one score
            said = np.cumsum(weight[:, order], axis=1)[:, last]
            hits = np.cumsum(weight[:, order] * match[order], axis=1)[:, last]
            f1 = 2 * hits / np.maximum(said + real[:, None], 1e-12)
            result[place, number] = f1.max(axis=1, initial=0.0)
    return result


def _extrapolate(rows: NDArray[np.float64], f1: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 at the numbers of rows in ``at`` (rows of the result), for each curve (column), by weighted least squares: points with
    more labels count more. The error never rises with labels."""
    error, weight = 1 - f1, (rows / rows.sum())[:, None]
    best = np.full(f1.shape[1], np.inf)
    result = np.zeros((len(at), f1.shape[1]))
    mean = (weight * error).sum(axis=0)
    for exponent in _EXPONENTS:
        power, ahead = (rows / rows[-1])[:, None] ** -exponent, (at / rows[-1])[:, None] ** -exponent
        centre = (weight * power).sum(axis=0)
        slope = (weight * (power - centre) * (error - mean)).sum(axis=0) / (weight * (power - centre) ** 2).sum(axis=0)
        through_zero = (weight * power * error).sum(axis=0) / (weight * power**2).sum(axis=0)
        slope = np.clip(slope, 0.0, None)
        slope = np.where(mean - slope * centre < 0, through_zero, slope)
        floor = np.maximum(mean - slope * centre, 0.0)
        loss = (weight * (error - floor - slope * power) ** 2).sum(axis=0)
        better = loss < best
        best = np.where(better, loss, best)
        result = np.where(better, 1 - floor - slope * ahead, result)
    return result
