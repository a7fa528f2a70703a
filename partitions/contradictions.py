"""Answers that cannot all be right: A = B here, also through other rows and answers, and A ≠ B there.

A *contradiction* is an answer that puts two of its groups apart while other answers connect them. It is listed with the shortest
connection, counted in answers: no smaller set of answers that agree among themselves connects the two groups, and none of those
listed can be left out. So a person sees the fewest answers that have to be looked at.

Why a connection never uses the answer that it contradicts: where two groups are connected only through a third group of that
answer, each of them is connected with the third, and those two contradictions are listed instead.

What it costs: rows that "same" connects form a component, and an answer can only be contradicted if two of its groups meet in
one component. At each union the smaller component moves into the larger, O(n log n) moves for n rows of all answers. Connections
are searched only where groups of one answer meet, and only in that component; to withdraw an answer rebuilds the components it touches.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
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


class _Group(NamedTuple):
    answer: str
    label: str


@dataclass(frozen=True, slots=True, order=True)
class _Clash:
    """Two groups of one answer in one component."""

    answer: str
    first: str
    second: str


@dataclass(slots=True, eq=False)
class _Component:
    """Rows that "same" connects, the labels of each answer that lie here, and the answers with more than one."""

    keys: set[str] = field(default_factory=set)
    labels: dict[str, set[str]] = field(default_factory=dict)
    clashing: set[str] = field(default_factory=set)

    def size(self) -> int:
        return len(self.keys) + len(self.labels)

    def add(self, answer: str, labels: Iterable[str]) -> None:
        here = self.labels.setdefault(answer, set())
        here.update(labels)
        if len(here) > 1:
            self.clashing.add(answer)

    def clashes(self) -> list[_Clash]:
        return [
            _Clash(answer, *pair)
            for answer in sorted(self.clashing)
            for pair in combinations(sorted(self.labels[answer]), 2)
        ]


class AnswerGraph:
    """All answers of a transform. Rows are known by their primary key, answers by an id; both are text.

    The order in which answers come makes no difference to what is found.
    """

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, tuple[str, ...]]] = {}
        self._touching: dict[str, set[_Group]] = {}
        self._component: dict[str, _Component] = {}
        self._known: set[_Clash] = set()

    def __len__(self) -> int:
        return len(self._groups)

    def __contains__(self, answer: str) -> bool:
        return answer in self._groups

    def put(self, answer: str, rows: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[Contradiction]:
        """Take in an answer as row keys with labels, instead of an earlier one of the same id; ``?`` and empty labels say nothing.

        Returns, sorted, the contradictions that this answer brings: its own, and those of others that it connects.
        """
        self._take(answer, rows)
        return self._discover(self._components(key for keys in self._groups[answer].values() for key in keys))

    def put_all(self, answers: Mapping[str, Mapping[str, str] | Iterable[tuple[str, str]]]) -> list[Contradiction]:
        """Take in many answers and only then look what they bring: where many contradict each other, ``put`` looks at the same again for each."""
        for answer, rows in answers.items():
            self._take(answer, rows)
        return self._discover(dict.fromkeys(self._component.values()))

    def withdraw(self, answer: str) -> None:
        """Forget an answer. Nothing happens if it is not known."""
        groups = self._groups.pop(answer, None)
        if groups is None:
            return
        left: set[_Group] = set()
        for component in self._components(key for keys in groups.values() for key in keys):
            self._known.difference_update(component.clashes())
            left.update(
                _Group(other, label)
                for other, labels in component.labels.items()
                if other != answer
                for label in labels
            )
            for key in component.keys:
                del self._component[key], self._touching[key]
        for group in left:
            self._insert(group, self._groups[group.answer][group.label])
        self._discover(self._components(key for group in left for key in self._groups[group.answer][group.label]))

    def contradictions(self) -> list[Contradiction]:
        """Every contradiction there is, sorted."""
        return self._explained(self._known)

    def _take(self, answer: str, rows: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        self.withdraw(answer)
        groups: dict[str, set[str]] = {}
        for key, label in rows.items() if isinstance(rows, Mapping) else rows:
            if label and label != UNSURE:
                groups.setdefault(label, set()).add(key)
        self._groups[answer] = {label: tuple(sorted(keys)) for label, keys in groups.items()}
        for label, keys in self._groups[answer].items():
            self._insert(_Group(answer, label), keys)

    def _explained(self, clashes: Iterable[_Clash]) -> list[Contradiction]:
        return sorted(found for clash in clashes if (found := self._explain(clash)) is not None)

    def _components(self, keys: Iterable[str]) -> list[_Component]:
        return list(dict.fromkeys(self._component[key] for key in keys))

    def _insert(self, group: _Group, keys: Collection[str]) -> None:
        parts = self._components(key for key in keys if key in self._component)
        home = max(parts, key=_Component.size, default=_Component())
        for part in parts:
            if part is not home:
                home.keys |= part.keys
                self._component.update(dict.fromkeys(part.keys, home))
                for answer, labels in part.labels.items():
                    home.add(answer, labels)
        home.keys.update(keys)
        home.add(group.answer, [group.label])
        for key in keys:
            self._component[key] = home
            self._touching.setdefault(key, set()).add(group)

    def _discover(self, components: Iterable[_Component]) -> list[Contradiction]:
        """Clashes that are not known yet and that are contradictions."""
        found = []
        for component in components:
            for clash in component.clashes():
                if clash not in self._known and (contradiction := self._explain(clash)) is not None:
                    self._known.add(clash)
                    found.append(contradiction)
        return sorted(found)

    def _explain(self, clash: _Clash) -> Contradiction | None:
        """The contradiction with the shortest connection and nothing in it to spare; None if there is no connection."""
        found = self._connect(clash, None)
        if found is None:
            return None
        # The shortest connection may use an answer twice; then another one can do with fewer answers.
        for spare in sorted({step.answer for step in found.steps}):
            kept = {step.answer for step in found.steps} - {spare}
            found = self._connect(clash, kept) or found
        return found

    def _connect(self, clash: _Clash, among: Collection[str] | None) -> Contradiction | None:
        """Breadth first from one group to the other, in sorted order, without the answer itself, only ``among`` these answers."""
        groups = self._groups[clash.answer]
        starts, goals = groups[clash.first], set(groups[clash.second])
        came: dict[str, Step | None] = dict.fromkeys(starts)
        used: set[_Group] = set()
        todo = deque(starts)
        if met := next(filter(goals.__contains__, starts), None):
            return self._walk_back(clash.answer, met, came)
        while todo:
            key = todo.popleft()
            for group in sorted(self._touching[key] - used):
                if group.answer == clash.answer or (among is not None and group.answer not in among):
                    continue
                used.add(group)
                for member in self._groups[group.answer][group.label]:
                    if member not in came:
                        came[member] = Step(group.answer, key, member)
                        if member in goals:
                            return self._walk_back(clash.answer, member, came)
                        todo.append(member)
        return None

    @staticmethod
    def _walk_back(answer: str, end: str, came: Mapping[str, Step | None]) -> Contradiction:
        steps: list[Step] = []
        key = end
        while (step := came[key]) is not None:
            steps.append(step)
            key = step.first
        return Contradiction(answer, key, end, tuple(reversed(steps)))


def suspects(contradictions: Iterable[Contradiction]) -> list[tuple[str, int]]:
    """The answers that take part in contradictions with how many, most first: to look at these first settles most."""
    counts = Counter(answer for contradiction in contradictions for answer in contradiction.answers)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
