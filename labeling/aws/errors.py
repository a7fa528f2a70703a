"""Sorts what AWS and the network say: what it is, whether waiting can help, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from django.utils.translation import gettext as _

from labeling.choices import RunProblem
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
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
CREDENTIALS = frozenset(
    {
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled"})
MISSING = frozenset({"EntityNotFoundException", "NoSuchBucket", "NoSuchKey", "NotFound", "404"})
WRONG_REGION = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
_PROBLEM_OF_CODE = {
    **dict.fromkeys(EXPIRED, RunProblem.EXPIRED),
    **dict.fromkeys(CREDENTIALS, RunProblem.CREDENTIALS),
    **dict.fromkeys(DENIED, RunProblem.ACCESS),
    **dict.fromkeys(MISSING, RunProblem.MISSING),
    **dict.fromkeys(WRONG_REGION, RunProblem.REGION),
    "MLTransformNotReadyException": RunProblem.NOT_READY,
    "ResourceNumberLimitExceededException": RunProblem.QUOTA,
    "InvalidInputException": RunProblem.INPUT,
}
# Where one code stands for several things the text tells. The first five are AWS's own words
# (https://docs.aws.amazon.com/glue/latest/dg/exceptions-machine-learning.html); what Glue says of versions that have ended is not published.
_PROBLEM_OF_TEXT = tuple(
    (re.compile(pattern, re.IGNORECASE), problem)
    for pattern, problem in (
        (r"not in the same region|specified endpoint|the region '[^']+' is wrong", RunProblem.REGION),
        (r"iam:PassRole|IAM role provided in the transform|assume role|sts:AssumeRole", RunProblem.ROLE),
        (r"cannot access the label file", RunProblem.ROLE),
        (r"label file has exceeded the limit", RunProblem.TOO_LARGE),
        (r"cannot find MLTransform", RunProblem.TRANSFORM_GONE),
        (
            r"end[ -]of[ -](life|support)|(?=.*glue version).*(not|no longer) (supported|available)",
            RunProblem.END_OF_LIFE,
        ),
        (r"cannot import name 'FindMatches'", RunProblem.END_OF_LIFE),
        (r"only be applied to a transform that is in a READY state", RunProblem.NOT_READY),
    )
)
# OpenSSL's word where the other side's certificate is refused, which is before any request leaves.
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
_DENIED_TEXT = re.compile(r"access ?denied|not authorized|status code: 403", re.IGNORECASE)


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
        return _glue_error(message, code, RunProblem.THROTTLED, retryable=True)
    if code in BUSY:
        return _glue_error(message, code, RunProblem.BUSY, retryable=True)
    if code in SERVER_SIDE or http_status >= 500:
        return _glue_error(message, code, RunProblem.AWS_FAULT, retryable=True, outcome_unknown=True)
    return _glue_error(message, code, _told_by(message) or _PROBLEM_OF_CODE.get(code))


def from_botocore_error(error: BotoCoreError | Boto3Error) -> GlueError:
    """No answer from AWS at all, or a request that never left."""
    code = type(error).__name__
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, NoRegionError, CredentialRetrievalError)):
        return _glue_error(str(error), code, RunProblem.CREDENTIALS)
    if isinstance(error, (TokenRetrievalError, UnauthorizedSSOTokenError)):
        return _glue_error(str(error), code, RunProblem.EXPIRED)
    if isinstance(error, SSLError) and _UNTRUSTED in str(error):
        return _glue_error(str(error), code, RunProblem.UNREACHABLE, retryable=True)
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)):
        return _glue_error(_("AWS cannot be reached."), code, RunProblem.UNREACHABLE, retryable=True)
    # Of a TLS error nobody knows whether the request had left before it.
    if isinstance(error, (HTTPClientError, SSLError, IncompleteReadError)):
        message = _("AWS did not answer.")
        return _glue_error(message, code, RunProblem.NO_ANSWER, retryable=True, outcome_unknown=True)
    return GlueError(str(error), code=code, advice=_("The request was not what AWS expects."))


def problem_of_run(text: str) -> RunProblem | None:
    """What the ErrorString of a run that failed at Glue tells. The run worked with the transform's role, so it is the role that is denied."""
    return _told_by(text) or (RunProblem.ROLE if _DENIED_TEXT.search(text) else None)


def advice_for(problem: RunProblem) -> str:
    """What to do about it, and whether it is tried again."""
    match problem:
        case RunProblem.UNREACHABLE:
            return _(
                "Check that the address is right and the service is running. The portal tries again automatically."
            )
        case RunProblem.NO_ANSWER:
            return _(
                "The connection broke or took too long. If a run was being started, the portal looks for it at Glue and starts it again if it is not there."
            )
        case RunProblem.THROTTLED:
            return _("Too many calls to AWS from this account. The portal tries again automatically.")
        case RunProblem.BUSY:
            return _("Other runs of this transform or account must end first. The portal tries again automatically.")
        case RunProblem.AWS_FAULT:
            return _("The fault is on the side of AWS. The portal tries again automatically.")
        case RunProblem.EXPIRED:
            return _("Give this installation new credentials, or sign in again, and restart it; then try again.")
        case RunProblem.CREDENTIALS:
            return _("Check the access key, its secret, the session token and the region that this installation uses.")
        case RunProblem.ACCESS:
            return _(
                "Give the credentials of this installation the permission that the message names; the operations guide has the policy."
            )
        case RunProblem.ROLE:
            return _(
                "Allow Glue to assume the transform's role, the role to read and write the bucket, and this installation to pass the role (iam:PassRole)."
            )
        case RunProblem.TRANSFORM_GONE:
            return _(
                "It was deleted or is in another account or region. Questions and answers are kept here; create a new transform and import them."
            )
        case RunProblem.MISSING:
            return _("It was deleted or is in another account or region.")
        case RunProblem.REGION:
            return _(
                "The bucket must be in the same region as the transform: use another bucket, or another region for Glue."
            )
        case RunProblem.QUOTA:
            return _(
                "A quota of the AWS account has been reached: delete what is no longer needed, or ask AWS to raise it."
            )
        case RunProblem.TOO_LARGE:
            return _("Import more often so that files stay small, or ask AWS to raise the quota “Label file size”.")
        case RunProblem.END_OF_LIFE:
            return _(
                "AWS no longer runs FindMatches on this version. The same label files work elsewhere: the embedded Glue can learn from them."
            )
        case RunProblem.NOT_READY:
            return _("Teach the transform first: import labels with both matching and different rows.")
        case RunProblem.INPUT:
            return _("Correct what the message names, then try again.")


def _told_by(text: str) -> RunProblem | None:
    return next((problem for pattern, problem in _PROBLEM_OF_TEXT if pattern.search(text)), None)


def _glue_error(
    message: str, code: str, problem: RunProblem | None, *, retryable: bool = False, outcome_unknown: bool = False
) -> GlueError:
    return GlueError(
        message,
        code=code,
        retryable=retryable,
        outcome_unknown=outcome_unknown,
        problem=problem or "",
        advice=advice_for(problem) if problem else "",
    )
