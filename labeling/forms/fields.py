"""How form fields look: Bootstrap's classes, put on once. And what filters have in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.names import names_apart


class StyledForm(forms.Form):
    """Gives every widget the class that its kind has in the style sheet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            css = _css_class(field.widget)
            if css:
                field.widget.attrs.setdefault("class", css)


def _css_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.Select):
        return "form-select"
    if isinstance(widget, forms.HiddenInput) or getattr(widget, "input_type", "") == "range":
        return ""
    return "form-control"


def person_choices(members: Iterable[Membership]) -> list[tuple[str, str]]:
    """Everyone, and each person; those who are no members any more are named as such."""
    members = list(members)
    names = names_apart(member.user for member in members)
    return [
        ("", _("Everyone")),
        *((str(member.user_id), _person_name(member, names[member.user_id])) for member in members),
    ]


def _person_name(member: Membership, name: str) -> str:
    if member.is_active and member.user.is_active:
        return name
    return _("%(who)s (deactivated)") % {"who": name}


def midnight(day: Any, *, days: int = 0) -> datetime | None:
    """The start of a day, or of one so many days later; nothing for days that no calendar has."""
    try:
        return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min)) if day else None
    except OverflowError:
        return None
