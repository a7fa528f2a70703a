"""Task run operations: what is checked at once, what is shown, how lists are cut."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from localglue import store
from localglue.choices import TaskStatus, TaskType
from localglue.models import MLTransform, TaskRun
from tests.localglue.conftest import ACCOUNT, GlueClient
from tests.localglue.test_catalog import refused

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from pytest_django import Settings

Make = Callable[..., str]
INVALID = "InvalidInputException"
NOT_READY = "This operation can only be applied to a transform that is in a READY state."


@pytest.fixture
def s3(s3_server: str) -> S3Client:
    store.client.cache_clear()
    return boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"labels-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def test_a_run_starts_and_is_seen(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform(Timeout=7, MaxRetries=2)
    started = lab.start_ml_labeling_set_generation_task_run(TransformId=handle, OutputS3Path="s3://out/questions")
    run = lab.get_ml_task_run(TransformId=handle, TaskRunId=started["TaskRunId"])
    assert started["TaskRunId"].startswith("tsk-")
    assert (run["TransformId"], run["TaskRunId"], run["Status"]) == (handle, started["TaskRunId"], "STARTING")
    assert run["Properties"] == {
        "TaskType": "LABELING_SET_GENERATION",
        "LabelingSetGenerationTaskRunProperties": {"OutputS3Path": "s3://out/questions"},
    }
    assert run["ExecutionTime"] == 0
    assert not {"ErrorString", "CompletedOn"} & set(run)
    kept = TaskRun.objects.get()
    assert (kept.timeout, kept.max_retries) == (7, 2)


@pytest.mark.parametrize(
    "path", ["file:///etc/passwd", "/etc/passwd", "http://x/y", "s3://", "s3://UPPER/x", "s3:///x"]
)
def test_only_s3_is_written_to(lab: GlueClient, make_transform: Make, path: str) -> None:
    handle = make_transform(ready=True)
    for start in (lab.start_ml_labeling_set_generation_task_run, lab.start_export_labels_task_run):
        code, message = refused(start, TransformId=handle, OutputS3Path=path)
        assert (code, message) == (INVALID, "Invalid output path. The path must have the form s3://bucket/key.")
    start_import = lab.start_import_labels_task_run
    assert refused(start_import, TransformId=handle, InputS3Path=path) == (INVALID, "Invalid label file path.")
    assert not TaskRun.objects.exists()


def test_buckets_can_be_fenced_in(lab: GlueClient, make_transform: Make, settings: Settings) -> None:
    settings.LOCALGLUE_BUCKETS = ["team-*"]
    handle = make_transform()
    start = lab.start_ml_labeling_set_generation_task_run
    code, message = refused(start, TransformId=handle, OutputS3Path="s3://other/x")
    assert code == INVALID
    assert "other" in message
    start(TransformId=handle, OutputS3Path="s3://team-a/x")


def test_evaluation_needs_a_ready_transform(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    assert refused(lab.start_ml_evaluation_task_run, TransformId=handle) == ("MLTransformNotReadyException", NOT_READY)
    ready = make_transform(ready=True)
    run = lab.start_ml_evaluation_task_run(TransformId=ready)["TaskRunId"]
    shown = lab.get_ml_task_run(TransformId=ready, TaskRunId=run)
    assert shown["Properties"] == {"TaskType": "EVALUATION"}


def test_a_transform_runs_three_things_at_once(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform(ready=True)
    for _ in range(3):
        lab.start_ml_evaluation_task_run(TransformId=handle)
    words = "ML Task Runs count 3 has exceeded the transform limit of 3 task runs."
    assert refused(lab.start_ml_evaluation_task_run, TransformId=handle) == ("ConcurrentRunsExceededException", words)
    start = lab.start_ml_labeling_set_generation_task_run
    assert refused(start, TransformId=handle, OutputS3Path="s3://a-b/c") == ("ConcurrentRunsExceededException", words)


def test_unknown_transforms_and_runs(lab: GlueClient, make_transform: Make) -> None:
    words = f"Cannot find MLTransform in account {ACCOUNT} with handle tfm-0."
    for start, members in (
        (lab.start_ml_labeling_set_generation_task_run, {"OutputS3Path": "s3://a-b/c"}),
        (lab.start_export_labels_task_run, {"OutputS3Path": "s3://a-b/c"}),
        (lab.start_import_labels_task_run, {"InputS3Path": "s3://a-b/c"}),
        (lab.start_ml_evaluation_task_run, {}),
        (lab.get_ml_task_runs, {}),
        (lab.get_ml_task_run, {"TaskRunId": "tsk-0"}),
        (lab.cancel_ml_task_run, {"TaskRunId": "tsk-0"}),
    ):
        assert refused(start, TransformId="tfm-0", **members) == ("EntityNotFoundException", words)
    handle = make_transform(ready=True)
    other = lab.start_ml_evaluation_task_run(TransformId=make_transform(ready=True))["TaskRunId"]
    for run in ("tsk-0", other):
        words = f"No ML Task Run found for {run}: in account {ACCOUNT} for transform {handle}."
        for call in (lab.get_ml_task_run, lab.cancel_ml_task_run):
            assert refused(call, TransformId=handle, TaskRunId=run) == ("EntityNotFoundException", words)


def test_a_run_that_waits_is_cancelled_at_once(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform(ready=True)
    run = lab.start_ml_evaluation_task_run(TransformId=handle)["TaskRunId"]
    for _ in range(2):
        assert lab.cancel_ml_task_run(TransformId=handle, TaskRunId=run)["Status"] == "STOPPED"
    assert "CompletedOn" in lab.get_ml_task_run(TransformId=handle, TaskRunId=run)


def test_export_needs_labels(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    words = f"No labelset exists for transformId {handle} in account id {ACCOUNT}."
    start = lab.start_export_labels_task_run
    assert refused(start, TransformId=handle, OutputS3Path="s3://a-b/c") == ("EntityNotFoundException", words)


def test_export_needs_a_bucket_of_the_region(lab: GlueClient, make_transform: Make, s3: S3Client, bucket: str) -> None:
    handle = make_transform(ready=True)
    start = lab.start_export_labels_task_run
    assert start(TransformId=handle, OutputS3Path=f"s3://{bucket}/labels")["TaskRunId"]
    code, message = refused(start, TransformId=handle, OutputS3Path="s3://no-such-bucket-anywhere/labels")
    assert code == INVALID
    assert "no-such-bucket-anywhere" in message
    elsewhere = f"{bucket}-eu"
    s3.create_bucket(Bucket=elsewhere, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert refused(start, TransformId=handle, OutputS3Path=f"s3://{elsewhere}/labels") == (
        INVALID,
        "S3 path provided is not in the same region as transform. Expecting region - us-east-1, but got - eu-west-1.",
    )
    start_import = lab.start_import_labels_task_run
    assert refused(start_import, TransformId=handle, InputS3Path=f"s3://{elsewhere}/l.csv") == (
        INVALID,
        "S3 path provided is not in the same region as transform. Expecting region - us-east-1, but got - eu-west-1.",
    )


def test_label_files_are_checked_at_the_start(
    lab: GlueClient, make_transform: Make, s3: S3Client, bucket: str, settings: Settings
) -> None:
    handle = make_transform()
    start = lab.start_import_labels_task_run
    for key, size in (("good.csv", 5), ("empty.csv", 0), ("parts/1.csv", 700_000), ("parts/2.csv", 700_000)):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x" * size)
    settings.LOCALGLUE_MAX_LABEL_FILE_MB = 1
    for key in ("none.csv", "nothing/"):
        code, message = refused(start, TransformId=handle, InputS3Path=f"s3://{bucket}/{key}")
        assert code == INVALID
        assert message.startswith(f"Cannot access the label file at s3://{bucket}/{key}. ")
    assert "ends with a slash" in refused(start, TransformId=handle, InputS3Path=f"s3://{bucket}/parts")[1]
    code, message = refused(start, TransformId=handle, InputS3Path="s3://no-such-bucket-anywhere/l.csv")
    assert (code, message[:73]) == (
        INVALID,
        "Cannot access the label file at s3://no-such-bucket-anywhere/l.csv. The s"[:73],
    )
    assert refused(start, TransformId=handle, InputS3Path=f"s3://{bucket}") == (INVALID, "Invalid label file path.")
    assert refused(start, TransformId=handle, InputS3Path=f"s3://{bucket}/empty.csv") == (
        INVALID,
        "Invalid label file of size 0.",
    )
    assert refused(start, TransformId=handle, InputS3Path=f"s3://{bucket}/parts/") == (
        "ResourceNumberLimitExceededException",
        "Label file has exceeded the limit of 1 MB.",
    )
    assert not TaskRun.objects.exists()
    run = start(TransformId=handle, InputS3Path=f"s3://{bucket}/good.csv")["TaskRunId"]
    assert lab.get_ml_task_run(TransformId=handle, TaskRunId=run)["Properties"] == {
        "TaskType": "IMPORT_LABELS",
        "ImportLabelsTaskRunProperties": {"InputS3Path": f"s3://{bucket}/good.csv", "Replace": False},
    }


def test_an_s3_that_does_not_answer_is_a_dependency_failure(
    lab: GlueClient, make_transform: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    store.client.cache_clear()
    handle = make_transform(ready=True)
    for start, members in (
        (lab.start_import_labels_task_run, {"InputS3Path": "s3://a-b/c"}),
        (lab.start_export_labels_task_run, {"OutputS3Path": "s3://a-b/c"}),
    ):
        assert refused(start, TransformId=handle, **members) == ("InternalServiceException", "Dependency failure.")
    store.client.cache_clear()


def test_an_s3_that_hangs_is_one_before_an_sdk_asks_again(
    lab: GlueClient, make_transform: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = make_transform(ready=True)
    monkeypatch.setattr(store, "HURRIED_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{silent.getsockname()[1]}")
        store.client.cache_clear()
        begun = time.monotonic()
        start = lab.start_import_labels_task_run
        answer = refused(start, TransformId=handle, InputS3Path="s3://a-b/c")
        assert answer == ("InternalServiceException", "Dependency failure.")
        assert time.monotonic() - begun < 10
    store.client.cache_clear()


@pytest.fixture
def history(make_transform: Make) -> str:
    """A transform with 25 runs of two kinds, a minute apart."""
    handle = make_transform()
    transform = MLTransform.objects.get(public_id=handle)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    TaskRun.objects.bulk_create(
        TaskRun(
            transform=transform,
            public_id=f"tsk-{number:02}",
            task_type=TaskType.EVALUATION if number % 2 else TaskType.EXPORT_LABELS,
            status=TaskStatus.FAILED if number % 5 == 0 else TaskStatus.SUCCEEDED,
            started_at=first + timedelta(minutes=number),
            completed_at=first + timedelta(hours=1),
        )
        for number in range(25)
    )
    return handle


def found(lab: GlueClient, handle: str, **request: Any) -> list[int]:
    """Numbers of the runs, over all pages of seven."""
    numbers: list[int] = []
    token = None
    while True:
        extra: dict[str, str] = {"NextToken": token} if token else {}
        page = lab.get_ml_task_runs(TransformId=handle, MaxResults=7, **request, **extra)
        assert len(page["TaskRuns"]) <= 7
        numbers += [int(run["TaskRunId"][4:]) for run in page["TaskRuns"]]
        token = page.get("NextToken")
        if not token:
            return numbers


def test_runs_are_listed_latest_first(lab: GlueClient, history: str) -> None:
    assert found(lab, history) == list(range(24, -1, -1))
    assert len(lab.get_ml_task_runs(TransformId=history)["TaskRuns"]) == 25


def test_the_runs_after_a_run_are_not_that_run(lab: GlueClient, history: str) -> None:
    newest = TaskRun.objects.order_by("started_at").last()
    assert newest is not None
    TaskRun.objects.filter(pk=newest.pk).update(started_at=newest.started_at.replace(microsecond=123_987))
    shown = lab.get_ml_task_runs(TransformId=history)["TaskRuns"][0]["StartedOn"]
    assert shown.microsecond == 123_000
    assert found(lab, history, Filter={"StartedAfter": shown}) == []
    assert found(lab, history, Filter={"StartedAfter": shown - timedelta(milliseconds=1)}) == [24]
    assert found(lab, history, Filter={"StartedBefore": shown}) == list(range(23, -1, -1))


def test_runs_are_filtered_and_sorted(lab: GlueClient, history: str) -> None:
    middle = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
    assert found(lab, history, Filter={"TaskRunType": "EVALUATION"}) == list(range(23, 0, -2))
    assert found(lab, history, Filter={"Status": "FAILED"}) == [20, 15, 10, 5, 0]
    assert found(lab, history, Filter={"StartedBefore": middle}) == list(range(9, -1, -1))
    assert found(lab, history, Filter={"StartedAfter": middle, "Status": "FAILED"}) == [20, 15]
    assert found(lab, history, Sort={"Column": "STARTED", "SortDirection": "ASCENDING"}) == list(range(25))
    by_status = found(lab, history, Sort={"Column": "STATUS", "SortDirection": "ASCENDING"})
    assert by_status[:5] == [0, 5, 10, 15, 20]
    assert sorted(by_status) == list(range(25))
    by_type = found(lab, history, Sort={"Column": "TASK_RUN_TYPE", "SortDirection": "DESCENDING"})
    assert by_type[:13] == list(range(24, -1, -2))


def test_runs_that_start_meanwhile_do_not_move_the_pages(lab: GlueClient, history: str) -> None:
    page = lab.get_ml_task_runs(TransformId=history, MaxResults=10)
    lab.start_ml_labeling_set_generation_task_run(TransformId=history, OutputS3Path="s3://a-b/c")
    other = {"TransformId": history, "NextToken": page["NextToken"], "Filter": {"TaskRunType": "EVALUATION"}}
    assert refused(lab.get_ml_task_runs, **other)[0] == INVALID
    rest = lab.get_ml_task_runs(TransformId=history, MaxResults=1000, NextToken=page["NextToken"])
    assert [run["TaskRunId"] for run in rest["TaskRuns"]] == [f"tsk-{number:02}" for number in range(14, -1, -1)]
