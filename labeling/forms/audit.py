"""Which entries of the audit trail are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Agent, AuditAction, Membership
from labeling.forms.fields import StyledForm, midnight, person_choices
from labeling.selectors.audit import AuditFilter

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


class AuditFilterForm(StyledForm):
    """Narrow the audit trail. Unknown values are ignored rather than refused: links may be old."""

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
    since = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, members: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.fields["person"]
        assert isinstance(person, forms.ChoiceField)
        members = list(members)
        self._users = {str(member.user_id): member.user for member in members}
        person.choices = [*person_choices(members), *Agent.choices]
        self.is_valid()

    @property
    def chosen(self) -> AuditFilter:
        """The entries that are meant."""
        data = self.cleaned_data
        person = data.get("person", "")
        kind = data.get("kind", "")
        starts = _KINDS[kind][1] if kind in _KINDS else ()
        return AuditFilter(
            person=self._users.get(person),
            agent=Agent(person) if person in Agent else None,
            actions=tuple(action for action in AuditAction if action == kind or action.startswith(starts)),
            since=midnight(data.get("since")),
            until=midnight(data.get("until"), days=1),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return self.chosen != AuditFilter()

    @property
    def query(self) -> str:
        """The choice as a query string, without what is not chosen."""
        return urlencode({name: self.data.get(name, "") for name in self.fields if self.cleaned_data.get(name)})
