from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from partitions import LABELS, Contradiction, Step, find_contradictions

Rows = Mapping[str, str]
ANSWERS = st.lists(
    st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from("AABBC?"), min_size=2, max_size=5), max_size=6
).map(lambda found: {f"x{number}": rows for number, rows in enumerate(found)})


def found_in(answers: Mapping[str, Rows]) -> list[Contradiction]:
    return find_contradictions({answer: rows.items() for answer, rows in answers.items()})


def groups_of(rows: Rows) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, label in rows.items():
        if label != "?":
            found.setdefault(label, set()).add(key)
    return found


def connected(answers: Iterable[Rows], start: set[str], goal: set[str]) -> bool:
    """By growing the start until nothing is added."""
    reached, size = set(start), 0
    groups = [group for rows in answers for group in groups_of(rows).values()]
    while len(reached) != size:
        size = len(reached)
        for group in groups:
            if group & reached:
                reached |= group
    return bool(reached & goal)


def conflicts(
    answers: Mapping[str, Rows], names: Iterable[str]
) -> dict[tuple[str, tuple[str, ...], tuple[str, ...]], int]:
    """By trying every set of the other answers: which two groups of which answer are connected, and how few that agree do it."""
    names = list(names)
    found = {}
    for name in names:
        others = [other for other in names if other != name]
        for one, two in combinations(groups_of(answers[name]).values(), 2):
            sizes = [
                size
                for size in range(len(others) + 1)
                for among in combinations(others, size)
                if connected((answers[other] for other in among), one, two)
            ]
            if sizes:
                found[name, tuple(sorted(one)), tuple(sorted(two))] = min(sizes)
    return found


def place(contradiction: Contradiction, answers: Mapping[str, Rows]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    groups = list(groups_of(answers[contradiction.answer]).values())
    one, two = (
        next(index for index, group in enumerate(groups) if key in group)
        for key in (contradiction.first, contradiction.second)
    )
    return contradiction.answer, tuple(sorted(groups[min(one, two)])), tuple(sorted(groups[max(one, two)]))


def test_a_direct_one() -> None:
    answers = {"ann": {"1": "A", "2": "A"}, "bob": {"1": "A", "2": "B", "3": "B"}}
    (found,) = found_in(answers)
    assert found == Contradiction("bob", "1", "2", (Step("ann", "1", "2"),))
    assert found.answers == ("ann", "bob")


def test_through_others_and_only_if_none_is_missing() -> None:
    answers = {
        "p": {"1": "A", "2": "A"},
        "q": {"2": "A", "3": "A"},
        "r": {"3": "C", "4": "C"},
        "z": {"1": "A", "4": "B"},
    }
    steps = (Step("p", "1", "2"), Step("q", "2", "3"), Step("r", "3", "4"))
    assert found_in(answers) == [Contradiction("z", "1", "4", steps)]
    for missing in answers:
        assert found_in({name: rows for name, rows in answers.items() if name != missing}) == []


def test_the_shortest_connection_is_shown() -> None:
    answers = {"p": {"1": "A", "2": "A"}, "q": {"2": "A", "3": "A"}, "z": {"1": "A", "3": "B"}}
    assert [found.answers for found in found_in(answers)] == [("p", "q", "z")]
    assert [found.answers for found in found_in({**answers, "s": {"1": "A", "3": "A"}})] == [("s", "z")]


def test_a_connection_through_one_answer_twice_is_shown_if_it_needs_fewer_answers() -> None:
    answers = {
        "p": {"b": "A", "f": "A"},
        "q": {"d": "A", "f": "A"},
        "r": {"b": "B", "d": "A", "e": "A", "f": "B"},
        "z": {"b": "A", "e": "B"},
    }
    assert [found.answers for found in found_in(answers) if found.answer == "z"] == [("q", "r", "z")]


def test_a_third_group_of_the_answer_itself_connects_nothing() -> None:
    answers = {"p": {"1": "A", "2": "A"}, "q": {"2": "A", "3": "A"}, "z": {"1": "A", "2": "B", "3": "C"}}
    assert [found.answers for found in found_in(answers)] == [("p", "z"), ("p", "q", "z"), ("q", "z")]
    answers = {"p": {"1": "A", "2": "A"}, "q": {"4": "A", "3": "A"}, "z": dict(zip("1243", "ABBC", strict=True))}
    assert [found.answers for found in found_in(answers)] == [("p", "z"), ("q", "z")]


def test_unsure_says_nothing() -> None:
    assert found_in({"p": {"1": "?", "2": "?"}, "z": {"1": "A", "2": "B"}}) == []


def test_a_row_in_two_groups_of_one_answer() -> None:
    assert find_contradictions({"z": [("1", "A"), ("1", "B"), ("2", "B")]}) == [Contradiction("z", "1", "1", ())]


@given(ANSWERS)
def test_against_brute_force(answers: dict[str, Rows]) -> None:
    found = found_in(answers)
    expected = conflicts(answers, answers)
    assert sorted(place(contradiction, answers) for contradiction in found) == sorted(expected)
    for contradiction in found:
        _, one, two = place(contradiction, answers)
        used = {step.answer for step in contradiction.steps}
        # It holds: each step is what its answer says, and the steps lead from one end to the other.
        key = contradiction.first
        for step in contradiction.steps:
            assert step.first == key
            assert answers[step.answer][step.first] == answers[step.answer][step.second] != "?"
            key = step.second
        assert key == contradiction.second
        assert contradiction.answer not in used
        # Nothing can be left out.
        for spare in used:
            assert not connected((answers[name] for name in used - {spare}), set(one), set(two))
        # No smaller set of answers connects the two groups, unless these contradict each other themselves.
        others = [name for name in answers if name != contradiction.answer]
        for size in range(len(used)):
            for among in combinations(others, size):
                if connected((answers[name] for name in among), set(one), set(two)):
                    assert conflicts(answers, among)


def test_careless_answers_of_which_many_contradict_each_other() -> None:
    """Every tenth of 800 answers about 200 things is drawn by chance."""
    draw = random.Random(1)  # noqa: S311
    answers = {}
    for number in range(800):
        things = draw.sample(range(200), 3)
        rows = {str(4 * thing + row): LABELS[place] for place, thing in enumerate(things) for row in range(4)}
        answers[str(number)] = {key: draw.choice("ABC") for key in rows} if draw.random() < 0.1 else rows
    assert len(found_in(answers)) > 500


@given(ANSWERS, st.data())
def test_the_order_of_answers_does_not_matter(answers: dict[str, Rows], data: st.DataObject) -> None:
    names = data.draw(st.permutations(list(answers)))
    shuffled = {name: dict(data.draw(st.permutations(list(answers[name].items())))) for name in names}
    assert found_in(shuffled) == found_in(answers)


def test_twenty_thousand_answers() -> None:
    """Answers of ten rows about 3,000 things, a few of them wrong. Connections between all groups would not be searched within the time limit of a
    test."""
    draw = random.Random(1)  # noqa: S311
    answers = {}
    for number in range(20_000):
        base = draw.randrange(12_000)
        keys = {base + draw.randrange(40) for _ in range(10)}
        rows = {str(key): LABELS[key // 4 % len(LABELS)] for key in keys}
        if draw.random() < 0.002:
            rows[next(iter(rows))] = LABELS[0]
        answers[str(number)] = rows
    assert len(found_in(answers)) > 20
