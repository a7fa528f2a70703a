"""Files with labels as they come, told apart and read as tables: Glue's format, or pairs of keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from django.utils.translation import gettext as _

from labelfiles import (
    LabelFileError,
    LabelMapping,
    PairMapping,
    PairTable,
    guess_label_mapping,
    guess_mapping,
    is_label_table,
    read_pair_table,
)
from labeling.encodings import find_encoding
from labeling.exceptions import InvalidLabelsError
from labeling.models import Transform


class BroughtFormat(StrEnum):
    """How a brought file is built."""

    LABELS = "labels"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How the columns are read: ``labels`` or ``pairs``, whichever ``kind`` says. ``has_header``: the first line names the columns."""

    kind: BroughtFormat
    has_header: bool
    labels: LabelMapping | None = None
    pairs: PairMapping | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        if self.labels is not None:
            return (self.labels.labeling_set, self.labels.label, self.labels.key)
        assert self.pairs is not None
        return (self.pairs.first, self.pairs.second, self.pairs.match)


def read_brought_table(content: bytes, *, has_header: bool | None = None, encoding: str = "") -> PairTable:
    """The table in the file; delimiter and encoding are found, the latter unless one was chosen. Raises ``InvalidLabelsError`` with the line at fault.

    Without ``has_header`` a label file is known by the names of its columns; for pairs it is guessed.
    """
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InvalidLabelsError(
            _("This is an Excel workbook. Save the sheet with the labels as CSV UTF-8 and upload that instead.")
        )
    try:
        encoding = find_encoding(content, chosen=encoding)
        table = read_pair_table(content, has_header=has_header, encoding=encoding)
        if (
            has_header is None
            and not table.has_header
            and is_label_table(replace(table, columns=next(iter(table.rows))[1], has_header=True))
        ):
            table = read_pair_table(content, has_header=True, encoding=encoding)
    except LabelFileError as error:
        raise InvalidLabelsError(str(error)) from error
    if table.encoding == "utf-16" or b"\0" in content:
        _refuse_nul(table)
    return table


def _refuse_nul(table: PairTable) -> None:
    for line, cells in chain([(1, table.columns)], table.rows):
        place = next((place for place, cell in enumerate(cells) if "\0" in cell), None)
        if place is not None:
            name = table.columns[place].replace("\0", "�") if place < len(table.columns) else place + 1
            message = _(
                "Line %(line)d contains a NUL character in column %(name)s, which tables never have. Is this a CSV file?"
            )
            raise InvalidLabelsError(message % {"line": line, "name": name})


def guess_columns(table: PairTable, *, transform: Transform, kind: BroughtFormat | None = None) -> ColumnMapping:
    """How the columns are probably to be read."""
    if kind is None:
        kind = BroughtFormat.LABELS if is_label_table(table) else BroughtFormat.PAIRS
    if kind == BroughtFormat.LABELS:
        labels = guess_label_mapping(table, primary_key=transform.primary_key)
        return ColumnMapping(kind, table.has_header, labels=labels)
    return ColumnMapping(kind, table.has_header, pairs=guess_mapping(table))
