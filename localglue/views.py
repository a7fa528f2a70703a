"""HTTP: who asks, for what, and how the answer is written. Everything else is in ``operations``."""

from __future__ import annotations

import logging
import time
import uuid

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from localglue import keys, operations, protocol, signing
from localglue.errors import (
    AccessDenied,
    GlueError,
    InternalFailure,
    InternalServiceException,
    RequestEntityTooLargeException,
    SerializationException,
    UnknownOperationException,
)

log = logging.getLogger(__name__)

operations.load()


def health(request: HttpRequest) -> JsonResponse:
    """200 while this process answers and its database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@csrf_exempt
def endpoint(request: HttpRequest) -> HttpResponse:
    """One request of the AWS JSON 1.1 protocol. Whatever happens, the answer is one that an SDK understands."""
    request_id, begun = str(uuid.uuid4()), time.perf_counter()
    target = request.headers.get("X-Amz-Target", "")
    error: GlueError | None = None
    try:
        status, code, body = 200, "ok", _answer(request, target)
    except GlueError as told:
        error = told
    except (OperationalError, InterfaceError):
        log.exception("request %s %s: the database does not answer", request_id, target[:100])
        error = InternalServiceException("Dependency failure.")
    except Exception:
        log.exception("request %s %s failed", request_id, target[:100])
        error = InternalFailure("The request failed because of an unknown error in localglue.")
    if error is not None:
        status, code, body = error.status, error.code, protocol.error_body(error)
    took = (time.perf_counter() - begun) * 1000
    log.info("request %s %r %s %s %.0f ms", request_id, target[:100], status, code, took)
    return HttpResponse(
        body, status=status, content_type=protocol.CONTENT_TYPE, headers={"x-amzn-RequestId": request_id}
    )


def unknown_address(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Any path but ``/``."""
    body = protocol.error_body(UnknownOperationException("The address of this service is /."))
    return HttpResponse(body, status=404, content_type=protocol.CONTENT_TYPE)


def _answer(request: HttpRequest, target: str) -> bytes:
    if request.method != "POST":
        raise UnknownOperationException("Requests to this service are sent with POST.")
    model = protocol.operation_model(target)
    credential = signing.verify(
        _signed(request), credentials=keys.find_credential, region=settings.LOCALGLUE_REGION, now=timezone.now()
    )
    operation = operations.find(model.name)
    if operation is None:
        raise UnknownOperationException(f"localglue does not support the operation {model.name}.")
    if operation.writes and credential.read_only:
        raise AccessDenied(f"The access key {credential.key_id} can only read; {model.name} changes something.")
    parameters = protocol.parse_request(model, request.body)
    caller = operations.Caller(credential.key_id)
    return protocol.response_body(model, operation.handler(parameters, caller))


def _signed(request: HttpRequest) -> signing.SignedRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        body = request.body
    except RequestDataTooBig:
        raise RequestEntityTooLargeException("The request is larger than any operation needs.") from None
    except UnreadablePostError:
        raise SerializationException("The request ended before its body did.") from None
    return signing.SignedRequest(
        method=request.method or "",
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        headers=headers,
        body=body,
    )
