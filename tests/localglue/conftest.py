"""boto3 against localglue without a server: the client's signed request goes to the Django view, the answer goes back.

Every answer is checked against botocore's model, constraints included, whatever the test is about.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from django.test import Client

from localglue import protocol, shapes
from localglue.choices import TransformStatus
from localglue.models import LabelingSet, MLTransform

if TYPE_CHECKING:
    from pytest_django import Settings

# boto3's Glue client. Not its stub: tests send what that forbids, and the server must refuse it.
GlueClient = Any

ROLE = "arn:aws:iam::000000000000:role/tests"
ACCOUNT = "000000000000"


class _Raw:
    """What botocore reads a body from."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.content


def text(value: Any) -> str:
    """Header values are bytes or text, as botocore pleases."""
    return value.decode() if isinstance(value, bytes) else str(value)


def through_django(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """Send what botocore would send over HTTP to the view."""
    parts = urlsplit(request.url)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": text(value) for name, value in request.headers.items()}
    headers["HTTP_HOST"] = parts.netloc
    environ: dict[str, Any] = {"QUERY_STRING": parts.query, **headers}
    body: Any = request.body or b""
    response = Client(raise_request_exception=False).generic(
        request.method, parts.path or "/", body, content_type="application/x-amz-json-1.1", **environ
    )
    if response.status_code == 200:
        check_response(request.headers.get("X-Amz-Target", ""), response.content)
    found: Any = dict(response.headers)
    return AWSResponse(request.url, response.status_code, found, _Raw(response.content))


def check_response(target: str | bytes, content: bytes) -> None:
    """The body is what the service model allows, and holds nothing else."""
    name = target.decode() if isinstance(target, bytes) else target
    shape = protocol.operation_model(name).output_shape
    if shape is not None:
        value = json.loads(content)
        assert shapes.parse(shape, value) == value
        shapes.check(shape, value)


def client(**changes: Any) -> GlueClient:
    """A Glue client whose requests stay in this process."""
    options: dict[str, Any] = {
        "endpoint_url": "http://glue.test",
        "region_name": "us-east-1",
        "config": Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    }
    made: Any = boto3.client("glue", **(options | changes))
    made.meta.events.register("before-send.glue", through_django)
    return made


@pytest.fixture
def glue(db: None, settings: Settings) -> GlueClient:
    """boto3's Glue client, in this process, on this test's database; it does not check parameters, so the server must."""
    settings.ROOT_URLCONF = "localglue.urls"
    settings.MIDDLEWARE = []
    return client()


@pytest.fixture
def lab(glue: GlueClient) -> GlueClient:
    """With a database ``lab`` and a table ``people`` (id, name, street) that has no data."""
    glue.create_database(DatabaseInput={"Name": "lab"})
    glue.create_table(DatabaseName="lab", TableInput=table_input("people"))
    return glue


def table_input(name: str, *columns: tuple[str, str], location: str = "s3://data/people/") -> dict[str, Any]:
    """A CSV table as a crawler would write it."""
    return {
        "Name": name,
        "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
        "StorageDescriptor": {
            "Location": location,
            "Columns": [
                {"Name": column, "Type": kind}
                for column, kind in columns or (("id", "string"), ("name", "string"), ("street", "string"))
            ],
        },
    }


def transform_request(name: str = "people", **changes: Any) -> dict[str, Any]:
    """A CreateMLTransform that works in ``lab``; None as a value leaves the member out."""
    request = {
        "Name": name,
        "Role": ROLE,
        "InputRecordTables": [{"DatabaseName": "lab", "TableName": "people"}],
        "Parameters": {
            "TransformType": "FIND_MATCHES",
            "FindMatchesParameters": {"PrimaryKeyColumnName": "id"},
        },
    } | changes
    return {name: value for name, value in request.items() if value is not None}


@pytest.fixture
def make_transform(lab: GlueClient) -> Callable[..., str]:
    """Creates a transform and gives its id; ``ready=True`` pretends that it was taught."""

    def make(name: str = "", *, ready: bool = False, **changes: Any) -> str:
        request = transform_request(name or f"people {uuid.uuid4().hex[:8]}", **changes)
        handle = str(lab.create_ml_transform(**request)["TransformId"])
        if ready:
            transform = MLTransform.objects.get(public_id=handle)
            LabelingSet.objects.create(transform=transform, labeling_set_id="s", rows=[["A", "1", "x", "y"]])
            MLTransform.objects.filter(pk=transform.pk).update(status=TransformStatus.READY, label_count=1)
        return handle

    return make
