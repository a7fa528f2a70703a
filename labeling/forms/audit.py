"""Which entries of the audit trail are shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Agent, AuditAction
from labeling.forms.fields import DatedFilterForm
from labeling.selectors.audit import AuditFilter
from labeling.selectors.days import bounds

_KINDS = {
    "people": (_("People and roles"), ("person.", "team.goal")),
    "access": (_("Passwords, single sign-on, API tokens"), ("password.", "single_sign_on.", "token.")),
    "transforms": (_("Transforms and schedules"), ("transform.", "schedule.")),
    "guidelines": (_("Guidelines"), ("guidelines.",)),
    "labels": (_("Labels replaced"), ("labels.",)),
    "team": (_("Team settings and webhooks"), ("team.changed", "team.notifications", "webhook.")),
}


def _choices(starts: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [(action.value, action.label) for action in AuditAction if action.startswith(starts)]


class AuditFilterForm(DatedFilterForm):
    """Which entries of the audit trail are shown."""

    others = Agent.choices
    field_order = ("person", "kind")

    person = forms.ChoiceField(required=False, label=_("By or about"))
    kind = forms.ChoiceField(
        required=False,
        label=_("Kind"),
        choices=[
            ("", _("All kinds")),
            *(
                (label, [(kind, format_lazy(_("{kind}: all"), kind=label)), *_choices(starts)])
                for kind, (label, starts) in _KINDS.items()
            ),
        ],
    )

    @property
    def chosen(self) -> AuditFilter:
        """The entries that are meant."""
        data = self.data_used
        person = data.get("person", "")
        kind = data.get("kind", "")
        since, until = bounds(data.get("since"), data.get("until"))
        starts = _KINDS[kind][1] if kind in _KINDS else ()
        return AuditFilter(
            person=self.user,
            agent=Agent(person) if person in Agent else None,
            actions=tuple(action for action in AuditAction if action == kind or action.startswith(starts)),
            since=since,
            until=until,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return self.chosen != AuditFilter()
