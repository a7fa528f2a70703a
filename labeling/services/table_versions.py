"""New rows for a transform whose table was uploaded: a newer file takes the place of the one before, which stays in S3.

Labels, answers and the model belong to the transform and stay as they are; the next run at Glue reads the new rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import AuditAction, User
from labeling.aws import data_catalog
from labeling.choices import ACTIVE, SourceFormat
from labeling.encodings import is_text_in
from labeling.exceptions import InvalidSourceError, RunConflictError
from labeling.models import Row, SourceFile, TaskRun, Transform
from labeling.selectors.natural_order import BY_NAME
from labeling.services.source_rows import row_pieces
from labeling.services.sources import SourcePreview, discard_source, stage_source, staged_preview, want_source
from labeling.services.transforms import table_input

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableChange:
    """By primary key: rows ``before`` and ``after``, those that are ``new`` and those that are ``gone``.

    ``asked_gone`` of the latter stand in questions; what people said of them stays.
    """

    before: int
    after: int
    new: int
    gone: int
    asked_gone: int

    @property
    def stay(self) -> int:
        """Rows that are in both."""
        return self.after - self.new


def stage_rows(*, transform: Transform, user: User, file: UploadedFile[bytes], encoding: str = "") -> SourceFile:
    """Check a file with the columns of the transform, and keep it; nothing else changes yet. ``encoding``: see ``stage_source``; unless one is chosen,
    that of the table now, if it will do: the next export comes out of the same program, and a guess might differ from day to day.

    Raises ``InvalidSourceError`` if it cannot take the place of the table, with the line or the column at fault.
    """
    now = _check_uploaded(transform).assumed_encoding
    if now and not encoding and is_text_in(file, now):
        encoding = now
    return stage_source(
        team=transform.team,
        user=user,
        file=file,
        columns=transform.column_names,
        check=lambda preview: _check_fits(transform, preview),
        encoding=encoding,
    )


def compare_rows(*, transform: Transform, source: SourceFile) -> TableChange:
    """What would change. Both tables are read for it. Raises ``InvalidSourceError`` if the file does not fit, ``GlueError`` if S3
    does not give the rows."""
    _check_uploaded(transform)
    _check_staged(transform, source)
    place = transform.key_place
    before = _keys(row_pieces(transform=transform), place)
    after = _keys(row_pieces(transform=transform, source=source), place)
    gone = before.filter(pc.invert(pc.is_in(before, value_set=after)))
    stay = len(before) - len(gone)
    rows = Row.objects.filter(question__question_set__transform=transform).order_by()
    asked = set(rows.values_list("key", flat=True))
    asked_gone = pc.sum(pc.is_in(pa.array(asked, pa.string()), value_set=gone)).as_py() or 0
    return TableChange(len(before), len(after), len(after) - stay, len(gone), asked_gone)


def transforms_over(*, transform: Transform) -> QuerySet[Transform]:
    """All transforms that read the same table, this one among them, by name. A table of uploaded rows is read by one team only."""
    return Transform.objects.filter(
        team=transform.team_id, database_name=transform.database_name, table_name=transform.table_name
    ).order_by(*BY_NAME)


def replace_rows(*, transform: Transform, user: User, source: SourceFile) -> None:
    """Let the table be the staged file, for all transforms that read it. The same call can be made again if it was interrupted.

    Raises ``InvalidSourceError`` if the file does not fit, ``RunConflictError`` while a run may read the table, ``GlueError``.
    """
    _check_uploaded(transform)
    _check_staged(transform, source)
    readers = transforms_over(transform=transform).select_related("team", "source_file")
    for reader in readers:
        _check_fits(reader, staged_preview(source=source))
    _check_idle(transform)
    want_source(source=source)
    data_catalog.update_table(database=transform.database_name, table=table_input(transform.table_name, source))
    with transaction.atomic():
        for reader in readers:
            if reader.source_file is not None:  # else it goes by the catalog, which knows
                want_source(source=reader.source_file)  # by what the portal does not know and that is still at it
                _let_read(reader, user, reader.source_file, source)
    logger.info("table %s has the rows of source %s, by user %s", transform.table_name, source.pk, user.pk)


def take_rows(*, transform: Transform, user: User, file: UploadedFile[bytes]) -> TableChange:
    """All at once, for programs: check, compare, replace. A file that is refused is not kept.

    Raises as the steps do, and ``InvalidSourceError`` also if not one row stays: nobody looks at the difference before it is done.
    """
    _check_idle(transform)
    source = stage_rows(transform=transform, user=user, file=file)
    try:
        change = compare_rows(transform=transform, source=source)
        if not change.stay:
            raise InvalidSourceError(
                _("Not one row of the table is in this file. If that is right, replace the rows in the portal.")
            )
        replace_rows(transform=transform, user=user, source=source)
    except (InvalidSourceError, RunConflictError):  # not ``GlueError``: perhaps the table is the new one already
        discard_source(source=source)
        raise
    return change


def _let_read(transform: Transform, user: User, before: SourceFile, source: SourceFile) -> None:
    transform.source_file = source
    transform.save(update_fields=("source_file", "updated_at"))
    record(
        team=transform.team,
        by=user,
        action=AuditAction.TABLE_REPLACED,
        subject=transform.name,
        details={"source": [before.name, source.name], "row_count": [before.row_count, source.row_count]},
    )


def _check_uploaded(transform: Transform) -> SourceFile:
    if transform.source_file is None:
        message = _(
            "The rows of this transform come from the catalog table %(database)s.%(table)s. Whatever is there counts when a run starts."
        )
        raise InvalidSourceError(message % {"database": transform.database_name, "table": transform.table_name})
    return transform.source_file


def _check_idle(transform: Transform) -> None:
    if TaskRun.objects.filter(transform__in=transforms_over(transform=transform), status__in=ACTIVE).exists():
        raise RunConflictError(_("A run is under way that may read the table. Wait until it has ended, or stop it."))


def _check_staged(transform: Transform, source: SourceFile) -> None:
    escaped = source.escaped or source.format != SourceFormat.CSV
    if not escaped or [column["name"] for column in source.columns] != transform.column_names:
        raise InvalidSourceError(_("This file was not uploaded for this transform. Upload it here."))


def _check_fits(transform: Transform, preview: SourcePreview) -> None:
    for column, known in zip(preview.columns, transform.columns, strict=True):
        if column.data_type.lower() != known["data_type"].lower():
            message = _(
                "Column %(name)s is %(found)s in this file and %(known)s in the table. Upload the same kind of file as before."
            )
            found = {"name": column.name, "found": column.data_type, "known": known["data_type"]}
            raise InvalidSourceError(message % found)
    if problem := preview.problem_with_key(transform.primary_key):
        message = _("%(column)s is the primary key, and cannot be that of this file. %(problem)s")
        raise InvalidSourceError(message % {"column": transform.primary_key, "problem": problem})


def _keys(pieces: Iterator[pa.RecordBatch], place: int) -> pa.Array:
    found = [piece.column(place) for piece in pieces]
    return pa.concat_arrays(found) if found else pa.array([], pa.string())
