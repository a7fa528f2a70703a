"""Which team a person is looking at: the one chosen in this session, else their first.

Forms that belong to no single object say for which team they were shown (``partials/of_team.html``). Whoever has switched in another tab
meanwhile does it there all the same, and not in the team that they switched to.
"""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import Membership
from accounts.selectors import memberships_for

TEAM_SESSION_KEY = "team"


def current_membership(request: HttpRequest) -> Membership | None:
    """The signed-in person's membership in the current team; None for strangers and people without a team.

    Kept on the request, so that the page and its navigation share one query.
    """
    if not hasattr(request, "current_membership"):
        request.current_membership = _find(request)  # type: ignore[attr-defined]
    membership: Membership | None = request.current_membership  # type: ignore[attr-defined]
    return membership


def _find(request: HttpRequest) -> Membership | None:
    if not request.user.is_authenticated:
        return None
    memberships = list(memberships_for(user=request.user))
    by_team = {str(membership.team_id): membership for membership in memberships}
    if meant := request.POST.get("team"):
        if meant in by_team:
            request.session[TEAM_SESSION_KEY] = meant
        return by_team.get(meant)
    chosen = by_team.get(request.session.get(TEAM_SESSION_KEY, ""))
    return chosen or (memberships[0] if memberships else None)
