"""Which of the pairs that the searches find in a large table are kept: those that are worth most to one of their rows.

A pair is worth how alike its rows are as wholes, and how far it stands out in any view among the candidates of a row. Cosines of all views
would not do: a view in which many rows are alike, as that of a common address, says the same of most of them and crowds out the others.
Local scaling does that for one view (Conneau and others, *Word translation without parallel data*, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from findmatches.threads import in_threads

# Rows whose candidates are ranked at once by one thread.
_RANKED = 125_000
# How much a cosine counts by which a pair stands out, beside the cosines of its rows as wholes.
STANDS_OUT = 2


def worths(
    n_rows: int,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    cosines: NDArray[np.float32],
    whole_views: Sequence[int],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What each pair is worth to its left row, and to its right. ``cosines`` has a row for each view, ``whole_views`` the places of those
    that show rows as wholes."""
    to_left: NDArray[np.float32] = cosines[whole_views].sum(axis=0)
    to_right = to_left.copy()
    count = np.maximum(np.bincount(left, minlength=n_rows) + np.bincount(right, minlength=n_rows), 1)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of the pairs that each row has a part in."""
        total = np.bincount(left, values, minlength=n_rows) + np.bincount(right, values, minlength=n_rows)
        return np.asarray(total / count)

    for cosine in cosines:
        usual = usual_cosine(mean(cosine), mean(cosine**2))
        to_left += standing_out(cosine, usual[left])
        to_right += standing_out(cosine, usual[right])
    return to_left, to_right


def usual_cosine(mean: NDArray[np.float64], mean_square: NDArray[np.float64]) -> NDArray[np.float32]:
    """The cosines beyond which candidates of a row stand out: their mean and a standard deviation."""
    return np.asarray(mean + np.sqrt(np.maximum(mean_square - mean**2, 0)), dtype=np.float32)


def standing_out(cosine: NDArray[np.float32], usual: NDArray[np.float32]) -> NDArray[np.float32]:
    """What it is worth that a cosine is beyond the usual."""
    return np.asarray(STANDS_OUT * np.maximum(cosine - usual, 0), dtype=np.float32)


def among_best(
    n_rows: int,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    worth: tuple[NDArray[np.float32], NDArray[np.float32]],
    count: int,
) -> NDArray[np.bool_]:
    """Which pairs are among the ``count`` that are worth most to at least one of their rows, all that are equal at the end included.

    ``left`` is sorted.
    """
    # One sort by one number: what a pair is worth is less than the span of a row, a power of two.
    most = max(float(to_row.max(initial=0)) for to_row in worth)
    span = 2.0 ** np.ceil(np.log2(max(most + 1, 2)))

    def last_kept(start: int) -> NDArray[np.float64]:
        """The key of the last pair that each of some rows keeps; anything where it has none."""
        rows = min(_RANKED, n_rows - start)
        own = slice(*np.searchsorted(left, [start, start + rows]))
        other = np.flatnonzero((right >= start) & (right < start + rows))
        row = np.concatenate([left[own], right[other]])
        keys = np.append(row * span - np.concatenate([worth[0][own], worth[1][other]]), np.nan)
        keys.sort()
        end = np.cumsum(np.bincount(row - start, minlength=rows))
        return np.asarray(keys[np.minimum(np.append(0, end[:-1]) + count, end) - 1])

    last = np.concatenate(in_threads(last_kept, range(0, n_rows, _RANKED)))
    among: NDArray[np.bool_] = left * span - worth[0] <= last[left]
    among |= right * span - worth[1] <= last[right]
    return among
