"""Pages that change by themselves while a run is under way: htmx asks every two seconds, and is answered when there is something new."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django_htmx.http import reswap

STOP_POLLING = 286
# What is another text each time though nothing has happened: tokens of forms, and how long ago or for how long.
_PASSING = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*|(<time\b[^>]*>)[^<]*|(<span id="so-far"[^>]*>)[^<]*')


def render_living(
    request: HttpRequest,
    page: str,
    part: str,
    context: dict[str, Any],
    *,
    goes_on: bool,
    clock: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, which finds its living part in ``living``; for htmx that part alone, or nothing while it is what stands there already.

    A part that is swapped takes along the focus, the selection and what was unfolded, and its alerts are read out again.
    ``clock`` is the template of the one thing that goes on moving meanwhile.
    """
    html = render_to_string(part, context, request)
    seen = sha256(_PASSING.sub(r"\1\2\3", html).encode()).hexdigest()[:16]
    living = format_html('<input type="hidden" name="seen" value="{}">{}', seen, html)
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, page, context | {"living": living}, status=status)
    if not goes_on:
        return HttpResponse(living, status=STOP_POLLING)
    if request.GET.get("seen") != seen:
        return HttpResponse(living)
    if not clock:
        return HttpResponse(status=204)
    return reswap(render(request, clock, context | {"alone": True}), "none")
