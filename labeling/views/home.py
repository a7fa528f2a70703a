"""What waits for the person who signs in."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.current import current_membership
from labeling.selectors.comments import open_comments_for
from labeling.selectors.goals import goals_for
from labeling.views.access import signed_in, use_days_of
from labeling.views.contexts import home_context

COMMENTS = 10


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Everybody's first page. A person without a team is told so."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "labeling/home_no_team.html")
    use_days_of(membership.team)
    user = signed_in(request)
    comments = Paginator(open_comments_for(reader=membership), COMMENTS)
    context = home_context(membership, user) | {
        "comments": comments.get_page(request.GET.get("comments")),
        "goals": goals_for(team=membership.team, user=user),
    }
    return render(request, "labeling/home.html", context)
