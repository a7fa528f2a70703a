"""Scored pairs to groups of rows. Weak links do not chain: inside what the links connect, groups join by their mean score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A connected piece of more is first cut by a higher threshold: mean linkage holds all pairs in memory. A core counts as one.
MAX_PIECE = 1500
# The step to the next higher threshold, in log odds; beyond the last, rows are all alike.
_STEP = 0.5
_ALL_ALIKE = 0.999
# By so much a mean may be below the threshold, because sums are rounded.
_ROUNDED = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Scored pairs of row numbers."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    score: NDArray[np.float32]

    def where(self, keep: NDArray[np.bool_] | slice) -> Edges:
        return Edges(self.left[keep], self.right[keep], self.score[keep])

    def codes(self, n_rows: int) -> NDArray[np.int64]:
        """A number for each pair, the same for the same two rows in the same order."""
        return self.left.astype(np.int64) * n_rows + self.right


def joined(*all_of: Edges) -> Edges:
    """All edges of each."""
    return Edges(
        np.concatenate([edges.left for edges in all_of]),
        np.concatenate([edges.right for edges in all_of]),
        np.concatenate([edges.score for edges in all_of]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Pairs that a person has judged, to be respected whatever their score."""

    same: tuple[tuple[int, int], ...] = ()
    different: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Cores:
    """Rows that are known to be one thing without all their pairs: the core of each row, by its first row, or -1; and, scored, a ``sample`` of
    the pairs in which they take part, from which it is told how well others go with them."""

    core: NDArray[np.int32]
    sample: Edges

    def counted(self, edges: Edges) -> Edges:
        """The sample, and the edges between other rows: candidates alone would speak for more than there is."""
        return joined(edges.where((self.core[edges.left] < 0) & (self.core[edges.right] < 0)), self.sample)


def marked(n_rows: int, *rows: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which of all rows are among these."""
    mark = np.zeros(n_rows, dtype=bool)
    for some in rows:
        mark[some] = True
    return mark


def components(n_rows: int, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.int32]:
    """The number of the connected piece of each row; pieces are numbered by their first rows.

    What SciPy's ``connected_components`` finds, in as much time, but without the fifteenth of a second that its import takes: pieces join the lowest
    piece that an edge leads to, until none leads anywhere. Of those that are left two such rounds join half, whatever the edges.
    """
    lowest = np.arange(n_rows, dtype=np.int32)
    while len(left):
        np.minimum.at(lowest, np.maximum(left, right), np.minimum(left, right))
        while ((further := lowest[lowest]) != lowest).any():
            lowest = further
        left, right = lowest[left], lowest[right]
        apart = left != right
        left, right = left[apart], right[apart]
    number = np.cumsum(lowest == np.arange(n_rows), dtype=np.int32) - 1
    return number[lowest]


def pieces(
    n_rows: int,
    edges: Edges,
    threshold: float,
    same: NDArray[np.int32] | None = None,
    core: NDArray[np.int32] | None = None,
) -> NDArray[np.int32]:
    """The number of the piece of each row: what edges of at least the threshold connect, pairs of rows judged the ``same``, and cores.

    A piece of more than ``MAX_PIECE`` rows is cut: for it the threshold rises until its parts are small enough, or hang together however high it is.
    """
    same = np.empty((0, 2), dtype=np.int32) if same is None else same
    counts = np.ones(n_rows, dtype=np.bool_)
    if core is not None:
        inside = np.flatnonzero(core >= 0)
        same = np.vstack([same, np.column_stack([core[inside], inside])]).astype(np.int32)
        counts = (core < 0) | (core == np.arange(n_rows))

    def connected(keep: NDArray[np.bool_], judged: NDArray[np.int32]) -> NDArray[np.int32]:
        left = np.concatenate([edges.left[keep], judged[:, 0]])
        return components(n_rows, left, np.concatenate([edges.right[keep], judged[:, 1]]))

    piece = connected(edges.score >= threshold, same)
    large = np.bincount(piece, counts) > MAX_PIECE
    while large.any() and (level := higher(threshold)) is not None:
        threshold = level
        finer = connected(large[piece[edges.left]] & (edges.score >= threshold), same[large[piece[same[:, 0]]]])
        piece = np.unique(np.where(large[piece], finer + len(large), piece), return_inverse=True)[1].astype(np.int32)
        large = np.bincount(piece, counts) > MAX_PIECE
    return piece


def higher(threshold: float) -> float | None:
    """The next higher threshold by which a piece that is too large is cut; None if there is none."""
    odds = threshold / (1 - threshold) * np.exp(_STEP)
    return float(odds / (1 + odds)) if threshold < _ALL_ALIKE else None


def pairs_inside(piece: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of rows of the same piece, in pieces of 3 to ``MAX_PIECE`` rows."""
    size = np.bincount(piece)
    members = np.argsort(piece, kind="stable")
    start = np.concatenate([[0], np.cumsum(size)])
    left, right = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for count in np.unique(size[(size >= 3) & (size <= MAX_PIECE)]).tolist():
        rows = members[start[:-1][size == count][:, None] + np.arange(count)]
        one, two = np.triu_indices(count, 1)
        left.append(rows[:, one].ravel())
        right.append(rows[:, two].ravel())
    return np.concatenate(left), np.concatenate(right)


def missing(
    n_rows: int, edges: Edges, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those of the pairs that are not among the edges, which are sorted."""
    have = np.append(edges.codes(n_rows), -1)
    wanted = left * n_rows + right
    new = have[np.searchsorted(have[:-1], wanted)] != wanted
    return left[new], right[new]


def cluster(
    n_rows: int, edges: Edges, threshold: float, told: Told | None = None, cores: Cores | None = None
) -> NDArray[np.int64]:
    """The group of each row; groups are numbered by their first row. Pairs without a score count as 0, but for those of a core.

    With ``told``, rows judged the same are in one group and rows judged different are in two, as long as the judgements
    do not contradict each other ("same" wins).
    """
    told = told or Told()
    same = np.array(told.same, dtype=np.int32).reshape(-1, 2)
    core = None if cores is None else cores.core
    piece = pieces(n_rows, edges, threshold, same, core)
    edges = edges if cores is None else cores.counted(edges)
    group = piece.astype(np.int64)
    next_group = int(piece.max(initial=-1)) + 1
    for rows, inside in _undecided(piece, edges, threshold, {row for pair in told.different for row in pair}):
        labels = _split(rows, inside, threshold, told, None if core is None else core[rows])
        if labels.max() > 0:
            group[rows] = np.where(labels == 0, group[rows], next_group + labels - 1)
            next_group += int(labels.max())
    return renumber(group)


def renumber(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same groups, numbered from 0 in the order of their first rows."""
    _, first, place = np.unique(group, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place]


def _undecided(
    piece: NDArray[np.int32], edges: Edges, threshold: float, told_rows: set[int]
) -> list[tuple[NDArray[np.int64], Edges]]:
    """The pieces in which there is something to decide: three rows or more that do not all match each other, or rows judged different."""
    size = np.bincount(piece)
    strong = edges.score >= threshold
    inside = piece[edges.left] == piece[edges.right]
    matches = np.bincount(piece[edges.left[inside & strong]], minlength=len(size))
    look = (size >= 3) & (matches < size * (size - 1) // 2)
    for row in told_rows:
        look[piece[row]] |= size[piece[row]] > 1
    kept = edges.where(look[piece[edges.left]] & inside)
    owner = piece[kept.left]
    order = np.argsort(owner, kind="stable")
    kept, owner = Edges(kept.left[order], kept.right[order], kept.score[order]), owner[order]
    members = np.argsort(piece, kind="stable")
    start_rows = np.concatenate([[0], np.cumsum(size)])
    numbers = np.flatnonzero(look)
    first, last = np.searchsorted(owner, numbers), np.searchsorted(owner, numbers, side="right")
    return [
        (
            np.sort(members[start_rows[number] : start_rows[number + 1]]),
            Edges(kept.left[a:b], kept.right[a:b], kept.score[a:b]),
        )
        for number, a, b in zip(numbers, first, last, strict=True)
    ]


def _split(
    rows: NDArray[np.int64], edges: Edges, threshold: float, told: Told, core: NDArray[np.int32] | None
) -> NDArray[np.int64]:
    """Groups (numbered from 0) inside one connected piece."""
    own = set(rows.tolist()) if told.same or told.different else set()
    same = _local(rows, [(a, b) for a, b in told.same if a in own and b in own])
    different = _local(rows, [(a, b) for a, b in told.different if a in own and b in own])
    if core is not None and (core >= 0).any():
        inside = np.flatnonzero(core >= 0)
        same = np.vstack([same, np.column_stack([np.searchsorted(rows, core[inside]), inside])])
    else:
        core = None
    count = len(rows) if core is None else int((core < 0).sum()) + len(np.unique(core[core >= 0]))
    if count > MAX_PIECE:  # all alike, by hundreds
        return _parted(len(rows), same, different)
    left, right = np.searchsorted(rows, edges.left), np.searchsorted(rows, edges.right)
    inner = Edges(left.astype(np.int32), right.astype(np.int32), edges.score)
    return mean_linkage(len(rows), inner, threshold, same, different, None if core is None else core >= 0)


def _parted(size: int, same: NDArray[np.int64], different: NDArray[np.int64]) -> NDArray[np.int64]:
    """All rows in one group, but for those judged different from another, who leave it with the rows that they were judged the same as."""
    joined = components(size, same[:, 0].astype(np.int32), same[:, 1].astype(np.int32))
    group = np.zeros(size, dtype=np.int64)
    for one, two in joined[different]:
        if one != two and group[joined == one][0] == group[joined == two][0]:
            group[joined == two] = group.max() + 1
    return renumber(group)


def _local(rows: NDArray[np.int64], pairs: list[tuple[int, int]]) -> NDArray[np.int64]:
    return np.searchsorted(rows, np.array(pairs, dtype=np.int64).reshape(-1, 2))


def mean_linkage(
    size: int,
    edges: Edges,
    threshold: float,
    same: NDArray[np.int64],
    different: NDArray[np.int64],
    sampled: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Join the two groups with the highest mean score while that is at least the threshold.

    Of the pairs of rows that are ``sampled`` only those with a score count; any other pair without one counts as 0.
    """
    node = components(size, same[:, 0].astype(np.int32), same[:, 1].astype(np.int32)) if len(same) else np.arange(size)
    count = np.bincount(node)
    n = len(count)
    if n == 1:
        return np.zeros(size, dtype=np.int64)
    place = node[edges.left] * n + node[edges.right]
    total = np.bincount(place, weights=edges.score, minlength=n * n).reshape(n, n)
    pairs = np.outer(count, count)
    if sampled is not None:
        known = np.bincount(place, minlength=n * n).reshape(n, n)
        some = np.bincount(node, weights=sampled) > 0
        pairs = np.where(some[:, None] | some, np.maximum(known + known.T, 1), pairs)
    mean = (total + total.T) / pairs
    for a, b in node[different]:
        if a != b:
            mean[a, b] = mean[b, a] = -1e6 * size
    return renumber(_joined_by_mean(mean, threshold, count)[node])


def _joined_by_mean(mean: NDArray[np.float64], threshold: float, count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the others each one is joined to, by the mean scores between them, which are used up; ``count`` is how many rows each has.
    What SciPy's average linkage finds, without what takes a fifth of a second to import; a mean is never above both of what it is made of,
    so most bests stay the best."""
    np.fill_diagonal(mean, -np.inf)
    group, weight = np.arange(len(mean)), count.astype(np.float64)
    best = mean.argmax(axis=1)
    value = mean[group, best]
    while value[one := int(value.argmax())] >= threshold - _ROUNDED:
        two = int(best[one])
        mean[one] = (weight[one] * mean[one] + weight[two] * mean[two]) / (weight[one] + weight[two])
        mean[:, one] = mean[one]
        mean[two] = mean[:, two] = value[two] = -np.inf
        weight[one] += weight[two]
        group[group == two] = one
        again = np.flatnonzero((best == one) | (best == two) | (group == one))
        again = again[np.isfinite(value[again])]
        best[again] = mean[again].argmax(axis=1)
        value[again] = mean[again, best[again]]
    return group
