"""All of the API, and how it says no."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.multipartparser import MultiPartParserError
from django.urls import re_path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from labeling.api import label_files, runs, transforms
from labeling.api.access import TokenAuth
from labeling.api.errors import ErrorOut, NotYetError, PlaceOut, WrongFieldError, places
from labeling.exceptions import (
    GlueError,
    LabelportalError,
    RunConflictError,
    TransformTakenError,
    UnknownTransformError,
)
from labeling.services.brought_labels import RefusedLabelsError

logger = logging.getLogger(__name__)

api = NinjaAPI(
    title="labelportal",
    version="1",
    description="Transforms, questions, answers, label files and runs of a team.",
    auth=TokenAuth(),
    docs_url=None,  # its page would fetch scripts from elsewhere
)
for router in (transforms.router, runs.router, label_files.router):
    api.add_router("", router)


def api_urls() -> tuple[Any, ...]:
    """For ``path``. Tokens sign in here, so nobody is sent to the sign-in page; and no page for people answers a program."""
    patterns, *names = api.urls
    patterns.append(re_path("", _nothing_here))
    for pattern in patterns:
        assert pattern.callback is not None
        pattern.callback = csrf_exempt(login_not_required(_for_programs(pattern.callback)))
    return patterns, *names


def _nothing_here(_request: HttpRequest) -> HttpResponse:
    raise Http404


def _for_programs(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What Django and Ninja have pages or plain text for, in the API's own form."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            message = _("There is no such address. openapi.json names all that there are.")
            return _answer(request, 404, ErrorOut(code="not_found", message=message))
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        allowed = response.headers["Allow"]
        message = _("This address takes %(methods)s.") % {"methods": allowed}
        response = _answer(request, 405, ErrorOut(code="method_not_allowed", message=message))
        response.headers["Allow"] = allowed
        return response

    return answered


def _answer(request: HttpRequest, status: int, error: ErrorOut) -> HttpResponse:
    return api.create_response(request, error.model_dump(), status=status)


@api.exception_handler(AuthenticationError)
def no_token(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    """401, as HTTP wants it."""
    message = _("A valid API token is needed: “Authorization: Bearer <token>”.")
    response = _answer(request, 401, ErrorOut(code="unauthorized", message=message))
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(PermissionDenied)
def not_allowed(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    """403, with who may."""
    return _answer(request, 403, ErrorOut(code="forbidden", message=str(error)))


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    """404, also for what other teams have."""
    message = str(error) if isinstance(error, NotYetError) else _("There is no such thing in this team.")
    return _answer(request, 404, ErrorOut(code="not_found", message=message))


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422, with each field that is wrong."""
    problems = [
        PlaceOut(column=_field(found["loc"]), code=found["type"], message=found["msg"]) for found in error.errors
    ]
    message = _("The request is not as the description has it.")
    advice = (
        _("Send the fields as a form (multipart/form-data), as curl does with -F.") if _no_form(request, error) else ""
    )
    return _answer(request, 422, ErrorOut(code="malformed", message=message, advice=advice, problems=problems))


def _no_form(request: HttpRequest, error: ValidationError) -> bool:
    """Whether a form was wanted and something else came, such as JSON: then each field is missing that the sender believes to have sent."""
    wanted = {found["loc"][0] for found in error.errors}
    if "file" in wanted:
        return request.content_type != "multipart/form-data"
    return "form" in wanted and request.content_type not in ("multipart/form-data", "application/x-www-form-urlencoded")


def _field(where: tuple[str | int, ...]) -> str | None:
    """The field as the sender knows it: a body of JSON has a name of its own only in our code."""
    inner = where[2:] if where[0] == "body" else where[1:]
    return ".".join(str(part) for part in inner) or None


@api.exception_handler(HttpError)
def bad_body(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What cannot be read at all."""
    return _answer(request, error.status_code, ErrorOut(code="malformed", message=str(error)))


@api.exception_handler(BadRequest)
@api.exception_handler(MultiPartParserError)
@api.exception_handler(SuspiciousOperation)
def unreadable(request: HttpRequest, _error: Exception) -> HttpResponse:
    """400: not what a program sends that means well."""
    return _answer(request, 400, ErrorOut(code="malformed", message=_("The request cannot be read.")))


@api.exception_handler(Exception)
def unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    """500. What went wrong is in the log of web."""
    logger.error("API: %s %s failed", request.method, request.path, exc_info=error)
    message = _("Something went wrong in the portal. Whoever runs it finds more in its log.")
    return _answer(request, 500, ErrorOut(code="error", message=message))


@api.exception_handler(RefusedLabelsError)
def refused_labels(request: HttpRequest, error: RefusedLabelsError) -> HttpResponse:
    """422, with each line that is wrong."""
    return _answer(request, 422, ErrorOut(code="invalid_labels", message=str(error), problems=places(error.findings)))


@api.exception_handler(WrongFieldError)
def wrong_field(request: HttpRequest, error: WrongFieldError) -> HttpResponse:
    """422, with the field."""
    problems = [PlaceOut(column=error.field, code="not_found", message=str(error))]
    return _answer(request, 422, ErrorOut(code="refused", message=str(error), problems=problems))


@api.exception_handler(RunConflictError)
@api.exception_handler(TransformTakenError)
def conflict(request: HttpRequest, error: LabelportalError) -> HttpResponse:
    """409: wait, and ask again; or somebody was faster."""
    return _answer(request, 409, ErrorOut(code="conflict", message=str(error)))


@api.exception_handler(UnknownTransformError)
def unknown_transform(request: HttpRequest, error: UnknownTransformError) -> HttpResponse:
    """404: it is the id that is wrong, not Glue."""
    return _answer(request, 404, ErrorOut(code="not_found", message=str(error)))


@api.exception_handler(GlueError)
def glue_refused(request: HttpRequest, error: GlueError) -> HttpResponse:
    """503 if waiting can help, else 502: it is Glue or S3 that says no."""
    status = 503 if error.retryable else 502
    return _answer(request, status, ErrorOut(code=error.problem or "aws", message=str(error), advice=error.advice))


@api.exception_handler(LabelportalError)
def refused(request: HttpRequest, error: LabelportalError) -> HttpResponse:
    """422, in the words that the pages have for it."""
    return _answer(request, 422, ErrorOut(code="refused", message=str(error)))
