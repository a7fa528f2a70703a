"""When answers are imported by themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import time_zones
from accounts.styled_forms import EditForm
from labeling.models import Automation, Transform


class AutomationForm(EditForm):
    """The switch, when, and what follows. Whether it makes sense together is the service's matter."""

    enabled = forms.BooleanField(required=False, label=_("Import answers automatically"))
    every_answers = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        label=_("When this many answers are waiting"),
        help_text=_("Settled questions that Glue has not learned yet. If empty, the number does not start an import."),
    )
    nightly_hour = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label=_("Every night at"),
        choices=[("", _("Not at night")), *((hour, f"{hour:02}:00") for hour in range(24))],
        help_text=_("If any answers are waiting then."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone of the team"),
        choices=[(name, name) for name in sorted(time_zones())],
        help_text=_(
            "For all transforms of the team. The days and weeks of goals, work, reports and history follow it too."
        ),
    )
    evaluate = forms.BooleanField(required=False, label=_("Estimate the quality"))
    generate = forms.BooleanField(required=False, label=_("Generate the next questions"))

    @classmethod
    def about(cls, transform: Transform, data: Any = None) -> AutomationForm:
        """As it is now; before anybody has decided: off, and everything follows."""
        found = Automation.objects.filter(transform=transform).first() or Automation()
        fields = ("enabled", "every_answers", "nightly_hour", "evaluate", "generate")
        initial = {name: getattr(found, name) for name in fields} | {"time_zone": transform.team.time_zone}
        return cls(data, initial=initial)
