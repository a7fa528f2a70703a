"""The wire: what a request must look like, and what comes back if it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from django.conf import settings as django_settings
from django.db import OperationalError
from django.test import Client

from localglue import shapes
from localglue.errors import ValidationException
from localglue.protocol import service_model
from tests.localglue.conftest import GlueClient, transform_request

if TYPE_CHECKING:
    from django.http import HttpResponse


def send(target: str | None, body: bytes, *, method: str = "POST", path: str = "/") -> HttpResponse:
    """A signed request with just this body."""
    headers = {"Content-Type": "application/x-amz-json-1.1"} | ({"X-Amz-Target": target} if target else {})
    request = AWSRequest(method, f"http://glue.test{path}", headers=headers, data=body)
    keys = Credentials(django_settings.LOCALGLUE_KEY_ID, django_settings.LOCALGLUE_SECRET)
    SigV4Auth(keys, "glue", "us-east-1").add_auth(request)
    extra: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    return Client().generic(  # type: ignore[return-value]
        method, path, body, content_type="application/x-amz-json-1.1", HTTP_HOST="glue.test", **extra
    )


def error_of(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["__type"]


def test_answers_carry_a_request_id_and_the_content_type(glue: GlueClient) -> None:
    response = send("AWSGlue.GetDatabases", b"{}")
    assert response.status_code == 200
    assert len(response.headers["x-amzn-RequestId"]) == 36
    assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert json.loads(response.content) == {"DatabaseList": []}


def test_an_empty_body_is_an_empty_request(glue: GlueClient) -> None:
    assert send("AWSGlue.GetDatabases", b"").status_code == 200


@pytest.mark.parametrize(
    "target", [None, "", "GetDatabases", "AWSGlue.", "AWSGlue.Nothing", "DynamoDB_20120810.ListTables"]
)
def test_an_unknown_target_is_an_unknown_operation(glue: GlueClient, target: str | None) -> None:
    assert error_of(send(target, b"{}")) == (400, "UnknownOperationException")


def test_an_operation_of_glue_that_localglue_does_not_have_says_so(glue: GlueClient) -> None:
    response = send("AWSGlue.GetCrawlers", b"{}")
    assert error_of(response) == (400, "UnknownOperationException")
    assert "GetCrawlers" in json.loads(response.content)["message"]


def test_only_post_and_only_the_root(glue: GlueClient) -> None:
    assert error_of(send("AWSGlue.GetDatabases", b"", method="GET")) == (400, "UnknownOperationException")
    assert error_of(send("AWSGlue.GetDatabases", b"{}", path="/somewhere")) == (404, "UnknownOperationException")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b'{"Name": NaN}',
        b"\xff\xfe{}",
        '{"Name": "x"}'.encode("utf-16"),
        b'{"Name": 5}',
        b'{"Name": ["x"]}',
        b'{"Name": {"a": 1}}',
        b'{"Name": true}',
        b'{"Name": "\\ud800"}',
        b"[" * 100_000,
        b'{"Name": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_the_shape_cannot_be_deserialised(glue: GlueClient, body: bytes) -> None:
    assert error_of(send("AWSGlue.GetDatabase", body)) == (400, "SerializationException")


@pytest.mark.parametrize("value", ["1e999", "1.5", "2147483648", "-99999999999999999999", "9" * 400, '"7"', "true"])
def test_integers_are_integers(glue: GlueClient, value: str) -> None:
    assert error_of(send("AWSGlue.GetDatabases", b'{"MaxResults": %s}' % value.encode())) == (
        400,
        "SerializationException",
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"null", "An object was expected where null was found."),
        (b"[]", "An object was expected where a list was found."),
        (b'{"MaxResults": "7"}', "A number was expected where a string was found."),
        (b'{"NextToken": 7}', "A string was expected where a number was found."),
    ],
)
def test_a_value_of_another_type_is_told_by_name(glue: GlueClient, body: bytes, words: str) -> None:
    assert json.loads(send("AWSGlue.GetDatabases", body).content)["message"] == words


@pytest.mark.parametrize("value", ["1e300", "-1e15", "1e999"])
def test_times_that_no_calendar_has(glue: GlueClient, value: str) -> None:
    body = b'{"Filter": {"CreatedAfter": %s}}' % value.encode()
    assert error_of(send("AWSGlue.GetMLTransforms", body)) == (400, "SerializationException")


def test_members_that_the_model_does_not_know_and_nulls_are_ignored(glue: GlueClient) -> None:
    assert send("AWSGlue.GetDatabases", b'{"Nonsense": {"a": [1]}, "MaxResults": null}').status_code == 200


def test_a_body_beyond_any_need_is_refused(glue: GlueClient) -> None:
    assert error_of(send("AWSGlue.GetDatabases", b" " * 6_000_000)) == (413, "RequestEntityTooLargeException")


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("get_ml_transforms", {"MaxResults": 0}, "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"),
    ("get_ml_transforms", {"MaxResults": 1001}, "Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"),
    ("get_ml_transforms", {"Filter": {"Status": "BOGUS"}}, "Value 'BOGUS' at 'filter.status' failed to satisfy constraint: Member must satisfy enum value set: [NOT_READY, READY, DELETING]"),
    ("get_ml_transforms", {"Sort": {"Column": "NAME"}}, "Value null at 'sort.sortDirection' failed to satisfy constraint: Member must not be null"),
    ("get_ml_transform", {"TransformId": ""}, "Value '' at 'transformId' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ("get_ml_transform", {"TransformId": "x" * 256}, "at 'transformId' failed to satisfy constraint: Member must have length less than or equal to 255"),
    ("get_ml_transform", {}, "Value null at 'transformId' failed to satisfy constraint: Member must not be null"),
    ("get_ml_transform", {"TransformId": "a\nb"}, "at 'transformId' failed to satisfy constraint: Member must satisfy regular expression pattern"),
    ("get_ml_transform", {"TransformId": "a\0b"}, "at 'transformId' failed to satisfy constraint: Member must satisfy regular expression pattern"),
    ("start_import_labels_task_run", {"TransformId": "x", "InputS3Path": "s3://a/\0"}, "at 'inputS3Path' failed to satisfy constraint: Member must not hold the character U+0000"),
    ("create_ml_transform", transform_request(GlueVersion="two"), "at 'glueVersion' failed to satisfy constraint: Member must satisfy regular expression pattern"),
    ("create_ml_transform", transform_request(Timeout=0), "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"),
    ("create_ml_transform", transform_request(WorkerType="Z"), "Value 'Z' at 'workerType' failed to satisfy constraint: Member must satisfy enum value set"),
    ("create_ml_transform", transform_request(Tags={str(number): "" for number in range(51)}), "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"),
    ("create_ml_transform", transform_request(InputRecordTables=[{"DatabaseName": "d", "TableName": "t"}] * 11), "at 'inputRecordTables' failed to satisfy constraint: Member must have length less than or equal to 10"),
    ("create_ml_transform", transform_request(Parameters={"TransformType": "FIND_MATCHES", "FindMatchesParameters": {"PrecisionRecallTradeoff": 7.5}}), "Value '7.5' at 'parameters.findMatchesParameters.precisionRecallTradeoff' failed to satisfy constraint: Member must have value less than or equal to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "request_", "message"), BROKEN)
def test_constraints_of_the_model_are_checked(
    glue: GlueClient, operation: str, request_: dict[str, Any], message: str
) -> None:
    call: Callable[..., Any] = getattr(glue, operation)
    with pytest.raises(ClientError) as caught:
        call(**request_)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith("1 validation error detected: ")
    assert message in error["Message"]


def test_all_broken_constraints_are_named_at_once(glue: GlueClient) -> None:
    with pytest.raises(ClientError) as caught:
        glue.get_ml_task_runs(TransformId="", MaxResults=2000, Filter={"Status": "X"})
    message = caught.value.response["Error"]["Message"]
    assert message.startswith("3 validation errors detected: ")
    assert all(place in message for place in ("'transformId'", "'maxResults'", "'filter.status'"))


def test_every_pattern_of_the_model_compiles() -> None:
    """Java writes categories and characters beyond U+FFFF otherwise than Python."""
    found = {service_model().shape_for(name).metadata.get("pattern") for name in service_model().shape_names} - {None}
    assert len(found) > 10
    assert all(shapes.compiled(pattern) for pattern in found)


def test_patterns_reach_beyond_the_basic_plane(lab: GlueClient) -> None:
    handle = lab.create_ml_transform(**transform_request("Kunden 🧾 日本"))["TransformId"]
    assert lab.get_ml_transform(TransformId=handle)["Name"] == "Kunden 🧾 日本"
    transaction = service_model().shape_for("TransactionIdString")
    shapes.check(transaction, "Ünï-7")
    with pytest.raises(ValidationException):
        shapes.check(transaction, "a b")


def test_a_fault_of_ours_is_told_as_an_internal_failure(glue: GlueClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, Any]:
        return {"Nonsense": 1}

    monkeypatch.setattr("localglue.operations.Operation.handler", property(lambda _: broken), raising=False)
    response = send("AWSGlue.GetDatabases", b"{}")
    assert error_of(response) == (500, "InternalFailure")
    assert "Nonsense" not in response.content.decode()


def test_a_database_that_is_away_is_a_failed_dependency(glue: GlueClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> dict[str, Any]:
        raise OperationalError("connection refused")

    monkeypatch.setattr("localglue.operations.Operation.handler", property(lambda _: away), raising=False)
    with pytest.raises(glue.exceptions.InternalServiceException, match=r"Dependency failure\."):
        glue.get_ml_transform(TransformId="tfm-0")
