"""Labels that somebody brings as pairs: two primary keys and whether they match. Each pair becomes a labeling set of two."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from labelfiles.model import LabeledRow, LabelFile, LabelFileError, Problem, is_empty
from labelfiles.text import counted, find_delimiter, find_encoding
from labelfiles.validate import check_empty

MAX_READ_COLUMNS = 200
"""Twice as many as a table of Glue's can have. What has more, such as JSON on one line, is something else, and to look at each would take hours."""

SAME_WORDS = frozenset({"1", "1.0", "true", "t", "yes", "y", "match", "matching", "same", "duplicate"})
DIFFERENT_WORDS = frozenset(
    {"0", "0.0", "-1", "false", "f", "no", "n", "non-match", "nonmatch", "distinct", "different"}
)
UNSURE_WORDS = frozenset({"", "?", "u", "unsure", "unknown", "maybe"})
_DIGIT = re.compile(r"\d")
_WORDS = SAME_WORDS | DIFFERENT_WORDS | UNSURE_WORDS


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table, each with its line: read anew from the bytes whenever they are gone through, so that one at a time is held.

    The first ``skip`` records are no rows. ``mended`` are cells that take the place of those in the file, by line.
    """

    data: bytes
    encoding: str
    delimiter: str
    skip: int
    count: int
    mended: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        records = _records(self.data, self.encoding, self.delimiter)
        rows = islice(_that_say_something(records), self.skip, None)
        if not self.mended:
            return rows
        return ((line, self.mended.get(line, cells)) for line, cells in rows)


@dataclass(frozen=True, slots=True)
class PairTable:
    """A file of pairs as it stands, to be shown and mapped: column names, and each row with the line on which it starts.

    ``has_header`` is False if the first line is a pair already; then the columns are called ``1``, ``2`` and so on. ``empty_rows`` is how many rows
    without any value are left out.
    """

    columns: tuple[str, ...]
    rows: TableRows
    has_header: bool
    encoding: str
    delimiter: str
    empty_rows: int


@dataclass(frozen=True, slots=True)
class PairMapping:
    """Which columns of the table hold the two keys and the verdict."""

    first: str
    second: str
    match: str


@dataclass(frozen=True, slots=True)
class BroughtPairs:
    """``label_file`` holds what can be used; ``problems`` says what cannot (errors) and what was passed over (warnings).

    ``unsure`` counts the pairs whose verdict is "unsure": they teach nothing and are left out.
    """

    label_file: LabelFile
    problems: tuple[Problem, ...]
    unsure: int


def read_pair_table(data: bytes, *, has_header: bool | None = None, encoding: str = "") -> PairTable:
    """Read CSV with commas, semicolons, tabs or vertical bars. Raises ``LabelFileError`` for what is no table of three or more columns, or of too many.

    Whether the first line is a header is guessed from its cells unless ``has_header`` says it.
    """
    encoding = encoding or find_encoding(data)
    delimiter = find_delimiter(next((line for line in _text(data, encoding) if line.strip("\r\n")), ""))
    records = _records(data, encoding, delimiter)
    first_line, first = next(_that_say_something(records), (0, ()))
    if not first:
        raise LabelFileError([Problem(None, None, "empty_file", "The file is empty.")])
    if len(first) > MAX_READ_COLUMNS:
        message = f"The first row has {len(first):,} cells; {MAX_READ_COLUMNS} are read at most. Is this a CSV file?"
        raise LabelFileError([Problem(first_line, None, "too_many_columns", message)])
    word = first[2].strip().casefold() if len(first) > 2 else ""
    count, empty, again, is_named = 1, 0, False, not any(map(_has_digit, first[:2]))
    for _line, cells in records:  # to the end, so that whoever goes through the rows later meets no fault
        if is_empty(cells):
            empty += 1
            continue
        count += 1
        again = again or (len(cells) > 2 and cells[2].strip().casefold() == word)
        is_named = is_named and all(map(_has_digit, cells[:2]))
    if len(first) < 3:
        message = f"Pairs need three columns, two keys and whether they match; the first row has {len(first)}."
        raise LabelFileError([Problem(first_line, None, "header", message)])
    if has_header is None:
        has_header = _looks_like_header(word, again, is_named=is_named and count > 1)
    columns = first if has_header else tuple(str(number) for number in range(1, len(first) + 1))
    repeated = sorted(name for name, times in Counter(columns).items() if times > 1)
    if repeated:
        message = "The header names this column more than once."
        raise LabelFileError([Problem(first_line, name, "repeated_column", message) for name in repeated])
    rows = TableRows(data, encoding, delimiter, skip=int(has_header), count=count - has_header)
    return PairTable(columns, rows, has_header, encoding, delimiter, empty)


def _text(data: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")


def _records(data: bytes, encoding: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each record with a character in it, with the line on which it starts. Raises ``LabelFileError``."""
    csv.field_size_limit(max(csv.field_size_limit(), len(data)))
    reader = csv.reader(_text(data, encoding), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, tuple(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise LabelFileError([Problem(line, None, "quoting", f"The row cannot be read as CSV: {error}.")]) from None


def _that_say_something(records: Iterator[tuple[int, tuple[str, ...]]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    return (record for record in records if not is_empty(record[1]))


def _has_digit(cell: str) -> bool:
    return _DIGIT.search(cell) is not None


def _looks_like_header(first: str, again: bool, *, is_named: bool) -> bool:
    """A word such as "match" may be the name of the column, unless it comes again below; "1" or "yes" is none.

    Where it comes again, it is the name all the same if the two cells before it look like names, ``is_named``: all keys below have digits, they none.
    """
    if first in _WORDS and first.isalpha() and len(first) > 3 and first not in ("true", "false"):
        return is_named or not again
    return not first or first not in _WORDS


def guess_mapping(table: PairTable) -> PairMapping:
    """The third column holds verdicts by default; the first other one in which every cell is one does if the third does not."""
    indexes = range(len(table.columns))
    for index in sorted(indexes, key=lambda number: (number != 2, number)):
        if _are_verdicts(cells[index] for _line, cells in table.rows if index < len(cells)):
            break
    else:
        index = 2
    keys = [table.columns[number] for number in indexes if number != index]
    return PairMapping(keys[0], keys[1], table.columns[index])


def _are_verdicts(cells: Iterable[str]) -> bool:
    said = False
    for cell in cells:
        word = cell.strip().casefold()
        if word not in _WORDS:
            return False
        said = said or bool(word)
    return said


def pairs_to_label_file(
    table: PairTable, mapping: PairMapping, *, columns: Sequence[str], records: Mapping[str, Sequence[str]]
) -> BroughtPairs:
    """A label file with a set of two rows for each pair.

    ``columns`` are those of the source table and ``records`` its rows by primary key, as many values as columns; a key that
    is not there is an error. The id of a set comes from its two keys, so that the same pair brought twice is the same set. A
    pair that stands twice is taken once; if the verdicts differ, it is an error and taken not at all. Raises ``ValueError`` if
    the mapping names a column that the table has not.
    """
    places = [table.columns.index(name) for name in (mapping.first, mapping.second, mapping.match)]
    problems = list(check_empty(table.empty_rows))
    said: dict[tuple[str, str], tuple[int, bool]] = {}
    spoilt: set[tuple[str, str]] = set()
    unsure = 0
    for line, cells in table.rows:
        if len(cells) <= max(places):
            problems.append(Problem(line, None, "short_row", f"The row has only {counted(len(cells), 'cell')}."))
            continue
        first, second = (_key(cells[place], records) for place in places[:2])
        word = cells[places[2]].strip()
        wrong = _row_problems(line, mapping, (first, second, word), records)
        problems.extend(wrong)
        if wrong:
            continue
        if word.casefold() in UNSURE_WORDS:
            unsure += 1
            continue
        pair, verdict = (min(first, second), max(first, second)), word.casefold() in SAME_WORDS
        before, said_before = said.setdefault(pair, (line, verdict))
        if said_before is not verdict:
            spoilt.add(pair)
            message = f"Line {before} says the opposite about the same two keys. Neither is used."
            problems.append(Problem(line, mapping.match, "contradicting_pair", message))
        elif before != line:
            problems.append(Problem(line, None, "repeated_pair", f"The same pair is in line {before}.", "warning"))
    rows = [
        LabeledRow(_set_id(pair), label, tuple(records[key]), line)
        for pair, (line, verdict) in said.items()
        if pair not in spoilt
        for key, label in zip(pair, "AA" if verdict else "AB", strict=True)
    ]
    return BroughtPairs(LabelFile(tuple(columns), tuple(rows)), tuple(problems), unsure)


def _key(cell: str, records: Mapping[str, Sequence[str]]) -> str:
    """As written if there is such a row, else without the spaces around it."""
    return cell if cell in records else cell.strip()


def _row_problems(
    line: int, mapping: PairMapping, cells: tuple[str, str, str], records: Mapping[str, Sequence[str]]
) -> list[Problem]:
    found = []
    first, second, word = cells
    for column, key in ((mapping.first, first), (mapping.second, second)):
        if not key:
            found.append(Problem(line, column, "blank_key", "The cell has no primary key."))
        elif key not in records:
            found.append(Problem(line, column, "unknown_key", f"The source table has no row with the key {key}."))
    if not found and first == second:
        found.append(Problem(line, mapping.second, "pair_of_one", "Both keys are the same row."))
    if word.casefold() not in _WORDS:
        message = f"“{word}” means neither match nor no match. Write 1 or 0."
        found.append(Problem(line, mapping.match, "unknown_verdict", message))
    return found


def _set_id(pair: tuple[str, str]) -> str:
    return "pair-" + hashlib.sha256(json.dumps(pair).encode()).hexdigest()[:24]
