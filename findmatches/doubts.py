"""Labels that are most likely wrong: rows called one thing that look like any two rows of which the labels say that they are two.

Matches are few among labelled pairs, so one wrong letter in twenty makes a quarter of them wrong, and it is these that cost.
Differences are many: one of them that is wrong is outvoted, and none is doubted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from findmatches.labels import Lessons

# So many matches may look like an ordinary difference before anything is doubted: a hard one is no sign of carelessness.
_TOLERATED = 1
# A wrong label that is kept costs so many times what a right one costs that is left out.
_COST = 2.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two rows that a set says are one thing, which was not believed: ``score`` is what models say that have not seen the set."""

    set_id: str
    keys: tuple[str, str]
    score: float

    def __str__(self) -> str:
        return (
            f"set {self.set_id} says that rows {self.keys[0]} and {self.keys[1]} are the same (score {self.score:.2f})"
        )


def count_wrong(score: NDArray[np.float32], match: NDArray[np.bool_]) -> int:
    """About how many pairs that are labelled as matches are none, by scores of learners that have not seen their labels.

    Half of all differences score below the median of the differences, and next to no match does. So the wrong ones are twice as many
    as are found there, after J. D. Storey, "A direct approach to false discovery rates" (2002).
    """
    if not match.any() or match.all():
        return 0
    odd = int((score[match] < np.median(score[~match])).sum())
    return min(2 * odd, int(match.sum()) // 2) if odd > _TOLERATED else 0


def doubtful(score: NDArray[np.float32], match: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pairs labelled as matches are wrong, likely enough that learning goes better without them.

    Wrong ones score like differences: below any score lies the same share of either. So of all cuts the one is taken at which the right
    ones below, which are lost, and the wrong ones above, which are kept, cost the least. Only ranks count, as in a local false discovery
    rate (B. Efron, "Large-scale simultaneous hypothesis testing", 2004), since scores of hard matches are not to be taken at their word.
    """
    wrong = count_wrong(score, match)
    if not wrong:
        return np.zeros(len(match), dtype=bool)
    below = np.searchsorted(np.sort(score[~match]), score) / int((~match).sum())
    cuts = np.sort(below[match])
    cost = np.arange(len(cuts)) - wrong * cuts + _COST * wrong * (1 - cuts)
    found: NDArray[np.bool_] = match & (below < cuts[np.argmin(cost)])
    return found


def doubts(taught: Lessons, keys: Sequence[str], doubted: Iterable[tuple[int, float]]) -> tuple[Doubt, ...]:
    """What to tell of the judged pairs at these places, which scored so: the least likely first."""
    return tuple(
        Doubt(taught.sets[taught.set_number[place]], (keys[taught.left[place]], keys[taught.right[place]]), score)
        for score, place in sorted((score, place) for place, score in doubted)
    )
