from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from partitions import LABELS, AnswerGraph, Contradiction, Step, suspects

Rows = Mapping[str, str]
ANSWERS = st.lists(
    st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from("AABBC?"), min_size=2, max_size=5), max_size=6
).map(lambda found: {f"x{number}": rows for number, rows in enumerate(found)})


def graph_of(answers: Mapping[str, Rows]) -> AnswerGraph:
    graph = AnswerGraph()
    for answer, rows in answers.items():
        graph.put(answer, rows)
    return graph


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
    graph = AnswerGraph()
    assert graph.put("ann", {"1": "A", "2": "A"}) == []
    assert graph.put("bob", {"1": "A", "2": "B", "3": "B"}) == [
        Contradiction("bob", "1", "2", (Step("ann", "1", "2"),)),
    ]
    assert graph.contradictions()[0].answers == ("ann", "bob")


def test_through_others_and_found_whatever_comes_last() -> None:
    answers = {
        "p": {"1": "A", "2": "A"},
        "q": {"2": "A", "3": "A"},
        "r": {"3": "C", "4": "C"},
        "z": {"1": "A", "4": "B"},
    }
    expected = [Contradiction("z", "1", "4", (Step("p", "1", "2"), Step("q", "2", "3"), Step("r", "3", "4")))]
    for last in answers:
        graph = graph_of({name: rows for name, rows in answers.items() if name != last})
        assert graph.contradictions() == []
        assert graph.put(last, answers[last]) == expected


def test_the_shortest_connection_is_shown() -> None:
    graph = graph_of({"p": {"1": "A", "2": "A"}, "q": {"2": "A", "3": "A"}, "z": {"1": "A", "3": "B"}})
    assert graph.contradictions()[0].answers == ("p", "q", "z")
    assert (
        graph.put("s", {"1": "A", "3": "A"}) == []
    )  # the contradiction was there; it only has a shorter connection now
    assert graph.contradictions()[0].answers == ("s", "z")


def test_a_connection_through_one_answer_twice_is_shown_if_it_needs_fewer_answers() -> None:
    graph = graph_of(
        {
            "p": {"b": "A", "f": "A"},
            "q": {"d": "A", "f": "A"},
            "r": {"b": "B", "d": "A", "e": "A", "f": "B"},
            "z": {"b": "A", "e": "B"},
        }
    )
    assert [found.answers for found in graph.contradictions() if found.answer == "z"] == [("q", "r", "z")]


def test_a_third_group_of_the_answer_itself_connects_nothing() -> None:
    graph = graph_of({"p": {"1": "A", "2": "A"}, "q": {"2": "A", "3": "A"}, "z": {"1": "A", "2": "B", "3": "C"}})
    assert [found.answers for found in graph.contradictions()] == [("p", "z"), ("p", "q", "z"), ("q", "z")]
    graph = graph_of(
        {"p": {"1": "A", "2": "A"}, "q": {"4": "A", "3": "A"}, "z": dict(zip("1243", "ABBC", strict=True))}
    )
    assert [found.answers for found in graph.contradictions()] == [("p", "z"), ("q", "z")]


def test_unsure_says_nothing() -> None:
    graph = graph_of({"p": {"1": "?", "2": "?"}, "z": {"1": "A", "2": "B"}})
    assert graph.contradictions() == []


def test_a_row_in_two_groups_of_one_answer() -> None:
    graph = AnswerGraph()
    assert graph.put("z", [("1", "A"), ("1", "B"), ("2", "B")]) == [Contradiction("z", "1", "1", ())]


def test_who_is_in_most() -> None:
    graph = graph_of({"t": dict.fromkeys("1234", "A"), "y": {"1": "A", "2": "B"}, "z": {"3": "A", "4": "B"}})
    assert suspects(graph.contradictions()) == [("t", 2), ("y", 1), ("z", 1)]


@settings(deadline=None)
@given(ANSWERS)
def test_against_brute_force(answers: dict[str, Rows]) -> None:
    found = graph_of(answers).contradictions()
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


@given(ANSWERS, ANSWERS)
def test_many_at_once_bring_what_they_bring_one_by_one(before: dict[str, Rows], after: dict[str, Rows]) -> None:
    assert AnswerGraph().put_all(before) == graph_of(before).contradictions()
    later = {f"later {name}": rows for name, rows in after.items()}
    one_by_one, at_once = graph_of(before), graph_of(before)
    told = [found for name, rows in later.items() for found in one_by_one.put(name, rows)]
    brought = at_once.put_all(later)
    assert {place(found, before | later) for found in brought} == {place(found, before | later) for found in told}
    assert at_once.contradictions() == one_by_one.contradictions()


def test_careless_answers_of_which_many_contradict_each_other() -> None:
    """Every tenth of 800 answers about 200 things is drawn by chance. One by one this takes seven times as long."""
    draw = random.Random(1)  # noqa: S311
    answers = {}
    for number in range(800):
        things = draw.sample(range(200), 3)
        rows = {str(4 * thing + row): LABELS[place] for place, thing in enumerate(things) for row in range(4)}
        answers[str(number)] = {key: draw.choice("ABC") for key in rows} if draw.random() < 0.1 else rows
    found = AnswerGraph().put_all(answers)
    assert len(found) > 500


@given(ANSWERS, st.data())
def test_the_order_of_answers_does_not_matter(answers: dict[str, Rows], data: st.DataObject) -> None:
    names = data.draw(st.permutations(list(answers)))
    shuffled = {name: dict(data.draw(st.permutations(list(answers[name].items())))) for name in names}
    assert graph_of(shuffled).contradictions() == graph_of(answers).contradictions()


@given(ANSWERS, ANSWERS, st.data())
def test_replacing_and_withdrawing_leaves_nothing_behind(
    before: dict[str, Rows], after: dict[str, Rows], data: st.DataObject
) -> None:
    graph = graph_of(before)
    for name in data.draw(st.permutations(sorted(before.keys() | after.keys()))):
        if name in after:
            graph.put(name, after[name])
        else:
            graph.withdraw(name)
    assert graph.contradictions() == graph_of(after).contradictions()
    assert len(graph) == len(after)
    for name in after:
        assert name in graph
        graph.withdraw(name)
    assert graph.contradictions() == []
    assert not graph.__dict__["_component"]


@given(ANSWERS)
def test_what_is_new_is_told_once(answers: dict[str, Rows]) -> None:
    graph = AnswerGraph()
    told: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    for name, rows in answers.items():
        for contradiction in graph.put(name, rows):
            assert name in contradiction.answers
            told.append(place(contradiction, answers))
    assert sorted(told) == sorted(place(found, answers) for found in graph.contradictions())


def test_twenty_thousand_answers() -> None:
    """Answers of ten rows about 3,000 things, a few of them wrong. Each costs what its own rows touch (0.1 milliseconds); looking at all answers for
    each would not end within the time limit of a test."""
    draw = random.Random(1)  # noqa: S311
    graph = AnswerGraph()
    found = 0
    for number in range(20_000):
        base = draw.randrange(12_000)
        keys = {base + draw.randrange(40) for _ in range(10)}
        rows = {str(key): LABELS[key // 4 % len(LABELS)] for key in keys}
        if draw.random() < 0.002:
            rows[next(iter(rows))] = LABELS[0]
        found += len(graph.put(str(number), rows))
    assert len(graph.contradictions()) == found > 20
