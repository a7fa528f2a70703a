"""What has been read of the tables that FIND_MATCHES runs wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from labeling.choices import GROUP_LABELS, GroupKind, RunKind, RunStatus
from labeling.models import MatchGroup, MatchResult, TaskRun, Transform

_CLAIM = timedelta(minutes=10)
"""So long a worker may take to read a result; then another one takes over."""

_MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A row of a group: the letter of its part (empty: in none), and each cell with whether the first row has another value there."""

    part: str
    cells: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group with its rows; ``parts`` are the groups of the other result that its rows belong to, ``more`` how many rows are not shown."""

    group: MatchGroup
    rows: tuple[MatchRow, ...]
    parts: int
    more: int


def newest_apply(*, transform: Transform) -> TaskRun | None:
    """The last run that wrote a table, of those that the portal started."""
    return (
        TaskRun.objects.filter(transform=transform, kind=RunKind.FIND_MATCHES, status=RunStatus.SUCCEEDED)
        .exclude(result_uri="")
        .select_related("transform")
        .order_by("-completed_at")
        .first()
    )


def free_to_read() -> Q:
    """Results that are claimed by nobody who may still be at work, and not given up."""
    return _unclaimed() & Q(attempts__lt=_MAX_ATTEMPTS)


def is_given_up(*, result: MatchResult) -> bool:
    """Whether nobody reads the result any more, though it was never read to its end."""
    given_up = _unclaimed() & Q(attempts__gte=_MAX_ATTEMPTS, read_at__isnull=True)
    return MatchResult.objects.filter(given_up, pk=result.pk).exists()


def _unclaimed() -> Q:
    return Q(claimed_at__isnull=True) | Q(claimed_at__lte=timezone.now() - _CLAIM)


def groups_by_kind(*, result: MatchResult) -> dict[GroupKind, int]:
    """How many groups of each kind are there to be looked at."""
    counted = dict(result.found.order_by().values_list("kind").annotate(groups=Count("pk")))
    return {kind: counted.get(kind, 0) for kind in GroupKind}


def shown_group(*, group: MatchGroup, columns: Sequence[str], primary_key: str) -> ShownGroup:
    """A group as a page shows it. The key tells rows apart, so it is no difference."""
    key = columns.index(primary_key)
    first = group.values[0]
    letters = [_letter(part) for part in group.parts] or [""] * len(group.values)
    return ShownGroup(
        group=group,
        rows=tuple(
            MatchRow(
                letter,
                tuple((cell, place != key and cell != first[place]) for place, cell in enumerate(values)),
            )
            for letter, values in zip(letters, group.values, strict=True)
        ),
        parts=len({part for part in group.parts if part >= 0}),
        more=group.size - len(group.values),
    )


def _letter(part: int) -> str:
    if part < 0:
        return ""
    return GROUP_LABELS[part] if part < len(GROUP_LABELS) else str(part + 1)
