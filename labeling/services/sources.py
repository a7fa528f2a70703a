"""Files that tables are made from: looked at, checked, stored."""

from __future__ import annotations

import codecs
import logging
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO

import pyarrow as pa
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.models import Team, User
from labeling.aws import storage
from labeling.choices import SourceFormat
from labeling.exceptions import InvalidSourceError
from labeling.models import SourceFile
from labeling.services import tables
from labeling.services.catalog import CatalogTable

logger = logging.getLogger(__name__)

PREVIEW_ROWS = 20


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column: ``distinct`` values that are not blank, ``blank`` cells, and why it cannot be the primary key ("" if it can)."""

    name: str
    data_type: str
    distinct: int
    blank: int
    problem: str


@dataclass(frozen=True, slots=True)
class SourcePreview:
    """What a table holds: its columns, its first rows as text, and how many rows there are."""

    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int
    format: str

    @property
    def key_candidates(self) -> list[str]:
        """The columns that can be the primary key."""
        return [column.name for column in self.columns if not column.problem]

    @property
    def suggested_key(self) -> str | None:
        """A column whose name says that it is a key, else the first that can be one."""
        candidates = self.key_candidates
        named = (name for name in candidates if name.lower().split("_")[-1] in ("id", "key", "uuid"))
        return next(named, candidates[0] if candidates else None)

    def problem_with_key(self, name: str) -> str:
        """Why the column cannot be the primary key; "" if it can."""
        for column in self.columns:
            if column.name == name:
                return column.problem
        return _("The table has no column %(name)s.") % {"name": name}


def preview_source(*, file: IO[bytes], name: str = "") -> SourcePreview:
    """Look at a CSV or Parquet file without storing anything. Raises ``InvalidSourceError`` with the line at fault."""
    kind = tables.detect_format(file, name)
    return _preview(tables.read(file, tables.Shape(kind)), kind)


def stage_source(*, team: Team, user: User, file: UploadedFile[bytes]) -> SourceFile:
    """Check an uploaded file and keep it in S3, so that the form after it needs no second upload.

    The object lies alone in a folder of its own, which becomes the Location of its table; its key holds nothing that the
    user typed. A byte order mark is taken off, because Glue would read it as part of the first column's name.
    """
    name = (file.name or "upload")[-255:]
    if (file.size or 0) > settings.MAX_SOURCE_BYTES:
        limit = settings.MAX_SOURCE_BYTES // 1024 // 1024
        raise InvalidSourceError(_("The file is larger than %(limit)d MB.") % {"limit": limit})
    source_id = uuid.uuid4()
    with tempfile.TemporaryFile() as copy:
        _copy_without_bom(file, copy)
        preview = preview_source(file=copy, name=name)
        stored = storage.save_file(f"sources/{source_id}/data.{preview.format}", copy)
    source = SourceFile.objects.create(
        pk=source_id,
        team=team,
        name=name,
        format=preview.format,
        key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        row_count=preview.row_count,
        columns=[asdict(column) for column in preview.columns],
        sample=[list(row) for row in preview.rows],
        created_by=user,
    )
    logger.info("source %s staged by user %s: %d rows", source.pk, user.pk, source.row_count)
    return source


def staged_preview(*, source: SourceFile) -> SourcePreview:
    """The preview of a staged file, from what was kept when it came."""
    return SourcePreview(
        columns=tuple(ColumnInfo(**column) for column in source.columns),
        rows=tuple(tuple(row) for row in source.sample),
        row_count=source.row_count,
        format=source.format,
    )


def preview_table(*, table: CatalogTable) -> SourcePreview:
    """Look at a catalog table through the objects at its Location, all of them, so that the keys are really checked.

    Raises ``InvalidSourceError`` for formats other than CSV and Parquet, for an empty Location, and beyond the upload limit.
    """
    return _preview(read_table(table=table), table.format)


def read_table(*, table: CatalogTable) -> pa.Table:
    """All rows of a catalog table, CSV as text and Parquet in its own types. Raises as ``preview_table`` does."""
    return tables.concatenate([tables.read(file, _shape(table)) for file in _files_of(table)])


def table_pieces(*, table: CatalogTable) -> Iterator[pa.RecordBatch]:
    """The same, a piece of the table at a time."""
    for file in _files_of(table):
        yield from tables.pieces(file, _shape(table))


def _shape(table: CatalogTable) -> tables.Shape:
    names = tuple(column.name for column in table.columns)
    return tables.Shape(SourceFormat(table.format), names, table.header_lines, table.delimiter)


def _files_of(table: CatalogTable) -> Iterator[IO[bytes]]:
    """The files of a table, one after the other, each at hand until the next is asked for."""
    if table.format not in SourceFormat.values:
        raise InvalidSourceError(_("Only tables over CSV or Parquet files can be used."))
    objects = storage.list_objects(table.location.rstrip("/") + "/") or storage.list_objects(table.location)
    if not objects:
        raise InvalidSourceError(_("The table has no files at its location."))
    if sum(item.size for item in objects) > settings.MAX_SOURCE_BYTES:
        limit = settings.MAX_SOURCE_BYTES // 1024 // 1024
        raise InvalidSourceError(
            _("The table is larger than %(limit)d MB, the most that is checked here.") % {"limit": limit}
        )
    for item in objects:
        with tempfile.TemporaryFile() as copy:
            storage.download_uri(item.uri, copy)
            yield copy


def source_pieces(*, source: SourceFile) -> Iterator[pa.RecordBatch]:
    """The rows of an uploaded file, piece by piece, CSV as text and Parquet in its own types. Raises ``GlueError`` if S3 does not give it."""
    with tempfile.TemporaryFile() as copy:
        storage.download_uri(storage.our_uri(source.key), copy)
        yield from tables.pieces(copy, tables.Shape(SourceFormat(source.format)))


def _preview(table: pa.Table, kind: str) -> SourcePreview:
    tables.check_columns(table)
    columns = tuple(
        ColumnInfo(
            name=facts.name,
            data_type=facts.data_type,
            distinct=facts.distinct,
            blank=facts.blank,
            problem=_key_problem(facts, table.num_rows),
        )
        for facts in tables.column_facts(table)
    )
    return SourcePreview(columns, tables.first_rows(table, PREVIEW_ROWS), table.num_rows, kind)


def _key_problem(facts: tables.ColumnFacts, row_count: int) -> str:
    if row_count == 0:
        return _("The table has no rows.")
    if facts.blank:
        return _("%(count)d rows have no value here.") % {"count": facts.blank}
    if facts.distinct < row_count:
        return _("Only %(distinct)d of %(rows)d values are different.") % {
            "distinct": facts.distinct,
            "rows": row_count,
        }
    return ""


def _copy_without_bom(file: UploadedFile[bytes], copy: IO[bytes]) -> None:
    chunks: Iterator[bytes] = iter(file.chunks())
    copy.write(next(chunks, b"").removeprefix(codecs.BOM_UTF8))
    for chunk in chunks:
        copy.write(chunk)
    copy.seek(0)
