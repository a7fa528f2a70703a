"""Runs that are stopped, refused, put off or fail at the real localglue."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from labeling.aws import glue, storage
from labeling.choices import AT_GLUE, RunKind, RunStatus
from labeling.exceptions import GlueError, RunConflictError
from labeling.models import Question, Row, TaskRun, Transform
from labeling.selectors.import_preview import import_preview
from labeling.selectors.task_runs import foreign_replacement
from labeling.services.task_runs import (
    StopOutcome,
    cancel_run,
    request_apply,
    request_evaluation,
    request_label_import,
    request_question_generation,
    submit_run,
)
from labeling.services.task_runs.foreign import take_in_foreign_runs
from labeling.services.task_runs.submit import recover_submission
from labeling.services.task_runs.transitions import MAX_ATTEMPTS
from tests.labeling.taught import follow, lead, runs_at_glue, succeeded
from tests.support.servers import Services


def submitted(run: TaskRun) -> TaskRun:
    submit_run(run_id=run.pk)
    return TaskRun.objects.select_related("transform", "label_file").get(pk=run.pk)


def test_a_queued_run_is_stopped_without_glue(taught: Transform) -> None:
    run = request_question_generation(transform=taught, user=lead())
    assert cancel_run(run=run, user=lead()) == StopOutcome.STOPPED
    assert run.status == RunStatus.STOPPED
    assert run.completed_at is not None
    assert submitted(run).status == RunStatus.STOPPED
    assert runs_at_glue(taught, RunKind.LABELING_SET_GENERATION) == []
    with pytest.raises(RunConflictError, match="ended"):
        cancel_run(run=run, user=lead())
    # The next one may come.
    request_question_generation(transform=taught, user=lead())


@pytest.mark.parametrize("kind", [RunKind.IMPORT_LABELS, RunKind.FIND_MATCHES])
def test_a_run_at_glue_is_asked_to_stop(taught: Transform, services: Services, kind: RunKind) -> None:
    if kind == RunKind.FIND_MATCHES:
        succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
        run = request_apply(transform=taught, user=lead())
    else:
        run = request_label_import(transform=taught, user=lead(), replace_all=False)
    services.suspend("engine-worker")
    run = submitted(run)
    assert run.status in AT_GLUE
    assert cancel_run(run=run, user=lead()) == StopOutcome.ASKED
    assert run.status == RunStatus.STOPPING
    assert cancel_run(run=run, user=lead()) == StopOutcome.ASKED
    services.resume("engine-worker")
    assert follow(run).status == RunStatus.STOPPED
    if kind == RunKind.IMPORT_LABELS:
        assert import_preview(transform=taught).answers == 3


def test_a_run_that_somebody_else_starts_is_found_beside_ours(taught: Transform) -> None:
    ours = follow(submitted(request_label_import(transform=taught, user=lead(), replace_all=False)))
    assert ours.label_file is not None
    theirs = storage.save_bytes(f"elsewhere/{uuid.uuid4()}.csv", storage.read_uri(ours.label_file.uri))
    glue.start_import_labels_task_run(
        transform_id=taught.glue_transform_id, input_s3_path=theirs.uri, replace_all_labels=True
    )
    taught.refresh_from_db()
    (found,) = take_in_foreign_runs(transform=taught)
    assert (found.foreign, found.path, found.replace_all_labels) == (True, theirs.uri, True)
    assert follow(found).status == RunStatus.SUCCEEDED
    assert foreign_replacement(transform=taught) == found
    assert import_preview(transform=taught).answers == 3
    assert take_in_foreign_runs(transform=taught) == []


def test_an_estimate_before_any_label_fails_with_advice(taught: Transform) -> None:
    run = submitted(request_evaluation(transform=taught, user=lead()))
    assert (run.status, run.attempts) == (RunStatus.FAILED, 1)
    assert "READY state" in run.error
    assert "import labels" in run.advice


def test_glues_limit_of_runs_puts_a_run_off(taught: Transform, services: Services) -> None:
    services.suspend("engine-worker")
    others = [
        glue.start_ml_labeling_set_generation_task_run(
            transform_id=taught.glue_transform_id, output_s3_path=storage.our_uri(f"elsewhere/{uuid.uuid4()}/{number}/")
        )
        for number in range(3)
    ]
    run = submitted(request_question_generation(transform=taught, user=lead()))
    assert (run.status, run.attempts) == (RunStatus.QUEUED, 1)
    assert "exceeded the transform limit of 3" in run.error
    assert run.not_before is not None
    assert run.not_before > timezone.now()
    for task_run_id in others:
        glue.cancel_ml_task_run(transform_id=taught.glue_transform_id, task_run_id=task_run_id)
    services.resume("engine-worker")
    TaskRun.objects.filter(pk=run.pk).update(not_before=None)
    succeeded(run)


def test_labels_of_another_table_fail_and_wait_on(taught: Transform) -> None:
    place = taught.column_names.index(taught.primary_key)
    for row in Row.objects.all():
        row.key = row.values[place] = f"other-{row.key}"
        row.save()
    run = follow(request_label_import(transform=taught, user=lead(), replace_all=False))
    assert run.status == RunStatus.FAILED
    assert run.error
    assert "still waiting to be imported" in run.advice
    assert not Question.objects.exclude(imported_version=None).exists()
    taught.refresh_from_db()
    assert taught.label_count == 0


def test_a_transform_that_is_gone_ends_the_run(taught: Transform) -> None:
    Transform.objects.filter(pk=taught.pk).update(glue_transform_id="tfm-" + "0" * 40)
    run = submitted(request_label_import(transform=taught, user=lead(), replace_all=False))
    assert run.status == RunStatus.FAILED
    assert "deleted" in run.advice


def test_giving_up_after_many_attempts(taught: Transform, services: Services) -> None:
    run = request_label_import(transform=taught, user=lead(), replace_all=False)
    TaskRun.objects.filter(pk=run.pk).update(attempts=MAX_ATTEMPTS - 1)
    services.kill("glue")
    assert submitted(run).status == RunStatus.FAILED
    services.start("glue")
    orphan = request_label_import(transform=taught, user=lead(), replace_all=False)
    TaskRun.objects.filter(pk=orphan.pk).update(
        status=RunStatus.SUBMITTING, claimed_at=timezone.now(), attempts=MAX_ATTEMPTS
    )
    orphan.refresh_from_db()
    recover_submission(run=orphan)
    assert orphan.status == RunStatus.FAILED


def test_an_orphan_stays_while_glue_cannot_be_asked(taught: Transform, services: Services) -> None:
    run = request_question_generation(transform=taught, user=lead())
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.SUBMITTING, claimed_at=timezone.now())
    run.refresh_from_db()
    services.kill("glue")
    with pytest.raises(GlueError):
        recover_submission(run=run)
    run.refresh_from_db()
    assert run.status == RunStatus.SUBMITTING


def test_a_job_that_wrote_nothing_fails(taught: Transform) -> None:
    succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
    run = submitted(request_apply(transform=taught, user=lead()))
    # Look for the result where there is none.
    TaskRun.objects.filter(pk=run.pk).update(path=storage.our_uri("empty/"))
    follow(run)
    assert run.status == RunStatus.FAILED
    assert "there are 0" in run.error
