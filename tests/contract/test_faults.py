"""Killed workers, cancelled runs, a broker that is away: nothing lost, nothing stuck, nothing twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labelfiles import label_file_bytes
from localglue.choices import TaskStatus
from localglue.models import LabelImport, TaskRun
from tests.contract.conftest import Glue, answered
from tests.support.servers import wait_until

pytestmark = pytest.mark.services


def engine_processes(run: TaskRun) -> list[int]:
    """The child that works on a run, if there is one. ``run`` may be older than the child, or its row gone."""
    found = TaskRun.objects.filter(pk=run.pk).values_list("engine_process", flat=True).first() or run.engine_process
    pid = int(found.rpartition(":")[2] or 0)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return []
    return [] if state == "Z" else [pid]


def started(glue: Glue, transform: str, start: Callable[..., Any], **request: Any) -> TaskRun:
    """Start a run and wait until a child works on it."""
    handle = start(TransformId=transform, **request)["TaskRunId"]
    run = TaskRun.objects.get(public_id=handle)
    wait_until(lambda: bool(engine_processes(run)), seconds=20, what="a process of the engine")
    run.refresh_from_db()
    return run


def import_file(glue: Glue, transform: str) -> str:
    """A label file in S3; its address."""
    return glue.put("labels.csv", label_file_bytes(answered(glue.questions(transform))))


def test_a_cancelled_run_stops_within_two_seconds_and_changes_nothing(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    path = import_file(glue, transform)
    run = started(glue, transform, glue.client.start_import_labels_task_run, InputS3Path=path)
    asked = time.monotonic()
    status = glue.client.cancel_ml_task_run(TransformId=transform, TaskRunId=run.public_id)["Status"]
    assert status == "STOPPING"
    ended = glue.wait(transform, run.public_id, seconds=2.5)
    assert time.monotonic() - asked < 2.5
    assert ended["Status"] == "STOPPED"
    assert not engine_processes(run)
    assert glue.client.get_ml_transform(TransformId=transform)["LabelCount"] == 0
    assert not LabelImport.objects.exists()


def test_a_worker_that_is_killed_in_an_import_imports_once(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    path = import_file(glue, transform)
    run = started(glue, transform, glue.client.start_import_labels_task_run, InputS3Path=path)
    glue.services.kill("engine-worker")
    wait_until(lambda: not engine_processes(run), seconds=3, what="the end of the orphan")
    assert TaskRun.objects.get(pk=run.pk).status == TaskStatus.RUNNING
    glue.services.start("engine-worker", "beat")
    ended = glue.wait(transform, run.public_id, seconds=60)
    assert ended["Status"] == "SUCCEEDED", ended
    assert LabelImport.objects.count() == 1
    after = TaskRun.objects.get(pk=run.pk)
    assert (after.attempts, after.losses) == (2, 1)
    shown = glue.client.get_ml_transform(TransformId=transform)
    assert (shown["Status"], shown["LabelCount"]) == ("READY", LabelImport.objects.get().labels_after)


def test_an_engine_process_that_is_killed_is_tried_again_as_often_as_allowed(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform(MaxRetries=1)
    run = started(
        glue, transform, glue.client.start_ml_labeling_set_generation_task_run, OutputS3Path=glue.path("questions")
    )
    os.kill(engine_processes(run)[0], signal.SIGKILL)
    glue.services.start("beat")
    assert glue.wait(transform, run.public_id)["Status"] == "SUCCEEDED"
    assert glue.read_only_object("questions")[1].startswith(b"labeling_set_id,label,id")

    stubborn = glue.create_transform()
    run = started(glue, stubborn, glue.client.start_ml_labeling_set_generation_task_run, OutputS3Path=glue.path("more"))
    os.kill(engine_processes(run)[0], signal.SIGKILL)
    ended = glue.wait(stubborn, run.public_id, seconds=10)
    assert ended["Status"] == "FAILED"
    assert ended["ErrorString"] == "The engine process was ended by signal 9. It may have run out of memory."


def test_a_run_that_takes_too_long_times_out(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform(Timeout=1)
    glue.services.kill("engine-worker")
    handle = glue.client.start_ml_labeling_set_generation_task_run(
        TransformId=transform, OutputS3Path=glue.path("questions")
    )["TaskRunId"]
    begun = TaskRun.objects.get(public_id=handle)
    begun.running_since = begun.started_at.replace(year=2025)  # as if an earlier attempt had used up the time
    begun.save()
    glue.services.start("engine-worker")
    ended = glue.wait(transform, handle, seconds=20)
    assert ended["Status"] == "TIMEOUT"
    assert ended["ErrorString"] == "The run took longer than its timeout of 1 minutes."


def test_a_broker_that_is_away_delays_a_run_and_loses_none(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    glue.services.kill("redis")
    begun = time.monotonic()
    run = glue.client.start_ml_labeling_set_generation_task_run(
        TransformId=transform, OutputS3Path=glue.path("questions")
    )["TaskRunId"]
    assert time.monotonic() - begun < 3, "the caller does not wait for the broker"
    assert glue.client.get_ml_task_run(TransformId=transform, TaskRunId=run)["Status"] == "STARTING"
    glue.services.start("redis", "engine-worker", "beat")
    assert glue.wait(transform, run, seconds=90)["Status"] == "SUCCEEDED"


def test_a_deleted_transform_stops_its_run_and_goes(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform("short-lived")
    run = started(
        glue, transform, glue.client.start_ml_labeling_set_generation_task_run, OutputS3Path=glue.path("questions")
    )
    glue.client.delete_ml_transform(TransformId=transform)
    wait_until(
        lambda: not glue.client.list_ml_transforms(Filter={"Name": "short-lived"})["TransformIds"],
        seconds=3,
        what="the end of the transform",
    )
    assert not engine_processes(run)


def test_an_s3_that_is_away_fails_an_attempt_and_not_the_run(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform(MaxRetries=5)
    glue.services.kill("engine-worker", "s3")
    handle = glue.client.start_ml_labeling_set_generation_task_run(
        TransformId=transform, OutputS3Path=glue.path("questions")
    )["TaskRunId"]
    glue.services.start("engine-worker", "beat")
    wait_until(lambda: TaskRun.objects.get(public_id=handle).failures > 0, seconds=40, what="a failed attempt")
    shown = glue.client.get_ml_task_run(TransformId=transform, TaskRunId=handle)
    assert shown["Status"] == "RUNNING"
    assert shown["ErrorString"].startswith("S3 does not answer")
    glue.services.start("s3")
    ended = glue.wait(transform, handle, seconds=60)
    assert ended["Status"] == "SUCCEEDED"
    assert "ErrorString" not in ended
    assert glue.read_only_object("questions")[1]


def test_runs_go_on_while_the_server_is_away(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    run = started(
        glue, transform, glue.client.start_ml_labeling_set_generation_task_run, OutputS3Path=glue.path("questions")
    )
    glue.services.kill("glue")
    wait_until(
        lambda: TaskRun.objects.get(pk=run.pk).status == TaskStatus.SUCCEEDED, seconds=40, what="the end of the run"
    )
    glue.services.start("glue")
    assert glue.client.get_ml_task_run(TransformId=transform, TaskRunId=run.public_id)["Status"] == "SUCCEEDED"
