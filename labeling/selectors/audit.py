"""The audit trail of a team, page by page. ``accounts.audit`` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Agent, AuditAction, AuditEntry, Team, User
from labeling.selectors.key_pages import KeyOrder, KeyPage, key_page

_NEWEST = KeyOrder("at", falling=True)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are meant; what is left out narrows nothing.

    ``person``: what they did and what was done to them. ``actions`` are any of these. ``since`` is included, ``until`` is not.
    """

    person: User | None = None
    agent: Agent | None = None
    actions: tuple[AuditAction, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def audit_page(
    *, team: Team, chosen: AuditFilter, after: str = "", before: str = "", size: int = 25
) -> KeyPage[AuditEntry]:
    """The entries after (or before) a key, else the newest."""
    return key_page(_narrowed(team, chosen), order=_NEWEST, after=after, before=before, size=size)


def all_entries(*, team: Team, chosen: AuditFilter) -> Iterator[AuditEntry]:
    """Every entry that is meant, newest first, read bit by bit."""
    return _narrowed(team, chosen).order_by(*_NEWEST.names()).iterator(chunk_size=2000)


def who_did_last(*, team: Team, action: AuditAction, subject: str) -> str:
    """The name of the person who did this to the thing most recently; empty if nobody is known to have."""
    entries = AuditEntry.objects.filter(team=team, action=action, subject=subject)
    return entries.order_by(*_NEWEST.names()).values_list("actor_name", flat=True).first() or ""


def _narrowed(team: Team, chosen: AuditFilter) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.filter(team=team)
    if chosen.person:
        entries = entries.filter(Q(actor=chosen.person) | Q(about=chosen.person))
    if chosen.agent:
        entries = entries.filter(agent=chosen.agent)
    if chosen.actions:
        entries = entries.filter(action__in=chosen.actions)
    if chosen.since:
        entries = entries.filter(at__gte=chosen.since)
    if chosen.until:
        entries = entries.filter(at__lt=chosen.until)
    return entries
