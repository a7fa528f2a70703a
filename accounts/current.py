"""Which team a person is looking at: the one chosen in this session, else their first."""

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
    chosen = request.session.get(TEAM_SESSION_KEY)
    for membership in memberships:
        if str(membership.team_id) == chosen:
            return membership
    return memberships[0] if memberships else None
