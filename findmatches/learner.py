"""From measured pairs to a score: the mean of extremely randomised trees and a logistic regression."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from findmatches.forest import Forest, grow

TREES = 200
_STRENGTH = 0.05
# What an outline says is less likely than this is no match, however low the matches were that taught it. So many matches open
# the sieve to half of that. The least likely of them, this share, do not open it any further: their labels may be wrong.
_SURE = 0.1
_FEW = 1000
_HARDEST = 0.02
# In the regression, a match counts as much as so many differences at most for each match there is: where three stand against a thousand
# differences, balance would have them say more than they know.
_WORTH = 5
# A measure is scaled by its spread over the labelled pairs, but by no less than this share of its spread where both kinds of pairs count the same:
# one match that alone has a birthday in common would else make it the only thing that matters.
_SPREAD = 0.3
# Log odds beyond this are as good as certain, and their exponential would overflow.
_MOST_ODDS = 30.0
_BOUNDS: dict[int, tuple[float | None, float | None]] = {-1: (None, 0.0), 0: (None, None), 1: (0.0, None)}


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Logistic regression over measures that are filled in (``fill`` where not known), centred and scaled."""

    fill: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    intercept: float

    def predict(self, measures: NDArray[np.float32]) -> NDArray[np.float32]:
        centred = measures - self.fill
        centred /= self.scale
        np.copyto(centred, 0.0, where=np.isnan(centred))
        with one_thread():
            odds = np.clip(centred @ self.weights + self.intercept, -_MOST_ODDS, _MOST_ODDS)
        result: NDArray[np.float32] = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Scores pairs between 0 and 1. ``importances`` says how much each measure helped (sums to 1)."""

    forest: Forest
    linear: Linear
    importances: NDArray[np.float64]

    def predict(self, measures: NDArray[np.float32]) -> NDArray[np.float32]:
        if not len(measures):
            return np.empty(0, dtype=np.float32)
        return ((self.forest.predict(measures) + self.linear.predict(measures)) / 2).astype(np.float32)


def one_thread() -> AbstractContextManager[object]:
    """Linear algebra in one thread: with more, the last digits would depend on their number; these sums gain nothing by it."""
    limits: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limits


@cache
def _libraries() -> Any:
    """The libraries that do linear algebra. Looking for them takes milliseconds, and there is a limit for every thousand pairs."""
    # Here and not above: importing findmatches must stay quick. The package comes with scikit-learn and has no types.
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()


def fit(
    measures: NDArray[np.float32],
    match: NDArray[np.bool_],
    *,
    seed: int,
    trees: int = TREES,
    directions: NDArray[np.int8] | None = None,
) -> Ensemble:
    """Learn from pairs of which both kinds must occur. The same result for the same seed, whatever the number of threads.

    ``directions`` holds the regression to what is known of each measure: 1 where more of it never speaks against a match, -1 where it never
    speaks for one, 0 where either may be.
    """
    forest, helped = grow(measures, match, _balanced(match), trees=trees, seed=seed)
    linear = _fit_linear(measures, match, _balanced(match, _WORTH * int(match.sum())), directions)
    pull = np.abs(linear.weights.astype(np.float64))
    both = helped / max(helped.sum(), 1e-12) + pull / max(pull.sum(), 1e-12)
    return Ensemble(forest, linear, both / max(both.sum(), 1e-12))


def _balanced(match: NDArray[np.bool_], most: float = np.inf) -> NDArray[np.float64]:
    """Weights with which matches count together as much as differences; but one match never as much as ``most`` differences."""
    same, apart = 0.5 / match.mean(), 0.5 / (1 - match.mean())
    weight: NDArray[np.float64] = np.where(match, min(same, most * apart), apart)
    return weight


@dataclass(frozen=True, slots=True, eq=False)
class Sieve:
    """Tells by the outline of a pair (``Comparer.outline``) whether it is worth comparing letter by letter."""

    linear: Linear
    cut: float

    def passes(self, outline: NDArray[np.float32]) -> NDArray[np.bool_]:
        passed: NDArray[np.bool_] = self.linear.predict(outline) >= self.cut
        return passed


def fit_sieve(outline: NDArray[np.float32], match: NDArray[np.bool_]) -> Sieve:
    """A sieve that lets through what is at least half as likely as nearly all matches it has seen, and all above a cut that is
    lower the fewer matches it has seen. Both kinds of pairs must occur."""
    linear = _fit_linear(outline, match, _balanced(match))
    sure = _SURE * match.sum() / (match.sum() + _FEW)
    hard = float(np.quantile(linear.predict(outline[match]), _HARDEST))
    return Sieve(linear, min(sure, hard / 2))


def _fit_linear(
    measures: NDArray[np.float32],
    match: NDArray[np.bool_],
    weight: NDArray[np.float64],
    directions: NDArray[np.int8] | None = None,
) -> Linear:
    """Logistic regression with an L2 penalty, each weight of the sign that its direction allows."""
    from scipy.optimize import minimize  # here and not above: importing findmatches must stay quick

    known = ~np.isnan(measures)
    count = np.maximum(known.sum(axis=0), 1)
    fill = np.where(known, measures, 0).sum(axis=0) / count
    centred = np.where(known, measures - fill, 0.0).astype(np.float64)
    even = (centred**2 * _balanced(match)[:, None]).mean(axis=0)
    scale = np.sqrt(np.maximum((centred**2).mean(axis=0), _SPREAD**2 * even))
    scale[scale < 1e-6] = 1.0
    inputs, sign = centred / scale, np.where(match, 1.0, -1.0)

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The objective and its gradient; the intercept comes last."""
        margin = sign * (inputs @ at[:-1] + at[-1])
        pull = -_STRENGTH * weight * sign / (1 + np.exp(np.clip(margin, -_MOST_ODDS, _MOST_ODDS)))
        value = _STRENGTH * (weight * np.logaddexp(0, -margin)).sum() + (at[:-1] ** 2).sum() / 2
        return float(value), np.append(inputs.T @ pull + at[:-1], pull.sum())

    bounds = [_BOUNDS[way] for way in ([0] * len(fill) if directions is None else directions.tolist())]
    with one_thread():
        found = minimize(loss, np.zeros(len(fill) + 1), jac=True, method="L-BFGS-B", bounds=[*bounds, _BOUNDS[0]]).x
    return Linear(fill.astype(np.float32), scale.astype(np.float32), found[:-1].astype(np.float32), float(found[-1]))
