"""People and teams come into being, and get roles."""

from __future__ import annotations

from accounts.models import Membership, Role, Team, User


def create_person(*, username: str, password: str, first_name: str = "", last_name: str = "", email: str = "") -> User:
    """A person who can sign in. Raises ``ValidationError`` when the name is malformed or taken."""
    user = User(
        username=username, first_name=first_name, last_name=last_name, email=User.objects.normalize_email(email)
    )
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    return user


def create_team(*, name: str) -> Team:
    """A team without members. Raises ``ValidationError`` when the name is blank or taken."""
    team = Team(name=name)
    team.full_clean()
    team.save(force_insert=True)
    return team


def set_role(*, team: Team, user: User, role: Role) -> Membership:
    """Make the person a member of the team with this role, or change the role of a member."""
    membership, _created = Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})
    return membership


def set_skills(*, membership: Membership, skills: str) -> Membership:
    """Say what the member knows about: tags with commas between them, each kept once. Raises ``ValidationError`` if it is too long."""
    tags: dict[str, str] = {}
    for tag in (" ".join(part.split()) for part in skills.split(",")):
        if tag:
            tags.setdefault(tag.casefold(), tag)
    membership.skills = ", ".join(tags.values())
    membership.clean_fields(exclude=["team", "user", "role"])
    membership.save(update_fields=["skills"])
    return membership


def set_time_zone(*, team: Team, time_zone: str) -> Team:
    """Say where the team's days and nights begin. Raises ``ValidationError`` if there is no such zone."""
    team.time_zone = time_zone
    team.clean_fields(exclude=["name"])
    team.save(update_fields=["time_zone"])
    return team
