"""Large groups without a look at each of their pairs, whose number grows with the square of their size.

If each of some rows has a mean score of at least (1 + threshold) / 2 with the others, mean linkage makes one group of them. For as long as
they are in several groups, one of these holds at most half of the rows; scores are at most 1, so what its rows score among themselves cannot
account for that mean, and their mean score with the rows of the others is at least the threshold; so is that with one of the others, and these
two join. Such rows are a core. The means are estimated from a sample of the pairs, and so is how well a core goes with other rows and cores.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from findmatches.clustering import MAX_PIECE, Cores, Edges, components, higher, joined, missing, pairs_inside, pieces

# In pieces of at most so many rows each pair counts.
LARGE = 200
# A core has so many rows at least: no fewer than are looked at with each row outside.
_LEAST = 100
# So many pairs of each row are a first look, so many a sample; so many with each core are one of a row outside.
FIRST, PARTNERS, _WITH_CORE = 8, 32, 100

Rows = NDArray[np.int64]
Pairs = tuple[Rows, Rows]
Score = Callable[[Rows, Rows], Edges]


def completed(
    n_rows: int, edges: Edges, threshold: float, alone: NDArray[np.bool_], score: Score
) -> tuple[Edges, Cores | None]:
    """The (sorted) edges with all pairs inside pieces, apart from those that cores (None if there are none) make needless.

    ``score`` scores pairs of rows. Rows that are to be looked at ``alone`` are in no core.
    """
    cores = find_cores(n_rows, edges, threshold, alone, score)
    piece = pieces(n_rows, edges, threshold, core=cores.core)
    filled = joined(edges, score(*missing(n_rows, edges, *pairs_to_count(piece, cores.core))))
    if not (cores.core >= 0).any():
        return filled, None
    return filled, Cores(cores.core, joined(cores.sample, score(*pairs_to_sample(piece, cores.core))))


def find_cores(n_rows: int, edges: Edges, threshold: float, alone: NDArray[np.bool_], score: Score) -> Cores:
    """The cores of large pieces, without the rows that are to be looked at ``alone``, and the pairs inside them that ``score`` was asked about.

    Cores are looked for in what edges of at least the threshold connect, and where there is none, in what higher thresholds leave connected:
    until then mean linkage, which joins the best first, joins nothing beyond that.
    """
    core = np.full(n_rows, -1, dtype=np.int32)
    seen = np.zeros(n_rows, dtype=np.int64)  # the size of the last piece of each row that was looked into
    sampled = [edges.where(np.zeros(len(edges.left), dtype=bool))]
    at: float | None = threshold
    while at is not None:
        edges = edges.where(edges.score >= at)
        piece = components(n_rows, edges.left, edges.right)
        large = (np.bincount(piece) > LARGE)[piece]
        new = [rows for rows in members(piece, large) if len(rows) != seen[rows[0]]]
        for rows in new:
            seen[rows] = len(rows)
        sampled += _look_into(new, core, at, alone, score)
        left = large & (core < 0)
        edges = edges.where(left[edges.left] & left[edges.right])
        at = higher(at) if len(edges.left) else None
    return Cores(core, joined(*sampled))


def _look_into(
    large: list[Rows], core: NDArray[np.int32], threshold: float, alone: NDArray[np.bool_], score: Score
) -> list[Edges]:
    """Marks the cores of some pieces, and gives the scored pairs inside them."""
    found = []
    first = scored_parts(score, [sample(rows, 0, FIRST) for rows in large])
    hopeful = [at for at, rows in enumerate(large) if core_of(~alone[rows], rows, first[at], threshold).any()]
    second = scored_parts(score, [sample(large[at], FIRST, PARTNERS) for at in hopeful])
    for at, more in zip(hopeful, second, strict=True):
        rows, pairs = large[at], joined(first[at], more)
        alike = core_of(~alone[rows], rows, pairs, (1 + threshold) / 2)
        if alike.any():
            core[rows[alike]] = own = rows[alike][0]
            found.append(pairs.where((core[pairs.left] == own) & (core[pairs.right] == own)))
    return found


def scored_parts(score: Score, parts: list[Pairs]) -> list[Edges]:
    """The scores of some lists of pairs, all worked out at once."""
    if not parts:
        return []
    scored = score(*(np.concatenate(ends) for ends in zip(*parts, strict=True)))
    ends = np.cumsum([len(left) for left, _ in parts])
    return [scored.where(slice(end - len(left), end)) for end, (left, _) in zip(ends, parts, strict=True)]


def core_of(may: NDArray[np.bool_], rows: Rows, pairs: Edges, mean_from: float) -> NDArray[np.bool_]:
    """Which of the (sorted) rows have that mean score with each other, by some of their pairs, of those that ``may``: none if they are few."""
    left, right = np.searchsorted(rows, pairs.left), np.searchsorted(rows, pairs.right)
    core = may
    while (count := int(core.sum())) >= _LEAST:
        inside = core[left] & core[right]
        ends, value = np.concatenate([left[inside], right[inside]]), np.concatenate([pairs.score[inside]] * 2)
        known = np.bincount(ends, minlength=len(core))
        mean = np.bincount(ends, weights=value, minlength=len(core)) / np.maximum(known, 1)
        core = core & (mean >= mean_from)
        if int(core.sum()) == count:
            return core
    return np.zeros(len(may), dtype=bool)


def members(piece: NDArray[np.int32], which: NDArray[np.bool_]) -> list[Rows]:
    """The (sorted) rows of each piece, of those rows that are asked for."""
    rows = np.flatnonzero(which)
    return _by(piece[rows], rows)


def _by(number: NDArray[np.int32], rows: Rows) -> list[Rows]:
    """The rows of each number."""
    order = np.argsort(number, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(number[order])) + 1) if len(rows) else []


def sample(rows: Rows, first: int, last: int) -> Pairs:
    """Of ``PARTNERS`` pairs of each of the (sorted) rows, those from the first to before the last: with rows so many places from it."""
    size = len(rows)
    steps = np.random.default_rng(size).permutation(np.arange(1, (size + 1) // 2))[first // 2 : last // 2]
    one = np.tile(np.arange(size), len(steps))
    return _in_order(rows[one], rows[(one + np.repeat(steps, size)) % size])


def pairs_to_count(piece: NDArray[np.int32], core: NDArray[np.int32]) -> Pairs:
    """All pairs of rows of the same piece that are in no core."""
    mixed, outside = np.isin(piece, piece[core >= 0]), core < 0
    by_itself = piece.max(initial=-1) + 1 + np.arange(len(piece))
    left, right = ([ends] for ends in pairs_inside(np.where(mixed, by_itself, piece)))
    for rows in members(piece, mixed & outside):
        if len(rows) > MAX_PIECE:
            continue  # all alike
        one, two = np.triu_indices(len(rows), 1)
        left.append(rows[one])
        right.append(rows[two])
    return np.concatenate(left), np.concatenate(right)


def pairs_to_sample(piece: NDArray[np.int32], core: NDArray[np.int32]) -> Pairs:
    """Pairs of rows of a core with others of the piece: some with each core of each row outside, and some between two cores."""
    left, right = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for rows in members(piece, np.isin(piece, piece[core >= 0])):
        inside, outside = rows[core[rows] >= 0], rows[core[rows] < 0]
        one, two = sample(inside, 0, PARTNERS)
        across = core[one] != core[two]
        pairs = [(one[across], two[across])]
        for own in _by(core[inside], inside):
            steps = np.arange(_WITH_CORE) * len(own) // _WITH_CORE
            partner = own[(np.arange(len(outside))[:, None] + steps) % len(own)]
            pairs.append(_in_order(np.repeat(outside, _WITH_CORE), partner.ravel()))
        for one, two in pairs:
            left.append(one)
            right.append(two)
    return np.concatenate(left), np.concatenate(right)


def _in_order(one: Rows, two: Rows) -> Pairs:
    return np.minimum(one, two), np.maximum(one, two)
