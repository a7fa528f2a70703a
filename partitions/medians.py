"""All clusters of all partitions that gain most, for weights by pair: exact correlation clustering in small pieces.

The gain of a partition is the sum of the weights of the pairs it puts together. Two facts keep the search small. A cluster with
rows of two knots (pieces that positive weights connect) can be split between them without loss, so each knot is solved alone. And rows
that weigh positively with each other and alike with every other row are together in every best partition: were they apart,
one of the two could move to the other and gain.
"""

from __future__ import annotations

from dataclasses import dataclass

Weights = list[list[int]]
"""Symmetric, by row position; the diagonal is not read."""


@dataclass(frozen=True, slots=True)
class Knot:
    """Rows that positive weights connect, with every cluster that occurs in one of their best partitions, as bits by row.

    ``exact`` is False if the search was given up; then any cluster is taken to be possible. ``refuses`` are, by row, the rows
    of negative weight.
    """

    rows: tuple[int, ...]
    clusters: frozenset[int]
    refuses: tuple[int, ...]
    exact: bool = True

    def together(self, one: int, two: int) -> bool:
        """Whether some best partition puts two rows of this knot together."""
        both = 1 << one | 1 << two
        return not self.exact or any(cluster & both == both for cluster in self.clusters)

    def apart(self, one: int, two: int) -> bool:
        """Whether some best partition puts two rows of this knot apart."""
        both = 1 << one | 1 << two
        return not self.exact or any(cluster & both not in (0, both) for cluster in self.clusters)

    def may_join(self, one: int, other: Knot, two: int) -> bool:
        """Whether a best cluster around a row here and one around a row of another knot could be one cluster without loss."""
        if not (self.exact and other.exact):
            return True
        there = [cluster for cluster in other.clusters if cluster >> two & 1]
        for cluster in self.clusters:
            if cluster >> one & 1:
                refused = 0
                for row in self.rows:
                    if cluster >> row & 1:
                        refused |= self.refuses[row]
                if any(not refused & joined for joined in there):
                    return True
        return False


def median_clusters(weights: Weights, steps: int) -> list[Knot]:
    """The knots of all rows. ``steps`` bounds the search in each."""
    size = len(weights)
    refuses = tuple(sum(1 << two for two in range(size) if two != one and weights[one][two] < 0) for one in range(size))
    knots = []
    left = set(range(size))
    while left:
        rows = _connected(min(left), weights)
        left.difference_update(rows)
        bits = sum(1 << row for row in rows)
        conflict = any(refuses[row] & bits for row in rows)
        found = _Search(rows, weights, steps).run() if conflict else frozenset({bits})
        knots.append(Knot(rows, found or frozenset(), refuses, exact=found is not None))
    return knots


def _connected(start: int, weights: Weights) -> tuple[int, ...]:
    seen = {start}
    todo = [start]
    while todo:
        row = todo.pop()
        reached = {other for other, weight in enumerate(weights[row]) if weight > 0 and other != row} - seen
        seen |= reached
        todo.extend(reached)
    return tuple(sorted(seen))


def _alike(rows: tuple[int, ...], weights: Weights) -> list[list[int]]:
    """Rows of one knot, those together that are together in every best partition of it."""
    classes: list[list[int]] = []
    for row in rows:
        for members in classes:
            first = members[0]
            if weights[row][first] > 0 and all(
                weights[row][other] == weights[first][other] for other in rows if other not in (row, first)
            ):
                members.append(row)
                break
        else:
            classes.append([row])
    return classes


class _Search:
    """Branch and bound over the partitions of one knot, keeping every cluster of every best one."""

    def __init__(self, rows: tuple[int, ...], weights: Weights, steps: int) -> None:
        classes = _alike(rows, weights)
        heavy = {members[0]: len(members) * sum(abs(weights[members[0]][row]) for row in rows) for members in classes}
        classes.sort(key=lambda members: (-heavy[members[0]], members[0]))
        self.size = len(classes)
        self.bits = [sum(1 << row for row in members) for members in classes]
        self.between = [
            [sum(weights[one][two] for one in first for two in second) for second in classes] for first in classes
        ]
        # What the classes from a turn on can gain among themselves at the most.
        self.rest = [
            sum(max(0, self.between[one][two]) for one in range(turn, self.size) for two in range(one + 1, self.size))
            for turn in range(self.size + 1)
        ]
        self.steps = steps
        self.best = 0
        self.found: set[int] = set()
        self.clusters: list[int] = []
        self.gains: list[list[int]] = []  # by cluster and class: what the class would add by joining

    def run(self) -> frozenset[int] | None:
        """The clusters, or None if the steps did not suffice."""
        self._place(0, 0)
        return None if self.steps < 0 else frozenset(self.found)

    def _place(self, turn: int, gain: int) -> None:
        self.steps -= 1
        if self.steps < 0 or self._bound(turn, gain) < self.best:
            return
        if turn == self.size:
            if gain > self.best:
                self.best = gain
                self.found.clear()
            self.found.update(self.clusters)
            return
        # Best choice first, so that a good partition bounds the search early.
        for cluster in sorted(range(len(self.clusters)), key=lambda number: -self.gains[number][turn]):
            self._join(cluster, turn, gain)
        self.clusters.append(self.bits[turn])
        self.gains.append(self.between[turn])
        self._place(turn + 1, gain)
        self.clusters.pop()
        self.gains.pop()

    def _bound(self, turn: int, gain: int) -> int:
        """No partition that goes on from here gains more."""
        joined = sum(max([0, *(gains[row] for gains in self.gains)]) for row in range(turn, self.size))
        return gain + self.rest[turn] + joined

    def _join(self, cluster: int, turn: int, gain: int) -> None:
        before = self.gains[cluster]
        self.gains[cluster] = [have + more for have, more in zip(before, self.between[turn], strict=True)]
        self.clusters[cluster] |= self.bits[turn]
        self._place(turn + 1, gain + before[turn])
        self.clusters[cluster] &= ~self.bits[turn]
        self.gains[cluster] = before
