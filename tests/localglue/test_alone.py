"""localglue without the portal, as people use it who test their own code against it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labelportal.run.config import ROOT
from tests.support.environment import clean_environ

pytestmark = pytest.mark.services

CONFTEST = 'pytest_plugins = ["localglue.testing"]\n'
THEIR_TEST = '''
import os

import boto3
import pytest

PEOPLE = "id,name\\n" + "".join(f"{n}{copy},Person Number{n}{slip}\\n" for n in range(40) for copy, slip in (("a", ""), ("b", "x")))


def teach(glue, s3):
    """Code under test: it knows only boto3 and the environment."""
    s3.put_object(Bucket="localglue", Key="people/data.csv", Body=PEOPLE.encode())
    glue.create_database(DatabaseInput={"Name": "lab"})
    columns = [{"Name": "id", "Type": "string"}, {"Name": "name", "Type": "string"}]
    table = {"Name": "people", "Parameters": {"classification": "csv"}, "StorageDescriptor": {"Location": "s3://localglue/people/", "Columns": columns}}
    glue.create_table(DatabaseName="lab", TableInput=table)
    parameters = {"TransformType": "FIND_MATCHES", "FindMatchesParameters": {"PrimaryKeyColumnName": "id"}}
    tables = [{"DatabaseName": "lab", "TableName": "people"}]
    transform = glue.create_ml_transform(Name="people", Role="r", InputRecordTables=tables, Parameters=parameters)["TransformId"]
    run = glue.start_ml_labeling_set_generation_task_run(TransformId=transform, OutputS3Path="s3://localglue/questions/")
    return transform, run["TaskRunId"]


def test_questions(localglue):
    transform, run = teach(boto3.client("glue"), boto3.client("s3"))
    assert localglue.wait(transform, run)["Status"] == "SUCCEEDED"
    (found,) = localglue.client("s3").list_objects_v2(Bucket="localglue", Prefix="questions/")["Contents"]
    assert found["Size"] > 500


def test_that_starts_with_nothing(localglue):
    glue = localglue.client("glue")
    assert glue.get_databases()["DatabaseList"] == []
    assert glue.list_ml_transforms()["TransformIds"] == []
    assert "Contents" not in localglue.client("s3").list_objects_v2(Bucket=localglue.bucket)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_ml_transform(TransformId="tfm-0")


def test_that_takes_the_buckets_apart(localglue):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="versions", Key="a", Body=body)
    s3.delete_object(Bucket="versions", Key="a")
    s3.delete_bucket(Bucket=localglue.bucket)


def test_that_has_the_first_bucket_again(localglue):
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["localglue"]
    boto3.client("s3").create_multipart_upload(Bucket="localglue", Key="half")


def test_prints_who_runs():
    assert "AWS_ENDPOINT_URL_GLUE" not in os.environ
'''


def test_tests_of_others_import_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_theirs.py").write_text(THEIR_TEST)
    # What a Django project of theirs would have in its environment, and what must not leak into localglue.
    theirs = {
        "AWS_PROFILE": "none",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "EMAIL_URL": "mailgun://key",
        "TMPDIR": str(tmp_path),
        "WORKER_CONCURRENCY": "auto",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", str(tmp_path)]
    result = subprocess.run(
        command,
        env=clean_environ() | theirs | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert "5 passed" in result.stdout, result.stdout + result.stderr
    assert not left_over(tmp_path)
    assert not list(tmp_path.glob("localglue-testing-*"))


def left_over(folder: Path) -> list[str]:
    """Commands of processes whose environment names a state folder in ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"LABELPORTAL_VAR={folder}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_the_command_says_when_it_is_ready_and_how_to_reach_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    command = [sys.executable, "-m", "localglue", "--state", str(state), "--port", "0", "--s3-port", "0"]
    process = subprocess.Popen(
        [*command, "--redis-port", "0", "--region", "eu-central-1", "--bucket", "mine"],
        cwd=ROOT,
        env=clean_environ(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"localglue: ready after [\d.]+ s: Glue http://\S+, S3 http://\S+; (set -a; .*)\n", line)
        assert found, line
        aws = Path(sys.executable).with_name("aws")
        script = f"{found[1]}; {aws} glue get-databases && {aws} s3 ls && {aws} s3api get-bucket-location --bucket mine"
        shell = subprocess.run(["sh", "-c", script], env=clean_environ(), capture_output=True, text=True, check=False)
        assert '"DatabaseList": []' in shell.stdout, shell.stderr
        assert "mine" in shell.stdout
        assert "eu-central-1" in shell.stdout
        assert len(left_over(state)) >= 5
        assert state.stat().st_mode & 0o077 == 0
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not left_over(state)
    again = subprocess.run(
        [*command, "--redis-port", "99999"], cwd=ROOT, env=clean_environ(), capture_output=True, text=True, check=False
    )
    assert again.returncode == 2
    assert "99999 is not a port number" in again.stderr


def test_a_taken_port_is_named_with_the_option(tmp_path: Path, s3_server: str) -> None:
    port = s3_server.rpartition(":")[2]
    command = [sys.executable, "-m", "localglue", "--state", str(tmp_path / "state"), "--port", port]
    result = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"localglue: Port {port} for glue is taken by" in result.stderr
    assert f"--port {int(port) + 1}" in result.stderr
