from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from partitions import (
    Grouping,
    Measure,
    Sampling,
    Verdict,
    compare,
    reliability,
)
from tests.partitions.strategies import ROWS, groupings, renamed

QUICK = Sampling(replicates=60)


def f1_of(first: Grouping[int], second: Grouping[int]) -> float | None:
    return compare({0: first}, {0: second}).f1.value


def adjusted_rand_of(first: Grouping[int], second: Grouping[int]) -> float | None:
    return compare({0: first}, {0: second}).adjusted_rand.value


def alpha_nominal(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha as its source has it: a unit holds the values that its coders gave, missing ones left out."""
    paired = [values for values in units if len(values) > 1]
    observed = sum(sum(one != two for one, two in permutations(values, 2)) / (len(values) - 1) for values in paired)
    counts = Counter(value for values in paired for value in values)
    expected = sum(counts[one] * counts[two] for one, two in permutations(counts, 2))
    return 1 - (counts.total() - 1) * observed / expected if expected else None


def of(word: str | list[int]) -> Grouping[int]:
    labels = word if isinstance(word, str) else ["ABCDEFG"[number] for number in word]
    return Grouping(dict(enumerate(labels)))


@st.composite
def couples(draw: st.DrawFn) -> tuple[Grouping[int], Grouping[int]]:
    rows = draw(ROWS)
    return draw(groupings(rows)), draw(groupings(rows))


@st.composite
def sets(draw: st.DrawFn, people: int = 2) -> list[dict[str, Grouping[int]]]:
    """What each person answered, question by question; not everybody answers everything."""
    rows = {name: draw(ROWS) for name in "pqrs"}
    return [
        {name: draw(groupings(rows[name])) for name in draw(st.lists(st.sampled_from("pqrs"), unique=True))}
        for _ in range(people)
    ]


# Example A, B and C of K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): binary and nominal data of
# two observers, and nominal data of four observers with missing values.
A = ("0100000010", "1110010000")
B = ("aabbdcccedda", "babbbccceddd")
C = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


@pytest.mark.parametrize(("observers", "alpha"), [(A, 0.095), (B, 0.692), (C, 0.743)])
def test_alpha_of_the_textbook(observers: tuple[str, ...], alpha: float) -> None:
    units = [[value for value in unit if value != "."] for unit in zip(*observers, strict=True)]
    found = alpha_nominal(units)
    assert found is not None
    assert round(found, 3) == alpha


def test_alpha_without_anything_to_tell_apart() -> None:
    assert alpha_nominal([]) is None
    assert alpha_nominal([["same"], ["different"]]) is None
    assert alpha_nominal([["same", "same"], ["same", "same"]]) is None


# The examples in the documentation of sklearn.metrics.adjusted_rand_score.
@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], 1.0),
        ([0, 0, 1, 1], [1, 1, 0, 0], 1.0),
        ([0, 0, 1, 2], [0, 0, 1, 1], 0.57),
        ([0, 0, 1, 1], [0, 0, 1, 2], 0.57),
        ([0, 0, 0, 0], [0, 1, 2, 3], 0.0),
        ([0, 0, 1, 1], [0, 1, 0, 1], -0.5),
    ],
)
def test_adjusted_rand_of_the_documentation(first: list[int], second: list[int], value: float) -> None:
    assert adjusted_rand_of(of(first), of(second)) == pytest.approx(value, abs=0.005)


@given(couples())
def test_adjusted_rand_against_sklearn(couple: tuple[Grouping[int], Grouping[int]]) -> None:
    one, two = couple
    both = [row for row in one.placed() if row in two.placed()]
    found = adjusted_rand_of(one, two)
    if len(both) < 2:
        assert found is None
    else:
        expected = adjusted_rand_score([one.labels[row] for row in both], [two.labels[row] for row in both])
        assert found == pytest.approx(expected)


@given(couples())
def test_f1_by_counting_pairs(couple: tuple[Grouping[int], Grouping[int]]) -> None:
    one, two = couple
    said = [(one.verdict(*pair), two.verdict(*pair)) for pair in combinations(one.labels.keys() | two.labels.keys(), 2)]
    said = [verdicts for verdicts in said if Verdict.UNKNOWN not in verdicts]
    hits, ones, twos = (
        said.count((Verdict.SAME, Verdict.SAME)),
        sum(first is Verdict.SAME for first, _ in said),
        sum(second is Verdict.SAME for _, second in said),
    )
    if not said:
        assert f1_of(one, two) is None
    elif not ones + twos:
        assert f1_of(one, two) == 1
    else:
        assert f1_of(one, two) == pytest.approx(2 * hits / (ones + twos))


@given(st.data())
def test_agreement_is_symmetric_bounded_and_blind_to_letters(data: st.DataObject) -> None:
    one, two = data.draw(couples())
    for measure, least in ((f1_of, 0.0), (adjusted_rand_of, -0.5)):
        found = measure(one, two)
        assert found == measure(two, one)
        assert found == measure(data.draw(renamed(one)), data.draw(renamed(two)))
        assert found is None or least - 1e-9 <= found <= 1
        assert measure(one, one) in (None, 1.0)


@given(sets())
def test_a_comparison_adds_up(people: list[dict[str, Grouping[int]]]) -> None:
    one, two = people
    found = compare(one, two, QUICK)
    pairs = sum(
        first is not Verdict.UNKNOWN and two[name].verdict(a, b) is not Verdict.UNKNOWN
        for name in one.keys() & two.keys()
        for a, b, first in one[name].pairs()
    )
    assert found.both_same + found.first_same + found.second_same + found.both_different == pairs
    assert (found.f1.value is None) is (found.adjusted_rand.value is None) is (pairs == 0)
    swapped = compare(two, one, QUICK)
    assert (swapped.first_same, swapped.second_same) == (found.second_same, found.first_same)
    assert swapped.f1.value == found.f1.value
    assert swapped.adjusted_rand.value == pytest.approx(found.adjusted_rand.value)


@given(sets(people=3), st.randoms(use_true_random=False))
def test_alpha_by_the_definition_whatever_the_order(people: list[dict[str, Grouping[int]]], draw: object) -> None:
    units = []
    for name in "pqrs":
        said = [person[name] for person in people if name in person]
        rows = sorted({row for grouping in said for row in grouping.labels})
        for pair in combinations(rows, 2):
            verdicts = [grouping.verdict(*pair) for grouping in said]
            units.append([verdict for verdict in verdicts if verdict is not Verdict.UNKNOWN])
    expected = alpha_nominal(units)
    found = reliability(dict(zip("abc", people, strict=True)), QUICK)
    backwards = reliability(
        {who: dict(reversed(person.items())) for who, person in zip("cba", reversed(people), strict=True)}, QUICK
    )
    assert found.value == (None if expected is None else pytest.approx(expected))
    assert found.value is None or found.value <= 1
    assert backwards == found


def test_intervals_hold_the_value_narrow_with_questions_and_repeat_with_the_seed() -> None:
    good, bad = (of("AABB"), of("AABB")), (of("AABB"), of("ABAB"))
    widths = []
    for questions in (12, 192):
        answers = [good if number % 4 else bad for number in range(questions)]
        one = {number: pair[0] for number, pair in enumerate(answers)}
        two = {number: pair[1] for number, pair in enumerate(answers)}
        found = compare(one, two, Sampling(seed=5))
        assert found == compare(one, two, Sampling(seed=5))
        assert found.f1 != compare(one, two, Sampling(seed=6, replicates=50)).f1
        for measure in (found.f1, found.adjusted_rand):
            assert measure.questions == questions
            assert measure.value is not None
            assert measure.low is not None
            assert measure.high is not None
            assert measure.low < measure.value < measure.high
        assert found.f1.value == pytest.approx(0.75)
        assert found.f1.low is not None
        assert found.f1.high is not None
        widths.append(found.f1.high - found.f1.low)
    assert widths[1] < widths[0] / 2


def plainly(units: Sequence[tuple[float, ...]], statistic: Callable[..., float | None], sampling: Sampling) -> Measure:
    """The bootstrap as its source has it: draw whole units, add them up, and look where the figures lie."""
    telling = sorted(unit for unit in units if any(unit))
    value = statistic(*(sum(column) for column in zip(*telling, strict=True))) if telling else None
    if value is None or len(telling) < 2:
        return Measure(value, None, None, len(telling))
    draw, drawn = random.Random(sampling.seed), []  # noqa: S311 - as the code does
    for _ in range(sampling.replicates):
        sums = [sum(column) for column in zip(*draw.choices(telling, k=len(telling)), strict=True)]
        if (again := statistic(*sums)) is not None:
            drawn.append(again)
    low, high = (quantile(sorted(drawn), share) for share in (0.025, 0.975))
    return Measure(value, low, high, len(telling))


def assert_same(found: Measure, plain: Measure) -> None:
    """The same figure; where thirds are added up, its interval is more exact than that of floats which are rounded at each step."""
    assert (found.value, found.questions) == (plain.value, plain.questions)
    for end, other in ((found.low, plain.low), (found.high, plain.high)):
        assert end == (None if other is None else pytest.approx(other, rel=1e-12, abs=1e-12))


def quantile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def alpha_of(differing: float, alike: float, different: float) -> float | None:
    count = alike + different
    chance = count * count - (alike * alike + different * different)
    return 1 - (count - 1) * differing / chance if chance else None


def alpha_units(answers: Mapping[str, Mapping[str, Grouping[int]]]) -> list[tuple[float, ...]]:
    """Pair by pair, as alpha is defined."""
    units = []
    for name in "pqrs":
        said = [given[name] for given in answers.values() if name in given]
        sums = [0.0, 0.0, 0.0]
        for pair in combinations(dict.fromkeys(row for grouping in said for row in grouping.labels), 2):
            verdicts = [grouping.verdict(*pair) for grouping in said]
            alike, different = verdicts.count(Verdict.SAME), verdicts.count(Verdict.DIFFERENT)
            if alike + different > 1:
                sums[0] += ((alike + different) ** 2 - alike**2 - different**2) / (alike + different - 1)
                sums[1] += alike
                sums[2] += different
        units.append(tuple(sums))
    return units


@settings(max_examples=40)
@given(sets(people=5))
def test_alpha_and_its_interval_are_those_of_the_plain_bootstrap(
    people: list[dict[str, Grouping[int]]],
) -> None:
    answers = dict(zip("abcde", people, strict=True))
    assert_same(reliability(answers, QUICK), plainly(alpha_units(answers), alpha_of, QUICK))


@settings(max_examples=40)
@given(sets())
def test_intervals_of_two_people_are_those_of_the_plain_bootstrap(people: list[dict[str, Grouping[int]]]) -> None:
    one, two = people
    found = compare(one, two, QUICK)
    pairs, rands = [], []
    for name in one.keys() & two.keys():
        said = [(first, two[name].verdict(a, b)) for a, b, first in one[name].pairs()]
        both, first, second, neither = (
            said.count(cell)
            for cell in (
                (Verdict.SAME, Verdict.SAME),
                (Verdict.SAME, Verdict.DIFFERENT),
                (Verdict.DIFFERENT, Verdict.SAME),
                (Verdict.DIFFERENT, Verdict.DIFFERENT),
            )
        )
        count = both + first + second + neither
        pairs.append((both, first, second, neither))
        rands.append(
            (both, (both + first) * (both + second) / count if count else 0.0, (2 * both + first + second) / 2, count)
        )

    def f1(both: float, first: float, second: float, neither: float) -> float | None:
        if both + first + second:
            return 2 * both / (2 * both + first + second)
        return 1.0 if neither else None

    def rand(index: float, expected: float, most: float, count: float) -> float | None:
        if not count:
            return None
        return (index - expected) / (most - expected) if most != expected else 1.0

    assert found.f1 == plainly(pairs, f1, QUICK)
    assert_same(found.adjusted_rand, plainly(rands, rand, QUICK))


def test_what_was_drawn_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        who: {number: of("AABB" if number % 3 else word) for number in range(7)}
        for who, word in (("a", "ABAB"), ("b", "ABBA"))
    }
    first = reliability(answers)
    monkeypatch.setattr(random, "Random", None)
    assert reliability(answers) == first


def test_one_question_has_no_interval() -> None:
    found = compare({1: of("AAB")}, {1: of("AAB")})
    assert (found.f1.value, found.f1.low, found.f1.high, found.f1.questions) == (1.0, None, None, 1)


def test_a_team_with_a_consensus_and_known_answers() -> None:
    ann, bob, eve = {1: of("AABB"), 2: of("AAB")}, {1: of("AABB"), 2: of("ABB")}, {3: of("AB")}
    assert compare(ann, bob, QUICK).f1.value == pytest.approx(2 * 2 / 6)
    assert compare(ann, eve, QUICK).f1.questions == 0
    assert compare(ann, {1: of("AABB"), 2: of("AAB")}, QUICK).f1.value == 1
    assert compare(bob, {2: of("BBA")}, QUICK).f1.value == 0
    alpha = reliability({"ann": ann, "bob": bob, "eve": eve}, QUICK)
    assert alpha.questions == 2
    assert alpha.value is not None
    assert 0 < alpha.value < 1
