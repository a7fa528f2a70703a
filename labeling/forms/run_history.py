"""Forms of the run history: which runs are shown in which order, and the name of a view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from labeling.choices import ACTIVE, RunKind, RunStatus
from labeling.forms.fields import StyledForm, midnight, person_choices
from labeling.models import Transform
from labeling.selectors.run_history import RunFilter, Sort

_STATES = {"active": ACTIVE, "wrong": (RunStatus.FAILED, RunStatus.TIMEOUT)}
ELSEWHERE = "elsewhere"
_REPLACED = {"added": False, "replaced": True}
_SELDOM = ("how", "file", "sort")


class RunFilterForm(StyledForm):
    """Narrow and sort the run history. Unknown values are ignored rather than refused: links may be old."""

    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=[("", _("All kinds")), *RunKind.choices])
    state = forms.ChoiceField(
        required=False,
        label=_("State"),
        choices=[("", _("All states")), ("active", _("Under way")), ("wrong", _("Went wrong")), *RunStatus.choices],
    )
    transform = forms.ModelChoiceField(
        queryset=Transform.objects.none(), required=False, label=_("Transform"), empty_label=_("All transforms")
    )
    person = forms.ChoiceField(required=False, label=_("Person"))
    how = forms.ChoiceField(
        required=False,
        label=_("Labels were"),
        choices=[("", _("Added or replaced")), ("added", _("Added")), ("replaced", _("Replaced"))],
    )
    since = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))
    file = forms.CharField(
        required=False,
        label=_("Label file"),
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("name or SHA-256"), "spellcheck": "false"}),
    )
    sort = forms.ChoiceField(
        required=False,
        label=_("Order"),
        choices=[
            ("", _("Newest first")),
            (Sort.OLDEST.value, _("Oldest first")),
            (Sort.LONGEST.value, _("Longest first")),
            (Sort.SHORTEST.value, _("Shortest first")),
        ],
    )

    def __init__(
        self, *args: Any, transforms: QuerySet[Transform], members: Iterable[Membership], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        transform, person = self.fields["transform"], self.fields["person"]
        assert isinstance(transform, forms.ModelChoiceField)
        assert isinstance(person, forms.ChoiceField)
        transform.queryset = transforms
        members = list(members)
        self._users = {str(member.user_id): member.user for member in members}
        person.choices = [*person_choices(members), (ELSEWHERE, _("Outside the portal"))]
        self.is_valid()

    @property
    def at_hand(self) -> list[forms.BoundField]:
        """The fields that people use daily."""
        return [self[name] for name in self.fields if name not in _SELDOM]

    @property
    def more(self) -> list[forms.BoundField]:
        """The others."""
        return [self[name] for name in _SELDOM]

    @property
    def uses_more(self) -> bool:
        """Whether one of the others is set."""
        return any(self.cleaned_data.get(name) for name in _SELDOM)

    @property
    def chosen(self) -> RunFilter:
        """The runs that are meant."""
        data = self.cleaned_data
        state = data.get("state")
        return RunFilter(
            transform=data.get("transform"),
            kind=RunKind(data["kind"]) if data.get("kind") else None,
            statuses=_STATES[state] if state in _STATES else (RunStatus(state),) if state else (),
            person=self._users.get(data.get("person", "")),
            since=midnight(data.get("since")),
            until=midnight(data.get("until"), days=1),
            file=data.get("file", "").replace("\0", ""),
            foreign=data.get("person") == ELSEWHERE,
            replaced=_REPLACED.get(data.get("how", "")),
        )

    @property
    def sorted_by(self) -> Sort:
        """What comes first."""
        return Sort(self.cleaned_data.get("sort") or Sort.NEWEST)

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return self.chosen != RunFilter()

    @property
    def query(self) -> str:
        """The choice as a query string, without what is not chosen: the address of this view."""
        kept = {name: self.data.get(name, "") for name in self.fields if self.cleaned_data.get(name)}
        return urlencode(kept)
