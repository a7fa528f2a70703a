"""Whether it is time for an import that starts by itself, and what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet

from labeling.choices import ACTIVE, ChainStatus, RunKind, RunStatus
from labeling.models import Automation, Chain, Question, TaskRun, Transform
from labeling.selectors.questions import WAITING_FOR_IMPORT
from labeling.selectors.task_runs import foreign_replacement, with_what_is_shown


class Hold(StrEnum):
    """Why nothing starts by itself."""

    BUSY = "busy"
    """An import or a chain is under way; it goes on by itself afterwards."""
    REPLACED = "replaced"
    """Somebody replaced all labels outside the portal: a person decides whether ours are added again."""
    FAILED = "failed"
    """The last import that started by itself did not end well. The night tries again; the count waits for a person."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due: the night of a day, or the number of answers."""

    night: date | None = None
    count: bool = False

    def __bool__(self) -> bool:
        return self.night is not None or self.count


def answers_waiting(*, transform: Transform) -> int:
    """Settled questions with a result that Glue has not learned and could."""
    return Question.objects.filter(WAITING_FOR_IMPORT, question_set__transform=transform).count()


def due_now(*, automation: Automation, waiting: int, now: datetime) -> Due:
    """What the clock and the answers say; what stands in the way is ``hold``'s matter."""
    if not automation.enabled:
        return Due()
    local = now.astimezone(ZoneInfo(automation.transform.team.time_zone))
    night = None
    if automation.nightly_hour is not None and local.hour >= automation.nightly_hour:
        night = local.date() if automation.last_night is None or automation.last_night < local.date() else None
    return Due(night, automation.every_answers is not None and waiting >= automation.every_answers)


def hold(*, automation: Automation) -> Hold | None:
    """What stands in the way of an import that starts by itself. Up to six queries."""
    transform = automation.transform
    imports = TaskRun.objects.filter(transform=transform, kind=RunKind.IMPORT_LABELS, foreign=False)
    running = Chain.objects.filter(transform=transform, status=ChainStatus.RUNNING)
    if imports.filter(status__in=ACTIVE).exists() or running.exists():
        return Hold.BUSY
    if foreign_replacement(transform=transform) is not None:
        return Hold.REPLACED
    last = imports.filter(requested_by__isnull=True).order_by("-created_at").first()
    if last is None or last.created_at < automation.changed_at or last.status == RunStatus.SUCCEEDED:
        return None
    went_well_since = imports.filter(status=RunStatus.SUCCEEDED, created_at__gt=last.created_at)
    return None if went_well_since.exists() else Hold.FAILED


def newest_chains(*, transform: Transform) -> list[Chain]:
    """The five newest chains with their runs. Two queries."""
    chains = Chain.objects.filter(transform=transform).select_related("created_by")
    return list(chains.prefetch_related(runs_of_chains()).order_by("-created_at")[:5])


def runs_of_chains() -> Prefetch[str, QuerySet[TaskRun], str]:
    """The runs of chains with all that is said of a step, in one query."""
    return Prefetch("runs", with_what_is_shown(TaskRun.objects.all()))
