"""Entries of the audit trail in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Agent, AuditAction, AuditEntry, Role
from labeling.choices import ConsensusRule, GoalPeriod, MessageFormat, NotificationEvent

Text = str | Promise

_SENTENCES: dict[str, Text] = {
    AuditAction.PERSON_ADDED: gettext_lazy("%(who)s added %(subject)s as %(role)s"),
    AuditAction.PERSON_CHANGED: gettext_lazy("%(who)s changed the name or address of %(subject)s"),
    AuditAction.ROLE_CHANGED: gettext_lazy("%(who)s changed the role of %(subject)s from %(role_before)s to %(role)s"),
    AuditAction.PERSON_DEACTIVATED: gettext_lazy("%(who)s deactivated %(subject)s, who was %(role)s"),
    AuditAction.PERSON_REACTIVATED: gettext_lazy("%(who)s reactivated %(subject)s as %(role)s"),
    AuditAction.SKILLS_CHANGED: gettext_lazy("%(who)s changed the skills of %(subject)s"),
    AuditAction.LINK_MADE: gettext_lazy("%(who)s created a link with which %(subject)s can choose a password"),
    AuditAction.PASSWORD_SET: gettext_lazy("%(who)s set a password for %(subject)s"),
    AuditAction.IDENTITY_TIED: gettext_lazy("%(who)s: %(subject)s signed in for the first time with their account"),
    AuditAction.IDENTITIES_FORGOTTEN: gettext_lazy("%(who)s made the portal forget the single sign-on of %(subject)s"),
    AuditAction.TOKEN_MADE: gettext_lazy("%(who)s created the API token “%(subject)s”"),
    AuditAction.TOKEN_REVOKED: gettext_lazy("%(who)s revoked the API token “%(subject)s” of %(person)s"),
    AuditAction.TEAM_CHANGED: gettext_lazy("%(who)s changed the settings of the team"),
    AuditAction.GOAL_CHANGED: gettext_lazy("%(who)s changed the goal of %(subject)s"),
    AuditAction.NOTIFICATIONS_CHANGED: gettext_lazy("%(who)s changed the notifications of the team"),
    AuditAction.WEBHOOK_CREATED: gettext_lazy("%(who)s created a webhook to %(subject)s"),
    AuditAction.WEBHOOK_CHANGED: gettext_lazy("%(who)s changed the webhook to %(subject)s"),
    AuditAction.WEBHOOK_RENEWED: gettext_lazy("%(who)s gave the webhook to %(subject)s a new secret"),
    AuditAction.WEBHOOK_DELETED: gettext_lazy("%(who)s deleted the webhook to %(subject)s"),
    AuditAction.TRANSFORM_CREATED: gettext_lazy("%(who)s created the transform %(subject)s"),
    AuditAction.TRANSFORM_ADDED: gettext_lazy("%(who)s added the transform %(subject)s, which Glue had already"),
    AuditAction.TRANSFORM_CHANGED: gettext_lazy("%(who)s changed the transform %(subject)s"),
    AuditAction.TABLE_REPLACED: gettext_lazy("%(who)s put other rows into the table of %(subject)s"),
    AuditAction.TRANSFORM_ARCHIVED: gettext_lazy("%(who)s archived the transform %(subject)s"),
    AuditAction.TRANSFORM_BROUGHT_BACK: gettext_lazy("%(who)s brought the transform %(subject)s back"),
    AuditAction.LABELING_CHANGED: gettext_lazy("%(who)s changed the labeling settings of %(subject)s"),
    AuditAction.GUIDELINES_CHANGED: gettext_lazy("%(who)s changed the guidelines of %(subject)s"),
    AuditAction.EXAMPLE_ADDED: gettext_lazy("%(who)s put an example into the guidelines of %(subject)s"),
    AuditAction.EXAMPLE_REMOVED: gettext_lazy("%(who)s took an example out of the guidelines of %(subject)s"),
    AuditAction.SCHEDULE_CHANGED: gettext_lazy("%(who)s changed the schedule of %(subject)s"),
    AuditAction.LABELS_REPLACED: gettext_lazy("%(who)s confirmed that all labels of %(subject)s are replaced"),
}
_EVENTS: dict[str, Text] = {event.value: event.label for event in NotificationEvent}
_FIELDS: dict[str, Text] = {
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "email": gettext_lazy("E-mail address"),
    "tokens": gettext_lazy("API tokens revoked"),
    "skills": gettext_lazy("Skills"),
    "issuer": gettext_lazy("Provider"),
    "may_write": gettext_lazy("May change things"),
    "days": gettext_lazy("Valid for days"),
    "time_zone": gettext_lazy("Time zone"),
    "questions": gettext_lazy("Questions"),
    "period": gettext_lazy("Period"),
    "host": gettext_lazy("Host of the address"),
    "rest_of_address": gettext_lazy("Rest of the address changed"),
    "message_format": gettext_lazy("Format"),
    "events": gettext_lazy("Events"),
    "in_use": gettext_lazy("In use"),
    "table": gettext_lazy("Table"),
    "primary_key": gettext_lazy("Primary key"),
    "glue_transform_id": gettext_lazy("At Glue"),
    "source": gettext_lazy("File"),
    "row_count": gettext_lazy("Rows"),
    "name": gettext_lazy("Name"),
    "thing": gettext_lazy("One row is a"),
    "precision_recall": gettext_lazy("Precision or recall"),
    "accuracy_cost": gettext_lazy("Accuracy or cost"),
    "enforce_provided_labels": gettext_lazy("Output must agree with every label"),
    "answers_per_question": gettext_lazy("People per question"),
    "consensus_rule": gettext_lazy("A result needs"),
    "show_proposals": gettext_lazy("Start from the engine’s proposal"),
    "control_percent": gettext_lazy("Control questions, in percent"),
    "links_in_cells": gettext_lazy("Show links in cells"),
    "images_in_cells": gettext_lazy("Show images in cells"),
    "characters": gettext_lazy("Characters"),
    "set": gettext_lazy("Question set"),
    "question": gettext_lazy("Question"),
    "enabled": gettext_lazy("Imports by itself"),
    "every_answers": gettext_lazy("As soon as so many answers wait"),
    "nightly_hour": gettext_lazy("Every night at this hour"),
    "evaluate": gettext_lazy("Then estimate the quality"),
    "generate": gettext_lazy("Then generate the next questions"),
    "file": gettext_lazy("Label file"),
    "rows": gettext_lazy("Labels"),
    "run": gettext_lazy("Run"),
    **_EVENTS,
}
_IN_SENTENCE = frozenset({"role", "person"})
_VALUES: dict[str, dict[str, Text]] = {
    "role": {
        Role.STEWARD: gettext_lazy("data steward"),
        Role.LEAD: gettext_lazy("team lead"),
        Role.ADMIN: gettext_lazy("administrator"),
    },
    "consensus_rule": {rule.value: rule.label for rule in ConsensusRule},
    "period": {period.value: period.label for period in GoalPeriod},
    "message_format": {one.value: one.label for one in MessageFormat},
}
_WAYS: dict[str, Text] = {
    "page": gettext_lazy("in the portal"),
    "email": gettext_lazy("by e-mail"),
    "page_email": gettext_lazy("in the portal and by e-mail"),
    "nowhere": gettext_lazy("not at all"),
}


@dataclass(frozen=True, slots=True)
class AuditDetail:
    """A field of an entry: what it was, if it has changed, and what it is."""

    label: str
    value: str
    before: str | None = None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.label}: {self.value}"
        return f"{self.label}: {self.before} → {self.value}"


def who(entry: AuditEntry) -> str:
    """The person as they were called then, or what did it without one."""
    return entry.actor_name or str(Agent(entry.agent).label)


def sentence(entry: AuditEntry) -> str:
    """Who did what, in one sentence without a full stop."""
    words = {"who": who(entry), "subject": entry.subject}
    for name in _IN_SENTENCE & set(entry.details):
        before, value = _pair(entry.details[name])
        words |= {name: _value(name, value), f"{name}_before": _value(name, before)}
    return str(_SENTENCES[entry.action]) % words


def details(entry: AuditEntry) -> list[AuditDetail]:
    """What the sentence leaves out, in the order of the fields: PostgreSQL keeps none in JSON."""
    order = {name: place for place, name in enumerate(_FIELDS)}
    found = []
    for name in sorted(set(entry.details) - _IN_SENTENCE, key=lambda name: (order.get(name, len(order)), name)):
        stored = entry.details[name]
        before, value = _pair(stored)
        was = _value(name, before) if isinstance(stored, list) else None
        found.append(AuditDetail(str(_FIELDS.get(name, name)), _value(name, value), was))
    return found


def _pair(stored: Any) -> tuple[Any, Any]:
    """Before and after of a stored detail; a plain value was nothing before."""
    if isinstance(stored, list):
        before, after = stored
        return before, after
    return None, stored


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == "":
        return "–"
    if name == "events":
        return "; ".join(str(_EVENTS.get(event, event)) for event in str(value).split(", "))
    known = _WAYS if name in NotificationEvent else _VALUES.get(name, {})
    return str(known.get(value, value))
