"""Pages that list what Glue has, to make a transform of (``transforms/pick.html``); a page of its own each, because Glue may be slow or away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import Membership, Team
from labeling.exceptions import GlueError
from labeling.views.contexts import error_text

ON_A_PAGE = 50
Picked = TypeVar("Picked")


def render_pick(
    request: HttpRequest,
    membership: Membership,
    template: str,
    *,
    ask: Callable[[Team], Sequence[Picked]],
    words: Callable[[Picked], str],
) -> HttpResponse:
    """A page of what ``ask`` finds for the team and whose ``words`` hold what is searched for, or why Glue could not be asked."""
    search = request.GET.get("q", "").strip()
    context: dict[str, object] = {"area": "transforms", "membership": membership, "search": search}
    try:
        everything = ask(membership.team)
    except GlueError as error:
        context["error"] = error_text(error)
    else:
        found = [one for one in everything if search.casefold() in words(one).casefold()]
        page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
        context |= {"everything": len(everything), "page": page}
    return render(request, template, context)
