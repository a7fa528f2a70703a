"""Questions as spreadsheets, for those who stay with Excel: written so that they survive it, read back whatever it did to them.

Pure: rows and a signing key go in, bytes or labels and problems come out. Only labels are ever taken from a file; keys and values
in it serve to recognise rows and to warn.
"""

from __future__ import annotations

from labeling.spreadsheets.keys import Unmangled, unmangle
from labeling.spreadsheets.model import (
    OWN_COLUMNS,
    QuestionSheet,
    ReadLabel,
    SheetProblem,
    SheetQuestion,
    SheetReading,
    SheetRow,
)
from labeling.spreadsheets.read import Mentions, OpenedFile, mentions, open_file, read_sheet
from labeling.spreadsheets.tables import MAX_CELLS, MAX_FILE_BYTES, is_quick
from labeling.spreadsheets.write import csv_bytes, csv_size

__all__ = [
    "MAX_CELLS",
    "MAX_FILE_BYTES",
    "OWN_COLUMNS",
    "Mentions",
    "OpenedFile",
    "QuestionSheet",
    "ReadLabel",
    "SheetProblem",
    "SheetQuestion",
    "SheetReading",
    "SheetRow",
    "Unmangled",
    "csv_bytes",
    "csv_size",
    "is_quick",
    "mentions",
    "open_file",
    "read_sheet",
    "unmangle",
]
