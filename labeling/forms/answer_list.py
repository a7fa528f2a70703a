"""Narrowing the answers of a transform."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from labeling.choices import AnswerStatus, QuestionState
from labeling.forms.fields import FilterForm
from labeling.models import QuestionSet

_CORRECTED = {"yes": True, "no": False}


class AnswerFilterForm(FilterForm):
    """Which answers are shown."""

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

    def __init__(self, *args: Any, sets: QuerySet[QuestionSet], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("question_set", sets)

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters as ``answers_for_transform`` takes them."""
        data = self.data_used
        return {
            "steward": self.user,
            "state": QuestionState(data["state"]) if data.get("state") else None,
            "status": AnswerStatus(data["status"]) if data.get("status") else None,
            "corrected": _CORRECTED.get(data.get("corrected", "")),
            "question_set": data.get("question_set"),
            "search": data.get("search", "").strip(),
        }

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(self.data_used.values())
