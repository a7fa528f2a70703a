"""IMPORT_LABELS: all of a label file or nothing of it, then learn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from labelfiles import (
    LABEL_COLUMN,
    SET_ID_COLUMN,
    LabeledRow,
    LabelFile,
    LabelFileError,
    Problem,
    read_label_file,
    summarise,
    validate,
)
from localglue import store
from localglue.choices import TransformStatus
from localglue.labels import merged, store_labels, stored_labels
from localglue.models import LabelImport, MLTransform, TaskRun
from localglue.work import Store, WorkError
from localglue.work.common import read_records, trained_model, transform_of

if TYPE_CHECKING:
    from findmatches import Records

SHOWN_PROBLEMS = 20
MAX_SET_ID = 255
# What is no fault of one object if all of them together teach something.
_OF_THE_WHOLE = ("no_rows", "no_pairs")


@dataclass(frozen=True, slots=True)
class _Part:
    """One object of the import and what it says."""

    path: store.S3Path
    data: bytes
    labels: LabelFile


def perform(run: TaskRun) -> Store:
    """Returns what stores the labels. READY follows from the labels that there are then, not from those before."""
    from findmatches import can_train  # the engine is heavy; only children of the worker load it

    transform = transform_of(run)
    parts = _read(run)
    records = read_records(transform)
    _check(parts, transform, records)
    new = LabelFile(transform.columns, tuple(_without_nul(row) for part in parts for row in part.labels.rows))
    labels = new if run.replace else merged(stored_labels(transform), new)
    ready = can_train([labels], transform.primary_key)
    if ready:
        trained_model(transform, labels, lambda: records, anew=True)
    digest = hashlib.sha256(b"".join(part.data for part in parts)).hexdigest()

    def store_import() -> None:
        # Read again: what may have changed meanwhile is not ours to overwrite.
        current = MLTransform.objects.get(pk=transform.pk)
        count = store_labels(current, new, replace=bool(run.replace))
        now = timezone.now()
        MLTransform.objects.filter(pk=current.pk).exclude(status=TransformStatus.DELETING).update(
            label_count=count,
            status=TransformStatus.READY if ready else TransformStatus.NOT_READY,
            modified_at=now,
        )
        LabelImport.objects.create(
            transform=current,
            task_run=run,
            path=run.path,
            sha256=digest,
            size=sum(len(part.data) for part in parts),
            sets=len(new.by_set()),
            rows=len(new.rows),
            replace=bool(run.replace),
            imported_by=run.requested_by,
            imported_at=now,
            labels_before=current.label_count,
            labels_after=count,
        )

    return store_import


def _read(run: TaskRun) -> list[_Part]:
    limit = settings.LOCALGLUE_MAX_LABEL_FILE_MB * 1024 * 1024
    parts = []
    found = store.find(store.parse_path(run.path))
    for item in [item for item in found if item.size] or found:
        data = store.read(item.path, limit=limit)
        try:
            parts.append(_Part(item.path, data, read_label_file(data)))
        except LabelFileError as error:
            raise WorkError(problem_text([(item.path, problem) for problem in error.problems])) from None
    if not parts:
        raise WorkError(f"There is no longer a label file at {run.path}.")
    return parts


def _check(parts: list[_Part], transform: MLTransform, records: Records) -> None:
    """Raises ``WorkError`` with what is wrong in the files, all of it counted and the first of it named."""
    known = set(records.table.column(transform.primary_key).to_pylist())
    strangers = not any(_known_rows(part.labels, transform.primary_key, known) for part in parts)
    whole = LabelFile(transform.columns, tuple(row for part in parts for row in part.labels.rows))
    said = summarise(whole)
    teaches = said.matching_pairs + said.non_matching_pairs > 0
    found: list[tuple[store.S3Path, Problem]] = []
    owners: dict[str, store.S3Path] = {}
    identity = (SET_ID_COLUMN, LABEL_COLUMN, transform.primary_key)
    for part in parts:
        wrong = [
            problem
            for problem in validate(part.labels, columns=transform.columns, primary_key=transform.primary_key)
            if (problem.severity == "error" and not (teaches and problem.code in _OF_THE_WHOLE))
            or (problem.code == "nul_character" and problem.column in identity)
        ]
        if strangers and not any(problem.line == 1 for problem in wrong):  # with other columns, rows say nothing
            wrong.extend(_unknown_rows(part.labels, transform.primary_key))
        wrong.extend(_bad_sets(part, owners))
        found.extend((part.path, problem) for problem in sorted(wrong, key=lambda problem: problem.line or 0))
    if found:
        raise WorkError(problem_text(found))


def _bad_sets(part: _Part, owners: dict[str, store.S3Path]) -> Iterator[Problem]:
    """Sets that cannot be kept, or are in another part as well. ``owners`` are the parts of all sets so far; those of this one are added."""
    for set_id, rows in part.labels.by_set().items():
        if len(set_id) > MAX_SET_ID:
            message = f"The labeling_set_id has more than {MAX_SET_ID} characters."
            yield Problem(rows[0].line, SET_ID_COLUMN, "long_set_id", message)
        elif (owner := owners.setdefault(set_id, part.path)) != part.path:
            message = f"Set {set_id} is also in {owner}; an import can have a set only once."
            yield Problem(rows[0].line, SET_ID_COLUMN, "set_in_two_files", message)


def _without_nul(row: LabeledRow) -> LabeledRow:
    """PostgreSQL cannot keep a NUL. In a source cell it says nothing; elsewhere ``_check`` has refused it."""
    if not any("\0" in value for value in row.values):
        return row
    return replace(row, values=tuple(value.replace("\0", "") for value in row.values))


def _known_rows(labels: LabelFile, primary_key: str, known: set[str]) -> bool:
    """Whether a row is in the table. Some may have left it since they were asked about; if all have, these are most likely the labels of another."""
    if primary_key not in labels.columns:
        return False
    place = labels.columns.index(primary_key)
    return any(row.values[place] in known for row in labels.rows)


def _unknown_rows(labels: LabelFile, primary_key: str) -> list[Problem]:
    message = "No row of the table has this primary key, nor any other of the import."
    place = labels.columns.index(primary_key)
    return [Problem(row.line, primary_key, "unknown_key", message) for row in labels.rows if row.values[place]]


def problem_text(found: list[tuple[store.S3Path, Problem]]) -> str:
    """The ErrorString of a file that was not imported: up to 20 problems with line and column, and how many more there are."""
    files = {path for path, _ in found}
    shown = [f"{path}, {problem}" if len(files) > 1 else str(problem) for path, problem in found[:SHOWN_PROBLEMS]]
    more = len(found) - len(shown)
    many = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    where = f" in {next(iter(files))}" if len(files) == 1 else ""
    return "\n".join(
        (f"The labels were not imported: {many}{where}.", *shown, *([f"and {more} more."] if more else []))
    )
