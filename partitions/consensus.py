"""From several people's groupings of the same rows to one grouping, and to the rows that need another look.

The rule, for k people:

1. *Rows.* A row is placed if more than half of the k people placed it (``MAJORITY``) or all of them did (``UNANIMOUS``); it is
   unsure if as many called it unsure; else it is disputed.
2. *Pairs.* A pair of placed rows is decided if more than half (or all) of the k people say "same", or say "different". Who was
   unsure about one of the two rows counts among the k, and for neither side. A decided pair weighs the difference of the votes.
3. *Grouping.* Decisions by pair need not fit together: of three people each can be outvoted once, so that A = B, B = C and
   A ≠ C. So the grouping is a median partition: one that gains most when each pair put together gains its weight, "same"
   counted positive and "different" negative. All medians are looked at, not one.
4. *Disputes.* A pair is settled if all medians agree on it and no decision by the people says otherwise. Every other pair is
   disputed. Rows are taken out until no disputed pair is left, always those with the most disputed pairs, all of them where
   several have equally many. What remains is settled, and consistent, because all medians agree on it.

Neither the order of the rows or people nor the letters they used have a say, except in the one case named at ``SEARCH_STEPS``.

Sources: the median of partitions, S. Régnier, "Sur quelques aspects mathématiques des problèmes de classification automatique",
ICC Bulletin 4 (1965); as clique partitioning, M. Grötschel and Y. Wakabayashi, "A cutting plane algorithm for a clustering
problem", Mathematical Programming 45 (1989); as correlation clustering, N. Bansal, A. Blum and S. Chawla, Machine Learning 56
(2004). That rows which all people treat alike stay together in a median: A. Goder and V. Filkov, ALENEX (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Generic

from partitions.medians import Weights, median_clusters
from partitions.model import LABELS, UNSURE, Grouping, R, Verdict

SEARCH_STEPS = 20_000
"""Where the decided pairs conflict, medians are searched exactly, with this many steps for each knot of conflicting rows.

A knot that needs more, which takes dozens of rows in disorder, is disputed as a whole and the result is marked as not exact.
"""


class Rule(StrEnum):
    """How many of the people must say the same."""

    MAJORITY = "majority"
    UNANIMOUS = "unanimous"

    def decides(self, votes: int, people: int) -> bool:
        """Whether so many votes of so many people settle the matter."""
        return votes == people if self is Rule.UNANIMOUS else 2 * votes > people


@dataclass(frozen=True, slots=True)
class Votes:
    """How many people say what about one pair of rows."""

    same: int
    different: int
    unknown: int


@dataclass(frozen=True)
class Consensus(Generic[R]):
    """What the people agree on.

    ``grouping`` holds the settled rows, with the labels of ``LABELS`` in the order of the rows and ``?`` where the people agree to be
    unsure; its pairs never contradict each other. ``disputed`` are the other rows, in the order of the rows: those of disputed pairs,
    those that too few people placed, and those of more groups than there are labels. ``exact`` is False if the search was cut
    short; see ``SEARCH_STEPS``.
    """

    grouping: Grouping[R]
    disputed: tuple[R, ...]
    exact: bool

    @property
    def settled(self) -> bool:
        """Whether nothing is left to adjudicate."""
        return not self.disputed


def pair_votes(groupings: Sequence[Grouping[R]], first: R, second: R) -> Votes:
    """Count what the people say about one pair."""
    said = [grouping.verdict(first, second) for grouping in groupings]
    return Votes(said.count(Verdict.SAME), said.count(Verdict.DIFFERENT), said.count(Verdict.UNKNOWN))


def find_consensus(
    groupings: Sequence[Grouping[R]],
    rows: Sequence[R],
    *,
    rule: Rule = Rule.MAJORITY,
    search_steps: int = SEARCH_STEPS,
) -> Consensus[R]:
    """The consensus of one or more people on ``rows`` (distinct; the rows of the question in their order).

    Labels for other rows are passed over. A row that a person gave no label counts for that person as neither placed nor unsure.
    Raises ``ValueError`` without any grouping.
    """
    if not groupings:
        raise ValueError("A consensus needs at least one grouping.")
    labels: dict[R, str] = {}
    placed: list[R] = []
    for row in rows:
        said = [grouping.labels.get(row, "") for grouping in groupings]
        unsure = said.count(UNSURE)
        if rule.decides(len(said) - unsure - said.count(""), len(said)):
            placed.append(row)
        elif rule.decides(unsure, len(said)):
            labels[row] = UNSURE
    weights = _weights(groupings, placed, rule)
    together, disputed, exact = _settle(weights, search_steps)
    opened = _rows_to_open(disputed)
    groups: list[list[int]] = []
    for index in range(len(placed)):
        if index in opened:
            continue
        group = next((group for group in groups if (group[0], index) in together), None)
        if group is None:
            groups.append([index])
        else:
            group.append(index)
    kept = sorted(sorted(groups, key=lambda group: (-len(group), group))[: len(LABELS)])
    for label, group in zip(LABELS, kept, strict=False):
        labels.update((placed[index], label) for index in group)
    return Consensus(
        grouping=Grouping({row: labels[row] for row in rows if row in labels}),
        disputed=tuple(row for row in rows if row not in labels),
        exact=exact,
    )


def _weights(groupings: Sequence[Grouping[R]], rows: Sequence[R], rule: Rule) -> Weights:
    """By pair of row positions: votes for "same" less votes for "different" where the rule decides the pair, else 0."""
    weights = [[0] * len(rows) for _ in rows]
    for one, two in combinations(range(len(rows)), 2):
        votes = pair_votes(groupings, rows[one], rows[two])
        if rule.decides(max(votes.same, votes.different), len(groupings)):
            weights[one][two] = weights[two][one] = votes.same - votes.different
    return weights


def _settle(weights: Weights, search_steps: int) -> tuple[set[tuple[int, int]], list[tuple[int, int]], bool]:
    """The pairs that are settled as "same", the pairs that are disputed, and whether every median was looked at."""
    knots = median_clusters(weights, search_steps)
    knot_of = {row: number for number, knot in enumerate(knots) for row in knot.rows}
    same: set[tuple[int, int]] = set()
    disputed: list[tuple[int, int]] = []
    for one, two in combinations(range(len(weights)), 2):
        weight = weights[one][two]
        knot, other = knots[knot_of[one]], knots[knot_of[two]]
        if knot is other:
            together, apart = knot.together(one, two), knot.apart(one, two)
        else:
            together, apart = weight == 0 and knot.may_join(one, other, two), True
        if (together and apart) or (together and weight < 0) or (apart and weight > 0):
            disputed.append((one, two))
        elif together:
            same.add((one, two))
    return same, disputed, all(knot.exact for knot in knots)


def _rows_to_open(disputed: Sequence[tuple[int, int]]) -> set[int]:
    """Rows that touch every disputed pair: those with the most pairs first, all at once where several have equally many."""
    rivals: dict[int, set[int]] = {}
    for one, two in disputed:
        rivals.setdefault(one, set()).add(two)
        rivals.setdefault(two, set()).add(one)
    opened: set[int] = set()
    while rivals:
        most = max(map(len, rivals.values()))
        taken = {row for row, others in rivals.items() if len(others) == most}
        opened |= taken
        rivals = {row: left for row, others in rivals.items() if row not in taken and (left := others - taken)}
    return opened
