"""The gateway to AWS Glue: functions named after its operations, frozen dataclasses out, ``GlueError`` for every failure.

Whether AWS or localglue answers is decided by AWS_ENDPOINT_URL_GLUE alone. botocore has no paginators or waiters for the
operations on ML transforms, so pages are followed by hand and nothing here waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labeling.aws import clients
from labeling.aws.data_catalog import Column
from labeling.aws.errors import translated
from labeling.aws.parameters import FindMatchesSettings
from labeling.metrics import Metrics

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import FindMatchesMetricsTypeDef

_PAGE = 100


@dataclass(frozen=True, slots=True)
class InputTable:
    """A table that a transform reads; ``in_part``: not all of it (AdditionalOptions)."""

    database: str
    name: str
    in_part: bool = False


@dataclass(frozen=True, slots=True)
class MLTransform:
    """A transform as Glue sees it."""

    transform_id: str
    name: str
    status: str
    label_count: int
    tables: tuple[InputTable, ...]
    schema: tuple[Column, ...]
    parameters: FindMatchesSettings
    metrics: Metrics | None
    capacity: float | None
    modified_on: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """An MLTaskRun or a JobRun. ``path`` is where it reads or writes; it is what tells our runs apart.

    ``status`` is a TaskStatusType, also for a job run. ``capacity`` is in DPU, None where only the transform tells. ``kind`` is the TaskType, empty for a
    JobRun; an MLTaskRun of kind FIND_MATCHES names its JobRun in ``job_run_id``. ``replaces``: an import that makes Glue forget all other labels.
    """

    run_id: str
    status: str
    path: str
    error: str
    started_on: datetime | None
    completed_on: datetime | None
    execution_seconds: int | None
    log_group: str = ""
    capacity: float | None = None
    kind: str = ""
    job_run_id: str = ""
    replaces: bool = False


# https://docs.aws.amazon.com/glue/latest/dg/add-job.html: the DPU that a worker of each type is.
_DPU_OF_WORKER = {"Standard": 1.0, "G.025X": 0.25, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0}

# JobRunState has more words than TaskStatusType.
_JOB_STATES = {"ERROR": "FAILED", "EXPIRED": "FAILED", "WAITING": "STARTING"}


def region() -> str:
    """The region in which Glue is asked."""
    with translated():
        return clients.glue().meta.region_name


def create_ml_transform(*, name: str, database: str, table: str, role: str, parameters: FindMatchesSettings) -> str:
    """The id of the transform. The same name with the same parameters gives the same transform, so a repeat is safe."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_CreateMLTransform.html
        answer = clients.glue().create_ml_transform(
            Name=name,
            InputRecordTables=[{"DatabaseName": database, "TableName": table}],
            Parameters=parameters.as_parameters(),  # type: ignore[arg-type]  # built as AWS documents it
            Role=role,
            GlueVersion="2.0",
            MaxCapacity=10.0,
        )
    return answer["TransformId"]


def update_ml_transform(*, transform_id: str, name: str, parameters: FindMatchesSettings) -> None:
    """Change the name and the trade-offs."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateMLTransform.html
        clients.glue().update_ml_transform(
            TransformId=transform_id,
            Name=name,
            Parameters=parameters.as_parameters(),  # type: ignore[arg-type]  # built as AWS documents it
        )


def get_ml_transform(*, transform_id: str) -> MLTransform:
    """State, label count, schema and the newest metrics."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_GetMLTransform.html
        return _transform(clients.glue().get_ml_transform(TransformId=transform_id))


def get_ml_transforms() -> Iterator[MLTransform]:
    """Every transform of the account in this region."""
    token = ""
    while True:
        with translated():
            # https://docs.aws.amazon.com/glue/latest/webapi/API_GetMLTransforms.html
            answer = clients.glue().get_ml_transforms(
                MaxResults=_PAGE,
                Filter={"TransformType": "FIND_MATCHES"},
                **({"NextToken": token} if token else {}),  # type: ignore[arg-type]
            )
        yield from map(_transform, answer["Transforms"])
        token = answer.get("NextToken", "")
        if not token:
            return


def start_ml_labeling_set_generation_task_run(*, transform_id: str, output_s3_path: str) -> str:
    """The id of the new run. Not to be repeated blindly: a second call starts a second run."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_StartMLLabelingSetGenerationTaskRun.html
        answer = clients.glue_once().start_ml_labeling_set_generation_task_run(
            TransformId=transform_id, OutputS3Path=output_s3_path
        )
    return answer["TaskRunId"]


def start_import_labels_task_run(*, transform_id: str, input_s3_path: str, replace_all_labels: bool) -> str:
    """The id of the new run. Not to be repeated blindly: a second call starts a second import."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_StartImportLabelsTaskRun.html
        answer = clients.glue_once().start_import_labels_task_run(
            TransformId=transform_id, InputS3Path=input_s3_path, ReplaceAllLabels=replace_all_labels
        )
    return answer["TaskRunId"]


def start_export_labels_task_run(*, transform_id: str, output_s3_path: str) -> str:
    """The id of the new run. Not to be repeated blindly. EntityNotFoundException also says that there are no labels."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_StartExportLabelsTaskRun.html
        answer = clients.glue_once().start_export_labels_task_run(TransformId=transform_id, OutputS3Path=output_s3_path)
    return answer["TaskRunId"]


def start_ml_evaluation_task_run(*, transform_id: str) -> str:
    """The id of the new run. Not to be repeated blindly: a second call starts a second run."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_StartMLEvaluationTaskRun.html
        return clients.glue_once().start_ml_evaluation_task_run(TransformId=transform_id)["TaskRunId"]


def get_ml_task_run(*, transform_id: str, task_run_id: str) -> Run:
    """One run."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_GetMLTaskRun.html
        return _task_run(clients.glue().get_ml_task_run(TransformId=transform_id, TaskRunId=task_run_id))


def get_ml_task_runs(
    *, transform_id: str, task_run_type: str = "", started_after: datetime | None = None
) -> Iterator[Run]:
    """The transform's runs, of one kind if given, started after a moment if given."""
    token = ""
    wanted: dict[str, Any] = {}
    if task_run_type:
        wanted["TaskRunType"] = task_run_type
    if started_after is not None:
        wanted["StartedAfter"] = started_after
    while True:
        with translated():
            # https://docs.aws.amazon.com/glue/latest/webapi/API_GetMLTaskRuns.html
            answer = clients.glue().get_ml_task_runs(
                TransformId=transform_id,
                MaxResults=_PAGE,
                **({"Filter": wanted} if wanted else {}),  # type: ignore[arg-type]
                **({"NextToken": token} if token else {}),  # type: ignore[arg-type]
            )
        yield from (_task_run(run) for run in answer["TaskRuns"])
        token = answer.get("NextToken", "")
        if not token:
            return


def cancel_ml_task_run(*, transform_id: str, task_run_id: str) -> str:
    """The state after the request, usually STOPPING."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_CancelMLTaskRun.html
        return clients.glue().cancel_ml_task_run(TransformId=transform_id, TaskRunId=task_run_id)["Status"]


def create_job(*, name: str, role: str, script_location: str) -> None:
    """A Spark job. Raises ``GlueError`` with code AlreadyExistsException (or IdempotentParameterMismatchException) if it exists."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html
        # Glue 2.0 is the only version that AWS documents FindMatches for.
        clients.glue().create_job(
            Name=name,
            Role=role,
            Command={"Name": "glueetl", "ScriptLocation": script_location, "PythonVersion": "3"},
            GlueVersion="2.0",
            ExecutionProperty={"MaxConcurrentRuns": 3},
        )


def start_job_run(*, job_name: str, arguments: Mapping[str, str]) -> str:
    """The id of the new run. Not to be repeated blindly: a second call starts a second run."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html
        return clients.glue_once().start_job_run(JobName=job_name, Arguments=arguments)["JobRunId"]


def get_job_run(*, job_name: str, run_id: str) -> Run:
    """One run of a job."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRun.html
        return _job_run(clients.glue().get_job_run(JobName=job_name, RunId=run_id)["JobRun"])


def get_job_runs(*, job_name: str, started_after: datetime) -> Iterator[Run]:
    """The job's runs that were started after a moment, newest first."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRuns.html
        for page in clients.glue().get_paginator("get_job_runs").paginate(JobName=job_name):
            for item in page["JobRuns"]:
                run = _job_run(item)
                if run.started_on is not None and run.started_on < started_after:
                    return
                yield run


def batch_stop_job_run(*, job_name: str, run_id: str) -> None:
    """Ask for one run to be stopped."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_BatchStopJobRun.html
        clients.glue().batch_stop_job_run(JobName=job_name, JobRunIds=[run_id])


def _transform(described: Mapping[str, Any]) -> MLTransform:
    found = described.get("EvaluationMetrics", {}).get("FindMatchesMetrics")
    return MLTransform(
        transform_id=described["TransformId"],
        name=described.get("Name", ""),
        status=described.get("Status", ""),
        label_count=described.get("LabelCount", 0),
        tables=tuple(
            InputTable(table["DatabaseName"], table["TableName"], bool(table.get("AdditionalOptions")))
            for table in described.get("InputRecordTables", [])
        ),
        schema=tuple(Column(column["Name"], column["DataType"]) for column in described.get("Schema", [])),
        parameters=FindMatchesSettings.from_parameters(described.get("Parameters", {})),
        metrics=_metrics(found) if found else None,
        capacity=_capacity(described),
        modified_on=described.get("LastModifiedOn"),
    )


def _metrics(found: FindMatchesMetricsTypeDef) -> Metrics:
    matrix = found.get("ConfusionMatrix", {})
    return Metrics(
        precision=found.get("Precision", 0.0),
        recall=found.get("Recall", 0.0),
        f1=found.get("F1", 0.0),
        area_under_pr_curve=found.get("AreaUnderPRCurve", 0.0),
        true_positives=matrix.get("NumTruePositives", 0),
        false_positives=matrix.get("NumFalsePositives", 0),
        true_negatives=matrix.get("NumTrueNegatives", 0),
        false_negatives=matrix.get("NumFalseNegatives", 0),
        column_importances=tuple(
            (item.get("ColumnName", ""), item.get("Importance", 0.0)) for item in found.get("ColumnImportances", [])
        ),
    )


def _capacity(described: Mapping[str, Any]) -> float | None:
    """MaxCapacity, else what the workers come to; None for types of workers that are newer than this."""
    if capacity := described.get("MaxCapacity"):
        return float(capacity)
    dpu = _DPU_OF_WORKER.get(described.get("WorkerType", ""))
    workers = described.get("NumberOfWorkers")
    return dpu * workers if dpu and workers else None


def _task_run(run: Mapping[str, Any]) -> Run:
    properties = run.get("Properties", {})
    path = (
        properties.get("ImportLabelsTaskRunProperties", {}).get("InputS3Path")
        or properties.get("LabelingSetGenerationTaskRunProperties", {}).get("OutputS3Path")
        or properties.get("ExportLabelsTaskRunProperties", {}).get("OutputS3Path")
        or ""
    )
    return Run(
        run_id=run["TaskRunId"],
        status=run["Status"],
        path=path,
        error=run.get("ErrorString", ""),
        started_on=run.get("StartedOn"),
        completed_on=run.get("CompletedOn"),
        execution_seconds=run.get("ExecutionTime"),
        log_group=run.get("LogGroupName", ""),
        kind=properties.get("TaskType", ""),
        job_run_id=properties.get("FindMatchesTaskRunProperties", {}).get("JobRunId", ""),
        replaces=properties.get("ImportLabelsTaskRunProperties", {}).get("Replace", False),
    )


def _job_run(run: Mapping[str, Any]) -> Run:
    state = run["JobRunState"]
    return Run(
        run_id=run["Id"],
        status=_JOB_STATES.get(state, state),
        path=run.get("Arguments", {}).get("--output-path", ""),
        error=run.get("ErrorMessage", ""),
        started_on=run.get("StartedOn"),
        completed_on=run.get("CompletedOn"),
        execution_seconds=run.get("ExecutionTime"),
        log_group=run.get("LogGroupName", ""),
        capacity=_capacity(run),
    )
