"""What the two trade-offs of a transform mean here."""

from __future__ import annotations

import math

from findmatches.errors import FindMatchesError

# The score from which rows are one thing where neither precision nor recall is favoured; and the same where rows of one source match
# only by way of another: there a wrong link joins less than elsewhere, and after few labels many right ones have low scores. So it is lower
# by so many log odds at ``_FILE`` rows, half of that at twice as many.
_BALANCED, _LINKED = 0.5, 0.43
_LOWER, _FILE = 0.3, 100
_NEIGHBOURS = 15
_EVIDENCE = 2.75


def neighbours(accuracy_cost: float) -> int:
    """How many neighbours of each row are looked at in each view: 6 at 0.0 (cost), 15 at 0.5, 40 at 1.0 (accuracy)."""
    check("accuracy-cost", accuracy_cost)
    return round(_NEIGHBOURS * math.pow(40 / 15, 2 * accuracy_cost - 1))


def balanced(n_labelled: int, *, linked: bool) -> float:
    """The threshold at 0.5 after so many labelled rows; ``linked`` where rows of one source match only by way of another (``linkage``)."""
    return _moved(_LINKED, -_LOWER * _FILE / max(n_labelled, _FILE)) if linked else _BALANCED


def threshold(balanced: float, precision_recall: float) -> float:
    """The score from which rows are one thing: ``balanced`` at 0.5; more evidence is asked for above, less below."""
    check("precision-recall", precision_recall)
    return _moved(balanced, _EVIDENCE * (precision_recall - 0.5))


def _moved(score: float, log_odds: float) -> float:
    return 1 / (1 + (1 - score) / score * math.exp(-log_odds))


def check(name: str, value: float) -> None:
    """Raises ``FindMatchesError`` for a trade-off out of range."""
    if not 0 <= value <= 1:
        raise FindMatchesError(f"The {name} trade-off must be between 0 and 1, not {value}.")
