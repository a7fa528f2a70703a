"""What a person sets for themselves: the theme, the team they look at."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.current import TEAM_SESSION_KEY
from accounts.forms import ThemeForm
from accounts.models import Team

THEME_COOKIE = "theme"
_YEAR = 365 * 24 * 3600


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie, so that the server paints it at once and no script has to."""
    form = ThemeForm(request.POST)
    response = redirect(_back(request))
    if form.is_valid():
        theme = form.cleaned_data["theme"]
        if theme == "auto":
            response.delete_cookie(THEME_COOKIE)
        else:
            response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, samesite="Lax", secure=request.is_secure())
    return response


@require_POST
def switch_team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Look at another of one's own teams."""
    team = get_object_or_404(Team, pk=team_id, memberships__user=request.user)
    request.session[TEAM_SESSION_KEY] = str(team.pk)
    return redirect("labeling:home")


def _back(request: HttpRequest) -> str:
    """The page the request came from, if it is one of ours."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return "/"
