"""Labels that people bring of their own, in Glue's format or as pairs of keys.

A file is kept as it came. How its columns are to be read is chosen while one looks at what would come of it; nothing is kept but the file until
``keep_labels`` writes a label file in exactly Glue's format. Rows are looked up in the transform's own table by primary key, so only labeling set,
label and key are taken from what was brought.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from labelfiles import (
    LabelFile as LabelFileContents,
)
from labelfiles import (
    PairTable,
    Problem,
    Summary,
    check_form,
    is_label_table,
    label_file_bytes,
    labels_to_label_file,
    pairs_to_label_file,
    summarise,
    validate,
)
from labeling.aws import storage
from labeling.choices import LabelFileKind
from labeling.encodings import is_assumed
from labeling.exceptions import InvalidLabelsError
from labeling.models import LabelFile, LabelUpload, Question, Transform
from labeling.selectors.chunks import in_chunks
from labeling.services.brought_tables import BroughtFormat, ColumnMapping, guess_columns, read_brought_table
from labeling.services.downloads import Download
from labeling.services.label_files import bucket_findings, keep_parts, store_parts
from labeling.services.source_rows import SourceRows, find_rows

logger = logging.getLogger(__name__)

MAX_UPLOAD_BYTES = 20_000_000
SHOWN_ROWS = 8
ASSUMED_ROWS = 5
MAX_FINDINGS = 200
"""So many findings are kept with a label file."""


class RefusedLabelsError(InvalidLabelsError):
    """Nothing can be learned from the file; ``findings`` say why, line by line."""

    def __init__(self, findings: tuple[Problem, ...]) -> None:
        super().__init__(_("Nothing can be learned from this file."))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Brought:
    """What would come of a file. ``left_out`` counts rows that say nothing: without a label, or unsure.

    ``findings`` are in the order of the file; with an error among them that concerns all of it (``blocked``) nothing can be kept.
    """

    table: PairTable
    mapping: ColumnMapping
    label_file: LabelFileContents
    summary: Summary
    findings: tuple[Problem, ...]
    left_out: int
    blocked: bool

    @property
    def sample(self) -> tuple[tuple[str, ...], ...]:
        """The first rows as they stand in the file, as many cells as columns."""
        return self._shown(self.table.rows, SHOWN_ROWS)

    @property
    def assumed_rows(self) -> tuple[tuple[str, ...], ...]:
        """The first rows with letters beyond ASCII, if the encoding of the file had to be assumed."""
        if not is_assumed(self.table.encoding):
            return ()
        return self._shown((row for row in self.table.rows if not "".join(row[1]).isascii()), ASSUMED_ROWS)

    def _shown(self, rows: Iterable[tuple[int, tuple[str, ...]]], limit: int) -> tuple[tuple[str, ...], ...]:
        width = len(self.table.columns)
        return tuple((*cells[:width], *([""] * (width - len(cells)))) for _line, cells in islice(rows, limit))


def stage_labels(*, transform: Transform, user: User, file: UploadedFile[bytes]) -> LabelUpload:
    """Keep the file as it came. Raises ``InvalidLabelsError`` if it is no table at all, ``GlueError`` if it cannot be kept."""
    content = _content_of(file)
    read_brought_table(content)
    return _stage(transform, user, file, content)


def take_labels(*, transform: Transform, user: User, file: UploadedFile[bytes]) -> tuple[LabelFile, Brought]:
    """The label file of what a program brought, read as it is guessed. A file that is refused leaves nothing that a person would find.

    Raises ``RefusedLabelsError`` with what is wrong, else what ``stage_labels``, ``look_at_labels`` and ``keep_labels`` raise.
    """
    content = _content_of(file)
    table = read_brought_table(content)
    mapping = guess_columns(table, transform=transform)
    brought = look_at_labels(transform=transform, table=table, mapping=mapping, content=content)
    if brought.blocked or not brought.label_file.rows:
        raise RefusedLabelsError(brought.findings)
    upload = _stage(transform, user, file, content)
    try:
        return keep_labels(upload=upload, brought=brought, user=user), brought
    except Exception:
        _discard(upload)
        raise


def _content_of(file: UploadedFile[bytes]) -> bytes:
    if (file.size or 0) > MAX_UPLOAD_BYTES:
        raise InvalidLabelsError(_("The file is larger than %(size)s MB.") % {"size": MAX_UPLOAD_BYTES // 10**6})
    content: bytes = file.read()
    return content


def _stage(transform: Transform, user: User, file: UploadedFile[bytes], content: bytes) -> LabelUpload:
    upload_id = uuid.uuid4()
    stored = storage.save_bytes(f"brought-labels/{transform.pk}/{upload_id}.csv", content)
    upload = LabelUpload.objects.create(
        pk=upload_id,
        transform=transform,
        name=(PurePosixPath(file.name or "").name or "labels.csv")[-255:],
        bucket=stored.bucket,
        key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        created_by=user,
    )
    logger.info("labels %s brought by user %s: %d bytes", upload.pk, user.pk, upload.size)
    return upload


def _discard(upload: LabelUpload) -> None:
    """Take back what was staged; a label file that has come of it stays, and the file with it."""
    gone, _by_model = LabelUpload.objects.filter(pk=upload.pk, label_file=None).delete()
    if not gone:
        return
    logger.info("labels %s not kept", upload.pk)
    storage.discard(upload.key)


def brought_content(*, upload: LabelUpload) -> bytes:
    """The file as it came. Raises ``GlueError`` if S3 does not give it."""
    return storage.read_uri(upload.uri)


def look_at_labels(*, transform: Transform, table: PairTable, mapping: ColumnMapping, content: bytes = b"") -> Brought:
    """What would come of the file, read this way; nothing is written. Given its ``content``, also what Glue would have refused in it as it came.

    Raises ``InvalidLabelsError`` if the mapping does not fit the table, ``InvalidSourceError`` or ``GlueError`` if the transform's own table
    cannot be read.
    """
    if len(set(mapping.columns)) < len(mapping.columns) or not set(mapping.columns) <= set(table.columns):
        raise InvalidLabelsError(_("Choose three different columns of the file."))
    key_columns = mapping.columns[2:] if mapping.kind == BroughtFormat.LABELS else mapping.columns[:2]
    places = [table.columns.index(name) for name in key_columns]
    keys = {cells[place] for _line, cells in table.rows for place in places if place < len(cells)}
    found = find_rows(transform=transform, keys=keys)
    mended, repaired = _repaired(table, places, found)
    columns, records = transform.column_names, found.records
    if mapping.labels is not None:
        labels = labels_to_label_file(mended, mapping.labels, columns=columns, records=records)
        contents, problems, left_out = labels.label_file, labels.problems, labels.blank
    else:
        assert mapping.pairs is not None
        pairs = pairs_to_label_file(mended, mapping.pairs, columns=columns, records=records)
        contents, problems, left_out = pairs.label_file, pairs.problems, pairs.unsure
    whole = _whole_file(transform, contents)
    checked = [] if not contents.rows else validate(contents, columns=columns, primary_key=transform.primary_key)
    every = [*_as_it_came(content, transform, table), *repaired, *_explained(problems, table, found), *checked, *whole]
    return Brought(
        table=table,
        mapping=mapping,
        label_file=contents,
        summary=summarise(contents),
        findings=tuple(
            sorted(every, key=lambda problem: (problem.severity != "error", problem.line is None, problem.line or 0))
        ),
        left_out=left_out,
        blocked=any(problem.severity == "error" for problem in (*checked, *whole)),
    )


def keep_labels(*, upload: LabelUpload, brought: Brought, user: User) -> LabelFile:
    """Write the label file that an import can be asked for with. Once it is written, it is that one for good.

    Raises ``InvalidLabelsError`` if the file teaches nothing or Glue would not take it, ``GlueError`` if it cannot be kept.
    """
    if upload.label_file is not None:
        return upload.label_file
    if brought.blocked:
        raise InvalidLabelsError(
            _("Glue would not accept this file. Correct what is listed below and upload it again.")
        )
    transform = upload.transform
    parts = store_parts(
        transform=transform, contents=brought.label_file, stem=f"label-files/{transform.pk}/{upload.pk}"
    )
    with transaction.atomic():
        locked = LabelUpload.objects.select_for_update(of=("self",)).select_related("label_file").get(pk=upload.pk)
        # A second press was faster; the objects that were just written belong to nobody.
        if locked.label_file is not None:
            return locked.label_file
        locked.label_file = keep_parts(
            transform=transform,
            kind=LabelFileKind.UPLOADED,
            parts=parts,
            user=user,
            findings=brought.findings[:MAX_FINDINGS],
        )[0]
        locked.mapping = asdict(brought.mapping)
        locked.save(update_fields=("label_file", "mapping"))
    logger.info("labels %s kept as label file %s by user %s", upload.pk, locked.label_file.pk, user.pk)
    return locked.label_file


def label_upload_file(*, upload: LabelUpload) -> Download:
    """The file as it came, for download. Raises ``GlueError``."""
    size, chunks = storage.stream_uri(upload.uri)
    return Download(f"brought-{str(upload.pk)[:8]}.csv", "text/csv; charset=utf-8", size, chunks)


def _repaired(table: PairTable, places: Iterable[int], found: SourceRows) -> tuple[PairTable, list[Problem]]:
    """The table with the keys that a spreadsheet changed put right wherever only one key can have been meant."""
    if not found.changed:
        return table, []
    said: list[Problem] = []
    mended_rows: dict[int, tuple[str, ...]] = {}
    for line, cells in table.rows:
        mended = list(cells)
        for place in places:
            cell = cells[place].strip() if place < len(cells) else ""
            change = found.changed.get(cell)
            if change is None or cells[place] in found.records or len(change.keys) > 1:
                continue
            mended[place] = change.keys[0]
            message = _("The file says %(cell)s, the table has %(key)s (%(how)s). The row from the table is used.") % {
                "cell": cell,
                "key": change.keys[0],
                "how": change.how,
            }
            said.append(Problem(line, table.columns[place], "key_changed", message, "warning"))
            mended_rows[line] = tuple(mended)
    return replace(table, rows=replace(table.rows, mended=mended_rows)), said


_PUT_RIGHT = frozenset({"bom", "encoding", "delimiter", "column_order", "missing_column", "unknown_column"})


def _as_it_came(content: bytes, transform: Transform, table: PairTable) -> Iterator[Problem]:
    """What Glue would refuse in the form of a label file, and what writing it anew puts right."""
    if not content or not is_label_table(table):
        return
    columns, key, encoding = transform.column_names, transform.primary_key, table.encoding
    for problem in check_form(BytesIO(content), columns=columns, primary_key=key, encoding=encoding):
        if problem.code in _PUT_RIGHT:
            message = _("%(message)s The label file is rewritten in Glue's format, with the values from the table.")
            yield replace(problem, message=message % {"message": problem.message}, severity="warning", repair="")


def _explained(problems: Collection[Problem], table: PairTable, found: SourceRows) -> Iterator[Problem]:
    """The problems; a key that may have been one of several says so."""
    unknown = {problem.line for problem in problems if problem.code == "unknown_key"}
    lines = {line: cells for line, cells in table.rows if line in unknown} if found.changed and unknown else {}
    for problem in problems:
        if problem.line in lines and problem.code == "unknown_key" and problem.column is not None:
            cell = lines[problem.line][table.columns.index(problem.column)].strip()
            if cell in found.changed:
                keys = ", ".join(found.changed[cell].keys)
                message = _("%(cell)s could be any of these keys of the table, changed by a spreadsheet: %(keys)s.")
                yield replace(problem, code="key_unclear", message=message % {"cell": cell, "keys": keys})
                continue
        yield problem


def _whole_file(transform: Transform, contents: LabelFileContents) -> list[Problem]:
    """What is to be said about the label file as a whole, beyond the rules of the format."""
    if not contents.rows:
        return [Problem(None, None, "no_rows", _("No row of the file can be used."))]
    found = []
    content = label_file_bytes(contents)
    size = len(content)
    same = LabelFile.objects.filter(transform=transform, sha256=hashlib.sha256(content).hexdigest()).first()
    if same is not None:
        message = _("An identical label file was created on %(day)s.") % {
            "day": f"{timezone.localtime(same.created_at):%Y-%m-%d}"
        }
        found.append(Problem(None, None, "known_file", message, "warning"))
    if size > settings.LABEL_FILE_MAX_BYTES:
        message = _(
            "The label file would be %(size).1f MB; Glue accepts up to %(limit).1f MB. It is split into several files, which are imported one after the other."
        )
        sizes = {"size": size / 2**20, "limit": settings.LABEL_FILE_MAX_BYTES / 2**20}
        found.append(Problem(None, None, "too_large", message % sizes, "warning"))
    found.extend(bucket_findings())
    ours = 0
    for names in in_chunks(sorted({row.labeling_set_id for row in contents.rows})):
        ours += Question.objects.filter(question_set__transform=transform, labeling_set_id__in=names).count()
    if ours:
        message = ngettext(
            "%(count)s labeling set has the id of a question of this transform: these labels replace its answers.",
            "%(count)s labeling sets have ids of questions of this transform: these labels replace their answers.",
            ours,
        )
        found.append(Problem(None, None, "ids_of_questions", message % {"count": f"{ours:,}"}, "warning"))
    return found
