"""One strict Content-Security-Policy for every page: everything comes from this origin, nothing inline."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def allow_remote_images(response: HttpResponse) -> None:
    """Let this one page load images from anywhere over https; everything else stays as strict as it is."""
    response.headers["Content-Security-Policy"] = POLICY.replace("img-src 'self' data:", "img-src 'self' data: https:")


def allow_upload_to(response: HttpResponse, origin: str) -> None:
    """Let the scripts of this one page send a file to one other origin."""
    response.headers["Content-Security-Policy"] = f"{POLICY}; connect-src 'self' {origin}"


class ContentSecurityPolicyMiddleware:
    """Sets the policy on responses that carry none of their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
