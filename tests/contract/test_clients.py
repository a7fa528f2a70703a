"""Other clients than boto3, and who may come in over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from labelfiles import LabelFile, label_file_bytes, read_label_file
from labelportal.run.config import ROOT
from localglue.choices import TaskStatus, TaskType
from localglue.models import Database, MLTransform, Table, TaskRun
from tests.contract.conftest import ROLE, Glue, answered, glue_client

pytestmark = pytest.mark.services


def aws(glue: Glue, *arguments: str) -> Any:
    """The answer of the ``aws`` command, which finds keys and address in its environment as after ``. var/aws.env``."""
    command = [str(Path(sys.executable).with_name("aws")), "glue", *arguments, "--output", "json"]
    result = subprocess.run(
        command, env=dict(glue.services.env), capture_output=True, text=True, check=False, timeout=60
    )
    if result.returncode:
        return result.stderr.strip()
    return json.loads(result.stdout or "{}")


def test_the_aws_command_teaches_a_transform(glue: Glue) -> None:
    glue.create_table()
    created = aws(
        glue,
        "create-ml-transform",
        *("--name", "from the shell", "--role", ROLE),
        *("--input-record-tables", "DatabaseName=lab,TableName=people"),
        *("--parameters", "TransformType=FIND_MATCHES,FindMatchesParameters={PrimaryKeyColumnName=id}"),
    )
    transform = ("--transform-id", created["TransformId"])
    assert aws(glue, "list-ml-transforms")["TransformIds"] == [created["TransformId"]]
    shown = aws(glue, "get-ml-transform", *transform)
    assert (shown["Status"], shown["LabelCount"]) == ("NOT_READY", 0)
    assert abs(shown["CreatedOn"] - datetime.now(UTC).timestamp()) < 60
    refusal = aws(glue, "start-ml-evaluation-task-run", *transform)
    assert "(MLTransformNotReadyException)" in refusal
    assert "This operation can only be applied to a transform that is in a READY state." in refusal

    def run(*command: str) -> None:
        started = aws(glue, *command, *transform)
        assert glue.wait(created["TransformId"], started["TaskRunId"])["Status"] == "SUCCEEDED"

    run("start-ml-labeling-set-generation-task-run", "--output-s3-path", glue.path("questions"))
    labels = answered(read_label_file(glue.read_only_object("questions")[1]))
    path = ("--input-s3-path", glue.put("labels.csv", label_file_bytes(labels)))
    run("start-import-labels-task-run", *path)
    taught: Any = glue.client.get_ml_transform(TransformId=created["TransformId"])
    assert (taught["Status"], taught["LabelCount"]) == ("READY", len(labels.rows))
    assert "EvaluationMetrics" not in taught
    run("start-ml-evaluation-task-run")
    metrics = aws(glue, "get-ml-transform", *transform)["EvaluationMetrics"]["FindMatchesMetrics"]
    assert 0 < metrics["F1"] <= 1
    first_sets = {row.labeling_set_id for row in labels.rows[:30]}
    fewer = LabelFile(labels.columns, tuple(row for row in labels.rows if row.labeling_set_id in first_sets))
    path = ("--input-s3-path", glue.put("fewer.csv", label_file_bytes(fewer)))
    run("start-import-labels-task-run", *path, "--replace-all-labels")
    left = glue.client.get_ml_transform(TransformId=created["TransformId"])["LabelCount"]
    assert left == len(fewer.rows) < len(labels.rows)
    runs = aws(glue, "get-ml-task-runs", *transform)["TaskRuns"]
    assert [run["Properties"]["TaskType"] for run in runs] == [
        "IMPORT_LABELS",
        "EVALUATION",
        "IMPORT_LABELS",
        "LABELING_SET_GENERATION",
    ]


def test_the_tutorial_goes_from_a_table_to_its_matches(glue: Glue) -> None:
    tutorial = [sys.executable, "samples/glue_tutorial.py", glue.services.bucket]
    result = subprocess.run(
        tutorial, env=dict(glue.services.env), cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert not result.stderr
    assert " is READY after 100 labels; F1 0.9" in result.stdout
    people = re.search(r"^1000 rows are (\d+) people:$", result.stdout, re.MULTILINE)
    assert people is not None
    assert 200 < int(people[1]) < 300  # there are 251


def test_the_aws_command_reads_all_pages_and_tags(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform(Tags={"team": "data"})
    arn = ("--resource-arn", f"arn:aws:glue:us-east-1:000000000000:mlTransform/{transform}")
    assert aws(glue, "tag-resource", *arn, "--tags-to-add", "stage=test") == {}
    assert aws(glue, "get-tags", *arn) == {"Tags": {"stage": "test", "team": "data"}}
    listed = aws(glue, "list-ml-transforms", "--tags", "team=data,stage=test")
    assert listed == {"TransformIds": [transform]}
    lab = Database.objects.get(name="lab")
    Table.objects.bulk_create(Table(database=lab, name=f"t{n:03}", definition={"Name": f"t{n:03}"}) for n in range(150))
    assert len(aws(glue, "get-tables", "--database-name", "lab")["TableList"]) == 151, "it follows NextToken by itself"


def test_a_presigned_request_comes_in_until_it_is_changed(glue: Glue) -> None:
    keys = Credentials(*(glue.services.env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")))
    headers = {"X-Amz-Target": "AWSGlue.GetDatabases", "Content-Type": "application/x-amz-json-1.1"}
    signed = AWSRequest("POST", f"{glue.services.glue_url}/", headers=headers, data=b"")
    SigV4QueryAuth(keys, "glue", "us-east-1", expires=60).add_auth(signed)
    address = str(signed.url)
    with urllib.request.urlopen(urllib.request.Request(address, b"", headers, method="POST")) as response:
        assert [row["Name"] for row in json.load(response)["DatabaseList"]] == ["lab"]
    for url, target in (
        (address.replace("Expires=60", "Expires=600"), "GetDatabases"),
        (address, "GetMLTransforms"),
    ):
        changed = urllib.request.Request(url, b"", headers | {"X-Amz-Target": f"AWSGlue.{target}"}, method="POST")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(changed)
        assert json.load(caught.value)["__type"] == "InvalidSignatureException"


def test_typed_exceptions_reach_the_caller(glue: Glue) -> None:
    with pytest.raises(glue.client.exceptions.EntityNotFoundException) as caught:
        glue.client.get_ml_transform(TransformId="tfm-0")
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert len(response["ResponseMetadata"]["RequestId"]) == 36
    # The member of the shape, capital M, beside botocore's own.
    assert response["Message"] == response["Error"]["Message"]  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aws_access_key_id": "AKIANOBODY", "aws_secret_access_key": "x"}, "UnrecognizedClientException"),
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_session_token": "x"}, "UnrecognizedClientException"),
        ({"region_name": "eu-west-1"}, "InvalidSignatureException"),
    ],
)
def test_strangers_are_turned_away(glue: Glue, changes: dict[str, str], code: str) -> None:
    keys = {name: glue.services.env[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key")}
    with pytest.raises(ClientError) as caught:
        glue_client(glue.services, **(keys | changes)).get_databases()
    assert caught.value.response["Error"]["Code"] == code


def test_an_unsigned_request_is_turned_away(glue: Glue) -> None:
    headers = {"X-Amz-Target": "AWSGlue.GetDatabases", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(glue.services.glue_url, b"{}", headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    assert json.load(caught.value)["__type"] == "MissingAuthenticationTokenException"


def test_pages_over_a_thousand_runs(glue: Glue) -> None:
    glue.create_table()
    handle = glue.create_transform()
    transform = MLTransform.objects.get(public_id=handle)
    now = datetime.now(UTC)
    TaskRun.objects.bulk_create(
        TaskRun(
            transform=transform,
            public_id=f"tsk-{number:04}",
            task_type=TaskType.EVALUATION,
            status=TaskStatus.SUCCEEDED,
            started_at=now,  # the same for all: the order must hold within one instant
            completed_at=now,
        )
        for number in range(1005)
    )
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = glue.client.get_ml_task_runs(TransformId=handle, MaxResults=100, **token)  # type: ignore[arg-type]
        seen += [run["TaskRunId"] for run in page["TaskRuns"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [f"tsk-{number:04}" for number in range(1004, -1, -1)]
