"""Who belongs where."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Membership, Team, User


def membership_in(*, user: User, team: Team) -> Membership | None:
    """The person's membership in the team; None for a stranger."""
    return Membership.objects.select_related("team").filter(user=user, team=team, user__is_active=True).first()


def memberships_for(*, user: User) -> QuerySet[Membership]:
    """The person's memberships with their teams, by name of the team."""
    return Membership.objects.select_related("team").filter(user=user, user__is_active=True).order_by("team__name")


def membership_for(*, user: User) -> Membership | None:
    """The membership that the person works in first: that of the first team by name."""
    return memberships_for(user=user).first()


def members_of(*, team: Team) -> QuerySet[Membership]:
    """The team's members with their people, by name."""
    return (
        Membership.objects.select_related("user")
        .filter(team=team, user__is_active=True)
        .order_by("user__last_name", "user__first_name", "user__username")
    )
