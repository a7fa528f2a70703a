"""The life of a run: leases, losses, retries, stops, the sweep. Time is a parameter, so nothing here waits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labelportal.run.config import ROOT
from localglue import runs
from localglue.choices import TaskStatus, TaskType, TransformStatus
from localglue.errors import ConcurrentRunsExceededException, EntityNotFoundException
from localglue.models import MLTransform, TaskRun

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=1)
LATER = NOW + timedelta(seconds=60)  # every lease of NOW has run out


@pytest.fixture
def transform(db: None) -> MLTransform:
    return MLTransform.objects.create(
        name="people",
        database_name="lab",
        table_name="people",
        input_table={},
        parameters={},
        schema=[],
        schema_digest="",
        role="r",
        create_request={},
    )


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[int]:
    """The runs for which a message was sent."""
    messages: list[int] = []
    monkeypatch.setattr(runs, "enqueue", messages.append)
    return messages


@pytest.fixture
def start(transform: MLTransform) -> Callable[..., TaskRun]:
    def make(task_type: TaskType = TaskType.EVALUATION, **fields: Any) -> TaskRun:
        run = runs.start_run(transform=transform, task_type=task_type)
        TaskRun.objects.filter(pk=run.pk).update(**fields)
        return run

    return make


def claimed(run: TaskRun, now: datetime = NOW) -> TaskRun:
    taken = runs.claim(run.pk, now=now)
    assert taken is not None
    return taken


def fresh(run: TaskRun) -> TaskRun:
    return TaskRun.objects.get(pk=run.pk)


def test_a_run_is_taken_once(start: Callable[..., TaskRun]) -> None:
    run = start()
    taken = claimed(run)
    assert (taken.status, taken.attempts, taken.running_since) == (TaskStatus.RUNNING, 1, NOW)
    assert runs.claim(run.pk, now=SOON) is None, "a second message finds it taken"


def test_a_result_is_stored_with_the_end_or_not_at_all(start: Callable[..., TaskRun]) -> None:
    run = claimed(start())
    stored: list[str] = []

    def broken() -> None:
        MLTransform.objects.update(label_count=7)
        raise ValueError

    with pytest.raises(ValueError):
        runs.succeed(run, run.lease_token, store=broken)
    assert MLTransform.objects.get().label_count == 0
    assert fresh(run).status == TaskStatus.RUNNING
    runs.succeed(run, run.lease_token, store=lambda: stored.append("x"))
    assert fresh(run).status == TaskStatus.SUCCEEDED
    with pytest.raises(runs.LeaseLostError):
        runs.succeed(run, run.lease_token, store=lambda: stored.append("y"))
    assert stored == ["x"]


def test_the_orphan_of_a_lost_worker_changes_nothing(start: Callable[..., TaskRun]) -> None:
    first = claimed(start())
    second = claimed(first, LATER)
    assert (second.attempts, second.losses) == (2, 1)
    assert second.lease_token != first.lease_token
    with pytest.raises(runs.LeaseLostError):
        runs.succeed(first, first.lease_token, store=lambda: pytest.fail("must not be stored"))
    with pytest.raises(runs.LeaseLostError):
        runs.fail(first, first.lease_token, "x", may_pass=False, now=LATER)
    assert runs.renew(first, first.lease_token, now=LATER) is None
    runs.time_out(first, first.lease_token, now=LATER)
    runs.finish_stop(first, first.lease_token, now=LATER)
    assert fresh(first).status == TaskStatus.RUNNING
    runs.succeed(second, second.lease_token, store=lambda: None)
    assert fresh(first).status == TaskStatus.SUCCEEDED


def test_a_lease_that_is_kept_is_not_lost(start: Callable[..., TaskRun]) -> None:
    run = claimed(start())
    for seconds in range(0, 120, 5):
        now = NOW + timedelta(seconds=seconds)
        assert runs.renew(run, run.lease_token, now=now) == TaskStatus.RUNNING
        assert runs.claim(run.pk, now=now) is None


def test_a_run_that_loses_every_worker_is_given_up(start: Callable[..., TaskRun]) -> None:
    run = start()
    now = NOW
    for _ in range(3):
        claimed(run, now)
        now += timedelta(minutes=1)
    assert runs.claim(run.pk, now=now) is None
    ended = fresh(run)
    assert (ended.status, ended.completed_at) == (TaskStatus.FAILED, now)
    assert ended.error == "The run was given up: it lost its worker 3 times."


def test_a_failure_that_may_pass_is_tried_again_as_often_as_allowed(start: Callable[..., TaskRun]) -> None:
    run = claimed(start(max_retries=1))
    runs.fail(run, run.lease_token, "S3 is away", may_pass=True, now=NOW)
    assert fresh(run).status == TaskStatus.RUNNING
    assert runs.claim(run.pk, now=SOON) is None, "not at once"
    again = claimed(run, LATER)
    assert (again.attempts, again.failures, again.losses) == (2, 1, 0)
    runs.fail(again, again.lease_token, "S3 is away", may_pass=True, now=LATER)
    ended = fresh(run)
    assert (ended.status, ended.error) == (TaskStatus.FAILED, "S3 is away")


def test_a_failure_that_cannot_pass_is_the_end(start: Callable[..., TaskRun]) -> None:
    run = claimed(start(max_retries=5))
    runs.fail(run, run.lease_token, "bad file", may_pass=False, now=NOW)
    assert fresh(run).status == TaskStatus.FAILED


def test_an_error_can_be_kept_by_every_database_whatever_it_quotes(start: Callable[..., TaskRun]) -> None:
    run = claimed(start())
    runs.fail(run, run.lease_token, "Set \0 " + "x" * 1_000_000, may_pass=False, now=SOON)
    kept = fresh(run).error
    assert kept.startswith("Set \ufffd xxx")
    assert len(kept) <= 20_001


def test_an_error_of_an_earlier_attempt_is_forgotten_on_success(start: Callable[..., TaskRun]) -> None:
    run = claimed(start(max_retries=1))
    runs.fail(run, run.lease_token, "S3 is away", may_pass=True, now=NOW)
    again = claimed(run, LATER)
    runs.succeed(again, again.lease_token, store=lambda: None)
    assert fresh(run).error == ""


def test_time_runs_from_the_first_attempt(start: Callable[..., TaskRun]) -> None:
    run = claimed(start(timeout=1))
    assert run.deadline() == NOW + timedelta(minutes=1)
    assert runs.claim(run.pk, now=NOW + timedelta(minutes=2)) is None
    ended = fresh(run)
    assert (ended.status, ended.error) == (TaskStatus.TIMEOUT, "The run took longer than its timeout of 1 minute.")
    assert ended.execution_seconds(LATER) == 120


def test_a_stop_waits_for_the_worker_only_if_there_is_one(start: Callable[..., TaskRun]) -> None:
    waiting = start()
    assert runs.stop(waiting.pk, now=NOW) == TaskStatus.STOPPED
    assert runs.claim(waiting.pk, now=NOW) is None
    held = claimed(start())
    assert runs.stop(held.pk, now=SOON) == TaskStatus.STOPPING
    assert runs.stop(held.pk, now=SOON) == TaskStatus.STOPPING
    assert runs.renew(held, held.lease_token, now=SOON) == TaskStatus.STOPPING
    with pytest.raises(runs.LeaseLostError):
        runs.succeed(held, held.lease_token, store=lambda: pytest.fail("must not be stored"))
    runs.finish_stop(held, held.lease_token, now=SOON)
    assert fresh(held).status == TaskStatus.STOPPED
    abandoned = claimed(start())
    assert runs.stop(abandoned.pk, now=LATER) == TaskStatus.STOPPED


def test_what_has_ended_stays_as_it_ended(start: Callable[..., TaskRun]) -> None:
    run = claimed(start())
    runs.succeed(run, run.lease_token, store=lambda: None)
    assert runs.stop(run.pk, now=NOW) == TaskStatus.SUCCEEDED
    assert runs.claim(run.pk, now=LATER) is None
    assert runs.sweep(now=LATER) == 0


def test_imports_of_a_transform_go_one_after_the_other(
    start: Callable[..., TaskRun], sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    first, second, third = (start(TaskType.IMPORT_LABELS) for _ in range(3))
    assert runs.claim(second.pk, now=NOW) is None
    taken = claimed(first)
    assert runs.claim(second.pk, now=NOW) is None
    runs.stop(second.pk, now=NOW)
    assert runs.claim(third.pk, now=NOW) is None
    with django_capture_on_commit_callbacks(execute=True):
        runs.succeed(taken, taken.lease_token, store=lambda: None)
    assert sent == [third.pk]
    claimed(third)


def test_other_runs_do_not_wait_for_an_import(start: Callable[..., TaskRun]) -> None:
    both = [claimed(start(kind)) for kind in (TaskType.IMPORT_LABELS, TaskType.EVALUATION)]
    assert {fresh(run).status for run in both} == {TaskStatus.RUNNING}


def test_the_sweep_sends_again_what_nobody_took(start: Callable[..., TaskRun], sent: list[int]) -> None:
    run = start(enqueued_at=NOW)
    assert runs.sweep(now=SOON) == 0, "the first message may still be on its way"
    now, times = NOW, []
    for _ in range(40):
        now += timedelta(seconds=5)
        if runs.sweep(now=now):
            times.append((now - NOW).seconds)
    assert times == [5, 15, 35, 75, 135, 195], "the wait doubles up to a minute"
    assert set(sent) == {run.pk}


def test_the_sweep_finds_lost_workers_and_lost_stops(start: Callable[..., TaskRun], sent: list[int]) -> None:
    lost, stopping, alive = claimed(start()), claimed(start()), claimed(start())
    runs.stop(stopping.pk, now=SOON)
    TaskRun.objects.update(enqueued_at=NOW)
    runs.renew(alive, alive.lease_token, now=LATER)
    runs.sweep(now=LATER)
    assert sent == [lost.pk]
    assert fresh(stopping).status == TaskStatus.STOPPED
    assert fresh(alive).status == TaskStatus.RUNNING


def test_a_clock_that_is_set_back_keeps_no_run_from_its_turn(start: Callable[..., TaskRun], sent: list[int]) -> None:
    """Else all that was noted for the hour to come would wait for it."""
    unsent = start()
    lost, stopping, alive = (claimed(start(TaskType.EXPORT_LABELS)) for _ in range(3))
    TaskRun.objects.update(enqueued_at=NOW)
    runs.stop(stopping.pk, now=SOON)
    back = NOW - timedelta(hours=1)
    runs.sweep(now=back)
    assert sent == [unsent.pk]
    later = back + timedelta(seconds=8)
    assert runs.renew(alive, alive.lease_token, now=later), "its worker is still at work"
    runs.sweep(now=later)
    runs.sweep(now=back + timedelta(seconds=12))
    assert sent == [unsent.pk, unsent.pk, lost.pk]
    assert fresh(stopping).status == TaskStatus.STOPPED
    assert fresh(alive).status == TaskStatus.RUNNING


def test_quotas(transform: MLTransform, start: Callable[..., TaskRun], settings: Any) -> None:
    for task_type in (TaskType.EVALUATION, TaskType.LABELING_SET_GENERATION, TaskType.IMPORT_LABELS):
        start(task_type)
    with pytest.raises(ConcurrentRunsExceededException) as caught:
        start(TaskType.EVALUATION)
    assert str(caught.value) == "ML Task Runs count 3 has exceeded the transform limit of 3 task runs."
    start(TaskType.IMPORT_LABELS)  # Glue does not model the error for imports and exports
    settings.LOCALGLUE_MAX_RUNS_PER_TRANSFORM, settings.LOCALGLUE_MAX_RUNS = 10, 4
    with pytest.raises(ConcurrentRunsExceededException) as caught:
        start(TaskType.EVALUATION)
    assert str(caught.value) == "ML Task Runs count 4 has exceeded the limit of 4 task runs."
    runs.stop(TaskRun.objects.earliest("pk").pk, now=NOW)
    start(TaskType.EVALUATION)


def test_nothing_starts_on_a_transform_that_is_being_deleted(
    transform: MLTransform, start: Callable[..., TaskRun]
) -> None:
    MLTransform.objects.update(status=TransformStatus.DELETING)
    with pytest.raises(EntityNotFoundException):
        start()


def test_the_last_run_of_a_deleted_transform_lets_it_go(
    start: Callable[..., TaskRun], django_capture_on_commit_callbacks: Any
) -> None:
    one, two = claimed(start()), claimed(start())
    for run in (one, two):
        runs.stop(run.pk, now=SOON)
    MLTransform.objects.update(status=TransformStatus.DELETING)
    with django_capture_on_commit_callbacks(execute=True):
        runs.finish_stop(one, one.lease_token, now=SOON)
    assert MLTransform.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        runs.finish_stop(two, two.lease_token, now=SOON)
    assert not MLTransform.objects.exists()
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("end", ["", "runs.wait_for_messages(); os._exit(0)"])
def test_a_process_that_ends_sends_its_messages_first(end: str) -> None:
    slow = "runs._send = lambda pk: (time.sleep(0.3), print('sent', pk, flush=True))"
    script = f"import os, time, django; django.setup(); from localglue import runs; {slow}; runs.enqueue(7); {end}"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "sent 7\n"
