"""Files that tables are made from: looked at, checked, stored."""

from __future__ import annotations

import gzip
import logging
import shutil
import tempfile
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import IO

import pyarrow as pa
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Team, User
from labeling.aws import storage
from labeling.aws.errors import MISSING
from labeling.choices import SourceFormat
from labeling.encodings import is_assumed
from labeling.exceptions import GlueError, InvalidSourceError
from labeling.models import SourceFile
from labeling.services import csv_text, tables
from labeling.services.catalog import CatalogTable
from labeling.services.direct_uploads import incoming_key
from labeling.services.staged_files import write_rows
from labeling.services.table_facts import ColumnFacts, TableFacts, rows_beyond_ascii
from tableformats import ESCAPED_CSV, TableFormat, is_gzipped

logger = logging.getLogger(__name__)

PREVIEW_ROWS = 20
ASSUMED_ROWS = 5
_CHUNK = 1024 * 1024
_UPLOADED = {
    SourceFormat.CSV: TableFormat("csv", header_lines=1),
    SourceFormat.PARQUET: TableFormat("parquet"),
}


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
    """What a table holds: its columns, its first rows as text, and how many rows there are. ``assumed_…``: see ``SourceFile``."""

    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int
    format: str
    assumed_encoding: str = ""
    assumed_rows: tuple[tuple[str, ...], ...] = ()

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

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

    def select(self, places: Sequence[int], names: Sequence[str]) -> SourcePreview:
        """The columns at these places alone, in this order and under these names."""
        fields = zip(places, names, strict=True)
        return replace(
            self,
            columns=tuple(replace(self.columns[place], name=name) for place, name in fields),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
        )

    def problem_with_key(self, name: str) -> str:
        """Why the column cannot be the primary key; "" if it can."""
        for column in self.columns:
            if column.name == name:
                return column.problem
        return _("The table has no column %(name)s.") % {"name": name}


def stage_source(
    *,
    team: Team,
    user: User,
    file: UploadedFile[bytes],
    columns: Sequence[str] | None = None,
    check: Callable[[SourcePreview], None] | None = None,
    encoding: str = "",
) -> SourceFile:
    """Check an uploaded file and keep it in S3, so that the form after it needs no second upload.

    With ``columns`` the file must have these, in any order; it is kept in this one, and what else it has is left out.
    ``check`` raises if the table will not do. Raises ``InvalidSourceError`` with the line at fault; then nothing is kept.

    The object lies alone in a folder of its own, which becomes the Location of its table; its key holds nothing that the
    user typed. CSV in other encodings than UTF-8 is converted, and all CSV is written anew (``staged_files``), also without a byte order mark,
    which Glue would read as part of the first column's name. Where an ``encoding`` has to be assumed and none was chosen, the likeliest is; the file
    as it came is then at hand for a day, so that it can be read in another (``staged_original``).
    """
    name = (file.name or "upload")[-255:]
    _check_size(file)
    source_id = uuid.uuid4()
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as rewritten:
        kind, layout, assumed = _receive(file, name, copy, encoding)
        preview, has_line_breaks = _look([copy], layout, wanted=columns)
        names = preview.column_names
        _check_comparable(preview)
        if check:
            check(preview)
        assumed_rows: list[tuple[str, ...]] = []
        if assumed:
            rows = _picked(tables.open_pieces(copy, layout), names)
            assumed_rows = rows_beyond_ascii(rows, limit=ASSUMED_ROWS)
        if kind == SourceFormat.CSV:
            rows = _picked(tables.open_pieces(copy, layout), names)
            kind, copy = write_rows(rows, rewritten, has_line_breaks=has_line_breaks), rewritten
        stored = storage.save_file(f"sources/{source_id}/data.{kind}", copy)
    if assumed:
        storage.save_file(incoming_key(source_id), file)
    source = SourceFile.objects.create(
        pk=source_id,
        team=team,
        name=name,
        format=kind,
        escaped=kind == SourceFormat.CSV,
        key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        row_count=preview.row_count,
        columns=[asdict(column) for column in preview.columns],
        sample=[list(row) for row in preview.rows],
        assumed_encoding=assumed,
        assumed_rows=assumed_rows,
        created_by=user,
    )
    logger.info("source %s staged by user %s: %d rows", source.pk, user.pk, source.row_count)
    return source


def staged_original(*, source: SourceFile) -> UploadedFile[bytes]:
    """The file as it came, to be read in another encoding. Raises ``InvalidSourceError`` if it is gone, as it is after a day, ``GlueError``."""
    try:
        size, chunks = storage.stream_uri(storage.our_uri(incoming_key(source.pk)))
    except GlueError as error:
        if error.code in MISSING:
            raise InvalidSourceError(_("The file as it came is no longer here. Upload it again.")) from error
        raise
    file = TemporaryUploadedFile(source.name, "", size, None)
    for chunk in chunks:
        file.write(chunk)
    file.seek(0)
    return file


def want_source(*, source: SourceFile) -> None:
    """Say, before a table is made of it, that the file is not unused. Raises ``InvalidSourceError`` if it has just been removed."""
    if not SourceFile.objects.filter(pk=source.pk).update(wanted_at=timezone.now()):
        raise InvalidSourceError(_("This file is no longer here. Upload it again."))


def discard_source(*, source: SourceFile) -> None:
    """Take back a staged file that nothing has come of, so that a program which sends one again and again does not fill the bucket."""
    gone, _by_model = SourceFile.objects.filter(pk=source.pk, transforms=None).delete()
    if not gone:
        return
    logger.info("source %s not kept", source.pk)
    storage.discard(source.key)


def _picked(rows: tables.Pieces, names: Sequence[str]) -> tables.Pieces:
    """These columns alone, in this order. Raises ``InvalidSourceError`` if one is missing, or more than one could be meant."""
    header = rows.schema.names
    places = tables.find_columns(header, names)
    if missing := [name for name, place in zip(names, places, strict=True) if place is None]:
        message = _("The file lacks columns of the table: %(missing)s. It has: %(found)s.")
        raise InvalidSourceError(message % {"missing": ", ".join(missing), "found": ", ".join(header)})
    count = Counter(name.strip().lower() for name in header)
    if repeated := [name for name in names if count[name.strip().lower()] > 1]:
        message = _(
            "More than one column of the file could be the column %(name)s of the table; capitals do not count."
        )
        raise InvalidSourceError(message % {"name": repeated[0]})
    return rows.select([place for place in places if place is not None], names)


def _check_size(file: UploadedFile[bytes]) -> None:
    if (file.size or 0) > settings.MAX_SOURCE_BYTES:
        limit = settings.MAX_SOURCE_BYTES // 1024 // 1024
        raise InvalidSourceError(_("The file is larger than %(limit)d MB.") % {"limit": limit})


def _check_comparable(preview: SourcePreview) -> None:
    if len(preview.columns) == 1:
        raise InvalidSourceError(_("The table has one column; matching needs a primary key and at least one other."))


def staged_preview(*, source: SourceFile) -> SourcePreview:
    """The preview of a staged file, from what was kept when it came."""
    return SourcePreview(
        columns=tuple(ColumnInfo(**column) for column in source.columns),
        rows=tuple(tuple(row) for row in source.sample),
        row_count=source.row_count,
        format=source.format,
        assumed_encoding=source.assumed_encoding,
        assumed_rows=tuple(tuple(row) for row in source.assumed_rows),
    )


def preview_table(*, table: CatalogTable) -> SourcePreview:
    """Look at a catalog table through the objects at its Location, all of them, so that the keys are really checked.

    Raises ``InvalidSourceError`` for tables that cannot be used, for an empty Location, and beyond the limits of an upload.
    """
    # Parquet has columns of its own, of which Glue takes those of the table, by name.
    preview = _look(_files_of(table), _layout(table), _names(table), wanted=_names(table))[0]
    _check_comparable(preview)
    return preview


def table_pieces(*, table: CatalogTable) -> Iterator[pa.RecordBatch]:
    """All rows of a catalog table, a piece of it at a time. Raises as ``preview_table`` does, but for the limits on what is in the files."""
    for file in _files_of(table):
        yield from tables.open_pieces(file, _layout(table), _names(table)).batches


def _layout(table: CatalogTable) -> TableFormat:
    if table.layout is None:
        raise InvalidSourceError(table.problem)
    return table.layout


def _names(table: CatalogTable) -> list[str]:
    return [column.name for column in table.columns]


def _files_of(table: CatalogTable) -> Iterator[IO[bytes]]:
    """The files of a table, unpacked, one after the other, each at hand until the next is asked for."""
    layout = _layout(table)
    objects = storage.list_objects(table.location.rstrip("/") + "/") or storage.list_objects(table.location)
    if not objects:
        raise InvalidSourceError(_("The table has no files at its location."))
    if sum(item.size for item in objects) > settings.MAX_SOURCE_BYTES:
        raise _too_large()
    for item in objects:
        with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as unpacked:
            storage.download_uri(item.uri, copy)
            if layout.kind == SourceFormat.CSV and is_gzipped(item.uri):
                _unpack(copy, unpacked, item.name)
                yield unpacked
            else:
                yield copy


def _unpack(packed: IO[bytes], file: IO[bytes], name: str) -> None:
    packed.seek(0)
    try:
        with gzip.open(packed) as chunks:
            while chunk := chunks.read(_CHUNK):
                file.write(chunk)
                if file.tell() > settings.MAX_SOURCE_BYTES:
                    raise _too_large()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidSourceError(
            _("%(name)s cannot be unpacked: %(error)s") % {"name": name, "error": error}
        ) from error


def _too_large() -> InvalidSourceError:
    limit = settings.MAX_SOURCE_BYTES // 1024 // 1024
    return InvalidSourceError(
        _("The table is larger than %(limit)d MB, the most that the portal checks.") % {"limit": limit}
    )


def source_pieces(*, source: SourceFile) -> Iterator[pa.RecordBatch]:
    """The rows of an uploaded file, piece by piece, CSV as text and Parquet in its own types. Raises ``GlueError`` if S3 does not give it."""
    with tempfile.TemporaryFile() as copy:
        storage.download_uri(storage.our_uri(source.key), copy)
        layout = ESCAPED_CSV if source.escaped else _UPLOADED[SourceFormat(source.format)]
        yield from tables.open_pieces(copy, layout).batches


def _look(
    files: Iterable[IO[bytes]],
    layout: TableFormat,
    columns: Sequence[str] | None = None,
    *,
    wanted: Sequence[str] | None = None,
) -> tuple[SourcePreview, bool]:
    """What a table of at least one file holds, and whether there are line breaks in its cells.

    Of what else there is than the columns ``wanted`` nothing is looked at: it is left out, so it may be what it likes.
    """
    with ExitStack() as stack:
        facts: TableFacts | None = None
        for file in files:
            tables.check_size(file, layout)
            rows = tables.open_pieces(file, layout, columns, refuse_nul=True)
            if wanted:
                rows = _picked(rows, wanted)
            facts = facts or stack.enter_context(TableFacts(rows.schema, head=PREVIEW_ROWS))
            facts.take(rows)
        assert facts is not None
        found = tuple(
            ColumnInfo(
                name=column.name,
                data_type=column.data_type,
                distinct=column.distinct,
                blank=column.blank,
                problem=_key_problem(column, facts.row_count),
            )
            for column in facts.columns()
        )
        return SourcePreview(found, tuple(facts.first_rows), facts.row_count, layout.kind), facts.has_line_breaks


def _key_problem(facts: ColumnFacts, row_count: int) -> str:
    if row_count == 0:
        return _("The table has no rows.")
    if facts.blank:
        return ngettext("%(count)s row has no value here.", "%(count)s rows have no value here.", facts.blank) % {
            "count": f"{facts.blank:,}"
        }
    if facts.distinct < row_count:
        return _("Only %(distinct)s of %(rows)s values are different.") % {
            "distinct": f"{facts.distinct:,}",
            "rows": f"{row_count:,}",
        }
    return ""


def _receive(
    file: UploadedFile[bytes], name: str, copy: IO[bytes], chosen: str
) -> tuple[SourceFormat, TableFormat, str]:
    """Copy an upload, CSV as UTF-8. Gives what it is, how it is to be read, and the encoding that had to be assumed, if any."""
    kind = tables.detect_format(file, name)
    layout, assumed = _UPLOADED[kind], ""
    if kind == SourceFormat.CSV:
        encoding = csv_text.copy_as_utf8(file, copy, chosen=chosen)
        assumed = encoding if is_assumed(encoding) else ""
        layout = replace(layout, delimiter=csv_text.find_delimiter(copy))
    else:
        shutil.copyfileobj(file, copy)
    return kind, layout, assumed
