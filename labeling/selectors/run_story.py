"""What came before a run, what followed it, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from labeling.choices import RunKind, RunStatus
from labeling.models import TaskRun
from labeling.selectors.task_runs import with_what_is_shown

_FOLLOWING = 5


@dataclass(frozen=True, slots=True)
class RunStory:
    """``retries`` of the run, oldest first; the next few runs of its transform that are not of its chain; for an estimate how far F1 moved since the one
    before."""

    retries: tuple[TaskRun, ...]
    followed_by: tuple[TaskRun, ...]
    f1_change: float | None


@dataclass(frozen=True, slots=True)
class RunCost:
    """What AWS bills, as far as can be told from here: capacity in DPU × Glue's own count of time. ``price`` is None without a price per DPU-hour."""

    capacity: float
    dpu_hours: float
    price: float | None
    currency: str


def run_story(*, run: TaskRun) -> RunStory:
    """Up to three queries."""
    of_transform = TaskRun.objects.filter(transform=run.transform_id).exclude(pk=run.pk)
    later = of_transform.filter(created_at__gt=run.created_at).exclude(retry_of=run)
    if run.chain_id:
        later = later.exclude(chain=run.chain_id)
    return RunStory(
        retries=tuple(with_what_is_shown(run.retries.order_by("created_at"))),
        followed_by=tuple(with_what_is_shown(later.order_by("created_at"))[:_FOLLOWING]),
        f1_change=_f1_change(run, of_transform),
    )


def run_cost(run: TaskRun) -> RunCost | None:
    """What a run at AWS cost; None while it works, and where Glue did not say how long it worked. Other servers bill nothing."""
    if not run.is_terminal or not run.capacity or not run.execution_seconds:
        return None
    dpu_hours = run.capacity * run.execution_seconds / 3600
    price = dpu_hours * settings.DPU_HOUR_PRICE if settings.DPU_HOUR_PRICE else None
    return RunCost(run.capacity, dpu_hours, price, settings.PRICE_CURRENCY)


def _f1_change(run: TaskRun, others: QuerySet[TaskRun]) -> float | None:
    if run.kind != RunKind.EVALUATION or run.f1 is None:
        return None
    earlier = others.filter(kind=RunKind.EVALUATION, status=RunStatus.SUCCEEDED, metrics__isnull=False)
    before = earlier.filter(created_at__lt=run.created_at).order_by("-created_at").first()
    if before is None or before.f1 is None:
        return None
    return run.f1 - before.f1
