"""Jobs of the one kind that localglue runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localglue.models import TaskRun
from tests.localglue.conftest import ACCOUNT, ROLE, GlueClient
from tests.localglue.test_catalog import refused

Make = Callable[..., str]
INVALID = "InvalidInputException"
COMMAND: Any = {"Name": "glueetl", "ScriptLocation": "s3://code/find_matches_apply.py", "PythonVersion": "3"}


def job(name: str = "apply", **changes: Any) -> dict[str, Any]:
    return {"Name": name, "Role": ROLE, "Command": COMMAND, "GlueVersion": "2.0", **changes}


def arguments(transform: str, **changes: str) -> dict[str, str]:
    return {
        "--transform-id": transform,
        "--database": "lab",
        "--table": "people",
        "--output-path": "s3://out/matches/",
        **{f"--{name.replace('_', '-')}": value for name, value in changes.items()},
    }


def test_a_job_is_kept_and_shown(lab: GlueClient) -> None:
    assert lab.create_job(**job(MaxRetries=1, Timeout=30, Tags={"a": "b"}))["Name"] == "apply"
    shown = lab.get_job(JobName="apply")["Job"]
    assert (shown["Role"], shown["Command"], shown["GlueVersion"]) == (ROLE, COMMAND, "2.0")
    assert (shown["MaxRetries"], shown["Timeout"], shown["ExecutionProperty"]) == (1, 30, {"MaxConcurrentRuns": 1})
    assert shown["MaxCapacity"] == 10
    arn = f"arn:aws:glue:us-east-1:{ACCOUNT}:job/apply"
    assert lab.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    assert [row["Name"] for row in lab.get_jobs()["Jobs"]] == ["apply"]


def test_defaults_are_those_of_aws(lab: GlueClient) -> None:
    for version, minutes in ((None, 2880), ("4.0", 2880), ("5.0", 480)):
        given = {"GlueVersion": version} if version else {}
        lab.create_job(Name=f"job {version}", Role=ROLE, Command=COMMAND, **given)
        shown = lab.get_job(JobName=f"job {version}")["Job"]
        assert (shown["Timeout"], shown["MaxRetries"], shown["MaxCapacity"]) == (minutes, 0, 10)


def test_creating_twice_is_creating_once(lab: GlueClient) -> None:
    lab.create_job(**job())
    lab.create_job(**job())
    assert refused(lab.create_job, **job(Timeout=1)) == (
        "IdempotentParameterMismatchException",
        "Job with name: apply already submitted with different configuration",
    )
    lab.update_job(JobName="apply", JobUpdate={"Role": ROLE, "Command": COMMAND, "Timeout": 9})
    assert lab.get_job(JobName="apply")["Job"]["Timeout"] == 9
    assert refused(lab.create_job, **job())[0] == "AlreadyExistsException"


@pytest.mark.parametrize(
    "changes",
    [
        {"Command": {"Name": "glueetl", "ScriptLocation": "s3://code/other.py"}},
        {"Command": {"Name": "pythonshell", "ScriptLocation": COMMAND["ScriptLocation"]}},
        {"Command": {"Name": "glueetl"}},
        {"Connections": {"Connections": ["x"]}},
        {"MaxRetries": -1},
        {"Timeout": 10081},
        {"ExecutionProperty": {"MaxConcurrentRuns": 0}},
        {"WorkerType": "G.1X"},
        {"Role": ""},
    ],
)
def test_other_jobs_are_refused(lab: GlueClient, changes: dict[str, Any]) -> None:
    assert refused(lab.create_job, **job(**changes))[0] == INVALID
    lab.create_job(**job())
    update = {name: value for name, value in job(**changes).items() if name != "Name"}
    assert refused(lab.update_job, JobName="apply", JobUpdate=update)[0] == INVALID


def test_a_job_run_is_seen_from_both_sides(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    lab.create_job(**job(DefaultArguments={"--output-format": "parquet", "--job-language": "python"}))
    run = lab.start_job_run(JobName="apply", Arguments=arguments(handle), Timeout=3)["JobRunId"]
    shown = lab.get_job_run(JobName="apply", RunId=run)["JobRun"]
    assert (shown["Id"], shown["JobRunState"], shown["Attempt"], shown["Timeout"]) == (run, "STARTING", 0, 3)
    assert shown["Arguments"]["--output-format"] == "parquet"
    task = lab.get_ml_task_runs(TransformId=handle)["TaskRuns"][0]
    assert task["Properties"]["TaskType"] == "FIND_MATCHES"
    inner = task["Properties"]["FindMatchesTaskRunProperties"]
    assert (inner["JobName"], inner["JobRunId"]) == ("apply", run)
    assert [row["Id"] for row in lab.get_job_runs(JobName="apply")["JobRuns"]] == [run]


def test_a_job_run_tells_its_capacity(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    lab.create_job(**job(WorkerType="G.2X", NumberOfWorkers=3, ExecutionProperty={"MaxConcurrentRuns": 3}))
    for given, told in (({}, 6), ({"MaxCapacity": 4.0}, 4), ({"WorkerType": "G.1X", "NumberOfWorkers": 5}, 5)):
        run = lab.start_job_run(JobName="apply", Arguments=arguments(handle), **given)["JobRunId"]
        shown = lab.get_job_run(JobName="apply", RunId=run)["JobRun"]
        assert shown["MaxCapacity"] == told
        assert ("NumberOfWorkers" in shown) == ("MaxCapacity" not in given)
    too_long = refused(lab.start_job_run, JobName="apply", Arguments=arguments(handle), Timeout=10081)
    assert too_long == (INVALID, "Timeout must be at most 10080 minutes.")


def test_runs_at_once_are_limited_by_the_job(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    lab.create_job(**job())
    first = lab.start_job_run(JobName="apply", Arguments=arguments(handle))["JobRunId"]
    again = refused(lab.start_job_run, JobName="apply", Arguments=arguments(handle))
    assert again == ("ConcurrentRunsExceededException", "Concurrent runs exceeded for apply")
    stopped = lab.batch_stop_job_run(JobName="apply", JobRunIds=[first, "jr_0"])
    assert [row["JobRunId"] for row in stopped["SuccessfulSubmissions"]] == [first]
    assert stopped["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    ended = lab.batch_stop_job_run(JobName="apply", JobRunIds=[first])
    assert ended["Errors"][0]["ErrorDetail"]["ErrorCode"] == INVALID
    assert lab.get_job_run(JobName="apply", RunId=first)["JobRun"]["JobRunState"] == "STOPPED"
    repeated = lab.start_job_run(JobName="apply", JobRunId=first)["JobRunId"]
    shown = lab.get_job_run(JobName="apply", RunId=repeated)["JobRun"]
    assert (shown["PreviousRunId"], shown["Arguments"]) == (first, arguments(handle))


def test_runs_of_jobs_leave_a_transform_its_three(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform(ready=True)
    lab.create_job(**job())
    lab.start_job_run(JobName="apply", Arguments=arguments(handle))
    for _ in range(3):
        assert lab.start_ml_evaluation_task_run(TransformId=handle)["TaskRunId"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"output_format": "xml"}, "--output-format"),
        ({"match_confidence": "yes"}, "--match-confidence"),
        ({"database": ""}, "--database"),
        ({"speed": "high"}, "--speed"),
        ({"output_path": "file:///tmp"}, "s3://"),
        ({"existing_path": "file:///tmp"}, "s3://"),
        ({"input_path": "s3://data/new.csv"}, "--input-path or --database"),
        ({"input_path": "/etc/passwd", "database": "", "table": ""}, "s3://"),
        ({"input_path": "s3://out/matches/part-00000.csv", "database": "", "table": ""}, "outside of that"),
    ],
)
def test_arguments_are_checked_at_the_start(
    lab: GlueClient, make_transform: Make, changes: dict[str, str], word: str
) -> None:
    lab.create_job(**job())
    code, message = refused(lab.start_job_run, JobName="apply", Arguments=arguments(make_transform(), **changes))
    assert code == INVALID
    assert word in message
    assert not TaskRun.objects.exists()


def test_what_is_not_there_cannot_be_found(lab: GlueClient) -> None:
    words = "Job with name: none not found."
    for call, members in (
        (lab.get_job, {}),
        (lab.update_job, {"JobUpdate": {"Role": ROLE, "Command": COMMAND}}),
        (lab.start_job_run, {}),
        (lab.get_job_run, {"RunId": "jr_0"}),
        (lab.get_job_runs, {}),
    ):
        assert refused(call, JobName="none", **members) == ("EntityNotFoundException", words)
    lab.create_job(**job())
    for call, members in ((lab.get_job_run, {"RunId": "jr_0"}), (lab.start_job_run, {"JobRunId": "jr_0"})):
        assert refused(call, JobName="apply", **members)[0] == "EntityNotFoundException"


def test_a_deleted_job_takes_its_runs_along_and_is_no_error_twice(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    lab.create_job(**job())
    lab.start_job_run(JobName="apply", Arguments=arguments(handle))
    for _ in range(2):
        assert lab.delete_job(JobName="apply")["JobName"] == "apply"
    assert not TaskRun.objects.exists()


def test_the_history_of_a_job_outlives_the_transform(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    lab.create_job(**job())
    run = lab.start_job_run(JobName="apply", Arguments=arguments(handle))["JobRunId"]
    lab.delete_ml_transform(TransformId=handle)
    assert lab.get_job_run(JobName="apply", RunId=run)["JobRun"]["JobRunState"] == "STOPPED"
    assert refused(lab.get_ml_transform, TransformId=handle)[0] == "EntityNotFoundException"
