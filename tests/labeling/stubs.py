"""AWS's SDK against its own stubs, for what localglue cannot say: every request is checked against the service's model before it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from labeling.aws import clients

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRANSFORM = "tfm-" + "1" * 40
RUN = "tsk-" + "2" * 40


@cache
def _session() -> boto3.session.Session:
    """One for all tests: each reads the model of the service, which is large, anew."""
    return boto3.session.Session(aws_access_key_id="A" * 16, aws_secret_access_key="s", region_name="us-east-1")


@contextmanager
def stubbed(monkeypatch: pytest.MonkeyPatch, service: str = "glue") -> Iterator[Stubber]:
    """The portal's client of the service answers what the test queues, in that order, and nothing else; all of it must be asked for."""
    client = _session().client(service)  # type: ignore[call-overload]  # its name is not a literal
    with Stubber(client) as stubber, monkeypatch.context() as patch:
        for name in ("glue", "glue_once") if service == "glue" else (service,):
            patch.setattr(clients, name, lambda: client)
        yield stubber
        stubber.assert_no_pending_responses()


def ml_transform(**fields: Any) -> dict[str, Any]:
    """GetMLTransform's answer."""
    return {
        "TransformId": TRANSFORM,
        "Name": "People",
        "Status": "READY",
        "LabelCount": 10,
        "MaxCapacity": 10.0,
        **fields,
    }


def ml_run(status: str, kind: str = "EVALUATION", run_id: str = RUN, **fields: Any) -> dict[str, Any]:
    """A TaskRun, which is also GetMLTaskRun's answer."""
    return {
        "TransformId": TRANSFORM,
        "TaskRunId": run_id,
        "Status": status,
        "LogGroupName": "/aws-glue/mlTransforms",
        "Properties": {"TaskType": kind},
        "StartedOn": NOW,
        **fields,
    }
