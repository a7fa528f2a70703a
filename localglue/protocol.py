"""AWS JSON 1.1: bytes to a request that the service model allows, results and errors to bytes."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NoReturn

from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel

from localglue import shapes
from localglue.errors import GlueError, SerializationException, UnknownOperationException

SERVICE = "glue"
TARGET_PREFIX = "AWSGlue."
CONTENT_TYPE = "application/x-amz-json-1.1"


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """The model of Glue that botocore carries: the one definition of what is a request and a response."""
    return ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE)


def operation_model(target: str) -> OperationModel:
    """The operation that ``X-Amz-Target`` names. Raises ``UnknownOperationException``."""
    if not target.startswith(TARGET_PREFIX):
        raise UnknownOperationException("The header X-Amz-Target must name an operation of AWSGlue.")
    try:
        return service_model().operation_model(target.removeprefix(TARGET_PREFIX))
    except OperationNotFoundError:
        raise UnknownOperationException("AWSGlue has no such operation.") from None


def parse_request(operation: OperationModel, body: bytes) -> dict[str, Any]:
    """The request in the body, valid by the service model. Raises ``SerializationException`` or ``ValidationException``."""
    try:
        # bytes.decode and not json's own guess: a body in UTF-16 is not what this protocol speaks.
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant) if body.strip() else {}
    except (ValueError, RecursionError):
        raise SerializationException("The body is not JSON in UTF-8.") from None
    if operation.input_shape is None:
        return {}
    request: dict[str, Any] = shapes.parse(operation.input_shape, value)
    shapes.check(operation.input_shape, request)
    return request


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def response_body(operation: OperationModel, result: dict[str, Any]) -> bytes:
    """The result as JSON. A result that does not fit the model is a fault of ours and raises ``TypeError``."""
    shape = operation.output_shape
    return json.dumps(shapes.serialise(shape, result) if shape else {}, separators=(",", ":")).encode()


def error_body(error: GlueError) -> bytes:
    """``{"__type": ..., "Message": ...}``: the type is what SDKs choose their exception class by."""
    return json.dumps({"__type": error.code, error.member: error.message}).encode()
