"""A queued run is claimed and started at Glue, once.

Glue's Start operations have no client token, so the order matters: the claim is taken first, the file stored and its path saved, the
claim renewed, the call made, the id saved. Whoever dies on the way leaves a SUBMITTING row; ``recover_submission`` then asks Glue
whether a run with the row's path exists. The claim outlives every call that was made under it (see ``labeling.checks``), so nobody
else submits while an answer may still come.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labelfiles import LabelFileError
from labeling.aws import glue
from labeling.choices import RunKind, RunStatus
from labeling.exceptions import GlueError, LabelportalError
from labeling.models import LabelReplacement, TaskRun
from labeling.selectors.known_labels import KnownLabels, known_labels, sets_of_part
from labeling.services import apply, occurrences
from labeling.services.exports import check_still_held, nothing_held
from labeling.services.label_files import build_label_file, place_label_file
from labeling.services.task_runs.cancel import carry_out_stop
from labeling.services.task_runs.transitions import MAX_ATTEMPTS, fail, renew_claim, transition, wait

logger = logging.getLogger(__name__)

_CLOCK_SKEW = timedelta(minutes=5)


def submit_run(*, run_id: uuid.UUID) -> None:
    """Start the run at Glue if it is queued and due; otherwise do nothing, so that any message may come twice or late."""
    run = _runs().get(pk=run_id)
    now = timezone.now()
    if run.status != RunStatus.QUEUED or run.stop_wanted or (run.not_before is not None and run.not_before > now):
        return
    if not transition(run=run, to=RunStatus.SUBMITTING, claimed_at=now, attempts=run.attempts + 1):
        return
    run = _runs().get(pk=run_id)
    try:
        _prepare(run)
    except GlueError as error:
        _not_started(run, error)
        return
    except (LabelportalError, LabelFileError) as error:
        fail(run=run, error=str(error))
        return
    if not renew_claim(run=run):
        logger.warning("run %s: the claim was lost while the run was prepared", run.pk)
        return
    if TaskRun.objects.filter(pk=run.pk, stop_wanted=True).exists():
        transition(run=run, to=RunStatus.QUEUED, note=_("Stopped before Glue was called."), claimed_at=None)
        carry_out_stop(run=run)
        return
    try:
        glue_run_id = _start(run)
    except GlueError as error:
        if run.kind == RunKind.EXPORT_LABELS and nothing_held(error):
            _nothing_to_export(run)
            return
        if error.outcome_unknown:
            # Perhaps it was started. The row stays SUBMITTING until recover_submission has asked Glue.
            logger.warning("run %s: Glue did not answer the start (%s)", run.pk, error.code)
            TaskRun.objects.filter(pk=run.pk, status=RunStatus.SUBMITTING, claimed_at=run.claimed_at).update(
                error=str(error), advice=error.advice, problem=error.problem
            )
            return
        _not_started(run, error)
        return
    _started(run, glue_run_id)


def recover_submission(*, run: TaskRun) -> None:
    """Settle a SUBMITTING run whose claim has run out: adopt the run if Glue has it, else queue it again.

    Raises ``GlueError`` if Glue cannot be asked; the row then stays as it is.
    """
    known = set(run.transform.task_runs.exclude(glue_run_id="").values_list("glue_run_id", flat=True))
    candidates = [found for found in _runs_at_glue(run) if found.run_id not in known]
    if candidates:
        oldest = min(candidates, key=lambda found: (found.started_on is None, found.started_on))
        logger.warning("run %s: adopted %s from Glue", run.pk, oldest.run_id)
        _started(run, oldest.run_id, note=_("Found at Glue after an interruption."))
    elif run.attempts >= MAX_ATTEMPTS:
        fail(run=run, error=_("The run could not be started."), advice=_("Look at the worker's log, then try again."))
    else:
        transition(run=run, to=RunStatus.QUEUED, note=_("Interrupted before Glue was called."), claimed_at=None)


def _prepare(run: TaskRun) -> None:
    """Everything that may be done twice: the label file of an import, the script of a job, the count of labels before."""
    if run.kind == RunKind.IMPORT_LABELS and not run.path:
        if run.label_file is None:
            build_label_file(run=run)
        else:
            place_label_file(run=run)
    if run.kind == RunKind.FIND_MATCHES:
        apply.ensure_job()
    replacement = LabelReplacement.objects.filter(import_run=run).select_related("export_run__transform").first()
    if replacement is not None:
        check_still_held(export=replacement.export_run, but=run.path)
    seen = glue.get_ml_transform(transform_id=run.transform.glue_transform_id)
    known = known_labels(transform=run.transform, label_count=seen.label_count)
    pairs = known.pairs if known else None
    TaskRun.objects.filter(pk=run.pk).update(
        labels_before=seen.label_count,
        labels_expected=_labels_expected(run, known),
        matching_before=pairs.matching if pairs else None,
        non_matching_before=pairs.non_matching if pairs else None,
        capacity=seen.capacity,
        settings=_settings(run),
    )


def _settings(run: TaskRun) -> dict[str, float | bool]:
    """What the outcome depends on and may be set otherwise later."""
    if run.kind in (RunKind.IMPORT_LABELS, RunKind.EXPORT_LABELS):
        return {}
    transform = run.transform
    return {
        "precision_recall": transform.precision_recall,
        "accuracy_cost": transform.accuracy_cost,
        "enforce_provided_labels": transform.enforce_provided_labels,
    }


def _labels_expected(run: TaskRun, known: KnownLabels | None) -> int | None:
    """How many labels Glue should hold after an import; None if the portal does not know what is there already."""
    if run.kind != RunKind.IMPORT_LABELS or run.label_file is None:
        return None
    sets = sets_of_part(run.label_file)
    if sets is None or (known is None and not run.replace_all_labels):
        return None
    return (known or KnownLabels({})).after(sets, replace_all=run.replace_all_labels).rows


def _start(run: TaskRun) -> str:
    transform_id = run.transform.glue_transform_id
    match run.kind:
        case RunKind.LABELING_SET_GENERATION:
            return glue.start_ml_labeling_set_generation_task_run(transform_id=transform_id, output_s3_path=run.path)
        case RunKind.IMPORT_LABELS:
            return glue.start_import_labels_task_run(
                transform_id=transform_id, input_s3_path=run.path, replace_all_labels=run.replace_all_labels
            )
        case RunKind.EVALUATION:
            return glue.start_ml_evaluation_task_run(transform_id=transform_id)
        case RunKind.EXPORT_LABELS:
            return glue.start_export_labels_task_run(transform_id=transform_id, output_s3_path=run.path)
        case RunKind.FIND_MATCHES:
            return apply.start_job(run=run)
        case _:
            raise AssertionError(run.kind)


def _runs_at_glue(run: TaskRun) -> Iterable[glue.Run]:
    """Runs at Glue that may be this one. All kinds but evaluations carry a path that only this run has."""
    after = run.created_at - _CLOCK_SKEW
    if run.kind == RunKind.FIND_MATCHES:
        return [found for found in apply.job_runs(started_after=after) if _same_path(found.path, run.path)]
    if run.kind == RunKind.EVALUATION:
        # One evaluation is active at a time, so an unknown one that started after the claim is ours, or as good as ours.
        after = (run.claimed_at or run.created_at) - timedelta(seconds=settings.TASK_RUN_CLAIM_SECONDS)
    elif not run.path:
        return []
    found_runs = glue.get_ml_task_runs(
        transform_id=run.transform.glue_transform_id, task_run_type=run.kind, started_after=after
    )
    return [found for found in found_runs if run.kind == RunKind.EVALUATION or _same_path(found.path, run.path)]


def _same_path(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


def _started(run: TaskRun, glue_run_id: str, note: str = "") -> None:
    transition(
        run=run,
        to=RunStatus.STARTING,
        note=note,
        glue_run_id=glue_run_id,
        started_at=timezone.now(),
        error="",
        advice="",
        attempts=0,
        not_before=None,
    )


def _nothing_to_export(run: TaskRun) -> None:
    """Glue holds no labels, which is an answer and not a failure: the run has ended well and brought no file."""
    transition(
        run=run,
        to=RunStatus.SUCCEEDED,
        note=_("Glue holds no labels, so there was nothing to export."),
        started_at=timezone.now(),
        labels_after=0,
        matching_after=0,
        non_matching_after=0,
        content_hash=KnownLabels({}).content_hash,
        error="",
        advice="",
        attempts=0,
    )


def _not_started(run: TaskRun, error: GlueError) -> None:
    """Glue surely did not start it: wait and try again if that can help, else end."""
    if error.retryable and run.attempts < MAX_ATTEMPTS:
        queued = transition(
            run=run,
            to=RunStatus.QUEUED,
            note=str(error),
            claimed_at=None,
            not_before=timezone.now() + wait(run.attempts),
            error=str(error),
            advice=error.advice,
            problem=error.problem,
        )
        if queued:
            occurrences.run_waits(run, run.attempts)
    else:
        fail(run=run, error=str(error), advice=error.advice, problem=error.problem)


def _runs() -> QuerySet[TaskRun]:
    return TaskRun.objects.select_related("transform", "label_file", "requested_by")
