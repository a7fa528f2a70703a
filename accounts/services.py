"""People and teams come into being, and get roles. ``by`` says who does it, for the audit trail."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import By, changes, record, record_changes, record_of_person
from accounts.exceptions import LastAdminError
from accounts.models import AuditAction, Membership, Role, Team, User
from accounts.names import readings, taken_addresses, taken_usernames, visible
from accounts.selectors import active_memberships, admins_of

_DETAILS = ("first_name", "last_name", "email")


def create_person(
    *, username: str, password: str | None, first_name: str = "", last_name: str = "", email: str = ""
) -> User:
    """A person who can sign in, without a password only once they have chosen one (``accounts.links``).

    Raises ``ValidationError`` when the name or the address is malformed, or taken, also in letters that look the same.
    """
    user = User(
        username=username,
        first_name=visible(first_name),
        last_name=visible(last_name),
        email=User.objects.normalize_email(email),
    )
    user.set_password(password)
    user.full_clean()
    if not readings(user.username).isdisjoint(taken_usernames()):
        raise ValidationError({"username": _("Someone already has this sign-in name, in letters that look the same.")})
    _check_address(user)
    user.save(force_insert=True)
    return user


def _check_address(user: User) -> None:
    if not readings(user.email).isdisjoint(taken_addresses(besides=user)):
        raise ValidationError({"email": _("Someone already has this e-mail address, in letters that look the same.")})


def create_team(*, name: str) -> Team:
    """A team without members. Raises ``ValidationError`` when the name is blank or taken."""
    team = Team(name=name)
    team.full_clean()
    team.save(force_insert=True)
    return team


@transaction.atomic
def update_person(*, user: User, first_name: str, last_name: str, email: str, by: By) -> User:
    """Change what the person is called and where mail reaches them. Raises ``ValidationError``.

    With another address all links that were made for them are void: they may have gone to the wrong one.
    """
    known = User.objects.get(pk=user.pk)
    user.first_name, user.last_name = visible(first_name), visible(last_name)
    user.email = User.objects.normalize_email(email)
    user.full_clean()
    _check_address(user)
    user.save(update_fields=_DETAILS)
    before, after = ({name: getattr(one, name) for name in _DETAILS} for one in (known, user))
    if changed := changes(before, after):
        by = known if by == user else by
        record_of_person(user=known, by=by, action=AuditAction.PERSON_CHANGED, details=changed)
    return user


@transaction.atomic
def set_password(*, user: User, password: str, by: By) -> None:
    """Give the person a password that somebody else has chosen; whether it is good enough is the caller's to ask."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record_of_person(user=user, by=by, action=AuditAction.PASSWORD_SET)


@transaction.atomic
def invite_person(
    *,
    team: Team,
    username: str,
    role: Role,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    by: By,
) -> Membership:
    """A new person in the team, who signs in once they have chosen a password. Raises ``ValidationError`` like ``create_person``."""
    user = create_person(username=username, password=None, first_name=first_name, last_name=last_name, email=email)
    return set_role(team=team, user=user, role=role, by=by)


@transaction.atomic
def set_role(*, team: Team, user: User, role: Role, by: By) -> Membership:
    """Make the person a member of the team with this role, or change the role of a member.

    Raises ``LastAdminError`` if nobody who can sign in would administer the team any more.
    """
    if role != Role.ADMIN:
        _keep_an_admin(team, user)
    known = Membership.objects.select_for_update().filter(team=team, user=user)
    before = known.values_list("role", flat=True).first()
    membership, created = Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})
    now = Role(role).value
    if created or before != now:
        record(
            team=team,
            by=by,
            action=AuditAction.PERSON_ADDED if created else AuditAction.ROLE_CHANGED,
            subject=user.display_name,
            about=user,
            details={"role": now if created else [before, now]},
        )
    return membership


@transaction.atomic
def deactivate_member(*, membership: Membership, by: By) -> None:
    """The person is no member any more, and can no longer sign in if this was their last team. What they did stays.

    An invitation that they have not taken up is void, and so are their API tokens. Raises ``LastAdminError`` as ``set_role`` does.
    """
    user = membership.user
    _keep_an_admin(membership.team, user)
    left = Membership.objects.filter(pk=membership.pk, is_active=True).update(is_active=False)
    tokens, _models = membership.api_tokens.all().delete()
    user.is_active = active_memberships().filter(user=user).exists()
    user.save(update_fields=["is_active"])
    if not user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])
    membership.refresh_from_db()
    if left:
        record(
            team=membership.team,
            by=by,
            action=AuditAction.PERSON_DEACTIVATED,
            subject=user.display_name,
            about=user,
            details={"role": membership.role, "tokens": tokens},
        )


@transaction.atomic
def reactivate_member(*, membership: Membership, by: By) -> None:
    """The person is a member again, in the role they had, and can sign in as before."""
    back = Membership.objects.filter(pk=membership.pk, is_active=False).update(is_active=True)
    back += User.objects.filter(pk=membership.user_id, is_active=False).update(is_active=True)
    membership.refresh_from_db()
    if back:
        record(
            team=membership.team,
            by=by,
            action=AuditAction.PERSON_REACTIVATED,
            subject=membership.user.display_name,
            about=membership.user,
            details={"role": membership.role},
        )


def _keep_an_admin(team: Team, leaving: User) -> None:
    """Raises ``LastAdminError`` if the person is the only one left. Of two admins who leave at a time the second waits here for the first."""
    # Not against new rows that refer to the team, such as audit entries: their writers may hold what is waited for here next.
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    if {membership.user_id for membership in admins_of(team=team)} == {leaving.pk}:
        raise LastAdminError(
            _(
                "%(who)s is the only administrator of %(team)s who can sign in. Make someone else an administrator first."
            )
            % {"who": leaving.display_name, "team": team.name}
        )


@transaction.atomic
def set_skills(*, membership: Membership, skills: str, by: By) -> Membership:
    """Say what the member knows about: tags with commas between them, each kept once. Raises ``ValidationError`` if it is too long."""
    tags: dict[str, str] = {}
    for tag in (" ".join(part.split()) for part in skills.split(",")):
        if tag:
            tags.setdefault(tag.casefold(), tag)
    before, membership.skills = membership.skills, ", ".join(tags.values())
    membership.clean_fields(exclude=["team", "user", "role"])
    membership.save(update_fields=["skills"])
    record_changes(
        team=membership.team,
        by=by,
        action=AuditAction.SKILLS_CHANGED,
        subject=membership.user.display_name,
        about=membership.user,
        before={"skills": before},
        after={"skills": membership.skills},
    )
    return membership


@transaction.atomic
def set_time_zone(*, team: Team, time_zone: str, by: By) -> Team:
    """Say where the team's days and nights begin. Raises ``ValidationError`` if there is no such zone."""
    before, team.time_zone = team.time_zone, time_zone
    team.clean_fields(exclude=["name"])
    team.save(update_fields=["time_zone"])
    record_changes(
        team=team,
        by=by,
        action=AuditAction.TEAM_CHANGED,
        subject=team.name,
        before={"time_zone": before},
        after={"time_zone": time_zone},
    )
    return team
