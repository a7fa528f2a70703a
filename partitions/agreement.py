"""How far people agree on groupings: by pairs of rows of one question, over many questions.

All figures are sums over questions before they are ratios, so a question counts with the pairs it has, and pairs are only ever
formed within a question. A pair on which somebody is unsure, or which somebody was not asked, is missing for that person.

Sources: adjusted Rand index, L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2 (1985), over several
questions as (sum of index − sum expected) / (sum of maximum − sum expected); alpha, K. Krippendorff, "Computing
Krippendorff's Alpha-Reliability" (2011), nominal data with missing values. Intervals: see ``partitions.sampling``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TypeVar

from partitions.model import UNSURE, Grouping, R
from partitions.sampling import DEFAULT_SAMPLING, Measure, Sampling, Sums, measure

P = TypeVar("P", bound=Hashable)
Q = TypeVar("Q", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two people, or a person and what is known, on the questions that both answered.

    The four counts are pairs of rows that both decided: ``both_same``, ``first_same`` (the second says different),
    ``second_same``, ``both_different``. ``f1`` is that of "same" (1 if neither ever says it); ``adjusted_rand`` is 1 for the same
    partitions and about 0 for chance. Both are None without such pairs.
    """

    both_same: int
    first_same: int
    second_same: int
    both_different: int
    f1: Measure
    adjusted_rand: Measure


def compare(
    first: Mapping[Q, Grouping[R]], second: Mapping[Q, Grouping[R]], sampling: Sampling = DEFAULT_SAMPLING
) -> PairAgreement:
    """Agreement on the questions that both mappings hold. Swapping the two swaps ``first_same`` and ``second_same`` only."""
    fewer, more = sorted((first, second), key=len)
    common = [question for question in fewer if question in more]
    pairs = [_pair_sums(first[question], second[question]) for question in common]
    same, one, two, different = (sum(counts) for counts in (zip(*pairs, strict=True) if pairs else [()] * 4))
    return PairAgreement(
        both_same=same,
        first_same=one,
        second_same=two,
        both_different=different,
        f1=measure(pairs, 4, _f1, sampling),
        adjusted_rand=measure(map(_rand_sums, pairs), 4, _adjusted, sampling),
    )


def reliability(answers: Mapping[P, Mapping[Q, Grouping[R]]], sampling: Sampling = DEFAULT_SAMPLING) -> Measure:
    """Krippendorff's alpha over the pair decisions of all people, each pair of rows of a question one unit.

    1 is full agreement, 0 is what chance would give, below 0 is systematic disagreement. None if all decisions are the same or nobody
    decided a pair that somebody else did: then there is nothing to tell apart.
    """
    by_question: dict[Q, list[Grouping[R]]] = {}
    for groupings in answers.values():
        for question, grouping in groupings.items():
            by_question.setdefault(question, []).append(grouping)
    return measure(map(_alpha_sums, by_question.values()), 3, _alpha, sampling)


@lru_cache(maxsize=8192)
def _decided(labels: tuple[str, ...]) -> tuple[int, int]:
    """Of the pairs of rows that have these labels those that are decided, and those that are the same: a bit for each pair, in order."""
    decided = same = 0
    for bit, (one, two) in enumerate(combinations(labels, 2)):
        if UNSURE not in (one, two):
            decided |= 1 << bit
            same |= (one == two) << bit
    return decided, same


def _pair_sums(first: Grouping[R], second: Grouping[R]) -> tuple[int, int, int, int]:
    """Pairs that both decided: both same, first same, second same, both different."""
    rows = [row for row in first.labels if row in second.labels]
    by_first, same_first = _decided(tuple(first.labels[row] for row in rows))
    by_second, same_second = _decided(tuple(second.labels[row] for row in rows))
    pairs, same = (by_first & by_second).bit_count(), (same_first & same_second).bit_count()
    first_pairs, second_pairs = (same_first & by_second).bit_count(), (same_second & by_first).bit_count()
    return same, first_pairs - same, second_pairs - same, pairs - first_pairs - second_pairs + same


def _f1(sums: Sums) -> float | None:
    same, one, two, different = sums
    if not same + one + two:
        return 1.0 if different else None
    return 2 * same / (2 * same + one + two)


def _rand_sums(sums: tuple[int, int, int, int]) -> Sums:
    """Index, expected index, maximal index, and pairs, from the pairs that both decided."""
    same, one, two, different = sums
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
    rows = list(groupings[0].labels)
    if all(list(grouping.labels) == rows for grouping in groupings):
        return _sums_of_labels(tuple(tuple(grouping.labels.values()) for grouping in groupings))
    rows = list(dict.fromkeys(row for grouping in groupings for row in grouping.labels))
    return _sums_of_labels(tuple(tuple(grouping.labels.get(row, UNSURE) for row in rows) for grouping in groupings))


@lru_cache(maxsize=8192)
def _sums_of_labels(said: tuple[tuple[str, ...], ...]) -> Sums:
    """The same, of what each person said of the same rows."""
    pairs = _pairs_by_verdicts(map(_decided, said))
    return (
        _added_in_order([(_disagreement(*verdicts), found) for verdicts, found in pairs.items()]),
        sum(same * found.bit_count() for (same, _different), found in pairs.items()),
        sum(different * found.bit_count() for (_same, different), found in pairs.items()),
    )


def _pairs_by_verdicts(said: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """From what each person says (``_decided``) the pairs that so many people call the same and so many different, two people at least."""
    found: dict[tuple[int, int], int] = {(0, 0): -1}
    for decided, same in said:
        split: dict[tuple[int, int], int] = {}
        for (ones, others), pairs in found.items():
            for verdicts, some in (
                ((ones, others), pairs & ~decided),
                ((ones + 1, others), pairs & same),
                ((ones, others + 1), pairs & decided & ~same),
            ):
                if some:
                    split[verdicts] = split.get(verdicts, 0) | some
        found = split
    return {verdicts: pairs for verdicts, pairs in found.items() if sum(verdicts) > 1}


def _added_in_order(values: Sequence[tuple[float, int]]) -> float:
    """The sum of values, each of them once for every pair (bit) of its own."""
    if all(float(value).is_integer() for value, _pairs in values):
        return sum(value * pairs.bit_count() for value, pairs in values)
    # How thirds are rounded depends on the order in which they are added; that of the pairs is always the same.
    found = 0.0
    for bit in range(max(pairs.bit_length() for _value, pairs in values)):
        for value, pairs in values:
            if pairs >> bit & 1:
                found += value
    return found


def _disagreement(same: int, different: int) -> float:
    """The off-diagonal coincidences of a pair that so many people call the same and so many different, two people at least."""
    return 2 * same * different / (same + different - 1)


def _alpha(sums: Sums) -> float | None:
    differing, same, different = sums
    chance = 2 * same * different
    return 1 - (same + different - 1) * differing / chance if chance else None
