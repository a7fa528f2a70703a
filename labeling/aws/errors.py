"""Sorts what AWS and the network say into "fix the input" and "try again later", each with advice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from django.utils.translation import gettext as _

from labeling.exceptions import GlueError

# https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html and the Errors section of each operation.
THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "ProvisionedThroughputExceededException",
    }
)
BUSY = frozenset(
    {
        "ConcurrentRunsExceededException",
        "ConcurrentModificationException",
        "SchedulerTransitioningException",
        "ResourceNotReadyException",
    }
)
SERVER_SIDE = frozenset(
    {
        "InternalServiceException",
        "InternalServerError",
        "InternalFailure",
        "InternalError",
        "OperationTimeoutException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled"})
MISSING = frozenset({"EntityNotFoundException", "NoSuchBucket", "NoSuchKey", "NotFound", "404"})
WRONG_REGION = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})


@contextmanager
def translated() -> Iterator[None]:
    """Raise ``GlueError`` in place of what boto3 and botocore raise."""
    try:
        yield
    except ClientError as error:
        raise from_client_error(error) from error
    except (BotoCoreError, Boto3Error) as error:
        raise from_botocore_error(error) from error


def from_client_error(error: ClientError) -> GlueError:
    """An answer from AWS that says no."""
    detail = error.response.get("Error", {})
    code = detail.get("Code", "")
    http_status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = detail.get("Message") or _("AWS refused the request (%(code)s).") % {"code": code or http_status}
    if code in THROTTLED:
        return GlueError(message, code=code, retryable=True, advice=_("AWS is throttling. This is tried again."))
    if code in BUSY:
        advice = _("Glue is at its limit of runs or busy with this transform. This is tried again.")
        return GlueError(message, code=code, retryable=True, advice=advice)
    if code in SERVER_SIDE or http_status >= 500:
        advice = _("AWS had a fault of its own. This is tried again.")
        return GlueError(message, code=code, retryable=True, advice=advice, outcome_unknown=True)
    return GlueError(message, code=code, advice=_advice(code))


def from_botocore_error(error: BotoCoreError | Boto3Error) -> GlueError:
    """No answer from AWS at all, or a request that never left."""
    code = type(error).__name__
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, NoRegionError)):
        return GlueError(str(error), code=code, advice=_credentials_advice())
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError)):
        advice = _("Check that the address is right and the service runs. This is tried again.")
        return GlueError(_("AWS cannot be reached."), code=code, retryable=True, advice=advice)
    if isinstance(error, (ReadTimeoutError, ConnectionClosedError, HTTPClientError)):
        advice = _("The connection broke. This is looked into and tried again if needed.")
        return GlueError(_("AWS did not answer."), code=code, retryable=True, advice=advice, outcome_unknown=True)
    return GlueError(str(error), code=code, advice=_("The request did not fit what AWS expects."))


def _credentials_advice() -> str:
    return _("Check the access key, its secret, the session token and the region that this installation uses.")


def _advice(code: str) -> str:
    if code in CREDENTIALS:
        return _credentials_advice()
    if code in DENIED:
        return _(
            "Give the credentials of this installation, and the transform's role, access to Glue and to the bucket."
        )
    if code in MISSING:
        return _("It was deleted or lives in another account or region.")
    if code in WRONG_REGION:
        return _("The bucket must be in the same region as the transform.")
    if code == "MLTransformNotReadyException":
        return _("Teach the transform first: import labels that hold both matching and different rows.")
    if code == "ResourceNumberLimitExceededException":
        return _("A quota of the AWS account is reached: delete what is no longer needed, or ask AWS to raise it.")
    return ""
