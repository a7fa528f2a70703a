"""A look at a label file before it is sent anywhere: every rule that Glue states, and what would teach wrongly, in one pass over the bytes.

The rules are those of "Teaching AWS Glue ML transforms", https://docs.aws.amazon.com/glue/latest/dg/machine-learning-teaching.html, and of
``labelfiles.validate``, which looks at a file that has been read. This one never holds more than one labeling set, so a file of any size can be looked at.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from labelfiles.model import LABEL_COLUMN, SET_ID_COLUMN, LabeledRow, LabelFileError, PairCounts, Problem, is_empty
from labelfiles.text import DELIMITERS, counted, find_delimiter, find_encoding, first_misfit
from labelfiles.validate import Summary, check_columns, check_empty, check_row, check_set, check_whole

MAX_BYTES = 10 * 1024 * 1024
"""Glue's default quota "Label file size" (L-B78896B9)."""

MAX_PER_CODE = 20
"""So many findings of one kind are listed; all are counted."""

REPAIRS = {
    "convert": "written as UTF-8 without byte order mark, with commas",
    "columns": "the columns are put in the order of the table",
    "leave_out": "the row is left out: it teaches nothing",
    "tidy": "labels that differ only in capitals or spaces count as the same",
    "split_sets": "the set is split into sets of at most 30 rows; pairs across them teach nothing",
    "split_file": "the file is split into several, imported one after the other",
}
"""What can be put right without guessing, by ``Problem.repair``."""

_CELL_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found. ``findings`` are in file order, those without a line last, at most 20 of a kind; ``counts`` has how many there are of each code."""

    findings: tuple[Problem, ...]
    counts: dict[str, int]
    summary: Summary
    size: int

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps the file from being imported as it is."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def preflight(
    source: BinaryIO,
    *,
    columns: Sequence[str],
    primary_key: str,
    max_bytes: int = MAX_BYTES,
) -> Preflight:
    """Look at a seekable stream of bytes from its start; never raises for what is in them.

    ``columns`` are those of the source table in order. Whether the table has the keys of the file is not looked at.
    """
    return _Look(source, tuple(columns), primary_key, max_bytes).report()


def check_form(source: BinaryIO, *, columns: Sequence[str], primary_key: str, encoding: str) -> tuple[Problem, ...]:
    """The same for what concerns the file as such: its encoding, what separates the cells, its header. Rows are not looked at."""
    return _Look(source, tuple(columns), primary_key, MAX_BYTES, encoding).form()


class _Look:
    """One look at one file."""

    def __init__(
        self, source: BinaryIO, columns: tuple[str, ...], primary_key: str, max_bytes: int, otherwise: str = "cp1252"
    ) -> None:
        self._source, self._columns, self._primary_key, self._otherwise = source, columns, primary_key, otherwise
        self._findings: list[Problem] = []
        self._counts: Counter[str] = Counter()
        self._sets = self._rows = self._blank = self._empty = 0
        self._pairs = PairCounts(0, 0)
        self._delimiter = ","
        self._size = source.seek(0, io.SEEK_END)
        if self._size > max_bytes:
            size = f"{self._size / 1024 / 1024:.1f}"
            message = f"The file has {size} MB; Glue accepts up to {max_bytes / 1024 / 1024:g}. It has to be split into several."
            self._add(Problem(None, None, "too_large", message, repair="split_file"))

    def report(self) -> Preflight:
        encoding = self._encoding()
        if not self._size:
            self._add(Problem(None, None, "empty_file", "The file is empty."))
        elif encoding is not None:
            self._read(encoding)
        findings = sorted(self._findings, key=lambda problem: (problem.line is None, problem.line or 0))
        summary = Summary(self._sets, self._rows, self._pairs.matching, self._pairs.non_matching, self._blank)
        return Preflight(tuple(findings), dict(self._counts), summary, self._size)

    def form(self) -> tuple[Problem, ...]:
        encoding = self._encoding()
        if encoding is not None:
            self._find_delimiter(encoding)
            self._header(self._records(encoding, report=False))
        return tuple(self._findings)

    def _add(self, problem: Problem) -> None:
        self._counts[problem.code] += 1
        if self._counts[problem.code] <= MAX_PER_CODE:
            self._findings.append(problem)

    def _encoding(self) -> str | None:
        """How to read the bytes; None, with a finding, for what is no text. Whatever Glue does not read is a finding too."""
        try:
            encoding = find_encoding(self._source, otherwise=self._otherwise)
        except LabelFileError as error:
            for problem in error.problems:
                self._add(problem)
            return None
        if encoding == "utf-16":
            message = "The file is in UTF-16. Glue reads UTF-8 without a byte order mark."
            self._add(Problem(1, None, "encoding", message, repair="convert"))
        elif encoding == "utf-8-sig":
            message = "The file starts with a byte order mark, as Excel writes it; Glue takes it for part of the first column's name."
            self._add(Problem(1, None, "bom", message, repair="convert"))
        elif encoding == self._otherwise and (misfit := first_misfit(self._source, "utf-8")):
            message = "From here on the file is not in UTF-8, which is what Glue reads."
            self._add(Problem(misfit[0], None, "encoding", message, repair="convert"))
        return encoding

    def _records(self, encoding: str, report: bool) -> Generator[tuple[int, list[str]], None, None]:
        """The line on which each record starts, and its cells; blank lines are skipped."""
        self._source.seek(0)
        text = io.TextIOWrapper(self._source, encoding=encoding, newline="")
        csv.field_size_limit(_CELL_LIMIT)
        reader = csv.reader(text, delimiter=self._delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                if cells not in ([], [""]):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            if report:
                message = f"From here on the file cannot be read as CSV: {error}. Is a quote missing?"
                self._add(Problem(line, None, "csv", message))
        finally:
            text.detach()

    def _read(self, encoding: str) -> None:
        self._find_delimiter(encoding)
        scattered = self._scattered(encoding)
        records = self._records(encoding, report=True)
        columns = self._header(records)
        if columns is None:
            return
        self._body(records, columns, scattered)
        for problem in check_empty(self._empty):
            self._add(problem)
        for problem in check_whole(self._rows, self._pairs.matching, self._pairs.non_matching):
            self._add(problem)

    def _header(self, records: Generator[tuple[int, list[str]], None, None]) -> tuple[str, ...] | None:
        """The source columns; None, and the records closed, where the first line is no header of a label file."""
        _line, names = next(records, (1, []))
        if names[:2] == [SET_ID_COLUMN, LABEL_COLUMN]:
            for problem in check_columns(names[2:], self._columns, self._primary_key):
                self._add(problem)
            return tuple(names[2:])
        if names:
            found = ", ".join(names[:2])
            message = f"The first two columns must be {SET_ID_COLUMN} and {LABEL_COLUMN}; they are {found}."
            self._add(Problem(1, None, "header", message))
        else:
            self._add(Problem(None, None, "empty_file", "The file is empty."))
        records.close()
        return None

    def _find_delimiter(self, encoding: str) -> None:
        self._source.seek(0)
        text = io.TextIOWrapper(self._source, encoding=encoding, newline="")
        self._delimiter = find_delimiter(text.readline(_CELL_LIMIT))
        text.detach()
        if self._delimiter != ",":
            message = f"The cells are separated by {DELIMITERS[self._delimiter]}, not commas."
            self._add(Problem(1, None, "delimiter", message, repair="convert"))

    def _scattered(self, encoding: str) -> frozenset[str]:
        """The sets whose rows do not stand together. Set ids are told apart by their hashes, so two in 2⁶⁴ may be taken for one."""
        closed: set[int] = set()
        scattered: set[str] = set()
        previous: str | None = None
        for line, cells in self._records(encoding, report=False):
            current = cells[0]
            if current == previous or line == 1 or is_empty(cells):
                continue
            if current and hash(current) in closed and current not in scattered:
                scattered.add(current)
                message = f"Set {current} continues after rows of another set. Is the id used for two sets?"
                self._add(Problem(line, SET_ID_COLUMN, "scattered_set", message, "warning"))
            closed.add(hash(current))
            previous = current
        return frozenset(scattered)

    def _body(
        self, records: Iterator[tuple[int, list[str]]], columns: tuple[str, ...], scattered: frozenset[str]
    ) -> None:
        width = len(columns) + 2
        key = columns.index(self._primary_key) if self._primary_key in columns else None
        apart: dict[str, list[LabeledRow]] = {}
        current: list[LabeledRow] = []
        for line, cells in records:
            if is_empty(cells):
                self._empty += 1
                continue
            if len(cells) != width:
                code, few = ("short_row", "only ") if len(cells) < width else ("long_row", "")
                message = f"The row has {few}{counted(len(cells), 'cell')}; the header has {counted(width, 'column')}."
                self._add(Problem(line, None, code, message))
                continue
            row = LabeledRow(cells[0], cells[1], tuple(cells[2:]), line)
            self._row(row, columns, key)
            if row.labeling_set_id in scattered:
                apart.setdefault(row.labeling_set_id, []).append(row)
                continue
            if current and current[0].labeling_set_id != row.labeling_set_id:
                self._set(current, key)
                current = []
            current.append(row)
        for rows in (current, *apart.values()):
            if rows:
                self._set(rows, key)

    def _row(self, row: LabeledRow, columns: tuple[str, ...], key: int | None) -> None:
        self._rows += 1
        self._blank += not row.label
        for problem in check_row(row, columns, key):
            self._add(problem)

    def _set(self, rows: list[LabeledRow], key: int | None) -> None:
        set_id = rows[0].labeling_set_id
        for problem in check_set(set_id, rows, key):
            self._add(problem)
        if not set_id:
            return
        self._sets += 1
        self._pairs += PairCounts.of_groups(Counter(row.label for row in rows if row.label).values())
