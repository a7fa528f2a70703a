"""Killed workers, cancelled runs, a broker that is away: nothing lost, nothing stuck, nothing twice."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from labelfiles import label_file_bytes
from localglue.choices import ACTIVE, TaskStatus, TaskType
from localglue.models import LabelImport, TaskRun
from localglue.tasks import sweep_runs
from tests.contract.conftest import ROLE, Glue, answered
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


@contextmanager
def paused(glue: Glue, *names: str) -> Iterator[None]:
    """While these parts are stopped by SIGSTOP; those that live then go on."""
    processes = [process for name in names if (process := glue.services.servers[name].process) is not None]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


@contextmanager
def in_the_middle(glue: Glue, transform: str, start: Callable[..., Any], **request: Any) -> Iterator[TaskRun]:
    """A run that a child works on and that cannot end: S3, which it needs, does not answer while this lasts."""
    with contextlib.ExitStack() as stack:
        with paused(glue, "engine-worker"):
            handle = start(TransformId=transform, **request)["TaskRunId"]  # Glue itself may ask S3
            stack.enter_context(paused(glue, "s3"))
        run = TaskRun.objects.get(public_id=handle)
        wait_until(lambda: bool(engine_processes(run)), seconds=90, what="a process of the engine")
        yield run


def import_file(glue: Glue, transform: str) -> str:
    """A label file in S3; its address."""
    return glue.put("labels.csv", label_file_bytes(answered(glue.questions(transform))))


def test_a_cancelled_run_stops_at_once_and_changes_nothing(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    path = import_file(glue, transform)
    with in_the_middle(glue, transform, glue.client.start_import_labels_task_run, InputS3Path=path) as run:
        status = glue.client.cancel_ml_task_run(TransformId=transform, TaskRunId=run.public_id)["Status"]
        assert status == "STOPPING"
        assert glue.wait(transform, run.public_id)["Status"] == "STOPPED", "though its work would not have ended"
        assert not engine_processes(run)
    assert glue.client.get_ml_transform(TransformId=transform)["LabelCount"] == 0
    assert not LabelImport.objects.exists()


def test_an_engine_process_that_is_killed_is_tried_again_as_often_as_allowed(glue: Glue) -> None:
    glue.create_table()
    generate = glue.client.start_ml_labeling_set_generation_task_run
    transform = glue.create_transform(MaxRetries=1)
    with in_the_middle(glue, transform, generate, OutputS3Path=glue.path("questions")) as run:
        os.kill(engine_processes(run)[0], signal.SIGKILL)
        wait_until(lambda: TaskRun.objects.get(pk=run.pk).failures == 1, what="the end of the attempt")
    ended([run])
    assert glue.read_only_object("questions")[1].startswith(b"labeling_set_id,label,id")

    stubborn = glue.create_transform()
    with in_the_middle(glue, stubborn, generate, OutputS3Path=glue.path("more")) as run:
        os.kill(engine_processes(run)[0], signal.SIGKILL)
        failed = glue.wait(stubborn, run.public_id)
    assert failed["Status"] == "FAILED"
    assert failed["ErrorString"] == "The engine process was ended by signal 9. It may have run out of memory."


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
    late = glue.wait(transform, handle)
    assert late["Status"] == "TIMEOUT"
    assert late["ErrorString"] == "The run took longer than its timeout of 1 minute."


def test_a_deleted_transform_stops_its_run_and_goes(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform("short-lived")
    generate = glue.client.start_ml_labeling_set_generation_task_run
    with in_the_middle(glue, transform, generate, OutputS3Path=glue.path("questions")) as run:
        glue.client.delete_ml_transform(TransformId=transform)
        wait_until(
            lambda: not glue.client.list_ml_transforms(Filter={"Name": "short-lived"})["TransformIds"],
            what="the end of the transform",
        )
        assert not engine_processes(run)


def test_whoever_asks_while_a_transform_goes_is_told_that_it_is_gone(glue: Glue) -> None:
    """Twelve at once, ten times: some of them find the transform or the run, and it is gone when they get to it."""
    glue.create_table()
    client = glue.client
    codes: set[str] = set()

    def ask(ask_for: Callable[..., Any], **request: Any) -> None:
        try:
            ask_for(**request)
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])

    with paused(glue, "engine-worker"), ThreadPoolExecutor(12) as people:
        for _ in range(10):
            transform = glue.create_transform()
            run = client.start_ml_labeling_set_generation_task_run(
                TransformId=transform, OutputS3Path=glue.path("questions")
            )["TaskRunId"]
            for _ in range(4):
                people.submit(ask, client.cancel_ml_task_run, TransformId=transform, TaskRunId=run)
                people.submit(ask, client.delete_ml_transform, TransformId=transform)
                people.submit(ask, client.update_ml_transform, TransformId=transform, Description="late")
    assert codes <= {"EntityNotFoundException", "InvalidInputException"}, "the second: it is being deleted"


def test_a_broker_that_does_not_answer_delays_a_run_and_nobody_who_starts_one(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    with paused(glue, "redis"):
        run = glue.client.start_ml_labeling_set_generation_task_run(
            TransformId=transform, OutputS3Path=glue.path("questions")
        )["TaskRunId"]
        assert glue.client.get_ml_task_run(TransformId=transform, TaskRunId=run)["Status"] == "STARTING"
    assert glue.wait(transform, run)["Status"] == "SUCCEEDED", "without a sweep"


@contextmanager
def wide_worker(glue: Glue) -> Iterator[None]:
    """An engine worker that works on all kinds of runs at the same time. It is killed at the end."""
    server = glue.services.servers["engine-worker"]
    narrow = server.part
    place = narrow.command.index("--concurrency") + 1
    server.part = replace(narrow, command=(*narrow.command[:place], "5", *narrow.command[place + 1 :]))
    try:
        glue.services.restart("engine-worker")
        yield
    finally:
        glue.services.kill("engine-worker")
        server.part = narrow


def one_of_each(glue: Glue, transform: str, labels: str) -> list[TaskRun]:
    """A run of each task type, all of them in the middle: S3, which each of them needs, has stopped to answer.

    Whoever calls lets it go on, or kills it.
    """
    client, before = glue.client, set(TaskRun.objects.values_list("pk", flat=True))
    with paused(glue, "engine-worker"):
        client.start_ml_evaluation_task_run(TransformId=transform)
        client.start_ml_labeling_set_generation_task_run(TransformId=transform, OutputS3Path=glue.path("questions"))
        client.start_import_labels_task_run(TransformId=transform, InputS3Path=labels)
        client.start_export_labels_task_run(TransformId=transform, OutputS3Path=glue.path("export"))
        arguments = {"--transform-id": transform, "--database": "lab", "--table": "people"}
        client.start_job_run(JobName="apply", Arguments={**arguments, "--output-path": glue.path("matches/")})
        process = glue.services.servers["s3"].process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
    runs = list(TaskRun.objects.exclude(pk__in=before))
    assert {run.task_type for run in runs} == set(TaskType.values)
    wait_until(
        lambda: all(engine_processes(run) for run in runs), seconds=90, what="a process of the engine for each run"
    )
    return runs


def ended(runs: list[TaskRun]) -> list[TaskRun]:
    """The runs once all have ended; beat's work is done here, without its pauses."""

    def over() -> bool:
        waiting = TaskRun.objects.filter(pk__in=[run.pk for run in runs], status__in=ACTIVE)
        # As if the time had passed that a failure which may pass is given.
        waiting.filter(lease_token="").update(lease_until=timezone.now() - timedelta(seconds=1), enqueued_at=None)
        sweep_runs()
        return not waiting.exists()

    wait_until(over, seconds=90, every=0.2, what="the end of all runs")
    found = list(TaskRun.objects.filter(pk__in=[run.pk for run in runs]))
    assert {run.status for run in found} == {TaskStatus.SUCCEEDED}, [(run.task_type, run.error) for run in found]
    return found


def test_each_task_type_survives_the_death_of_each_part(glue: Glue) -> None:
    """Nothing lost, nothing stuck, nothing twice. One test, because an engine for each task type takes seconds to load."""
    glue.create_table()
    transform = glue.create_transform(MaxRetries=3)
    script = "s3://scripts/find_matches_apply.py"
    glue.client.create_job(Name="apply", Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": script}, MaxRetries=3)
    labels = import_file(glue, transform)
    started = glue.client.start_import_labels_task_run(TransformId=transform, InputS3Path=labels)["TaskRunId"]
    assert glue.wait(transform, started)["Status"] == "SUCCEEDED"
    count = glue.client.get_ml_transform(TransformId=transform)["LabelCount"]

    def check(imports: int) -> None:
        assert LabelImport.objects.count() == imports
        shown = glue.client.get_ml_transform(TransformId=transform)
        assert (shown["Status"], shown["LabelCount"]) == ("READY", count)
        exported = glue.s3.list_objects_v2(Bucket=glue.bucket, Prefix=f"{glue.prefix}/export")["Contents"]
        assert len(exported) == imports - 1, "one file a run, however often it was tried"

    with wide_worker(glue):
        runs = one_of_each(glue, transform, labels)
        glue.services.restart("glue", "redis")
        go_on(glue, "s3")
        assert {run.attempts for run in ended(runs)} == {1}
        check(imports=2)

        runs = one_of_each(glue, transform, labels)
        glue.services.kill("s3")
        wait_until(
            lambda: all(run.failures for run in TaskRun.objects.filter(pk__in=[run.pk for run in runs])),
            what="a failed attempt of each",
        )
        words = set(TaskRun.objects.filter(pk__in=[run.pk for run in runs]).values_list("status", "error"))
        assert all(status == "RUNNING" and error.startswith("S3 does not answer") for status, error in words), words
        glue.services.start("s3")
        assert {run.error for run in ended(runs)} == {""}
        check(imports=3)

        runs = one_of_each(glue, transform, labels)
    wait_until(lambda: not any(engine_processes(run) for run in runs), what="the end of the orphans")
    left = TaskRun.objects.filter(pk__in=[run.pk for run in runs])
    assert {run.status for run in left} == {TaskStatus.RUNNING}
    left.update(lease_until=timezone.now() - timedelta(seconds=1), enqueued_at=None)  # as if it had run out
    go_on(glue, "s3")
    glue.services.start("engine-worker")
    assert {(run.attempts, run.losses) for run in ended(runs)} == {(2, 1)}
    check(imports=4)


def go_on(glue: Glue, name: str) -> None:
    """Let a part that ``one_of_each`` has stopped answer again."""
    process = glue.services.servers[name].process
    assert process is not None
    process.send_signal(signal.SIGCONT)
