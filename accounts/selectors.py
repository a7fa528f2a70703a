"""Who belongs where."""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet

from accounts.models import Membership, Role, Team, User


def active_memberships() -> QuerySet[Membership]:
    """Those of people who have neither left the team nor the installation."""
    return Membership.objects.filter(is_active=True, user__is_active=True)


def membership_in(*, user: User, team: Team) -> Membership | None:
    """The person's membership in the team; None for a stranger."""
    return active_memberships().select_related("team").filter(user=user, team=team).first()


def memberships_for(*, user: User) -> QuerySet[Membership]:
    """The person's memberships with their teams, by name of the team."""
    return active_memberships().select_related("team").filter(user=user).order_by("team__name")


def members_of(*, team: Team) -> QuerySet[Membership]:
    """The team's members with their people, by name."""
    return _by_name(active_memberships().filter(team=team))


def former_members_of(*, team: Team) -> QuerySet[Membership]:
    """Those who were deactivated, with their people, by name."""
    return _by_name(Membership.objects.filter(team=team).exclude(pk__in=active_memberships()))


def everybody_of(*, team: Team) -> QuerySet[Membership]:
    """Whoever is or was a member, with their people, by name: what was done in the team, somebody of these did."""
    return _by_name(Membership.objects.filter(team=team))


def admins_of(*, team: Team) -> QuerySet[Membership]:
    """The team's administrators who can sign in: whoever has been invited and has not come in yet is none so far."""
    invited = {"user__password__startswith": UNUSABLE_PASSWORD_PREFIX, "user__identities": None}
    return active_memberships().filter(team=team, role=Role.ADMIN).exclude(**invited)


def administers_all_teams_of(*, admin: User, person: User) -> bool:
    """Whether the person is in no team, not even as one who left, that ``admin`` does not administer."""
    administered = active_memberships().filter(user=admin, role=Role.ADMIN)
    return not Membership.objects.filter(user=person).exclude(team__in=administered.values("team")).exists()


def _by_name(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    return memberships.select_related("user", "team").order_by("user__last_name", "user__first_name", "user__username")
