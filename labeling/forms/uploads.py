"""Forms for files that people bring, and for what is to be done with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from accounts.styled_forms import StyledForm
from labelfiles import LabelMapping, PairMapping, PairTable
from labeling.encodings import ENCODINGS, is_assumed
from labeling.services.brought_tables import BroughtFormat, ColumnMapping

KEEP, FILE = "portal", "file"
_ONE_BY_ONE = "each"


TABLE_KINDS = ".csv,.parquet,.pq,text/csv"


class UploadForm(StyledForm):
    """One file of the kinds that ``accept`` names, as the browser's file dialog takes them. ``advice`` is for whoever brings one that is too large."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput,
        error_messages={"required": _("Choose a file first."), "empty": _("The file is empty.")},
    )

    def __init__(self, *args: Any, accept: str, max_bytes: int, advice: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._max_bytes, self._advice = max_bytes, advice
        self.fields["file"].widget.attrs["accept"] = accept

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse what is larger than the portal takes."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is not None and file.size > self._max_bytes:
            sizes = {"size": filesizeformat(file.size), "limit": filesizeformat(self._max_bytes)}
            message = _("The file is %(size)s; the portal accepts up to %(limit)s.") % sizes
            raise forms.ValidationError(f"{message} {self._advice}".strip())
        return file


class EncodingForm(StyledForm):
    """In which encoding a file is to be read that says nothing of its own."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=list(ENCODINGS.items()))

    @classmethod
    def shows(cls, encoding: str) -> EncodingForm | None:
        """The form with the one that was assumed in it; none where the file says its own."""
        return cls(initial={"encoding": encoding}, auto_id="read-as-%s") if is_assumed(encoding) else None


class SheetConfirmForm(forms.Form):
    """What was on the page, and for each question that was changed on both sides, which side counts."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    all_conflicts = forms.ChoiceField(
        required=False,
        choices=[
            (_ONE_BY_ONE, _("as chosen for each")),
            (KEEP, _("all as they are here")),
            (FILE, _("all as in the file")),
        ],
        initial=_ONE_BY_ONE,
    )

    @staticmethod
    def field_of(question_id: UUID) -> str:
        """The name of the choice for one question."""
        return f"conflict-{question_id}"

    @property
    def digests(self) -> list[str]:
        """The questions that were on the page, as they then were; only after ``is_valid``."""
        return str(self.cleaned_data["seen"]).split()

    def taken_from_file(self, asked: Iterable[UUID]) -> list[UUID]:
        """Those of the questions for which the person chose the file; only after ``is_valid``."""
        everything = self.cleaned_data["all_conflicts"]
        return [
            pk
            for pk in asked
            if everything == FILE or (everything != KEEP and self.data.get(self.field_of(pk)) == FILE)
        ]


class MappingForm(StyledForm):
    """Which columns of a brought file mean what. Both kinds of file are in one form; only the fields of the chosen kind count."""

    kind = forms.ChoiceField(choices=[(BroughtFormat.LABELS, ""), (BroughtFormat.PAIRS, "")], widget=forms.RadioSelect)
    header = forms.ChoiceField(
        label=_("The first line"), choices=[("yes", _("names the columns")), ("no", _("is already data"))]
    )
    labeling_set = forms.ChoiceField(label=_("Labeling set"), required=False)
    label = forms.ChoiceField(label=_("Label"), required=False)
    key = forms.ChoiceField(label=_("Primary key"), required=False)
    tidy = forms.BooleanField(
        label=_("Treat labels that differ only in capitals or spaces as the same"),
        required=False,
        help_text=_("To Glue, “a” and “A” are different: without this option they mean that the rows are different."),
    )
    split = forms.BooleanField(
        label=_("Split sets of more than 50 rows"),
        required=False,
        help_text=_("Rows with the same label stay together. Pairs across the new sets teach nothing."),
    )
    first = forms.ChoiceField(label=_("First key"), required=False)
    second = forms.ChoiceField(label=_("Second key"), required=False)
    match = forms.ChoiceField(label=_("Do they match?"), required=False)
    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()), required=False, widget=forms.HiddenInput)

    _LABELS = ("labeling_set", "label", "key")
    _PAIRS = ("first", "second", "match")

    def __init__(self, *args: Any, columns: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*self._LABELS, *self._PAIRS):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(column, column) for column in columns]

    @classmethod
    def shows(cls, mapping: ColumnMapping, guesses: Mapping[str, ColumnMapping], table: PairTable) -> MappingForm:
        """The form with this mapping in it, and the guess for the other kind."""
        initial: dict[str, Any] = {"kind": mapping.kind, "header": "yes" if mapping.has_header else "no"}
        for kind, names in ((BroughtFormat.LABELS, cls._LABELS), (BroughtFormat.PAIRS, cls._PAIRS)):
            shown = mapping if mapping.kind == kind else guesses[kind]
            initial |= dict(zip(names, shown.columns, strict=True))
        initial["tidy"] = mapping.labels is not None and mapping.labels.tidy
        initial["split"] = mapping.labels is not None and mapping.labels.split
        initial["encoding"] = table.encoding if is_assumed(table.encoding) else ""
        return cls(initial=initial, columns=table.columns)

    @property
    def mapping(self) -> ColumnMapping:
        """What was chosen; only after ``is_valid``."""
        data = self.cleaned_data
        kind, has_header = BroughtFormat(data["kind"]), data["header"] == "yes"
        if kind == BroughtFormat.LABELS:
            labels = LabelMapping(
                data["labeling_set"], data["label"], data["key"], tidy=data["tidy"], split=data["split"]
            )
            return ColumnMapping(kind, has_header, labels=labels)
        return ColumnMapping(kind, has_header, pairs=PairMapping(data["first"], data["second"], data["match"]))
