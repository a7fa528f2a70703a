"""What forms have in common: how their fields look, with Bootstrap's classes put on once, and how they change what several people may change."""

from __future__ import annotations

from typing import Any

from django import forms


class StyledForm(forms.Form):
    """Gives every widget the class that its kind has in the style sheet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            css = _css_class(field.widget)
            if css:
                field.widget.attrs.setdefault("class", css)


class EditForm(StyledForm):
    """Changes what is there. ``initial`` is what it is now; the page sends back what it showed, which each field has hidden beside it.

    What a person left as they saw it stays as it is now: somebody else may have changed it since.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        """What the person changed, and else what is."""
        seen = {name for name in self.fields if self.add_initial_prefix(name) in self.data}
        return {
            name: self.initial[name] if name in seen and name not in self.changed_data else value
            for name, value in self.cleaned_data.items()
        }


def _css_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.Select):
        return "form-select"
    if isinstance(widget, forms.HiddenInput) or getattr(widget, "input_type", "") == "range":
        return ""
    return "form-control"
