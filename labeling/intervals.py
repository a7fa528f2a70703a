"""95 % intervals of shares that were counted over pairs."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from labeling.metrics import Metrics

_Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


def figure(value: float, places: int = 3) -> str:
    """The value for people: ``0.962``, ``−0.998`` with a true minus sign, and never a zero that is negative."""
    return f"{value:z.{places}f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its interval, all in 0..1; ``low`` and ``high`` are None where nothing was counted."""

    value: float
    low: float | None
    high: float | None


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """The score interval of a binomial share: E. B. Wilson, "Probable inference", JASA 22 (1927). None over nothing."""
    if of <= 0:
        return None
    share, square = hits / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def f1_interval(true_positives: int, false_positives: int, false_negatives: int) -> tuple[float, float] | None:
    """The interval of F1 at a threshold; None where there is neither a match nor anything called one.

    Among the pairs that are matches or are called so, the share of those that are both is binomial. It is F*, of which F1 = 2 F* / (1 + F*) is a rising
    function (D. Hand, P. Christen and N. Kirielle, "F*: an interpretable transformation of the F-measure", Machine Learning 110, 451-456, 2021); so
    Wilson's interval of F*, its ends put into that formula, is one of F1. K. F. Y. Lam, V. Gopal and J. Qian, "Confidence intervals for the F1 score: a
    comparison of four methods", arXiv:2309.14621 (2023, second version 2024), call it Wilson indirect, and find that it covers better than Wald's and
    Clopper-Pearson's.
    """
    found = wilson(true_positives, true_positives + false_positives + false_negatives)
    return (2 * found[0] / (1 + found[0]), 2 * found[1] / (1 + found[1])) if found else None


def precision_estimate(metrics: Metrics) -> Estimate:
    """Of the pairs that are called matches, the share that are."""
    return _estimate(
        metrics.precision, wilson(metrics.true_positives, metrics.true_positives + metrics.false_positives)
    )


def recall_estimate(metrics: Metrics) -> Estimate:
    """Of the pairs that are matches, the share that is found."""
    return _estimate(metrics.recall, wilson(metrics.true_positives, metrics.true_positives + metrics.false_negatives))


def f1_estimate(metrics: Metrics) -> Estimate:
    """F1 at the threshold of the trade-off, its interval from the confusion matrix; ``Metrics.f1`` is the best over all thresholds."""
    interval = f1_interval(metrics.true_positives, metrics.false_positives, metrics.false_negatives)
    return _estimate(metrics.f1_at_trade_off, interval)


def _estimate(value: float, interval: tuple[float, float] | None) -> Estimate:
    return Estimate(value, *(interval or (None, None)))
