"""What holds for every page, whoever makes it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone

from labeling.aws.clients import hurried


class SomebodyWaitsMiddleware:
    """Glue and S3 are asked as one asks while a person looks at an empty page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with hurried():
            return self.get_response(request)


class NotAllowedPageMiddleware:
    """An address that only takes what a form sends, opened by hand or from a bookmark, says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and "text/html" in request.headers.get("Accept", ""):
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response


class TimeZoneMiddleware:
    """A view activates the time zone of the team that it shows (``labeling.views.access``); the next request begins in UTC again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()
