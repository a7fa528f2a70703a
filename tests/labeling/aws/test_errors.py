from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from labeling.aws.errors import from_botocore_error, from_client_error, problem_of_run, translated
from labeling.choices import RunProblem
from labeling.exceptions import GlueError

URL = "http://127.0.0.1:1"


def client_error(code: str, status: int = 400, message: str = "No.") -> GlueError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return from_client_error(ClientError(response, "StartImportLabelsTaskRun"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "status", "retryable", "outcome_unknown"),
    [
        ("ThrottlingException", 400, True, False),
        ("SlowDown", 503, True, False),
        ("ConcurrentRunsExceededException", 400, True, False),
        ("InternalServiceException", 500, True, True),
        ("OperationTimeoutException", 400, True, True),
        ("SomethingNew", 502, True, True),
        ("InvalidInputException", 400, False, False),
        ("EntityNotFoundException", 400, False, False),
        ("ResourceNumberLimitExceededException", 400, False, False),
        ("MLTransformNotReadyException", 400, False, False),
        ("ExpiredTokenException", 400, False, False),
        ("AccessDeniedException", 400, False, False),
        ("NoSuchBucket", 404, False, False),
    ],
)
def test_answers_are_sorted(code: str, status: int, retryable: bool, outcome_unknown: bool) -> None:
    error = client_error(code, status)
    assert (str(error), error.code, error.retryable, error.outcome_unknown) == ("No.", code, retryable, outcome_unknown)


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "ConcurrentRunsExceededException",
        "InternalServiceException",
        "EntityNotFoundException",
        "ResourceNumberLimitExceededException",
        "MLTransformNotReadyException",
        "ExpiredTokenException",
        "AccessDeniedException",
        "NoSuchBucket",
        "PermanentRedirect",
    ],
)
def test_advice_is_given(code: str) -> None:
    assert client_error(code).advice


def test_an_error_without_a_message_still_says_something() -> None:
    assert "NoSuchKey" in str(client_error("NoSuchKey", 404, ""))


@pytest.mark.parametrize(
    ("error", "retryable", "outcome_unknown"),
    [
        (EndpointConnectionError(endpoint_url=URL), True, False),
        (ConnectTimeoutError(endpoint_url=URL), True, False),
        (ReadTimeoutError(endpoint_url=URL), True, True),
        (ConnectionClosedError(endpoint_url=URL), True, True),
        (SSLError(endpoint_url=URL, error=OSError("[SSL] record layer failure")), True, True),
        (SSLError(endpoint_url=URL, error=OSError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")), True, False),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), True, True),
        (ProxyConnectionError(proxy_url=URL), True, False),
        (NoCredentialsError(), False, False),
        (ParamValidationError(report="x"), False, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_silence_is_sorted(error: Exception, retryable: bool, outcome_unknown: bool) -> None:
    found = from_botocore_error(error)  # type: ignore[arg-type]
    assert (found.code, found.retryable, found.outcome_unknown) == (type(error).__name__, retryable, outcome_unknown)
    assert found.advice


def test_only_what_aws_raises_is_translated() -> None:
    with pytest.raises(GlueError), translated():
        raise NoCredentialsError
    with pytest.raises(KeyError), translated():
        raise KeyError


def test_a_run_over_a_transform_that_nobody_taught_says_to_teach_it() -> None:
    """A job ends with these words; only the calls of the API come with a code."""
    words = "This operation can only be applied to a transform that is in a READY state."
    assert problem_of_run(words) == RunProblem.NOT_READY
