"""``GET /health``: whether this process can do its work, for whoever starts it or balances between several."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)


class HealthMiddleware:
    """Answers ``/health`` before all else: who asks knows neither the host name of the portal nor TLS nor a password.

    200 when the database answers, else 503; nothing else about the installation is said.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != "/health" or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            logger.exception("the database does not answer")
            return JsonResponse({"status": "no database"}, status=503)
        return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
