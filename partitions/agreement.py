"""How far people agree on groupings: by pairs of rows of one question, over many questions.

All figures are sums over questions before they are ratios, so a question counts with the pairs it has, and pairs are only ever
formed within a question. A pair on which somebody is unsure, or which somebody was not asked, is missing for that person.

Sources: adjusted Rand index, L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2 (1985), over several
questions as (sum of index − sum expected) / (sum of maximum − sum expected); alpha, K. Krippendorff, "Computing
Krippendorff's Alpha-Reliability" (2011), nominal data with missing values; intervals, B. Efron's percentile bootstrap with
questions as the units that are drawn.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Generic, TypeVar

from partitions.model import UNSURE, Grouping, R, Verdict

P = TypeVar("P", bound=Hashable)
Q = TypeVar("Q", bound=Hashable)
Sums = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How intervals are drawn: ``level`` of the ``replicates`` lie between their ends. The same seed gives the same interval."""

    seed: int = 0
    replicates: int = 1000
    level: float = 0.95


DEFAULT_SAMPLING = Sampling()


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its interval. ``value`` is None where the answers do not define it, and ``low`` and ``high`` are None where
    fewer than two questions (``questions`` are those that say anything about it) leave nothing to draw from."""

    value: float | None
    low: float | None
    high: float | None
    questions: int


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two people, or a person and what is known, on the questions that both answered.

    The four counts are pairs of rows that both decided: ``both_same``, ``first_same`` (the second says different),
    ``second_same``, ``both_different``. ``f1`` is that of "same" (1 if neither ever says it), None without such pairs.
    """

    both_same: int
    first_same: int
    second_same: int
    both_different: int
    f1: Measure
    adjusted_rand: Measure


@dataclass(frozen=True)
class Report(Generic[P]):
    """Agreement of a team: ``alpha`` over all pair decisions, ``people`` against each other (each couple once, in the order
    given), each person against the consensus and against the control questions. Couples or people without a common question
    are left out."""

    alpha: Measure
    people: Mapping[tuple[P, P], PairAgreement]
    consensus: Mapping[P, PairAgreement]
    controls: Mapping[P, PairAgreement]


def pairwise_f1(first: Grouping[R], second: Grouping[R]) -> float | None:
    """F1 of the pairs called the same, over the pairs that both decided; 1 if neither calls one the same, None without pairs."""
    return _f1(_pair_sums(first, second))


def adjusted_rand(first: Grouping[R], second: Grouping[R]) -> float | None:
    """The adjusted Rand index over the rows that both placed: 1 for the same partition, about 0 for chance, None below two rows."""
    return _adjusted(_rand_sums(first, second))


def alpha_nominal(units: Iterable[Collection[Hashable]]) -> float | None:
    """Krippendorff's alpha for nominal data; a unit holds the values its coders gave, missing ones left out.

    1 is full agreement, 0 is what chance would give, below 0 is systematic disagreement. None if all values are the same or no
    unit has two: then there is nothing to tell apart.
    """
    differing, totals = 0.0, Counter[Hashable]()
    for values in units:
        counts = Counter(values)
        differing += _disagreement(counts)
        if counts.total() > 1:
            totals.update(counts)
    return _alpha(differing, totals.values())


def compare(
    first: Mapping[Q, Grouping[R]], second: Mapping[Q, Grouping[R]], sampling: Sampling = DEFAULT_SAMPLING
) -> PairAgreement:
    """Agreement on the questions that both mappings hold. Swapping the two swaps ``first_same`` and ``second_same`` only."""
    common = [question for question in first if question in second]
    pairs = [_pair_sums(first[question], second[question]) for question in common]
    rands = [_rand_sums(first[question], second[question]) for question in common]
    same, one, two, different = (int(total) for total in _total(pairs, 4))
    return PairAgreement(
        both_same=same,
        first_same=one,
        second_same=two,
        both_different=different,
        f1=_measure(pairs, 4, _f1, sampling),
        adjusted_rand=_measure(rands, 4, _adjusted, sampling),
    )


def reliability(answers: Mapping[P, Mapping[Q, Grouping[R]]], sampling: Sampling = DEFAULT_SAMPLING) -> Measure:
    """Krippendorff's alpha over the pair decisions of all people, each pair of rows of a question one unit."""
    by_question: dict[Q, list[Grouping[R]]] = {}
    for groupings in answers.values():
        for question, grouping in groupings.items():
            by_question.setdefault(question, []).append(grouping)
    return _measure([_alpha_sums(groupings) for groupings in by_question.values()], 3, _pair_alpha, sampling)


def report(
    answers: Mapping[P, Mapping[Q, Grouping[R]]],
    *,
    consensus: Mapping[Q, Grouping[R]],
    controls: Mapping[Q, Grouping[R]],
    sampling: Sampling = DEFAULT_SAMPLING,
) -> Report[P]:
    """Everything at once. ``consensus`` and ``controls`` hold the known groupings; a person's own vote is part of a consensus, so
    with few people that figure flatters, and the control questions do not."""

    def against(known: Mapping[Q, Grouping[R]]) -> dict[P, PairAgreement]:
        return {
            person: compare(groupings, known, sampling)
            for person, groupings in answers.items()
            if groupings.keys() & known
        }

    return Report(
        alpha=reliability(answers, sampling),
        people={
            (one, two): compare(answers[one], answers[two], sampling)
            for one, two in combinations(answers, 2)
            if answers[one].keys() & answers[two].keys()
        },
        consensus=against(consensus),
        controls=against(controls),
    )


def _pair_sums(first: Grouping[R], second: Grouping[R]) -> Sums:
    """Pairs that both decided: both same, first same, second same, both different."""
    cells, ones, twos = _contingency(first, second)
    same = sum(comb(count, 2) for count in cells.values())
    first_pairs = sum(comb(count, 2) for count in ones.values())
    second_pairs = sum(comb(count, 2) for count in twos.values())
    pairs = comb(cells.total(), 2)
    return same, first_pairs - same, second_pairs - same, pairs - first_pairs - second_pairs + same


def _contingency(
    first: Grouping[R], second: Grouping[R]
) -> tuple[Counter[tuple[str, str]], Counter[str], Counter[str]]:
    """How many rows that both placed have which labels."""
    cells = Counter(
        (label, second.labels[row])
        for row, label in first.labels.items()
        if label != UNSURE and second.labels.get(row, UNSURE) != UNSURE
    )
    ones, twos = Counter[str](), Counter[str]()
    for (one, two), count in cells.items():
        ones[one] += count
        twos[two] += count
    return cells, ones, twos


def _f1(sums: Sums) -> float | None:
    same, one, two, different = sums
    if not same + one + two:
        return 1.0 if different else None
    return 2 * same / (2 * same + one + two)


def _rand_sums(first: Grouping[R], second: Grouping[R]) -> Sums:
    """Index, expected index, maximal index, and pairs."""
    same, one, two, different = _pair_sums(first, second)
    pairs = same + one + two + different
    expected = (same + one) * (same + two) / pairs if pairs else 0.0
    return same, expected, (same + one + same + two) / 2, pairs


def _adjusted(sums: Sums) -> float | None:
    index, expected, most, pairs = sums
    if not pairs:
        return None
    # Only all-together or all-apart by both people leaves nothing to adjust: then they agree on every pair.
    return (index - expected) / (most - expected) if most != expected else 1.0


def _alpha_sums(groupings: Sequence[Grouping[R]]) -> Sums:
    """Of the pairs of one question that two or more people decided: disagreement, values "same", values "different"."""
    rows = list(dict.fromkeys(row for grouping in groupings for row in grouping.labels))
    differing, same, different = 0.0, 0, 0
    for one, two in combinations(rows, 2):
        said = Counter(grouping.verdict(one, two) for grouping in groupings)
        del said[Verdict.UNKNOWN]
        if said.total() > 1:
            differing += _disagreement(said)
            same += said[Verdict.SAME]
            different += said[Verdict.DIFFERENT]
    return differing, same, different


def _pair_alpha(sums: Sums) -> float | None:
    return _alpha(sums[0], sums[1:])


def _disagreement(counts: Counter[Hashable] | Counter[Verdict]) -> float:
    """The off-diagonal coincidences of one unit."""
    total = counts.total()
    if total < 2:
        return 0.0
    return (total * total - sum(count * count for count in counts.values())) / (total - 1)


def _alpha(differing: float, totals: Iterable[float]) -> float | None:
    counts = list(totals)
    total = sum(counts)
    chance = total * total - sum(count * count for count in counts)
    return 1 - (total - 1) * differing / chance if chance else None


def _total(units: Iterable[Sums], width: int) -> Sums:
    columns = list(zip(*units, strict=True)) or [()] * width
    return tuple(sum(column) for column in columns)


def _measure(
    units: Sequence[Sums], width: int, statistic: Callable[[Sums], float | None], sampling: Sampling
) -> Measure:
    """The statistic of the summed units, and its interval when whole units are drawn again with replacement.

    Units are sorted first, so that the order of questions does not matter; those without any pair are left out.
    """
    telling = sorted(unit for unit in units if any(unit))
    value = statistic(_total(telling, width))
    if value is None or len(telling) < 2:
        return Measure(value, None, None, len(telling))
    draw = random.Random(sampling.seed)  # noqa: S311 — a reproducible draw, not a secret
    drawn = []
    for _ in range(sampling.replicates):
        again = statistic(_total(draw.choices(telling, k=len(telling)), width))
        if again is not None:
            drawn.append(again)
    drawn.sort()
    tail = (1 - sampling.level) / 2
    return Measure(value, _quantile(drawn, tail), _quantile(drawn, 1 - tail), len(telling))


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Linear between the two nearest."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
