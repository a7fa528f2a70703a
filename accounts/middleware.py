"""Who is not signed in is sent to sign in, and afterwards back to a page that can be shown."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

# When the session began or was last renewed, in seconds. Those of single sign-on have none and end after their age: the portal does not
# hear when an account at the provider ends. So do all others where nobody may sign in with a password any more.
SESSION_SINCE = "since"


class SignInMiddleware(LoginRequiredMiddleware):
    """Django's own leads back to the address that was asked for. Where a form was sent there, or a part of a page is to be renewed, that
    address shows nothing: the way back is the page that asked. Whoever works is not signed out meanwhile: see ``SESSION_SINCE``."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if getattr(view_func, "login_required", True) and request.user.is_authenticated and request.user.uses_password:
            _renew(request.session)
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseBase:  # type: ignore[override]
        part = request.headers.get("HX-Request") == "true"
        if request.method in ("GET", "HEAD") and not part:
            return super().handle_no_permission(request, view_func)
        if "text/html" in request.headers.get("Accept", ""):
            # The script keeps what was written for as long as it sees the tag.
            messages.warning(
                request,
                _("You were signed out before this was sent, so nothing was changed. Send it again."),
                extra_tags="unsent",
            )
        to_sign_in = redirect_to_login(
            _page_of(request), self.get_login_url(view_func), self.get_redirect_field_name(view_func)
        )
        return HttpResponseClientRedirect(to_sign_in.url) if part else to_sign_in


def _renew(session: SessionBase) -> None:
    """Once in half of the age: a write for each request would be one for each look of each page that watches a run."""
    now = int(time.time())
    since = session.get(SESSION_SINCE)
    if since is not None and now - since > session.get_expiry_age() / 2:
        session[SESSION_SINCE] = now


def _page_of(request: HttpRequest) -> str:
    """The page of ours that sent the request, or the first one."""
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(page)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"
