"""Narrowing the work statistics, and goals."""

from __future__ import annotations

from typing import Any, get_args

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.styled_forms import StyledForm
from labeling.choices import GoalPeriod
from labeling.forms.fields import DatedFilterForm
from labeling.models import Transform
from labeling.selectors.work import EVERYTHING, Dimension

_EVERYTHING = "all"


class WorkFilterForm(DatedFilterForm):
    """What is counted, and a line for what: for each person, or who is ``alone`` among their own answers, for each day."""

    by = forms.ChoiceField(
        required=False,
        label=_("One line per"),
        choices=[
            ("", _("Person")),
            ("day", _("Day")),
            ("transform", _("Transform")),
            (_EVERYTHING, _("All three")),
        ],
    )
    transform = forms.ModelChoiceField(
        queryset=Transform.objects.none(), required=False, label=_("Transform"), empty_label=_("All transforms")
    )

    def __init__(self, *args: Any, transforms: QuerySet[Transform], alone: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = EVERYTHING[1:] if alone else EVERYTHING
        if alone:
            field = self.fields["by"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("Day")), ("transform", _("Transform")), (_EVERYTHING, _("Day and transform"))]
        self.offer("transform", transforms)

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters as ``work_lines`` takes them."""
        data = self.data_used
        by = data.get("by") or self._lines[0]
        return {
            "by": self._lines if by == _EVERYTHING else tuple(one for one in get_args(Dimension) if one == by),
            "transform": data.get("transform"),
            "user": self.user,
            "since": data.get("since"),
            "until": data.get("until"),
        }


class GoalForm(StyledForm):
    """How many questions, in a day or a week; blank for no goal. What the page showed is sent along, so that only what somebody changed is saved."""

    questions = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100_000,
        show_hidden_initial=True,
        widget=forms.NumberInput(attrs={"placeholder": "–"}),
    )
    period = forms.ChoiceField(choices=GoalPeriod.choices, show_hidden_initial=True)

    def __init__(self, *args: Any, who: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "questions": _("Questions that %(who)s aims to answer"),
            "period": _("Period of the goal of %(who)s"),
            "skills": _("Skills of %(who)s"),
        }
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = labels[name] % {"who": who}
