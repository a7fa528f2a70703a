"""Answers that cannot all be right: A = B here, also through other rows and answers, and A ≠ B there.

A *contradiction* is an answer that puts two of its groups apart while other answers connect them. It is listed with the shortest
connection, counted in answers: no smaller set of answers that agree among themselves connects the two groups, and none of those
listed can be left out. So a person sees the fewest answers that have to be looked at.

Why a connection never uses the answer that it contradicts: where two groups are connected only through a third group of that
answer, each of them is connected with the third, and those two contradictions are listed instead.

What it costs: rows that "same" connects form a component, and an answer can only be contradicted if two of its groups lie in
one component. Connections are searched only between such groups, and only in that component.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from partitions.model import UNSURE


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """``answer`` says that the rows ``first`` and ``second`` are the same."""

    answer: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, order=True)
class Contradiction:
    """``answer`` says that the rows ``first`` and ``second`` are different; ``steps`` lead from the one to the other.

    Without steps, and with ``first`` equal to ``second``, the answer holds one row in two groups and contradicts itself.
    """

    answer: str
    first: str
    second: str
    steps: tuple[Step, ...]

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers that cannot all be right, each once, sorted."""
        return tuple(sorted({self.answer, *(step.answer for step in self.steps)}))


def find_contradictions(answers: Mapping[str, Iterable[tuple[str, str]]]) -> list[Contradiction]:
    """Every contradiction among answers, sorted. An answer is its rows, known by their keys, with labels; ``?`` and empty labels say nothing.

    Neither the order of the answers nor that of their rows makes a difference.
    """
    said = _Said(answers)
    return sorted(found for clash in said.clashes() if (found := said.explain(clash)) is not None)


class _Group(NamedTuple):
    answer: str
    label: str


class _Clash(NamedTuple):
    """Two groups of one answer in one component."""

    first: _Group
    second: _Group


class _Said:
    """The groups of all answers with their rows, and the rows with the groups they are in."""

    def __init__(self, answers: Mapping[str, Iterable[tuple[str, str]]]) -> None:
        rows: dict[_Group, set[str]] = defaultdict(set)
        for answer, labels in answers.items():
            for key, label in labels:
                if label and label != UNSURE:
                    rows[_Group(answer, label)].add(key)
        self._rows = {group: sorted(rows[group]) for group in sorted(rows)}
        self._groups: dict[str, list[_Group]] = defaultdict(list)
        for group, keys in self._rows.items():
            for key in keys:
                self._groups[key].append(group)

    def clashes(self) -> Iterator[_Clash]:
        together: dict[tuple[str, int], list[_Group]] = defaultdict(list)
        for group, component in self._components().items():
            together[group.answer, component].append(group)
        for groups in together.values():
            yield from (_Clash(*pair) for pair in combinations(sorted(groups), 2))

    def explain(self, clash: _Clash) -> Contradiction | None:
        """The contradiction with the shortest connection and nothing in it to spare; None if there is no connection."""
        found = self._connect(clash, None)
        if found is None:
            return None
        # The shortest connection may use an answer twice; then another one can do with fewer answers.
        for spare in sorted({step.answer for step in found.steps}):
            kept = {step.answer for step in found.steps} - {spare}
            found = self._connect(clash, kept) or found
        return found

    def _components(self) -> dict[_Group, int]:
        """Each group with the number of its component."""
        found: dict[_Group, int] = {}
        seen: set[str] = set()
        for number, start in enumerate(self._rows):
            if start in found:
                continue
            todo = [start]
            while todo:
                group = todo.pop()
                found[group] = number
                for key in self._rows[group]:
                    if key not in seen:
                        seen.add(key)
                        todo += self._groups[key]
        return found

    def _connect(self, clash: _Clash, among: Collection[str] | None) -> Contradiction | None:
        """Breadth first from one group to the other, in sorted order, without the answer itself, only ``among`` these answers."""
        answer = clash.first.answer
        starts, goals = self._rows[clash.first], set(self._rows[clash.second])
        if met := next(filter(goals.__contains__, starts), None):
            return Contradiction(answer, met, met, ())
        came: dict[str, Step | None] = dict.fromkeys(starts)
        used: set[_Group] = set()
        todo = deque(starts)
        while todo:
            key = todo.popleft()
            for group in self._groups[key]:
                if group in used or group.answer == answer or (among is not None and group.answer not in among):
                    continue
                used.add(group)
                for member in self._rows[group]:
                    if member not in came:
                        came[member] = Step(group.answer, key, member)
                        if member in goals:
                            return Contradiction(answer, *_way(member, came))
                        todo.append(member)
        return None


def _way(end: str, came: Mapping[str, Step | None]) -> tuple[str, str, tuple[Step, ...]]:
    """Where the way to ``end`` begins, the end, and the steps between."""
    steps: list[Step] = []
    start = end
    while (step := came[start]) is not None:
        steps.append(step)
        start = step.first
    return start, end, tuple(reversed(steps))
