"""Which team a person is looking at: that of the page, where it has one; else the one of this session, at first the first by name.

A page of another team of theirs, opened by a link in a mail perhaps, is the team's of the session from then on. So the bar names the team whose
page it is, with the person's role there, and the lists that the bar leads to are that team's.
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


def look_at(request: HttpRequest, membership: Membership) -> None:
    """The page is of this team. What a page fetches for itself, perhaps in a forgotten tab, leaves the session as it is."""
    request.current_membership = membership  # type: ignore[attr-defined]
    fetched = "text/html" not in request.headers.get("Accept", "") or request.headers.get("HX-Request") == "true"
    if not fetched and request.session.get(TEAM_SESSION_KEY) != str(membership.team_id):
        request.session[TEAM_SESSION_KEY] = str(membership.team_id)


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
