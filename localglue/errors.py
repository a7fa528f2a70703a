"""The errors of the wire, named after AWS's shapes.

The classes in the first part are modelled for Glue; their body carries ``Message``. Those in the second part are the errors that
every AWS service shares; their body carries ``message``. Texts marked "AWS" are the ones that AWS publishes:
https://docs.aws.amazon.com/glue/latest/dg/exceptions-machine-learning.html
"""

from __future__ import annotations

from typing import ClassVar


class GlueError(Exception):
    """An error that the caller is told: ``{"__type": code, member: message}`` with an HTTP status."""

    status: ClassVar[int] = 400
    member: ClassVar[str] = "Message"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def code(self) -> str:
        return type(self).__name__


class AccessDeniedException(GlueError):
    """The key may not do this."""


class AlreadyExistsException(GlueError):
    """The name is taken."""


class ConcurrentModificationException(GlueError):
    """Somebody else was quicker."""


class ConcurrentRunsExceededException(GlueError):
    """Too many runs at once."""


class EntityNotFoundException(GlueError):
    """There is no such thing."""


class IdempotentParameterMismatchException(GlueError):
    """The same name was used for a request that differs."""


class InvalidInputException(GlueError):
    """The request is well formed and cannot be served."""


class MLTransformNotReadyException(GlueError):
    """The transform must be taught first."""


class ResourceNumberLimitExceededException(GlueError):
    """A quota is used up."""


class ValidationException(GlueError):
    """The request breaks a constraint of the service model."""


class InternalServiceException(GlueError):
    """Something that localglue needs does not answer; worth a retry."""

    status = 500


class CommonError(GlueError):
    """An error that is not Glue's own."""

    member = "message"


class AccessDenied(CommonError):
    """The key is known and may not do this; operations do not model it."""

    @property
    def code(self) -> str:
        return "AccessDeniedException"


class IncompleteSignatureException(CommonError):
    """The Authorization header lacks a part."""


class InternalFailure(CommonError):
    """A fault in localglue."""

    status = 500


class InvalidSignatureException(CommonError):
    """The signature does not match, or its time or scope is wrong."""


class MissingAuthenticationTokenException(CommonError):
    """The request is not signed."""


class RequestEntityTooLargeException(CommonError):
    """The request body is larger than any request needs."""

    status = 413


class SerializationException(CommonError):
    """The body is not JSON, or a value has the wrong type."""


class UnknownOperationException(CommonError):
    """There is no such operation, or localglue does not have it."""


class UnrecognizedClientException(CommonError):
    """The access key is not known."""
