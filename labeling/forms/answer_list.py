"""Narrowing the answers of a transform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from labeling.choices import AnswerStatus, QuestionState
from labeling.forms.fields import StyledForm, person_choices
from labeling.models import QuestionSet

_CORRECTED = {"yes": True, "no": False}


class AnswerFilterForm(StyledForm):
    """What is shown. Unknown values are ignored rather than refused: links may be old."""

    person = forms.ChoiceField(required=False, label=_("Person"))
    state = forms.ChoiceField(
        required=False, label=_("Question"), choices=[("", _("All questions")), *QuestionState.choices]
    )
    status = forms.ChoiceField(
        required=False,
        label=_("Answer"),
        choices=[
            ("", _("All answers")),
            (AnswerStatus.SUBMITTED, AnswerStatus.SUBMITTED.label),
            (AnswerStatus.WITHDRAWN, AnswerStatus.WITHDRAWN.label),
        ],
    )
    corrected = forms.ChoiceField(
        required=False,
        label=_("Changes"),
        choices=[("", _("All")), ("yes", _("Corrected")), ("no", _("Not corrected"))],
    )
    question_set = forms.ModelChoiceField(
        queryset=QuestionSet.objects.none(), required=False, label=_("Set"), empty_label=_("All sets")
    )
    search = forms.CharField(required=False, label=_("A row contains"), max_length=200)

    def __init__(self, *args: Any, sets: QuerySet[QuestionSet], members: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        question_set, person = self.fields["question_set"], self.fields["person"]
        assert isinstance(question_set, forms.ModelChoiceField)
        assert isinstance(person, forms.ChoiceField)
        question_set.queryset = sets
        members = list(members)
        self._users = {str(member.user_id): member.user for member in members}
        person.choices = person_choices(members)

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters as ``answers_for_transform`` takes them."""
        self.is_valid()
        data = self.cleaned_data
        return {
            "steward": self._users.get(data.get("person", "")),
            "state": QuestionState(data["state"]) if data.get("state") else None,
            "status": AnswerStatus(data["status"]) if data.get("status") else None,
            "corrected": _CORRECTED.get(data.get("corrected", "")),
            "question_set": data.get("question_set"),
            "search": data.get("search", "").strip(),
        }

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set; after ``chosen``."""
        return any(self.cleaned_data.values())
