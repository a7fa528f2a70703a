"""The history of all runs of a team, page by page (``key_pages``)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import Team, User
from labeling.choices import RunKind, RunStatus
from labeling.models import LabelFile, QuestionSet, SavedView, TaskRun, Transform
from labeling.selectors.key_pages import KeyOrder, KeyPage, key_page
from labeling.selectors.task_runs import with_what_is_shown

COUNTED = 1000
"""So many runs are counted exactly; beyond that a page says "more than"."""


class Sort(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LONGEST = "longest"
    SHORTEST = "shortest"


_ORDER = {
    Sort.NEWEST: KeyOrder("created_at", falling=True),
    Sort.OLDEST: KeyOrder("created_at", falling=False),
    Sort.LONGEST: KeyOrder("took_seconds", falling=True, moments=False),
    Sort.SHORTEST: KeyOrder("took_seconds", falling=False, moments=False),
}

_ADDED = Q(kind=RunKind.IMPORT_LABELS, replace_all_labels=False)
_HASH = re.compile("[0-9a-fA-F]{4,64}")


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs of the team are meant; what is left out narrows nothing.

    ``statuses`` are any of these; ``since`` is included, ``until`` is not, both are times of the request. ``file`` is the start of a label file's
    SHA-256 or a part of its name. ``replaced`` tells imports that replaced all labels from those that added.
    ``foreign``: only runs that were started outside the portal.
    """

    transform: Transform | None = None
    kind: RunKind | None = None
    statuses: tuple[RunStatus, ...] = ()
    person: User | None = None
    since: datetime | None = None
    until: datetime | None = None
    file: str = ""
    replaced: bool | None = None
    foreign: bool = False


def run_page(
    *,
    team: Team,
    chosen: RunFilter,
    sort: Sort = Sort.NEWEST,
    after: str = "",
    before: str = "",
    size: int = 25,
) -> KeyPage[TaskRun]:
    """The runs after (or before) a key, else the first. A key that is none is ignored: addresses may be old. One or two queries."""
    runs = with_what_is_shown(_narrowed(team, chosen))
    return key_page(runs, order=_ORDER[sort], after=after, before=before, size=size)


def count_runs(*, team: Team, chosen: RunFilter) -> int:
    """How many there are, up to one more than ``COUNTED``."""
    return _narrowed(team, chosen).order_by()[: COUNTED + 1].count()


def all_runs(*, team: Team, chosen: RunFilter, sort: Sort = Sort.NEWEST) -> Iterator[TaskRun]:
    """Every run that is meant, read bit by bit."""
    return with_what_is_shown(_narrowed(team, chosen)).order_by(*_ORDER[sort].names()).iterator(chunk_size=2000)


def saved_views_for(*, team: Team, user: User) -> QuerySet[SavedView]:
    """The person's own views and those that others share with the team."""
    views = SavedView.objects.filter(Q(owner=user) | Q(shared=True), team=team)
    return views.select_related("owner").order_by("name", "owner__username")


def _narrowed(team: Team, chosen: RunFilter) -> QuerySet[TaskRun]:
    runs = TaskRun.objects.all()
    if chosen.transform:
        runs = runs.filter(transform=chosen.transform)
    else:
        # Not a plain IN: for that a database reads all runs of each transform and sorts them, instead of a page in the order of its index.
        ours = list(team.transforms.values_list("pk", flat=True))
        runs = runs.alias(of=Coalesce("transform_id", "transform_id")).filter(of__in=ours)
    wanted: dict[str, Any] = {}
    if chosen.kind:
        wanted["kind"] = chosen.kind
    if chosen.statuses:
        wanted["status__in"] = chosen.statuses
    if chosen.person:
        wanted["requested_by"] = chosen.person
    if chosen.foreign:
        wanted["foreign"] = True
    if chosen.since:
        wanted["created_at__gte"] = chosen.since
    if chosen.until:
        wanted["created_at__lt"] = chosen.until
    if chosen.file:
        wanted["pk__in"] = _runs_with_file(team, chosen.file)
    runs = runs.filter(**wanted)
    if chosen.replaced is not None:
        # Only imports replace; saying so again would keep SQLite from the index of the few that did.
        runs = runs.filter(replace_all_labels=True) if chosen.replaced else runs.filter(_ADDED)
    return runs


def _runs_with_file(team: Team, text: str) -> list[uuid.UUID]:
    """Runs that sent the file or brought it; of many files the newest. Runs of other teams may be among them.

    What could be the start of a hash may be that of a name as well, since files are named after runs.
    """
    named = LabelFile.objects.filter(transform__team=team)
    if _HASH.fullmatch(text):
        start = text.lower()
        # As an index is read; LIKE would read every file.
        hashed = LabelFile.objects.filter(sha256__gte=start, sha256__lte=start + "g").order_by("sha256")
        found = list(hashed.values_list("pk", flat=True)[:COUNTED])
        # LIKE first: only of what it finds is looked whether it is the name, or a folder on the way to it.
        named = named.filter(key__icontains=f"/{start}").filter(key__iregex=f"/{start}[^/]*$")
    else:
        found = []
        named = named.filter(key__icontains=text)
    found += named.order_by("-created_at").values_list("pk", flat=True)[:COUNTED]
    sent = TaskRun.objects.filter(label_file__in=found).values_list("pk", flat=True)
    brought = QuestionSet.objects.filter(label_file__in=found).values_list("task_run", flat=True)
    return [*sent.order_by(), *brought.order_by()]
