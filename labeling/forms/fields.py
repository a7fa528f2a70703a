"""What filters have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership, User
from accounts.names import names_apart
from accounts.styled_forms import StyledForm


class FilterForm(StyledForm):
    """Narrows what people did. Unknown values are ignored rather than refused: links may be old."""

    others: ClassVar[Iterable[tuple[str, Any]]] = ()
    """Who can be chosen besides people."""

    person = forms.ChoiceField(required=False, label=gettext_lazy("Person"))

    def __init__(self, *args: Any, members: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = list(members)
        self._users = {str(member.user_id): member.user for member in members}
        person = self.fields["person"]
        assert isinstance(person, forms.ChoiceField)
        person.choices = [*_person_choices(members), *self.others]

    @property
    def data_used(self) -> dict[str, Any]:
        """What is chosen and makes sense."""
        self.is_valid()
        return self.cleaned_data

    @property
    def user(self) -> User | None:
        """The person who is chosen."""
        return self._users.get(self.data_used.get("person", ""))

    @property
    def query(self) -> str:
        """The choice as a query string, without what is not chosen: the address of this view."""
        used = self.data_used
        return urlencode({name: self.data.get(name, "") for name in self.fields if used.get(name)})

    def offer(self, name: str, records: QuerySet[Any]) -> None:
        """Let these be chosen in the field."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = records


class DatedFilterForm(FilterForm):
    """Narrows it to some days, too."""

    since = forms.DateField(required=False, label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}))


def _person_choices(members: Iterable[Membership]) -> list[tuple[str, str]]:
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
