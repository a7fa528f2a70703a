"""Forms about runs: confirming a replacement, filtering the history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from labeling.choices import ACTIVE, RunKind, RunStatus
from labeling.forms.fields import StyledForm
from labeling.models import TaskRun, Transform

ACTIVE_STATES = "active"


class ConfirmReplacementForm(StyledForm):
    """The transform's name, typed by whoever makes Glue forget its labels."""

    confirm_name = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, transform: Transform, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = transform.name

    def clean_confirm_name(self) -> str:
        """The name, exactly."""
        name = str(self.cleaned_data["confirm_name"]).strip()
        if name != self._name:
            raise forms.ValidationError(_("Type the name of the transform exactly as it stands above."))
        return name


class RunFilterForm(StyledForm):
    """Narrow the run history. Unknown values are ignored rather than refused: links may be old."""

    transform = forms.ModelChoiceField(
        queryset=Transform.objects.none(), required=False, label=_("Transform"), empty_label=_("All transforms")
    )
    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=[("", _("All kinds")), *RunKind.choices])
    state = forms.ChoiceField(
        required=False,
        label=_("State"),
        choices=[("", _("All states")), (ACTIVE_STATES, _("Under way")), *RunStatus.choices],
    )
    person = forms.ChoiceField(required=False, label=_("Person"))

    def __init__(
        self, *args: Any, transforms: QuerySet[Transform], members: Iterable[Membership], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        transform, person = self.fields["transform"], self.fields["person"]
        assert isinstance(transform, forms.ModelChoiceField)
        assert isinstance(person, forms.ChoiceField)
        transform.queryset = transforms
        person.choices = [("", _("Everyone")), *((str(m.user_id), m.user.display_name) for m in members)]

    def narrow(self, runs: QuerySet[TaskRun]) -> QuerySet[TaskRun]:
        """The runs that fit what was chosen."""
        self.is_valid()
        chosen = self.cleaned_data
        if transform := chosen.get("transform"):
            runs = runs.filter(transform=transform)
        if kind := chosen.get("kind"):
            runs = runs.filter(kind=kind)
        if state := chosen.get("state"):
            runs = runs.filter(status__in=ACTIVE if state == ACTIVE_STATES else (state,))
        if person := chosen.get("person"):
            runs = runs.filter(requested_by=person)
        return runs

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(self.cleaned_data.values())
