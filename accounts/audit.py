"""The audit trail of a team: who changed what about people, access and settings.

Services write it, in the transaction of the change: either both are there or neither is. Secrets, tokens, passwords and the contents of rows have no
business in it, since it is kept for ever and every administrator reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from accounts.models import Agent, AuditAction, AuditEntry, Membership, Team, User

By = User | Agent
"""A person, or what changes things without one."""

Value = str | int | float | bool | None
Details = Mapping[str, Value | Sequence[Value]]

_LONGEST = 310


def record(
    *, team: Team, by: By, action: AuditAction, subject: str, about: User | None = None, details: Details | None = None
) -> None:
    """Write an entry. ``subject`` is what people call the thing, ``about`` the person it happened to, if it did to one."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit entry belongs into the transaction of the change.")
    person = by if isinstance(by, User) else None
    AuditEntry.objects.create(
        team=team,
        actor=person,
        actor_name=person.display_name[:_LONGEST] if person else "",
        agent="" if isinstance(by, User) else by.value,
        action=action,
        about=about,
        subject=subject[:_LONGEST],
        details=dict(details or {}),
    )


def record_of_person(*, user: User, by: By, action: AuditAction, details: Details | None = None) -> None:
    """What happens to somebody's account happens in all of their teams, and in those that they have left."""
    for membership in Membership.objects.filter(user=user).select_related("team"):
        record(team=membership.team, by=by, action=action, subject=user.display_name, about=user, details=details)


def record_changes(
    *,
    team: Team,
    by: By,
    action: AuditAction,
    subject: str,
    before: Mapping[str, Value],
    after: Mapping[str, Value],
    about: User | None = None,
) -> None:
    """Write an entry with what is another now; none if all is as it was."""
    if details := changes(before, after):
        record(team=team, by=by, action=action, subject=subject, about=about, details=details)


def changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, list[Value]]:
    """What is another now: for each of these fields what it was and what it is."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
