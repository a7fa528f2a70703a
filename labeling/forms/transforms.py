"""Forms that make and change transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.styled_forms import EditForm, StyledForm
from labeling.validators import validate_glue_name


class AddTransformForm(StyledForm):
    """Add a transform that Glue has already; it knows all but this."""

    thing = forms.CharField(
        label=_("One row is a …"),
        max_length=60,
        help_text=_("In the singular: person, product, restaurant. Stewards are asked: which rows are the same …?"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class _TradeOffsForm(AddTransformForm):
    """What can be changed at any time: the names and the trade-offs."""

    name = forms.CharField(
        label=_("Name"),
        max_length=255,
        validators=[validate_glue_name],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    precision_recall = forms.FloatField(
        label=_("Precision or recall"),
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"type": "range", "min": "0", "max": "1", "step": "0.05"}),
    )
    accuracy_cost = forms.FloatField(
        label=_("Accuracy or cost"),
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"type": "range", "min": "0", "max": "1", "step": "0.05"}),
    )
    enforce_provided_labels = forms.BooleanField(
        label=_("The output must agree with every label"),
        required=False,
        help_text=_("Slower. Labelled rows are grouped as the stewards said, even where the model disagrees."),
    )


class TransformEditForm(EditForm, _TradeOffsForm):
    """Change a transform."""


class TransformForm(_TradeOffsForm):
    """Make a transform over a table whose columns are known."""

    primary_key = forms.ChoiceField(
        label=_("Primary key"),
        help_text=_("The column that identifies each row: present in every row, different in every row."),
        error_messages={"invalid_choice": _("This column cannot be the key. The preview says why.")},
    )

    field_order = ("name", "thing", "primary_key")

    def __init__(self, *args: Any, key_candidates: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["primary_key"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in key_candidates]
