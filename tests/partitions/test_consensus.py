from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partitions import LABELS, UNSURE, Grouping, Rule, Verdict, Votes, find_consensus, labels_for, pair_votes
from tests.partitions.strategies import ROWS, groupings, partitions_of, renamed, teams

RULES = st.sampled_from(Rule)


def of(*people: str) -> list[Grouping[int]]:
    """A word a person, a letter a row, ``.`` where a row has no label."""
    return [Grouping({row: label for row, label in enumerate(word) if label != "."}) for word in people]


def shown(people: list[Grouping[int]], rule: Rule = Rule.MAJORITY) -> str:
    """The consensus as a word, ``-`` for a disputed row."""
    rows = sorted({row for person in people for row in person.labels})
    result = find_consensus(people, rows, rule=rule)
    return "".join(result.grouping.labels.get(row, "-") for row in rows)


@pytest.mark.parametrize(
    ("people", "majority", "unanimous"),
    [
        (["AAB"], "AAB", "AAB"),
        (["AAB", "AAB"], "AAB", "AAB"),
        (["CCA", "BBD"], "AAB", "AAB"),
        (["AAB", "ABB"], "A-B", "A-B"),  # the middle row is torn, the ends are not
        (["AB", "AA"], "--", "--"),
        (["AB", "AA", "AA"], "AA", "--"),
        (["AAAB", "AAAA"], "AAA-", "AAA-"),  # the newcomer is opened, not the group
        (["AABB", "AAAA"], "----", "----"),
        (["ABCD", "ABCA", "ABCB", "ABCC"], "ABCD", "ABC-"),  # three of four keep the last row from each other row
        # 1=2 and 2=3 but 1≠3 by two votes each: three groupings are equally good.
        (["AAA", "AAB", "ABB"], "---", "---"),
        (["AA?", "AA?"], "AA?", "AA?"),
        (["AA?", "AAA"], "AA-", "AA-"),
        (["AA?", "AAA", "AAA"], "AAA", "AA-"),
        (["AA?", "AA?", "AAA"], "AA?", "AA-"),
        (["?A", "A?", "AA"], "--", "--"),  # both are placed by two of three, but only one says anything about the pair
        (["AA.", "AAB"], "AA-", "AA-"),
    ],
)
def test_known_cases(people: list[str], majority: str, unanimous: str) -> None:
    assert shown(of(*people)) == majority
    assert shown(of(*people), Rule.UNANIMOUS) == unanimous


def test_what_follows_from_decided_pairs_is_settled() -> None:
    """Rows 0 and 2 were seen together by one of three only; that both equal row 1 decides them."""
    people = of("AA?", "?AA", "AAA")
    assert pair_votes(people, 0, 2) == Votes(same=1, different=0, unknown=2)
    assert shown(people) == "AAA"


def test_a_majority_that_every_best_grouping_overrules_is_disputed() -> None:
    """Two of three say that rows 5 and 6 differ, but together they fit the rest best: the people have to say."""
    people = of("CAAC?AC", "A??A?AA", "ABBACAC")
    result = find_consensus(people, range(7))
    assert pair_votes(people, 5, 6) == Votes(same=1, different=2, unknown=0)
    assert result.disputed == (5, 6)
    assert result.grouping == Grouping(dict(zip(range(5), "ABBA?", strict=True)))


def test_nobody_is_no_consensus() -> None:
    with pytest.raises(ValueError, match="at least one"):
        find_consensus([], [1, 2])


def test_more_groups_than_letters() -> None:
    people = [Grouping({row: str(row) for row in range(33)})]
    result = find_consensus(people, range(33))
    assert len(result.grouping.groups()) == len(LABELS)
    assert result.disputed == (30, 31, 32)


@settings(max_examples=30)
@given(st.data(), RULES)
def test_people_agree_on_up_to_thirty_groups(data: st.DataObject, rule: Rule) -> None:
    rows = range(data.draw(st.integers(16, 30)))
    groups = data.draw(
        st.lists(st.sampled_from(LABELS), min_size=len(rows), max_size=len(rows), unique=data.draw(st.booleans()))
    )
    people = []
    for _person in range(data.draw(st.integers(1, 3))):
        other = dict(zip(LABELS, data.draw(st.permutations(LABELS)), strict=True))
        people.append(Grouping({row: other[group] for row, group in zip(rows, groups, strict=True)}))
    result = find_consensus(people, rows, rule=rule)
    assert result.settled
    assert result.grouping == people[0]
    assert set(result.grouping.labels.values()) <= set(labels_for(len(rows)))


def test_a_search_that_is_cut_short_disputes_the_knot_and_says_so() -> None:
    people = [*of("AAA", "AAB", "ABB")]
    result = find_consensus(people, range(3), search_steps=1)
    assert not result.exact
    assert result.disputed == (0, 1, 2)
    beside = [Grouping({**person.labels, 3: "D", 4: "D"}) for person in people]
    assert find_consensus(beside, range(5), search_steps=1).grouping == Grouping({3: "A", 4: "A"})


@pytest.mark.parametrize(("size", "noise"), [(15, 1.0), (50, 0.3)])
def test_the_largest_questions_stay_exact_and_quick(size: int, noise: float) -> None:
    draw = random.Random(3)  # noqa: S311
    truth = [draw.choice(LABELS) for _ in range(size)]
    for _ in range(5):
        people = [
            Grouping({row: draw.choice(LABELS) if draw.random() < noise else truth[row] for row in range(size)})
            for _ in range(3)
        ]
        assert find_consensus(people, range(size)).exact


@given(st.data(), RULES)
def test_unanimous_people_get_their_grouping_back(data: st.DataObject, rule: Rule) -> None:
    rows = data.draw(ROWS)
    grouping = data.draw(groupings(rows).filter(lambda found: len(found.labels) == len(rows)))
    people = data.draw(st.lists(renamed(grouping), min_size=1, max_size=5))
    result = find_consensus(people, rows, rule=rule)
    assert result.grouping == grouping
    assert result.settled
    assert result.exact


@given(teams(), RULES)
def test_every_row_is_settled_or_disputed_and_settled_pairs_do_not_go_against_the_people(
    team: tuple[tuple[int, ...], list[Grouping[int]]], rule: Rule
) -> None:
    rows, people = team
    result = find_consensus(people, rows, rule=rule)
    assert sorted([*result.grouping.labels, *result.disputed]) == list(rows)
    assert result.settled is (not result.disputed)
    for one, two, verdict in result.grouping.pairs():
        votes = pair_votes(people, one, two)
        if rule.decides(votes.same, len(people)):
            assert verdict is not Verdict.DIFFERENT
        if rule.decides(votes.different, len(people)):
            assert verdict is not Verdict.SAME


@given(st.data(), RULES)
def test_order_of_rows_and_people_and_letters_do_not_matter(data: st.DataObject, rule: Rule) -> None:
    rows, people = data.draw(teams())
    again = [data.draw(renamed(person)) for person in data.draw(st.permutations(people))]
    before = find_consensus(people, rows, rule=rule)
    after = find_consensus(again, data.draw(st.permutations(rows)), rule=rule)
    assert after.grouping == before.grouping
    assert set(after.disputed) == set(before.disputed)


def rows_taken_out(disputed: set[tuple[int, int]]) -> set[int]:
    """Always the rows with the most disputed pairs, until there is none."""
    taken: set[int] = set()
    while left := [pair for pair in disputed if not taken.intersection(pair)]:
        pairs = Counter(row for pair in left for row in pair)
        taken |= {row for row, count in pairs.items() if count == max(pairs.values())}
    return taken


@given(teams(), RULES)
def test_against_all_partitions(team: tuple[tuple[int, ...], list[Grouping[int]]], rule: Rule) -> None:
    """What is settled is what every best partition of the placed rows says; where they part, or the people are overruled, it is disputed."""
    rows, people = team
    result = find_consensus(people, rows, rule=rule)
    said = {row: [person.labels.get(row, "") for person in people] for row in rows}
    placed = [row for row in rows if rule.decides(sum(label not in ("", UNSURE) for label in said[row]), len(people))]
    weight = {}
    for pair in combinations(placed, 2):
        votes = pair_votes(people, *pair)
        decided = rule.decides(max(votes.same, votes.different), len(people))
        weight[pair] = votes.same - votes.different if decided else 0
    gains: dict[int, list[set[tuple[int, int]]]] = {}
    for partition in partitions_of(placed):
        together = {pair for group in partition for pair in combinations(sorted(group), 2)}
        gains.setdefault(sum(weight[pair] for pair in together), []).append(together)
    best = gains[max(gains)]
    expected = set()
    for pair, heavy in weight.items():
        same, apart = any(pair in found for found in best), any(pair not in found for found in best)
        if (same and apart) or (same and heavy < 0) or (apart and heavy > 0):
            expected.add(pair)
    assert set(result.grouping.placed()) == set(placed) - rows_taken_out(expected)
    for one, two in combinations(result.grouping.placed(), 2):
        assert result.grouping.verdict(one, two) is (Verdict.SAME if (one, two) in best[0] else Verdict.DIFFERENT)
