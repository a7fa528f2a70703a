"""Values for templates, computed once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from labeling.aws.console import is_aws, log_url
from labeling.choices import GROUP_LABELS, RETRYABLE, AnswerStatus, RunKind, TransformStatus
from labeling.exceptions import LabelportalError
from labeling.models import Chain, Question, TaskRun, Transform
from labeling.permissions import can_see_runs, is_lead
from labeling.selectors.adjudication import AdjudicationWork
from labeling.selectors.automation import runs_of_chains
from labeling.selectors.comments import comments_on, open_comments_on
from labeling.selectors.goals import pace_of
from labeling.selectors.label_files import findings_of
from labeling.selectors.matches import applied
from labeling.selectors.preferences import columns_for, keys_for
from labeling.selectors.questions import (
    QuestionWork,
    has_answered,
    question_number,
    question_progress,
    question_work,
    queue_for_steward,
    recent_answers,
    total_and_left,
)
from labeling.selectors.queue import held_by_others
from labeling.selectors.report import Week, better_table, waiting_table
from labeling.selectors.run_story import run_cost, run_story
from labeling.selectors.shadow import estimate_awaited, estimate_for
from labeling.selectors.task_runs import (
    foreign_replacement,
    label_file_of,
    not_taken_up,
    run_events,
    runs_for_team,
    runs_for_transform,
    usual_seconds,
)
from labeling.selectors.transforms import TransformOverview, transform_overview, transform_overviews
from labeling.services.chains import steps_of
from partitions import labels_for

STAGES = 5
"""So many transforms stand on the first page of a lead; the list has them all."""

WAITING = 15
"""So many lines of what waits stand on the first page; the weekly report has them all."""

GOOD_F1 = 0.9
"""From here on the page suggests to use the model rather than to teach it more."""


def error_text(error: LabelportalError) -> str:
    """What went wrong and, where known, what to do."""
    return " ".join(part for part in (str(error), getattr(error, "advice", "")) if part)


def name_guess(source_name: str) -> str:
    """``crm_people-2024.csv`` or ``sales.crm_people`` → ``Crm people 2024``: a first name for the transform, to be typed over."""
    stem = re.sub(r"\.(csv|parquet|pq)$", "", source_name, flags=re.IGNORECASE)
    return re.sub(r"[\W_]+", " ", stem.rsplit(".", 1)[-1]).strip().capitalize()


class Step(StrEnum):
    """The round that teaches a transform; after the last comes the first again. Disputes are a part of answering."""

    QUESTIONS = "questions"
    ANSWERS = "answers"
    DISPUTES = "disputes"
    LABELS = "labels"
    QUALITY = "quality"
    RESULT = "result"


_URGENCY = (Step.LABELS, Step.DISPUTES, Step.QUALITY, Step.RESULT, Step.ANSWERS, Step.QUESTIONS)
"""What waits for a lead comes before what waits for stewards, and that before what nobody waits for."""

_STEP_OF_KIND = {
    RunKind.LABELING_SET_GENERATION: Step.QUESTIONS,
    RunKind.IMPORT_LABELS: Step.LABELS,
    RunKind.EVALUATION: Step.QUALITY,
    RunKind.FIND_MATCHES: Step.RESULT,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a transform stands: the step that makes sense next, and the runs that are under way for a step."""

    overview: TransformOverview
    next_step: Step | None
    active: dict[str, TaskRun]


def next_step(overview: TransformOverview) -> Step:
    """The one thing to do now: ask, answer, import, decide what is disputed, estimate, then apply or ask again. A table with new rows is matched first.

    What can be imported does not wait for what is disputed.
    """
    questions, metrics = overview.questions, overview.metrics
    learned, measured, applied = overview.last_import, overview.last_evaluation, overview.last_apply
    if questions.open:
        return Step.ANSWERS
    if questions.waiting_for_import:
        return Step.LABELS
    if questions.disputed:
        return Step.DISPUTES
    if learned is None:
        return Step.QUESTIONS
    if overview.has_new_rows:
        return Step.RESULT
    if measured is None or measured.created_at < learned.created_at:
        return Step.QUALITY
    if (
        metrics is not None
        and metrics.f1_at_trade_off >= GOOD_F1
        and (applied is None or applied.created_at < learned.created_at)
    ):
        return Step.RESULT
    return Step.QUESTIONS


def stage(overview: TransformOverview) -> Stage:
    """The next step of a transform, none if it is archived or gone at Glue; while a run works on a step, that run is what one looks at."""
    active = {str(_STEP_OF_KIND[RunKind(run.kind)]): run for run in overview.active_runs if run.kind in _STEP_OF_KIND}
    transform = overview.transform
    over = transform.archived_at is not None or transform.glue_status == TransformStatus.GONE
    return Stage(overview, None if over else next_step(overview), active)


def _urgency(one: Stage) -> tuple[int, bool]:
    """Sorts the most urgent first; of transforms that wait for questions, those that have learned something."""
    place = len(_URGENCY) if one.next_step is None else _URGENCY.index(one.next_step)
    return place, one.overview.last_import is None


def home_context(membership: Membership, user: User) -> dict[str, Any]:
    """What waits: questions for everybody; for leads also the next step of the transforms, the most urgent first, and the newest runs."""
    team = membership.team
    entries = queue_for_steward(team=team, user=user)
    context: dict[str, Any] = {
        "area": "home",
        "membership": membership,
        "queue": [entry for entry in entries if entry.open],
        "answered_by_me": sum(entry.answered_by_me for entry in entries),
    }
    if is_lead(membership):
        stages = sorted(map(stage, transform_overviews(team=team)), key=_urgency)
        context["stages"] = stages[:STAGES]
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
    return {
        "area": "transforms",
        "membership": membership,
        "transform": transform,
        "stage": stage(overview),
        "overview": overview,
        "metrics": overview.metrics,
        "runs": list(runs_for_transform(transform=transform)[:5]) if can_see_runs(membership) else [],
        "foreign_replacement": foreign_replacement(transform=transform) if can_see_runs(membership) else None,
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


def asked(work: QuestionWork | AdjudicationWork, person: User) -> dict[str, Any]:
    """What the person is asked, to answer or to decide."""
    question = work.question
    remarks = open_comments_on(question=question, reader=person)
    return {
        "id": str(question.pk),
        "number": question_number(question=question),
        "columns": work.transform.column_names,
        "primaryKey": work.transform.primary_key,
        "rows": [{"id": row.pk, "key": row.key, "values": row.values} for row in work.rows],
        "groups": list(labels_for(len(work.rows))),
        "commentsOpen": remarks.total(),
        "remarks": {str(row_id): count for row_id, count in remarks.items() if row_id is not None},
    }


def question_payload(question: Question, steward: User) -> dict[str, Any]:
    """One question as the workbench takes it: rows in Glue's order, the draft, where to send what."""
    work = question_work(question=question, steward=steward)
    return asked(work, steward) | {
        "labels": {str(row_id): label for row_id, label in work.labels.items()},
        "stamp": work.answer.draft_stamp if work.answer else 0,
        "proposal": {
            str(row_id): {"label": proposed.label, "confidence": proposed.confidence}
            for row_id, proposed in work.proposal.items()
        },
        "urls": {
            name: reverse(f"labeling:question-{name}", args=[question.pk])
            for name in ("detail", "draft", "submit", "skip", "release", "reopen", "panel")
        },
    }


def next_payload(transform: Transform, question: Question | None, steward: User) -> dict[str, Any]:
    """The question to show after the one on the screen, how many are left, and how far the person is."""
    total, left = total_and_left(transform=transform, steward=steward)
    return {
        "question": question_payload(question, steward) if question else None,
        "total": total,
        "left": left,
        "pace": asdict(pace_of(team=transform.team, user=steward)),
    }


def workbench_context(question: Question, steward: User) -> dict[str, Any]:
    """The workbench with its first question."""
    transform = question.question_set.transform
    return {
        "area": "transforms",
        "transform": transform,
        "question": question,
        "workbench": bench_config(transform=transform, user=steward)
        | next_payload(transform, question, steward)
        | {"isFirst": not has_answered(steward=steward)},
    }


def bench_config(*, transform: Transform, user: User) -> dict[str, Any]:
    """What the workbench knows besides its questions: groups, how cells are shown, the person's columns and keys, where to send what."""
    return {
        "groups": list(GROUP_LABELS),
        "person": str(user.pk),
        "transform": str(transform.pk),
        "shows": {"links": transform.links_in_cells, "images": transform.images_in_cells},
        "columns": asdict(columns_for(user=user, transform=transform)),
        "keys": asdict(keys_for(user=user)),
        "urls": {
            "next": reverse("labeling:question-next", args=[transform.pk]),
            "columns": reverse("labeling:columns-save", args=[transform.pk]),
            "keys": reverse("labeling:keys-save"),
        },
    }


def answered_context(question: Question, steward: User) -> dict[str, Any]:
    """A question that is not to be had; one's own submitted answer is shown to read."""
    work = question_work(question=question, steward=steward)
    mine = work.answer is not None and work.answer.status == AnswerStatus.SUBMITTED
    remarks = open_comments_on(question=question, reader=steward)
    return {
        "area": "transforms",
        "transform": work.transform,
        "question": question,
        "number": question_number(question=question),
        "answer": work.answer if mine else None,
        "columns": work.transform.column_names,
        "rows": [(row, work.labels.get(row.pk, ""), remarks[row.pk]) for row in work.rows] if mine else [],
        "comments": comments_on(question=question, reader=steward) if mine else [],
    }


def done_context(transform: Transform, steward: User) -> dict[str, Any]:
    """Nothing is left for this person: what they did, what others still hold, what happens next."""
    elsewhere = [
        entry
        for entry in queue_for_steward(team=transform.team, user=steward)
        if entry.open and entry.transform != transform
    ]
    return {
        "area": "transforms",
        "transform": transform,
        "progress": question_progress(transform=transform),
        "held": held_by_others(transform=transform, steward=steward),
        "elsewhere": elsewhere,
        "recent": recent_answers(transform=transform, steward=steward),
    }
