"""FindMatches label files: read them, write them, say what is wrong with them. Standard library only.

A label file is a CSV file in UTF-8. Its first two columns are ``labeling_set_id`` and ``label``; the other columns are those of the
source table. Rows with the same set and the same label are the same thing, rows with the same set and different labels are
different things, and rows of different sets say nothing about each other.
"""

from __future__ import annotations

from labelfiles.hashing import (
    ChangedSet,
    FlippedPair,
    LabelDiff,
    SetDigest,
    content_hash,
    diff,
    hash_of_sets,
    set_digests,
)
from labelfiles.mapped import BroughtLabels, LabelMapping, guess_label_mapping, is_label_table, labels_to_label_file
from labelfiles.model import LABEL_COLUMN, SET_ID_COLUMN, LabeledRow, LabelFile, LabelFileError, PairCounts, Problem
from labelfiles.pairs import (
    BroughtPairs,
    PairMapping,
    PairTable,
    guess_mapping,
    pairs_to_label_file,
    read_pair_table,
)
from labelfiles.preflight import REPAIRS, Preflight, check_form, preflight
from labelfiles.reader import read_label_file
from labelfiles.split import split_label_file, split_set
from labelfiles.text import counted, find_delimiter, find_encoding, first_misfit
from labelfiles.validate import MAX_COLUMNS, MAX_SET_ROWS, WARN_SET_ROWS, Summary, set_errors, summarise, validate
from labelfiles.writer import label_file_bytes, write_label_file

__all__ = [
    "LABEL_COLUMN",
    "MAX_COLUMNS",
    "MAX_SET_ROWS",
    "REPAIRS",
    "SET_ID_COLUMN",
    "WARN_SET_ROWS",
    "BroughtLabels",
    "BroughtPairs",
    "ChangedSet",
    "FlippedPair",
    "LabelDiff",
    "LabelFile",
    "LabelFileError",
    "LabelMapping",
    "LabeledRow",
    "PairCounts",
    "PairMapping",
    "PairTable",
    "Preflight",
    "Problem",
    "SetDigest",
    "Summary",
    "check_form",
    "content_hash",
    "counted",
    "diff",
    "find_delimiter",
    "find_encoding",
    "first_misfit",
    "guess_label_mapping",
    "guess_mapping",
    "hash_of_sets",
    "is_label_table",
    "label_file_bytes",
    "labels_to_label_file",
    "pairs_to_label_file",
    "preflight",
    "read_label_file",
    "read_pair_table",
    "set_digests",
    "set_errors",
    "split_label_file",
    "split_set",
    "summarise",
    "validate",
    "write_label_file",
]
