"""Task runs: start the four kinds, read, list, cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from localglue import paging, runs, store
from localglue.choices import TaskType, TransformStatus
from localglue.errors import (
    EntityNotFoundException,
    InternalServiceException,
    InvalidInputException,
    MLTransformNotReadyException,
    ResourceNumberLimitExceededException,
)
from localglue.models import MLTransform, TaskRun
from localglue.operations import Caller, Request, Result, operation
from localglue.operations.transforms import find_transform

_ORDER = {"TASK_RUN_TYPE": "task_type", "STATUS": "status", "STARTED": "started_at"}
_PROPERTIES = {
    TaskType.IMPORT_LABELS: "ImportLabelsTaskRunProperties",
    TaskType.EXPORT_LABELS: "ExportLabelsTaskRunProperties",
    TaskType.LABELING_SET_GENERATION: "LabelingSetGenerationTaskRunProperties",
    TaskType.FIND_MATCHES: "FindMatchesTaskRunProperties",
}


@operation(writes=True)
def start_ml_labeling_set_generation_task_run(request: Request, caller: Caller) -> Result:
    transform = find_transform(request["TransformId"])
    path = _output_path(request["OutputS3Path"])
    run = runs.start_run(
        transform=transform, task_type=TaskType.LABELING_SET_GENERATION, path=str(path), requested_by=caller.key_id
    )
    return {"TaskRunId": run.public_id}


@operation(writes=True)
def start_ml_evaluation_task_run(request: Request, caller: Caller) -> Result:
    transform = find_transform(request["TransformId"])
    if transform.status != TransformStatus.READY:
        raise MLTransformNotReadyException(
            "This operation can only be applied to a transform that is in a READY state."
        )
    run = runs.start_run(transform=transform, task_type=TaskType.EVALUATION, requested_by=caller.key_id)
    return {"TaskRunId": run.public_id}


@operation(writes=True)
def start_export_labels_task_run(request: Request, caller: Caller) -> Result:
    transform = find_transform(request["TransformId"])
    path = _output_path(request["OutputS3Path"])
    if not transform.label_count:
        raise EntityNotFoundException(
            f"No labelset exists for transformId {transform.public_id} in account id {settings.LOCALGLUE_ACCOUNT_ID}."
        )
    try:
        _check_region(path)
    except store.StoreUnavailableError:
        raise InternalServiceException("Dependency failure.") from None
    except store.StoreError as error:
        raise InvalidInputException(f"The bucket {path.bucket} cannot be used: {error.reason}") from None
    run = runs.start_run(
        transform=transform, task_type=TaskType.EXPORT_LABELS, path=str(path), requested_by=caller.key_id
    )
    return {"TaskRunId": run.public_id}


@operation(writes=True)
def start_import_labels_task_run(request: Request, caller: Caller) -> Result:
    """Path, access, region and size are checked now, the contents by the run."""
    transform = find_transform(request["TransformId"])
    text = request["InputS3Path"]
    try:
        path = store.parse_path(text)
    except store.StoreError:
        raise InvalidInputException("Invalid label file path.") from None
    if not path.key:
        raise InvalidInputException("Invalid label file path.")
    _check_label_file(path)
    run = runs.start_run(
        transform=transform,
        task_type=TaskType.IMPORT_LABELS,
        path=text,
        replace=request.get("ReplaceAllLabels", False),
        requested_by=caller.key_id,
    )
    return {"TaskRunId": run.public_id}


def _check_label_file(path: store.S3Path) -> None:
    """A folder counts as one file in parts: the limit is for their sum."""
    try:
        _check_region(path)
        found = store.find(path, hurried=True)
    except store.StoreUnavailableError:
        raise InternalServiceException("Dependency failure.") from None
    except store.StoreError as error:
        raise InvalidInputException(f"Cannot access the label file at {path}. {error.reason}") from None
    if not found:
        raise InvalidInputException(f"Cannot access the label file at {path}. There is no object under this prefix.")
    size, limit = sum(item.size for item in found), settings.LOCALGLUE_MAX_LABEL_FILE_MB
    if size == 0:
        raise InvalidInputException("Invalid label file of size 0.")
    if size > limit * 1024 * 1024:
        raise ResourceNumberLimitExceededException(f"Label file has exceeded the limit of {limit} MB.")


def _check_region(path: store.S3Path) -> None:
    region = store.bucket_region(path)
    if region != settings.LOCALGLUE_REGION:
        raise InvalidInputException(
            "S3 path provided is not in the same region as transform. "
            f"Expecting region - {settings.LOCALGLUE_REGION}, but got - {region}."
        )


def _output_path(text: str) -> store.S3Path:
    try:
        return store.parse_path(text)
    except store.StoreError as error:
        raise InvalidInputException(f"Invalid output path. {error}") from None


def find_run(transform: MLTransform, handle: str) -> TaskRun:
    """Raises ``EntityNotFoundException`` in AWS's words."""
    run = TaskRun.objects.filter(transform=transform, public_id=handle).select_related("job").first()
    if run is None:
        raise _no_run(transform, handle)
    return run


def _no_run(transform: MLTransform, handle: str) -> EntityNotFoundException:
    account = settings.LOCALGLUE_ACCOUNT_ID
    return EntityNotFoundException(
        f"No ML Task Run found for {handle}: in account {account} for transform {transform.public_id}."
    )


def _properties(run: TaskRun) -> dict[str, Any]:
    shown: dict[str, Any] = {"TaskType": run.task_type}
    if run.task_type == TaskType.IMPORT_LABELS:
        inner: dict[str, Any] = {"InputS3Path": run.path, "Replace": bool(run.replace)}
    elif run.task_type == TaskType.FIND_MATCHES:
        inner = {
            "JobId": run.job and f"j_{run.job.pk}",
            "JobName": run.job and run.job.name,
            "JobRunId": run.job_run_id,
        }
    else:
        inner = {"OutputS3Path": run.path}
    if name := _PROPERTIES.get(TaskType(run.task_type)):
        shown[name] = inner
    return shown


def show(run: TaskRun, transform: MLTransform, now: datetime) -> dict[str, Any]:
    """The run as TaskRun, which is also the answer of GetMLTaskRun."""
    return {
        "TransformId": transform.public_id,
        "TaskRunId": run.public_id,
        "Status": run.status,
        "LogGroupName": "/aws-glue/mlTransforms",
        "Properties": _properties(run),
        "ErrorString": run.error or None,
        "StartedOn": run.started_at,
        "LastModifiedOn": run.modified_at,
        "CompletedOn": run.completed_at,
        "ExecutionTime": run.execution_seconds(now),
    }


@operation(writes=False)
def get_ml_task_run(request: Request, caller: Caller) -> Result:
    transform = find_transform(request["TransformId"])
    return show(find_run(transform, request["TaskRunId"]), transform, timezone.now())


@operation(writes=False)
def get_ml_task_runs(request: Request, caller: Caller) -> Result:
    """Without a wish, the latest first: runs that start while one reads the pages do not move them."""
    transform = find_transform(request["TransformId"])
    found = TaskRun.objects.filter(transform=transform).select_related("job")
    wanted = request.get("Filter", {})
    for member, lookup in (("TaskRunType", "task_type"), ("Status", "status")):
        if member in wanted:
            found = found.filter(**{lookup: wanted[member]})
    found = paging.within(found, wanted, "Started", "started_at")
    sort = request.get("Sort", {"Column": "STARTED", "SortDirection": "DESCENDING"})
    now = timezone.now()
    rows, token = paging.page(
        found, request, order=_ORDER[sort["Column"]], descending=sort["SortDirection"] == "DESCENDING"
    )
    return paging.result("TaskRuns", rows, token, lambda run: show(run, transform, now))


@operation(writes=True)
def cancel_ml_task_run(request: Request, caller: Caller) -> Result:
    """A run that has ended stays as it ended; its status is the answer."""
    transform = find_transform(request["TransformId"])
    run = find_run(transform, request["TaskRunId"])
    status = runs.stop(run.pk, now=timezone.now())
    if status is None:  # deleted between our look and our request
        raise _no_run(transform, run.public_id)
    return {"TransformId": transform.public_id, "TaskRunId": run.public_id, "Status": status.value}
