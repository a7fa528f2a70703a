"""A run at Glue is followed to its end, and what it brought is taken in with the same transaction that ends it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.aws import glue
from labeling.aws.errors import MISSING, advice_for, problem_of_run
from labeling.choices import AT_GLUE, LabelFileKind, RunKind, RunStatus
from labeling.exceptions import GlueError
from labeling.models import LabelFile, Question, TaskRun, Transform
from labeling.selectors.known_labels import known_labels
from labeling.services import apply
from labeling.services.exports import (
    ExportedLabels,
    UnreadableExportError,
    keep_exported_labels,
    read_exported_labels,
)
from labeling.services.questions import (
    GeneratedQuestions,
    UnreadableQuestionsError,
    make_question_set,
    read_generated_questions,
)
from labeling.services.task_runs.foreign_outcome import finish_foreign_run
from labeling.services.task_runs.request import import_next_part
from labeling.services.task_runs.transitions import clear_problem, fail, note_problem, transition

logger = logging.getLogger(__name__)


def sync_run(*, run: TaskRun) -> None:
    """Bring the row up to what Glue says. May be called at any time and by several workers at once.

    While Glue cannot be asked, the state stays, the row says why, and the next look waits longer and longer.
    """
    if run.status in AT_GLUE:
        _take_news(run, lambda: _ask(run), None)


def take_known_news(*, run: TaskRun, seen: glue.Run, transform: glue.MLTransform | None) -> None:
    """The same with what Glue has just said of the run, and of its transform if the run ended well."""
    if run.status in AT_GLUE:
        _take_news(run, lambda: seen, transform)


def _take_news(run: TaskRun, ask: Callable[[], glue.Run], transform: glue.MLTransform | None) -> None:
    try:
        seen = ask()
        if seen.status == RunStatus.SUCCEEDED:
            _finish(run, seen, transform)
        elif seen.status != run.status and seen.status in RunStatus.values:
            _follow(run, seen)
        else:
            clear_problem(run=run)
    except (UnreadableQuestionsError, UnreadableExportError, apply.NoResultError) as error:
        fail(run=run, error=str(error), advice=_("The run succeeded at Glue. Look at what it wrote, or run it again."))
    except GlueError as error:
        if error.code in MISSING:
            fail(run=run, error=str(error), advice=error.advice, problem=error.problem)
            return
        logger.warning("run %s cannot be followed: %s", run.pk, error.code)
        note_problem(run=run, error=error, attempts=run.attempts + 1)


def _ask(run: TaskRun) -> glue.Run:
    if run.kind == RunKind.FIND_MATCHES and not run.foreign:
        return apply.job_run(run=run)
    return glue.get_ml_task_run(transform_id=run.transform.glue_transform_id, task_run_id=run.glue_run_id)


def _follow(run: TaskRun, seen: glue.Run) -> None:
    status = RunStatus(seen.status)
    times: dict[str, Any] = {
        "started_at": seen.started_on or run.started_at,
        "execution_seconds": seen.execution_seconds,
        **_where_and_how(run, seen),
    }
    if status in AT_GLUE:
        transition(run=run, to=status, **times, error="", advice="", attempts=0, not_before=None)
        return
    problem = problem_of_run(seen.error) if status == RunStatus.FAILED else None
    advice = advice_for(problem) if problem else _advice(run) if status == RunStatus.FAILED else ""
    transition(
        run=run,
        to=status,
        note=seen.error,
        error=seen.error,
        problem=problem or "",
        advice=advice,
        completed_at=seen.completed_on or timezone.now(),
        **times,
    )


def _where_and_how(run: TaskRun, seen: glue.Run) -> dict[str, Any]:
    """Where Glue writes its log, and the capacity that it used."""
    return {"log_group": seen.log_group, "capacity": seen.capacity or run.capacity}


def _finish(run: TaskRun, seen: glue.Run, described: glue.MLTransform | None) -> None:
    """Fetch what the run brought, then end the run and store it in one transaction: all of it happens, once, or none."""
    transform = described or glue.get_ml_transform(transform_id=run.transform.glue_transform_id)
    if run.foreign:
        finish_foreign_run(run=run, seen=seen, transform=transform, **_where_and_how(run, seen))
        return
    brought: dict[str, Any] = {"labels_after": transform.label_count}
    generated: GeneratedQuestions | None = None
    exported: ExportedLabels | None = None
    if run.kind == RunKind.LABELING_SET_GENERATION:
        generated = read_generated_questions(run=run)
    elif run.kind == RunKind.EXPORT_LABELS:
        exported = read_exported_labels(run=run)
    elif run.kind == RunKind.EVALUATION:
        brought["metrics"] = asdict(transform.metrics) if transform.metrics else None
    elif run.kind == RunKind.FIND_MATCHES:
        result = apply.find_result(run=run)
        brought |= {"result_uri": result.uri, "result_size": result.size}
    with transaction.atomic():
        ended = transition(
            run=run,
            to=RunStatus.SUCCEEDED,
            started_at=seen.started_on or run.started_at,
            completed_at=seen.completed_on or timezone.now(),
            execution_seconds=seen.execution_seconds,
            **_where_and_how(run, seen),
            error="",
            advice="",
            **brought,
        )
        if not ended:
            return
        if generated is not None:
            make_question_set(transform=run.transform, generated=generated, user=run.requested_by, task_run=run)
        if exported is not None:
            keep_exported_labels(run=run, exported=exported)
        if run.kind == RunKind.IMPORT_LABELS:
            _mark_imported(run)
        known = known_labels(transform=run.transform, label_count=transform.label_count)
        pairs = known.pairs if known else None
        TaskRun.objects.filter(pk=run.pk).update(
            content_hash=known.content_hash if known else "",
            matching_after=pairs.matching if pairs else None,
            non_matching_after=pairs.non_matching if pairs else None,
        )
        Transform.objects.filter(pk=run.transform_id).update(
            glue_status=transform.status,
            label_count=transform.label_count,
            updated_at=timezone.now(),
            **_unproposed(run),
        )
        if run.kind == RunKind.IMPORT_LABELS:
            import_next_part(run=run)


def _unproposed(run: TaskRun) -> dict[str, None]:
    """That proposals are due, where the run brought labels which are no answers: these teach the engine only now."""
    answers = run.label_file is not None and run.label_file.kind == LabelFileKind.BUILT
    brought = run.kind in (RunKind.IMPORT_LABELS, RunKind.EXPORT_LABELS) and not answers
    return {"proposals_at": None} if brought else {}


def _mark_imported(run: TaskRun) -> None:
    """Note on each question which version of its result Glue has now learned. After a replacement Glue knows no others."""
    label_file = run.label_file
    assert isinstance(label_file, LabelFile)  # nothing is submitted without its file
    if run.replace_all_labels:
        Question.objects.filter(question_set__transform=run.transform_id).update(imported_version=None)
    included = label_file.included_questions.all()
    for version in included.order_by().values_list("version", flat=True).distinct():
        Question.objects.filter(inclusions__in=included.filter(version=version)).update(imported_version=version)


def _advice(run: TaskRun) -> str:
    match run.kind:
        case RunKind.IMPORT_LABELS if run.foreign:
            return ""  # its file is with whoever started it, and no answer was in it
        case RunKind.IMPORT_LABELS:
            return _("The answers are still waiting to be imported. Correct what the message names, then import again.")
        case RunKind.EVALUATION:
            return _("An estimate needs labels with both matching and different rows. Import more, then try again.")
        case _:
            return _("The run's log at Glue may say more.")
