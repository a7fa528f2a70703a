"""The rules for label files that read well: what would teach wrongly, teach nothing, or be refused by Glue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from labelfiles.model import LABEL_COLUMN, SET_ID_COLUMN, LabeledRow, LabelFile, PairCounts, Problem

# Sizes from the AWS documentation: 2 to 30 rows a set are acceptable, more than 50 may fail; a table has at most 100 columns.
WARN_SET_ROWS = 30
MAX_SET_ROWS = 50
MAX_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Summary:
    """What a label file says: pairs are pairs of labelled rows of one set, ``blank`` counts the rows without a label."""

    sets: int
    rows: int
    matching_pairs: int
    non_matching_pairs: int
    blank: int


def summarise(label_file: LabelFile) -> Summary:
    """Count sets, rows, the pairs that the labels imply, and blanks. Rows without a set belong to no set and imply nothing."""
    pairs = PairCounts(0, 0)
    sets = label_file.by_set()
    for set_id, rows in sets.items():
        if set_id:
            pairs += PairCounts.of_groups(Counter(row.label for row in rows if row.label).values())
    return Summary(
        sets=len(sets.keys() - {""}),
        rows=len(label_file.rows),
        matching_pairs=pairs.matching,
        non_matching_pairs=pairs.non_matching,
        blank=sum(not row.label for row in label_file.rows),
    )


def validate(
    label_file: LabelFile,
    *,
    columns: Sequence[str] | None = None,
    primary_key: str | None = None,
) -> list[Problem]:
    """All problems of a label file, in the order of the file; an empty list means that it can be imported as it is.

    ``columns`` are the columns of the source table: given, the file must have just these, in this order. ``primary_key``:
    given, it must be a column, without blanks, and no row may stand in a set twice.
    """
    problems = list(check_columns(label_file.columns, columns, primary_key))
    key = None
    if primary_key is not None and primary_key in label_file.columns:
        key = label_file.columns.index(primary_key)
    body = list(_scattered(label_file))
    for row in label_file.rows:
        body.extend(check_row(row, label_file.columns, key))
    for set_id, rows in label_file.by_set().items():
        body.extend(check_set(set_id, rows, key))
    problems.extend(sorted(body, key=lambda problem: problem.line or 0))
    problems.extend(check_empty(label_file.empty_rows))
    summary = summarise(label_file)
    problems.extend(check_whole(summary.rows, summary.matching_pairs, summary.non_matching_pairs))
    return problems


def check_columns(have: Sequence[str], columns: Sequence[str] | None, primary_key: str | None) -> Iterator[Problem]:
    """The rules for the source columns of a file; the arguments are those of ``validate``."""
    have = tuple(have)
    if len(have) > MAX_COLUMNS:
        yield Problem(
            1, None, "too_many_columns", f"The file has {len(have)} source columns; {MAX_COLUMNS} are allowed."
        )
    if columns is not None and tuple(columns) != have:
        if missing := [name for name in columns if name not in have]:
            one, several = (
                "The source table has this column, but the file does not.",
                "The source table has columns that the file does not have",
            )
            yield _of_columns("missing_column", missing, one, several)
        for place, name in enumerate(have, start=3):
            if not name.strip() and name not in columns:
                message = f"Column {place} has no name. Does every line end with a comma?"
                yield Problem(1, None, "unknown_column", message)
        if unknown := [name for name in have if name.strip() and name not in columns]:
            one, several = (
                "The source table has no such column.",
                "The file has columns that the source table does not have",
            )
            yield _of_columns("unknown_column", unknown, one, several)
        if sorted(columns) == sorted(have):
            message = "The columns are in a different order from the source table: " + ", ".join(columns) + "."
            yield Problem(1, None, "column_order", message, repair="columns")
    reported = columns is not None and primary_key in columns
    if primary_key is not None and primary_key not in have and not reported:
        yield Problem(1, primary_key, "missing_column", "The primary key is not among the columns of the file.")


def _of_columns(code: str, names: Sequence[str], one: str, several: str) -> Problem:
    """One problem however many columns have it: a line for each would bury all others."""
    if len(names) == 1:
        return Problem(1, names[0], code, one)
    return Problem(1, None, code, f"{several}: {', '.join(names)}.")


def check_row(row: LabeledRow, columns: Sequence[str], key: int | None) -> Iterator[Problem]:
    """The rules for one row. ``key`` is the place of the primary key among the columns."""
    line = row.line or None
    if not row.labeling_set_id.strip():
        yield Problem(
            line, SET_ID_COLUMN, "blank_set_id", "The row does not belong to a labeling set.", repair="leave_out"
        )
    if not row.label.strip():
        message = "The row has no label. Label it or leave it out."
        yield Problem(line, LABEL_COLUMN, "blank_label", message, repair="leave_out")
    elif row.label != row.label.strip():
        message = "The label has spaces around it, so it is not the same as the label without them."
        yield Problem(line, LABEL_COLUMN, "label_spaces", message, "warning", repair="tidy")
    if key is not None and not row.values[key].strip():
        yield Problem(line, columns[key], "blank_key", "The row has no primary key.")
    cells = (row.labeling_set_id, row.label, *row.values)
    if "\0" in "".join(cells):
        for name, value in zip((SET_ID_COLUMN, LABEL_COLUMN, *columns), cells, strict=True):
            if "\0" in value:
                yield Problem(line, name, "nul_character", "The cell contains a NUL character.", "warning")


def set_errors(rows: Sequence[LabeledRow], columns: Sequence[str], primary_key: str) -> list[Problem]:
    """For what a file would be refused if it held these labelled rows of one set."""
    key = columns.index(primary_key)
    found = [problem for row in rows for problem in check_row(row, columns, key)]
    found.extend(check_set(rows[0].labeling_set_id, list(rows), key))
    return [problem for problem in found if problem.severity == "error"]


def check_set(set_id: str, rows: list[LabeledRow], key: int | None) -> Iterator[Problem]:
    """The rules for all rows of one set."""
    if set_id:
        yield from _set_size(set_id, rows)
        yield from _labels(set_id, rows)
        yield from _repeated(set_id, rows, key)


def _scattered(label_file: LabelFile) -> Iterator[Problem]:
    closed: set[str] = set()
    reported: set[str] = set()
    previous: str | None = None
    for row in label_file.rows:
        current = row.labeling_set_id
        if previous is not None and current != previous:
            closed.add(previous)
        if current in closed and current and current not in reported:
            reported.add(current)
            message = f"Set {current} continues after rows of another set. Is the id used for two sets?"
            yield Problem(row.line or None, SET_ID_COLUMN, "scattered_set", message, "warning")
        previous = current


def _set_size(set_id: str, rows: list[LabeledRow]) -> Iterator[Problem]:
    line = rows[0].line or None
    if len(rows) == 1:
        message = f"Set {set_id} has one row, so it teaches nothing."
        yield Problem(line, SET_ID_COLUMN, "single_row_set", message, "warning", repair="leave_out")
    elif len(rows) > MAX_SET_ROWS:
        message = f"Set {set_id} has {len(rows)} rows; more than {MAX_SET_ROWS} may make Glue fail. Split it."
        yield Problem(line, SET_ID_COLUMN, "set_too_large", message, repair="split_sets")
    elif len(rows) > WARN_SET_ROWS:
        message = f"Set {set_id} has {len(rows)} rows; {WARN_SET_ROWS} or fewer are recommended."
        yield Problem(line, SET_ID_COLUMN, "large_set", message, "warning")


def _labels(set_id: str, rows: list[LabeledRow]) -> Iterator[Problem]:
    """Labels are case sensitive, so ``a`` and ``A`` in one set say "different"; that is seldom meant."""
    first: dict[str, str] = {}
    reported: set[str] = set()
    for row in rows:
        seen = first.setdefault(row.label.casefold(), row.label)
        if row.label and seen != row.label and row.label not in reported:
            reported.add(row.label)
            message = (
                f"Set {set_id} has the labels {seen} and {row.label}, which differ only in case: they mean “different”."
            )
            yield Problem(row.line or None, LABEL_COLUMN, "case_only", message, "warning", repair="tidy")


def _repeated(set_id: str, rows: list[LabeledRow], key: int | None) -> Iterator[Problem]:
    identity: Callable[[LabeledRow], object] = (
        (lambda row: row.values) if key is None else (lambda row: row.values[key])
    )
    first: dict[object, LabeledRow] = {}
    for row in rows:
        same = first.setdefault(identity(row), row)
        if same is row or (key is not None and not row.values[key].strip()):
            continue
        where = f"line {same.line}" if same.line else "an earlier row"
        if row.label and same.label and row.label != same.label and key is not None:
            message = f"Set {set_id} has this row twice with different labels (see {where})."
            yield Problem(row.line or None, LABEL_COLUMN, "contradicting_row", message)
        else:
            message = f"Set {set_id} has this row twice (see {where})."
            yield Problem(row.line or None, None, "repeated_row", message, "warning", repair="leave_out")


def check_empty(rows: int) -> Iterator[Problem]:
    """So many rows were left out because they say nothing."""
    if rows:
        message = "1 row is empty and left out." if rows == 1 else f"{rows} rows are empty and left out."
        yield Problem(None, None, "empty_rows", message, "warning", repair="leave_out")


def check_whole(rows: int, matching: int, different: int) -> Iterator[Problem]:
    """The rules for a file as a whole, by how many rows, matching and non-matching pairs it has."""
    if not rows:
        yield Problem(None, None, "no_rows", "The file has a header but no rows.")
    elif matching and not different:
        message = "All rows of every set match. To estimate quality takes rows that do not, too, and AWS may need some to learn."
        yield Problem(None, None, "all_matching", message, "warning")
    elif different and not matching:
        message = "No two rows match in any set. Nothing is learned without some that do."
        yield Problem(None, None, "all_different", message, "warning")
    elif not matching:
        yield Problem(None, None, "no_pairs", "No set has two labelled rows, so the file teaches nothing.")
