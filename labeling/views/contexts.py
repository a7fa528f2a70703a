"""Values for templates, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from labeling.aws.console import is_aws, log_url
from labeling.choices import RETRYABLE
from labeling.models import Chain, TaskRun, Transform
from labeling.permissions import can_see_runs, is_lead
from labeling.selectors.automation import runs_of_chains
from labeling.selectors.known_labels import labels_unseen
from labeling.selectors.label_files import findings_of
from labeling.selectors.matches import applied
from labeling.selectors.questions import begun_by, queue_for_steward
from labeling.selectors.report import Week, better_table, waiting_table
from labeling.selectors.run_story import run_cost, run_story
from labeling.selectors.shadow import estimate_awaited, estimate_for
from labeling.selectors.stages import stage_of, urgency
from labeling.selectors.task_runs import (
    foreign_replacement,
    label_file_of,
    not_taken_up,
    run_events,
    runs_for_team,
    runs_for_transform,
    usual_seconds,
)
from labeling.selectors.transforms import transform_overview, transform_overviews
from labeling.services.chains import steps_of

STAGES = 5
"""So many transforms stand on the first page of a lead; the list has them all."""

WAITING = 15
"""So many lines of what waits stand on the first page; the weekly report has them all."""


def error_text(error: Exception) -> str:
    """What went wrong and, where known, what to do."""
    return " ".join(part for part in (str(error), getattr(error, "advice", "")) if part)


def about_transform(transform: Transform, membership: Membership) -> dict[str, Any]:
    """What every page of a transform is given: where it stands in the bar, what it is about, what the reader may do, and whether they have begun."""
    return {
        "area": "transforms",
        "membership": membership,
        "transform": transform,
        "begun": begun_by(membership=membership, transform=transform),
    }


def home_context(membership: Membership, user: User) -> dict[str, Any]:
    """What waits: questions for everybody; for leads also the next step of the transforms, the most urgent first, and the newest runs."""
    team = membership.team
    entries = queue_for_steward(team=team, user=user)
    context: dict[str, Any] = {
        "area": "home",
        "membership": membership,
        "queue": [entry for entry in entries if entry.open],
        "begun": {entry.transform.pk for entry in entries if entry.has_begun},
        "answered_by_me": sum(entry.answered_by_me for entry in entries),
    }
    if is_lead(membership):
        stages = sorted(map(stage_of, transform_overviews(team=team)), key=urgency)
        context["stages"] = stages[:STAGES]
        context["answerable"] = {entry.transform.pk for entry in entries if entry.open}
        context["stages_besides"] = len(stages[STAGES:])
        context["runs"] = list(runs_for_team(team=team)[:6])
        week = Week.of(timezone.localdate())
        waiting = waiting_table(team=team)
        context["week"] = [better_table(team=team, week=week), replace(waiting, rows=waiting.rows[:WAITING])]
        context["waits_besides"] = max(0, len(waiting.rows) - WAITING)
    return context


def transform_context(transform: Transform, membership: Membership) -> dict[str, Any]:
    """The page of a transform: five steps, the newest runs, what it is made of."""
    overview = transform_overview(transform=transform)
    return about_transform(transform, membership) | {
        "stage": stage_of(overview),
        "overview": overview,
        "metrics": overview.metrics,
        "runs": list(runs_for_transform(transform=transform)[:5]) if can_see_runs(membership) else [],
        "foreign_replacement": foreign_replacement(transform=transform) if can_see_runs(membership) else None,
        "labels_unseen": can_see_runs(membership) and labels_unseen(transform=transform),
        "trade_offs": trade_off_words(
            {"precision_recall": transform.precision_recall, "accuracy_cost": transform.accuracy_cost}
        ),
    }


def trade_off_words(settings: Mapping[str, float]) -> dict[str, str]:
    """The two sliders in words."""
    return {
        "precision_recall": _between(
            settings["precision_recall"], _("favours recall"), _("balanced"), _("favours precision")
        ),
        "accuracy_cost": _between(
            settings["accuracy_cost"], _("favours low cost"), _("balanced"), _("favours accuracy")
        ),
    }


def _between(value: float, low: str, middle: str, high: str) -> str:
    return low if value < 0.4 else high if value > 0.6 else middle


def run_context(run: TaskRun, membership: Membership) -> dict[str, Any]:
    """The page of a run."""
    label_file = label_file_of(run)
    awaited = estimate_awaited(run=run)
    if run.chain:
        prefetch_related_objects([run.chain], runs_of_chains())
    return {
        "area": "runs",
        "membership": membership,
        "run": run,
        "begun": begun_by(membership=membership, transform=run.transform),
        "events": run_events(run=run),
        "not_taken_up": not_taken_up(run=run),
        "metrics": run.measured,
        "shadow": estimate_for(run=run),
        "shadow_awaited": awaited,
        "goes_on": run.is_active or awaited or (run.chain is not None and run.chain.is_running),
        "usual_seconds": usual_seconds(run=run),
        "label_file": label_file,
        "findings": findings_of(label_file=label_file) if label_file else [],
        "story": run_story(run=run),
        "is_newest_result": bool(run.result_uri) and applied().filter(transform=run.transform).first() == run,
        "chain": run.chain,
        "steps": chain_steps(run.chain) if run.chain else [],
        "cost": run_cost(run) if is_aws() else None,
        "log_url": log_url(log_group=run.log_group, run_id=run.glue_run_id) if run.log_group else "",
        "may_retry": run.status in RETRYABLE and not run.foreign,
        "trade_offs": trade_off_words(run.settings) if run.settings else {},
    }


def chain_steps(chain: Chain) -> list[dict[str, Any]]:
    """The steps of a chain in order, each with its newest run or none."""
    newest = {run.kind: run for run in sorted(chain.runs.all(), key=lambda run: run.created_at)}
    return [{"label": kind.label, "run": newest.get(kind)} for kind in steps_of(chain)]
