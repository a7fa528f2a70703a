"""localglue in the tests of other projects: ``pytest_plugins = ["localglue.testing"]`` in a ``conftest.py``.

    def test_my_code(localglue):
        glue = localglue.client("glue")
        ...

``localglue`` gives each test an empty server and sets the environment in which boto3, and whatever the test starts, finds it.
The server itself is started once a session, when the first test asks for it. Without pytest: ``with serve() as server``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

_ROOT = Path(__file__).resolve().parent.parent
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}
_FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")


@dataclass(frozen=True, slots=True)
class LocalGlue:
    """A running server. ``environment`` is what AWS clients need: keys, region, the addresses of Glue and S3."""

    environment: Mapping[str, str]
    bucket: str
    logs: Path

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client for ``glue`` or ``s3`` of this server; ``options`` are boto3's."""
        found = self.environment
        defaults = {
            "endpoint_url": found[f"AWS_ENDPOINT_URL_{service.upper()}"],
            "region_name": found["AWS_DEFAULT_REGION"],
            "aws_access_key_id": found["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": found["AWS_SECRET_ACCESS_KEY"],
        }
        made: Any = boto3.session.Session().client
        return made(service, **(defaults | options))

    def wait(self, transform_id: str, task_run_id: str, *, seconds: float = 120.0) -> dict[str, Any]:
        """The answer of GetMLTaskRun once the run has ended, however it ended. Raises ``TimeoutError`` after ``seconds``."""
        glue = self.client("glue")
        deadline = time.monotonic() + seconds
        while True:
            found: dict[str, Any] = glue.get_ml_task_run(TransformId=transform_id, TaskRunId=task_run_id)
            if found["Status"] in _ENDED:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"the run {task_run_id} is {found['Status']} after {seconds:g} s")
            time.sleep(0.1)

    def reset(self, *, seconds: float = 30.0) -> None:
        """As after the start: no transforms, jobs, databases; no objects, and no bucket but the first one.

        Runs are stopped. Raises ``TimeoutError`` if that takes longer than ``seconds``.
        """
        glue = self.client("glue")
        deadline = time.monotonic() + seconds
        while handles := glue.list_ml_transforms(MaxResults=1000)["TransformIds"]:
            for handle in handles:
                try:
                    glue.delete_ml_transform(TransformId=handle)
                except glue.exceptions.EntityNotFoundException:
                    continue  # its last run has just ended
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(handles)} transforms are still there after {seconds:g} s")
        while jobs := glue.get_jobs(MaxResults=1000)["Jobs"]:
            for job in jobs:
                glue.delete_job(JobName=job["Name"])
        while databases := glue.get_databases(MaxResults=100)["DatabaseList"]:
            for database in databases:
                glue.delete_database(Name=database["Name"])
        self._remake_buckets()

    def _remake_buckets(self) -> None:
        """The first bucket is made anew as well: a test may have deleted it, or set something on it."""
        s3 = self.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            name = bucket["Name"]
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
                found = [
                    {"Key": item["Key"], "VersionId": item["VersionId"]}
                    for item in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
                ]
                if found:
                    s3.delete_objects(Bucket=name, Delete={"Objects": found})
            s3.delete_bucket(Bucket=name)
        s3.create_bucket(Bucket=self.bucket)


@contextmanager
def serve(*, seconds: float = 120.0, settings: Mapping[str, str] | None = None) -> Iterator[LocalGlue]:
    """A server with ports and a folder of its own, which are gone afterwards.

    ``settings`` are environment variables of it, ``LOCALGLUE_MAX_TRANSFORMS`` for example. Raises ``RuntimeError`` with what the
    server printed if it is not ready after ``seconds``.
    """
    with tempfile.TemporaryDirectory(prefix="localglue-testing-") as folder:
        state, output = Path(folder) / "state", Path(folder) / "output"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "localglue", "--state", str(state), "--stop-with-parent"),
                    *("--port", "0", "--s3-port", "0", "--redis-port", "0"),
                ],
                cwd=_ROOT,  # where the packages are, whether they are installed or not
                env={**os.environ, **(settings or {})},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_for_ready(process, output, seconds)
            yield LocalGlue(_read_environment(state / "aws.env"), "localglue", state / "log")
        finally:
            process.terminate()
            process.wait()


def _wait_for_ready(process: subprocess.Popen[bytes], output: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while "localglue: ready" not in output.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"localglue did not start:\n{output.read_text(errors='replace')}")
        time.sleep(0.05)


def _read_environment(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, _, value in pairs}


@pytest.fixture(scope="session")
def localglue_server() -> Iterator[LocalGlue]:
    """One server for all tests of a session; what tests leave there, others find."""
    with serve() as server:
        yield server


@pytest.fixture
def localglue(localglue_server: LocalGlue, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalGlue]:
    """The server, empty, with the environment set so that code under test finds it without being told."""
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    for name, value in localglue_server.environment.items():
        monkeypatch.setenv(name, value)
    yield localglue_server
    localglue_server.reset()
