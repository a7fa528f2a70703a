"""What the two trade-offs of a transform mean here."""

from __future__ import annotations

import math

from findmatches.errors import FindMatchesError

BALANCED = 0.5
"""The score from which rows are one thing where neither precision nor recall is favoured."""

# The same where rows of one source match only by way of another: after ``_FILE`` labelled rows, and what it tends to with more. A wrong link joins
# less there than elsewhere, and after few labels many right ones have low scores.
_FEW_LABELS, _LINKED = 0.36, 0.43
_FILE = 100
# Where less than this share of the rows has a counterpart, links are less often right, and it tends to so much more for each row that lacks one.
_MOST, _MORE = 0.6, 0.45
_NEIGHBOURS = 15
_EVIDENCE = 2.75
_LAST_SEED = 2**31 - 1


def neighbours(accuracy_cost: float) -> int:
    """How many neighbours of each row are looked at in each view: 6 at 0.0 (cost), 15 at 0.5, 40 at 1.0 (accuracy)."""
    check("accuracy-cost", accuracy_cost)
    return round(_NEIGHBOURS * math.pow(40 / 15, 2 * accuracy_cost - 1))


def balanced_links(n_labelled: int, counterparts: float) -> float:
    """``BALANCED`` after so many labelled rows where rows of one source match only by way of another (``linkage``).

    ``counterparts`` is the share of the rows that seem to have one, of those that could.
    """
    few = _FILE / max(n_labelled, _FILE)
    return few * _FEW_LABELS + (1 - few) * (_LINKED + _MORE * max(_MOST - counterparts, 0))


def threshold(balanced: float, precision_recall: float) -> float:
    """The score from which rows are one thing: ``balanced`` at 0.5; more evidence is asked for above, less below."""
    check("precision-recall", precision_recall)
    return 1 / (1 + (1 - balanced) / balanced * math.exp(-_EVIDENCE * (precision_recall - 0.5)))


def check_seed(seed: int) -> None:
    """Raises ``FindMatchesError`` for a seed that is out of range. The numbers after it are seeds as well."""
    if not 0 <= seed <= _LAST_SEED:
        raise FindMatchesError(f"The seed must be a whole number from 0 to {_LAST_SEED}, not {seed}.")


def check(name: str, value: float) -> None:
    """Raises ``FindMatchesError`` for a trade-off out of range."""
    if not 0 <= value <= 1:
        raise FindMatchesError(f"The {name} trade-off must be between 0 and 1, not {value}.")
