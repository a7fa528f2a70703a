"""Broker, S3, Glue or the workers go away while a run is on its way; it waits, says why, and ends once when they are back."""

from __future__ import annotations

import time

import pytest
from pytest_django import Settings

from labeling.choices import AT_GLUE, RunKind, RunStatus
from labeling.models import Question, TaskRun, Transform
from labeling.services.task_runs import request_label_import, submit_run, sweep_runs
from tests.labeling.taught import LABELS, follow, lead, runs_at_glue, small_transform, succeeded
from tests.support.servers import Services, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def taught(services: Services, settings: Settings) -> Transform:
    return small_transform()


def import_without_message(taught: Transform, monkeypatch: pytest.MonkeyPatch) -> TaskRun:
    """An import that no worker has heard of yet."""
    with monkeypatch.context() as patch:
        patch.setattr("labeling.services.task_runs.request.submit_run.delay", lambda **_message: None)
        return request_label_import(transform=taught, user=lead(), replace_all=False)


def come_due(run: TaskRun) -> None:
    """Let the wait pass."""
    TaskRun.objects.filter(pk=run.pk).update(not_before=None)


def ended_once(run: TaskRun) -> None:
    assert (run.status, run.error, run.labels_after) == (RunStatus.SUCCEEDED, "", LABELS)
    assert [found.run_id for found in runs_at_glue(run.transform, RunKind.IMPORT_LABELS)] == [run.glue_run_id]
    assert not Question.objects.filter(state="settled").exclude(imported_version=1).exists()


def test_broker_is_away_when_the_import_is_asked_for(services: Services, taught: Transform) -> None:
    services.kill("redis")
    started = time.monotonic()
    run = request_label_import(transform=taught, user=lead(), replace_all=False)
    assert time.monotonic() - started < 5, "nobody waits until the broker is back"
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    services.start("redis")
    # The sweep sends the message again once the first has had its time.
    TaskRun.objects.filter(pk=run.pk).update(enqueued_at=None)
    sweep_runs()

    def ended() -> bool:
        services.start("worker", "engine-worker")  # if they died of the loss: the launcher does the same
        sweep_runs()
        run.refresh_from_db()
        return run.is_terminal

    wait_until(ended, seconds=90, what="the end of the import", every=0.2)
    ended_once(run)


def test_broker_is_up_but_does_not_answer_when_the_import_is_asked_for(services: Services, taught: Transform) -> None:
    services.suspend("redis")
    try:
        started = time.monotonic()
        run = request_label_import(transform=taught, user=lead(), replace_all=False)
        assert time.monotonic() - started < 15, "nobody waits until the broker answers again"
    finally:
        services.resume("redis")
    assert run.status == RunStatus.QUEUED
    TaskRun.objects.filter(pk=run.pk).update(enqueued_at=None)
    services.start("worker", "engine-worker")  # if they died of the silence: the launcher does the same
    sweep_runs()
    ended_once(succeeded(run))


def test_s3_is_away_while_the_label_file_is_stored(
    services: Services, taught: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = import_without_message(taught, monkeypatch)
    services.kill("s3")
    submit_run(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempts, run.label_file) == (RunStatus.QUEUED, 1, None)
    assert run.error
    assert run.advice
    assert run.not_before is not None
    submit_run(run_id=run.pk)  # too early
    run.refresh_from_db()
    assert run.attempts == 1
    services.start("s3")
    come_due(run)
    ended_once(succeeded(run))


def test_glue_is_away_when_the_import_should_start(
    services: Services, taught: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = import_without_message(taught, monkeypatch)
    services.kill("glue")
    submit_run(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    assert run.label_file is not None
    file = run.label_file
    services.start("glue")
    come_due(run)
    ended_once(succeeded(run))
    assert run.label_file == file


def test_glue_is_away_while_the_import_runs(
    services: Services, taught: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.suspend("engine-worker")
    run = import_without_message(taught, monkeypatch)
    submit_run(run_id=run.pk)
    run.refresh_from_db()
    assert run.status in AT_GLUE
    services.kill("glue")
    sweep_runs()
    run.refresh_from_db()
    assert run.status in AT_GLUE
    assert (run.error, run.attempts) == ("AWS cannot be reached.", 1)
    # Glue may have died before its own message was out: beat has the engine's queue swept.
    services.resume("engine-worker")
    services.start("glue", "beat")
    come_due(run)
    ended_once(succeeded(run))


def test_engine_dies_while_the_import_runs(
    services: Services, taught: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = import_without_message(taught, monkeypatch)
    submit_run(run_id=run.pk)
    services.kill("engine-worker")
    services.start("engine-worker", "beat")
    ended_once(succeeded(run))


def test_everything_is_killed_soon_after_the_import_was_asked_for(services: Services, taught: Transform) -> None:
    """What SIGKILL to ``make run`` leaves behind; then it is started again, and nobody helps."""
    # Shorter than in use, so that the test ends soon; longer than a call to servers that have only just come back.
    services.servers["worker"].env["TASK_RUN_CLAIM_SECONDS"] = "12"
    try:
        services.restart("worker")
        run = request_label_import(transform=taught, user=lead(), replace_all=False)
        time.sleep(0.3)
        services.kill("worker", "engine-worker", "glue", "redis", "s3")
        services.start("redis", "s3", "glue", "engine-worker", "worker", "beat")

        def ended() -> bool:
            services.start("worker", "engine-worker")  # if they died of the loss: the launcher does the same
            run.refresh_from_db()
            return run.is_terminal

        wait_until(ended, seconds=120, what="the end of the import", every=0.2)
        ended_once(run)
    finally:
        services.kill("beat", "worker")
        del services.servers["worker"].env["TASK_RUN_CLAIM_SECONDS"]


def test_a_run_that_glue_forgot_ends(services: Services, taught: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    services.suspend("engine-worker")
    run = import_without_message(taught, monkeypatch)
    submit_run(run_id=run.pk)
    TaskRun.objects.filter(pk=run.pk).update(glue_run_id="tsk-0000")
    follow(run)
    assert run.status == RunStatus.FAILED
    assert "tsk-0000" in run.error
    assert "deleted" in run.advice
    assert not Question.objects.filter(state="settled").exclude(imported_version=None).exists()
