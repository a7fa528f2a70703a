"""What has been read of the tables that FIND_MATCHES runs wrote."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from labeling.choices import GROUP_LABELS, GroupKind, RunKind, RunStatus
from labeling.models import MatchGroup, MatchResult, Row, TaskRun, Transform


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A row of a group: the letter of its part (empty: in none) and its values."""

    part: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group with its rows; ``more`` is how many of them are not shown.

    ``parts`` are the groups of the other result that its rows belong to, ``more_parts`` whether there may be others.
    """

    group: MatchGroup
    rows: tuple[MatchRow, ...]
    parts: int
    more_parts: bool
    more: int


def applied() -> QuerySet[TaskRun]:
    """Runs that wrote a table, of those that the portal started, newest first: of a transform one ends before the next is asked for."""
    went_well = TaskRun.objects.filter(kind=RunKind.FIND_MATCHES, status=RunStatus.SUCCEEDED)
    return went_well.exclude(result_uri="").order_by("-created_at")


def groups_by_kind(*, result: MatchResult) -> dict[GroupKind, int]:
    """How many groups of each kind are there to be looked at."""
    counted = dict(result.found.order_by().values_list("kind").annotate(groups=Count("pk")))
    return {kind: counted.get(kind, 0) for kind in GroupKind}


def question_sets_about(*, transform: Transform, groups: Iterable[Collection[str]]) -> list[uuid.UUID | None]:
    """For groups, by the keys of their rows: the set with a question that holds all of the group, the first if there are several.

    Only sets of chosen groups count. Match ids are new in each result, so rows are known by their keys.
    """
    rows = Row.objects.filter(question__question_set__transform=transform, question__question_set__task_run=None)
    asked: dict[str, dict[uuid.UUID, uuid.UUID]] = defaultdict(dict)
    for key, question, question_set in rows.order_by("question__question_set__number").values_list(
        "key", "question", "question__question_set"
    ):
        asked[key][question] = question_set

    def about(keys: Collection[str]) -> uuid.UUID | None:
        first, *others = [asked.get(key, {}) for key in keys]
        return next((first[question] for question in first if all(question in other for other in others)), None)

    return [about(keys) for keys in groups]


def shown_group(*, group: MatchGroup) -> ShownGroup:
    """A group as a page shows it."""
    letters = [_letter(part) for part in group.parts] or [""] * len(group.values)
    parts = len({part for part in group.parts if part >= 0})
    more = group.size - len(group.values)
    return ShownGroup(
        group=group,
        rows=tuple(MatchRow(*row) for row in zip(letters, group.values, strict=True)),
        parts=parts,
        more_parts=more > 0 and parts == len(group.values),
        more=more,
    )


def _letter(part: int) -> str:
    if part < 0:
        return ""
    return GROUP_LABELS[part] if part < len(GROUP_LABELS) else str(part + 1)
