"""Forms of the run history: which runs are shown in which order, and the name of a view."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from labeling.choices import ACTIVE, RunKind, RunStatus
from labeling.forms.fields import DatedFilterForm
from labeling.models import Transform
from labeling.selectors.days import bounds
from labeling.selectors.run_history import RunFilter, Sort

_STATES = {"active": ACTIVE, "wrong": (RunStatus.FAILED, RunStatus.TIMEOUT)}
ELSEWHERE = "elsewhere"
_REPLACED = {"added": False, "replaced": True}
_SELDOM = ("how", "file", "sort")


class RunFilterForm(DatedFilterForm):
    """Which runs are shown, and in which order."""

    others = ((ELSEWHERE, _("Outside the portal")),)
    field_order = ("kind", "state", "transform", "person", "how", "since", "until", "file", "sort")

    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=[("", _("All kinds")), *RunKind.choices])
    state = forms.ChoiceField(
        required=False,
        label=_("State"),
        choices=[("", _("All states")), ("active", _("Under way")), ("wrong", _("Went wrong")), *RunStatus.choices],
    )
    transform = forms.ModelChoiceField(
        queryset=Transform.objects.none(), required=False, label=_("Transform"), empty_label=_("All transforms")
    )
    how = forms.ChoiceField(
        required=False,
        label=_("Labels were"),
        choices=[("", _("Added or replaced")), ("added", _("Added")), ("replaced", _("Replaced"))],
    )
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

    def __init__(self, *args: Any, transforms: QuerySet[Transform], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("transform", transforms)

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
        data = self.data_used
        state = data.get("state")
        since, until = bounds(data.get("since"), data.get("until"))
        return RunFilter(
            transform=data.get("transform"),
            kind=RunKind(data["kind"]) if data.get("kind") else None,
            statuses=_STATES[state] if state in _STATES else (RunStatus(state),) if state else (),
            person=self.user,
            since=since,
            until=until,
            file=data.get("file", "").replace("\0", ""),
            foreign=data.get("person") == ELSEWHERE,
            replaced=_REPLACED.get(data.get("how", "")),
        )

    @property
    def sorted_by(self) -> Sort:
        """What comes first."""
        return Sort(self.data_used.get("sort") or Sort.NEWEST)

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return self.chosen != RunFilter()
