"""Jobs of one kind: apply a FindMatches transform to a table. Any other script is refused, since it could not be run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from localglue import paging, runs, store
from localglue.apply_arguments import SCRIPT, ApplyArguments, check_output, s3_paths
from localglue.choices import TERMINAL
from localglue.errors import (
    AlreadyExistsException,
    EntityNotFoundException,
    IdempotentParameterMismatchException,
    InvalidInputException,
)
from localglue.models import Job, MLTransform, Tag, TaskRun
from localglue.operations import Caller, Request, Result, operation
from localglue.operations.capacity import capacity
from localglue.operations.tags import set_tags

_REFUSED = (
    "CodeGenConfigurationNodes",
    "Connections",
    "JobRunQueuingEnabled",
    "MaintenanceWindow",
    "SourceControlDetails",
)
_SIZES = ("MaxCapacity", "WorkerType", "NumberOfWorkers")
_LONGEST = 10080  # minutes


def find_job(name: str, *, lock: bool = False) -> Job:
    """Raises ``EntityNotFoundException``. With ``lock`` nobody changes or deletes it until the transaction ends."""
    jobs = Job.objects.select_for_update() if lock else Job.objects.all()
    job = jobs.filter(name=name).first()
    if job is None:
        raise EntityNotFoundException(f"Job with name: {name} not found.")
    return job


def _definition(members: dict[str, Any]) -> dict[str, Any]:
    """The members of a CreateJob or JobUpdate, checked, without name and tags."""
    for name in _REFUSED:
        if members.get(name):
            raise InvalidInputException(f"localglue does not support {name}.")
    if not members.get("Role"):
        raise InvalidInputException("Role must be given.")
    command = members.get("Command", {})
    script = command.get("ScriptLocation", "")
    if command.get("Name", "glueetl") != "glueetl" or script.rpartition("/")[2] != SCRIPT:
        raise InvalidInputException(
            f"localglue runs one kind of job: Command.Name glueetl with a script named {SCRIPT}, "
            "which applies a FindMatches transform to a table."
        )
    if members.get("MaxRetries", 0) < 0:
        raise InvalidInputException("Max retries should be non-negative.")
    if members.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1) < 1:
        raise InvalidInputException("MaxConcurrentRuns must be at least 1.")
    _check_timeout(members)
    capacity(members)
    return {name: value for name, value in members.items() if name not in ("Name", "Tags")}


def _check_timeout(members: dict[str, Any]) -> None:
    """Seven days are the most: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html"""
    if members.get("Timeout", 0) > _LONGEST:
        raise InvalidInputException(f"Timeout must be at most {_LONGEST} minutes.")


@operation(writes=True)
def create_job(request: Request, caller: Caller) -> Result:
    """The same request again returns the same job as long as that was not updated."""
    definition = _definition(request)
    name = request["Name"]
    try:
        with transaction.atomic():
            Job.objects.create(name=name, definition=definition, create_request=request)
            set_tags(f"job/{name}", request.get("Tags", {}))
    except IntegrityError:
        job = find_job(name)
        if job.revision:
            raise AlreadyExistsException(f"Job with name: {name} already exists.") from None
        if job.create_request != request:
            raise IdempotentParameterMismatchException(
                f"Job with name: {name} already submitted with different configuration"
            ) from None
    return {"Name": name}


def _max_capacity(members: dict[str, Any]) -> dict[str, float]:
    """MaxCapacity, also where workers give it; empty if there are neither."""
    given = capacity(members)
    return {"MaxCapacity": given["max_capacity"]} if given else {}


def _show(job: Job) -> dict[str, Any]:
    version = job.definition.get("GlueVersion", "2.0")
    major = version.partition(".")[0]
    defaults = {
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": 480 if major.isdecimal() and int(major) >= 5 else 2880,
        "GlueVersion": version,
        "MaxCapacity": float(job.definition.get("AllocatedCapacity", 10)),
    }
    return {
        **defaults,
        **job.definition,
        **_max_capacity(job.definition),
        "Name": job.name,
        "CreatedOn": job.created_at,
        "LastModifiedOn": job.modified_at,
    }


@operation(writes=False)
def get_job(request: Request, caller: Caller) -> Result:
    return {"Job": _show(find_job(request["JobName"]))}


@operation(writes=False)
def get_jobs(request: Request, caller: Caller) -> Result:
    rows, token = paging.page(Job.objects.all(), request, order="name")
    return paging.result("Jobs", rows, token, _show)


@operation(writes=True)
def update_job(request: Request, caller: Caller) -> Result:
    """The new definition takes the place of the old one as a whole, as on AWS."""
    definition = _definition(request["JobUpdate"])
    with transaction.atomic():
        job = find_job(request["JobName"], lock=True)
        job.definition = definition
        job.modified_at = timezone.now()
        job.revision += 1
        job.save()
    return {"JobName": job.name}


@operation(writes=True)
def delete_job(request: Request, caller: Caller) -> Result:
    """Its runs go with it; a worker that is on one finds it gone and stops. An unknown name is no error, as on AWS."""
    with transaction.atomic():
        Tag.objects.filter(resource=f"job/{request['JobName']}").delete()
        Job.objects.filter(name=request["JobName"]).delete()
    return {"JobName": request["JobName"]}


@operation(writes=True)
def start_job_run(request: Request, caller: Caller) -> Result:
    """Arguments are checked now; whether the transform exists and is ready shows when the run gets there, as on AWS.

    So does where the table's rows are, which may change until then.
    """
    if request.get("JobRunQueuingEnabled") or request.get("ExecutionRoleSessionPolicy"):
        raise InvalidInputException("localglue does not support JobRunQueuingEnabled and ExecutionRoleSessionPolicy.")
    _check_timeout(request)
    own = {name: request[name] for name in _SIZES if name in request} | _max_capacity(request)
    with transaction.atomic():
        job = find_job(request["JobName"], lock=True)
        arguments = _arguments(job, request)
        try:
            parsed = ApplyArguments.parse(arguments)
            output, *_ = [store.parse_path(path) for path in s3_paths(parsed)]
            check_output(parsed, [parsed.input_path])
        except (ValueError, store.StoreError) as error:
            raise InvalidInputException(str(error)) from None
        shown = _show(job)
        sizes = own or {name: shown[name] for name in _SIZES if name in shown}
        run = runs.start_job_run(
            limit=shown["ExecutionProperty"].get("MaxConcurrentRuns", 1),
            job=job,
            transform=MLTransform.objects.filter(public_id=parsed.transform_id).first(),
            arguments=arguments,
            job_settings={"GlueVersion": shown["GlueVersion"], **sizes, "PreviousRunId": request.get("JobRunId")},
            path=str(output),
            requested_by=caller.key_id,
            timeout=request.get("Timeout", shown["Timeout"]),
            max_retries=shown["MaxRetries"],
        )
    return {"JobRunId": run.job_run_id}


def _arguments(job: Job, request: Request) -> dict[str, str]:
    """Defaults, then those of the run that is to be repeated, then the given ones, then those that cannot be overridden."""
    repeated: dict[str, str] = {}
    if "JobRunId" in request:
        repeated = find_job_run(job, request["JobRunId"]).arguments or {}
    return {
        **job.definition.get("DefaultArguments", {}),
        **repeated,
        **request.get("Arguments", {}),
        **job.definition.get("NonOverridableArguments", {}),
    }


def find_job_run(job: Job, handle: str) -> TaskRun:
    """Raises ``EntityNotFoundException``."""
    run = TaskRun.objects.filter(job=job, job_run_id=handle).select_related("job").first()
    if run is None:
        raise EntityNotFoundException(f"JobRun {handle} of job {job.name} not found.")
    return run


def _show_run(run: TaskRun, now: datetime) -> dict[str, Any]:
    return {
        **(run.job_settings or {}),
        "Id": run.job_run_id,
        "Attempt": max(0, run.attempts - 1),
        "JobName": run.job and run.job.name,
        "StartedOn": run.started_at,
        "LastModifiedOn": run.modified_at,
        "CompletedOn": run.completed_at,
        "JobRunState": run.status,
        "Arguments": run.arguments,
        "ErrorMessage": run.error or None,
        "ExecutionTime": run.execution_seconds(now),
        "Timeout": run.timeout,
        "LogGroupName": "/aws-glue/jobs",
    }


@operation(writes=False)
def get_job_run(request: Request, caller: Caller) -> Result:
    run = find_job_run(find_job(request["JobName"]), request["RunId"])
    return {"JobRun": _show_run(run, timezone.now())}


@operation(writes=False)
def get_job_runs(request: Request, caller: Caller) -> Result:
    """The latest first."""
    found = TaskRun.objects.filter(job=find_job(request["JobName"])).select_related("job")
    now = timezone.now()
    rows, token = paging.page(found, request, order="started_at", descending=True)
    return paging.result("JobRuns", rows, token, lambda run: _show_run(run, now))


@operation(writes=True)
def batch_stop_job_run(request: Request, caller: Caller) -> Result:
    """Each run on its own: one that cannot be stopped does not keep the others going."""
    name = request["JobName"]
    stopped, errors = [], []
    for handle in request["JobRunIds"]:
        run = TaskRun.objects.filter(job__name=name, job_run_id=handle).first()
        if run is not None and run.status not in TERMINAL:
            if runs.stop(run.pk, now=timezone.now()):
                stopped.append({"JobName": name, "JobRunId": handle})
                continue
            run = None  # deleted between our look and our request
        detail = (
            {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"JobRun {handle} of job {name} not found."}
            if run is None
            else {"ErrorCode": "InvalidInputException", "ErrorMessage": f"JobRun {handle} has ended: {run.status}."}
        )
        errors.append({"JobName": name, "JobRunId": handle, "ErrorDetail": detail})
    return {"SuccessfulSubmissions": stopped, "Errors": errors}
