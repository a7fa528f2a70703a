"""Label files are built from settled questions, in exactly the documented format, and stored where Glue can read them."""

from __future__ import annotations

import csv
import hashlib
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO, TextIOWrapper
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labelfiles import LabelFile as LabelFileContents
from labelfiles import (
    LabelFileError,
    Problem,
    hash_of_sets,
    label_file_bytes,
    preflight,
    read_label_file,
    set_digests,
    split_label_file,
    summarise,
)
from labeling.aws import glue, storage
from labeling.aws.errors import advice_for
from labeling.choices import LabelFileKind, RunProblem, RunStatus
from labeling.exceptions import GlueError, InvalidLabelsError, NothingToImportError
from labeling.models import LabelFile, LabelFileQuestion, LabelFileReport, Question, TaskRun, Transform
from labeling.selectors.chunks import in_chunks
from labeling.selectors.imports import LabelContents, label_contents
from labeling.selectors.known_labels import stored_digest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A label file in S3, or a part of one that would be too large for Glue, with what the pre-flight found in its bytes."""

    stored: storage.StoredObject
    contents: LabelFileContents
    findings: tuple[Problem, ...]


def build_label_file(*, run: TaskRun) -> LabelFile:
    """Write the file for a claimed import and tie it to the run; Glue is then given ``run.path``.

    The object's key is the run's own. If an earlier attempt died after it stored an object, that object belongs to no row and
    the new one gets another key. Of a file in several parts the run imports the first; ``import_next_part`` goes on. Raises
    ``NothingToImportError`` if no row would be in it, ``InvalidLabelsError`` if Glue would not take it, ``GlueError`` if it cannot be stored.
    """
    transform = run.transform
    contents = _answers(transform, replace_all=run.replace_all_labels)
    parts = store_parts(transform=transform, contents=contents.label_file, stem=f"label-files/{transform.pk}/{run.pk}")
    with transaction.atomic():
        label_file = _keep_answers(transform, run.requested_by, contents, parts)
        _tie(run, label_file, label_file.uri)
    logger.info("run %s: label file %s, %d sets, %d rows", run.pk, label_file.pk, label_file.sets, label_file.rows)
    return label_file


def build_answers_file(*, transform: Transform, user: User) -> LabelFile:
    """A file of every settled answer, to take the place of all labels. Raises ``NothingToImportError``, ``GlueError``."""
    contents = _answers(transform, replace_all=True)
    stem = f"label-files/{transform.pk}/{uuid.uuid4()}"
    parts = store_parts(transform=transform, contents=contents.label_file, stem=stem)
    with transaction.atomic():
        return _keep_answers(transform, user, contents, parts)


def store_parts(*, transform: Transform, contents: LabelFileContents, stem: str) -> list[StoredPart]:
    """Look at the bytes before anything is sent to Glue, and write them to S3: one object, or several if Glue would not take one.

    Raises ``InvalidLabelsError`` if the pre-flight finds an error, ``GlueError`` if S3 does not take them.
    """
    if wrong := [problem for problem in bucket_findings() if problem.severity == "error"]:
        place = RunProblem.REGION if wrong[0].code == "bucket_region" else RunProblem.ACCESS
        raise GlueError(str(wrong[0]), code=wrong[0].code, problem=place, advice=advice_for(place))
    limit = settings.LABEL_FILE_MAX_BYTES
    try:
        content = label_file_bytes(contents)
        parts = [contents] if len(content) <= limit else split_label_file(contents, max_bytes=limit)
        written = [content] if len(parts) == 1 else [label_file_bytes(part) for part in parts]
    except LabelFileError as error:
        raise InvalidLabelsError(str(error)) from error
    looks = [
        preflight(BytesIO(data), columns=transform.column_names, primary_key=transform.primary_key, max_bytes=limit)
        for data in written
    ]
    for look in looks:
        if look.errors:
            message = _("Glue would not accept this label file: %(problem)s")
            raise InvalidLabelsError(message % {"problem": look.errors[0]})
    names = [stem] if len(parts) == 1 else [f"{stem}-{number}" for number in range(1, len(parts) + 1)]
    return [
        StoredPart(storage.save_bytes(f"{name}.csv", data), part, look.findings)
        for name, data, part, look in zip(names, written, parts, looks, strict=True)
    ]


def keep_parts(
    *,
    transform: Transform,
    kind: LabelFileKind,
    parts: Sequence[StoredPart],
    user: User | None,
    findings: Iterable[Problem] = (),
) -> list[LabelFile]:
    """The rows of the parts, in one transaction. ``findings`` are what was noticed before, kept with the first."""
    kept: list[LabelFile] = []
    with transaction.atomic():
        for number, part in enumerate(parts, start=1):
            label_file = keep_label_file(
                transform=transform,
                kind=kind,
                stored=part.stored,
                contents=part.contents,
                user=user,
                findings=[*findings, *part.findings] if number == 1 else part.findings,
            )
            label_file.part, label_file.parts = number, len(parts)
            label_file.follows = kept[-1] if kept else None
            label_file.save(update_fields=("part", "parts", "follows"))
            kept.append(label_file)
    return kept


def bucket_findings() -> list[Problem]:
    """What is wrong with the place where label files lie: another region than Glue's, no access. Raises ``GlueError`` if waiting may help."""
    try:
        region = storage.bucket_region()
    except GlueError as error:
        if error.retryable:
            raise
        message = _("The bucket cannot be used: %(error)s %(advice)s") % {"error": error, "advice": error.advice}
        return [Problem(None, None, "bucket_access", message.strip())]
    if region and region != glue.region():
        message = _(
            "The bucket is in region %(bucket)s, Glue in %(glue)s. Glue reads label files in its own region only."
        )
        return [Problem(None, None, "bucket_region", message % {"bucket": region, "glue": glue.region()})]
    return []


def _answers(transform: Transform, *, replace_all: bool) -> LabelContents:
    contents = label_contents(transform=transform, replace_all=replace_all)
    if not contents.label_file.rows:
        raise NothingToImportError(_("There are no answers to import."))
    return contents


def _keep_answers(
    transform: Transform, user: User | None, contents: LabelContents, parts: Sequence[StoredPart]
) -> LabelFile:
    return keep_with_questions(
        transform=transform,
        kind=LabelFileKind.BUILT,
        user=user,
        parts=parts,
        included=contents.included,
        findings=contents.refused,
    )


def keep_with_questions(
    *,
    transform: Transform,
    kind: LabelFileKind,
    user: User | None,
    parts: Sequence[StoredPart],
    included: Sequence[tuple[uuid.UUID, int]],
    findings: Sequence[Problem] = (),
) -> LabelFile:
    """The rows of the parts with the versions of the questions that they carry, in one transaction; the first file.

    A question goes with the part that holds its set; one that says nothing any more goes with the last, when all is learned.
    """
    with transaction.atomic():
        kept = keep_parts(transform=transform, kind=kind, parts=parts, user=user, findings=findings)
        place_of = {
            name: label_file for label_file, part in zip(kept, parts, strict=True) for name in part.contents.by_set()
        }
        names: dict[uuid.UUID, str] = {}
        for chunk in in_chunks([question for question, _version in included]):
            names |= dict(Question.objects.filter(pk__in=chunk).values_list("pk", "labeling_set_id"))
        LabelFileQuestion.objects.bulk_create(
            [
                LabelFileQuestion(
                    label_file=place_of.get(names[question_id], kept[-1]), question_id=question_id, version=version
                )
                for question_id, version in included
            ],
            batch_size=1000,
        )
    return kept[0]


def read_kept(*, label_file: LabelFile) -> bytes:
    """The bytes of a kept file. Raises ``GlueError`` if S3 does not give them, or gives others than were kept."""
    content = storage.read_uri(label_file.uri)
    if hashlib.sha256(content).hexdigest() != label_file.sha256:
        advice = _("Upload the labels again. Someone has changed the file in S3, which must never be changed.")
        raise GlueError(_("The label file is not the one that was checked."), code="LabelFileChanged", advice=advice)
    return content


def kept_contents(*, label_file: LabelFile) -> LabelFileContents:
    """The rows of a kept file. Raises ``GlueError`` as ``read_kept`` does, and if it is no label file."""
    try:
        return read_label_file(read_kept(label_file=label_file))
    except LabelFileError as error:
        raise GlueError(_("A kept label file cannot be read: %(error)s") % {"error": error}) from error


def read_page(*, label_file: LabelFile, start: int, count: int) -> tuple[list[str], list[list[str]]]:
    """The header and some rows of a kept file, after its checksum was checked. Raises ``GlueError``.

    Rows are split by ``csv`` and not judged: also a file that breaks the rules can be looked at.
    """
    content = read_kept(label_file=label_file)
    csv.field_size_limit(max(csv.field_size_limit(), len(content)))
    text = TextIOWrapper(BytesIO(content), encoding="utf-8-sig", errors="replace", newline="")
    rows = (cells for cells in csv.reader(text) if cells)
    return next(rows, []), list(islice(rows, start, start + count))


def keep_label_file(
    *,
    transform: Transform,
    kind: LabelFileKind,
    stored: storage.StoredObject,
    contents: LabelFileContents,
    user: User | None,
    findings: Iterable[Problem] = (),
) -> LabelFile:
    """The row of an object with labels that lies in S3 already, with its counts, its content hash and what was found in it.

    Raises ``LabelFileError`` if the transform's primary key is not among the columns.
    """
    digests = set_digests(contents, primary_key=transform.primary_key)
    summary = summarise(contents)
    with transaction.atomic():
        label_file = LabelFile.objects.create(
            transform=transform,
            kind=kind,
            bucket=stored.bucket,
            key=stored.key,
            size=stored.size,
            sha256=stored.sha256,
            content_hash=hash_of_sets(found.digest for found in digests.values()),
            sets=summary.sets,
            rows=summary.rows,
            matching_pairs=summary.matching_pairs,
            non_matching_pairs=summary.non_matching_pairs,
            created_by=user,
        )
        LabelFileReport.objects.create(
            label_file=label_file,
            set_digests={name: stored_digest(found) for name, found in digests.items()},
            findings=[asdict(finding) for finding in findings],
        )
    return label_file


def place_label_file(*, run: TaskRun) -> LabelFile:
    """Copy the label file that a claimed import was asked for to a key of the run's own, and give Glue that one.

    By its path a run is found again at Glue, and one file may be imported by several runs; the bytes are the same. Raises ``GlueError``.
    """
    label_file = run.label_file
    assert label_file is not None
    stored = storage.save_bytes(f"label-files/{run.transform_id}/{run.pk}.csv", read_kept(label_file=label_file))
    _tie(run, label_file, stored.uri)
    return label_file


def _tie(run: TaskRun, label_file: LabelFile, uri: str) -> None:
    tied = TaskRun.objects.filter(pk=run.pk, status=RunStatus.SUBMITTING, claimed_at=run.claimed_at, path="").update(
        label_file=label_file, path=uri
    )
    if not tied:
        raise GlueError(_("Another worker has taken over this import."), code="ClaimLost", retryable=True)
    run.label_file = label_file
    run.path = uri
