"""What a lead decides: about a set of questions, who is asked what, and how the team labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from accounts.names import names_apart
from accounts.styled_forms import EditForm, StyledForm
from labeling.choices import ConsensusRule
from labeling.models import QuestionSet, Transform
from labeling.models.transforms import MAX_ANSWERS_PER_QUESTION, MAX_CONTROL_PERCENT

SPLIT, ALL = "split", "all"
_PEOPLE_HELP = _("How many people answer each question. They do not see each other’s answers before they are done.")
_OPENED_HELP = _("Questions assigned to fewer people than that are then open to everyone.")


def _people_field(help_text: Any = _PEOPLE_HELP) -> forms.IntegerField:
    return forms.IntegerField(
        label=_("People per question"), min_value=1, max_value=MAX_ANSWERS_PER_QUESTION, help_text=help_text
    )


class QuestionSetForm(EditForm):
    """What a lead decides about one set."""

    title = forms.CharField(
        label=_("Title"), max_length=100, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    goal = forms.CharField(
        label=_("Goal"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What this set is for, in the team’s own words."),
    )
    priority = forms.IntegerField(
        label=_("Priority"), min_value=-100, max_value=100, help_text=_("Sets with a higher number are asked first.")
    )
    due_on = forms.DateField(
        label=_("Due"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Among sets of one priority, those due first are asked first."),
    )
    answers_wanted = _people_field(format_lazy("{} {}", _PEOPLE_HELP, _OPENED_HELP))
    skill = forms.CharField(
        label=_("Skill needed"),
        max_length=50,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Only people with this skill are offered the questions. If empty, no skill is needed."),
    )
    show_proposals = forms.BooleanField(
        label=_("Start from the engine’s proposal"),
        required=False,
        help_text=_("Rows come with a faint group to accept or change."),
    )

    @classmethod
    def about(cls, question_set: QuestionSet, data: Any = None) -> QuestionSetForm:
        """The form filled with the set as it is."""
        return cls(data, initial={name: getattr(question_set, name) for name in cls.base_fields})


class AssignForm(StyledForm):
    """Give open questions to people; a filter narrows them to rows that hold a text."""

    people = forms.MultipleChoiceField(
        label=_("People"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose someone first.")},
    )
    how = forms.ChoiceField(
        label=_("Who gets what"),
        choices=[(SPLIT, _("Split evenly among them")), (ALL, _("All questions to each of them"))],
        initial=SPLIT,
        widget=forms.RadioSelect,
    )
    column = forms.ChoiceField(label=_("Only where column"), required=False)
    text = forms.CharField(
        label=_("contains"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, members: Iterable[Membership], transform: Transform, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._users = {str(member.user_id): member.user for member in members}
        people, column = self.fields["people"], self.fields["column"]
        assert isinstance(people, forms.MultipleChoiceField)
        assert isinstance(column, forms.ChoiceField)
        people.choices = [(str(key), name) for key, name in names_apart(self._users.values()).items()]
        column.choices = [("", _("All questions")), *((name, name) for name in transform.column_names)]

    def clean(self) -> dict[str, Any]:
        """A column and a text belong together."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("column") and not data.get("text"):
            self.add_error("text", _("Enter the text that the column has to contain."))
        if data.get("text") and not data.get("column"):
            self.add_error("column", _("Choose the column to look in."))
        return data

    @property
    def users(self) -> list[User]:
        """The people chosen; only after ``is_valid``."""
        return [self._users[key] for key in self.cleaned_data["people"]]

    @property
    def split(self) -> bool:
        """Whether each question goes to one of them alone."""
        return bool(self.cleaned_data["how"] == SPLIT)


class LabelingSettingsForm(EditForm):
    """How the team labels with a transform."""

    answers_per_question = _people_field()
    consensus_rule = forms.ChoiceField(
        label=_("To settle a question"),
        choices=ConsensusRule.choices,
        help_text=_("Counted for each pair of rows. What remains disputed goes to adjudication."),
    )
    show_proposals = forms.BooleanField(
        label=_("Start from the engine’s proposal"),
        required=False,
        help_text=_("Never shown with control questions."),
    )
    control_percent = forms.IntegerField(
        label=_("Control questions, in percent"),
        min_value=0,
        max_value=MAX_CONTROL_PERCENT,
        help_text=_("The share of a person’s questions that have a known answer; they look like all others."),
    )
    links_in_cells = forms.BooleanField(
        label=_("Show web addresses in cells as links"), required=False, help_text=_("They open in a new tab.")
    )
    images_in_cells = forms.BooleanField(
        label=_("Show image addresses in cells as images"),
        required=False,
        help_text=_("Each steward’s browser loads them from their address."),
    )

    @classmethod
    def about(cls, transform: Transform, data: Any = None) -> LabelingSettingsForm:
        """The form filled with the settings as they are."""
        return cls(data, initial={name: getattr(transform, name) for name in cls.base_fields})
