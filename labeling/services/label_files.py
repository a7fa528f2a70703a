"""Label files are built from settled questions, in exactly the documented format, and stored where Glue can read them."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterable
from dataclasses import asdict

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labelfiles import LabelFile as LabelFileContents
from labelfiles import Problem, hash_of_sets, label_file_bytes, set_digests, summarise
from labeling.aws import storage
from labeling.choices import LabelFileKind, RunStatus
from labeling.exceptions import GlueError, NothingToImportError
from labeling.models import LabelFile, LabelFileQuestion, LabelFileReport, TaskRun, Transform
from labeling.selectors.imports import LabelContents, label_contents

logger = logging.getLogger(__name__)

MAX_BYTES = 10 * 1024 * 1024
"""Glue's default quota "Label file size" (L-B78896B9)."""


def build_label_file(*, run: TaskRun) -> LabelFile:
    """Write the file for a claimed import and tie it to the run; Glue is then given ``run.path``.

    The object's key is the run's own. If an earlier attempt died after it stored an object, that object belongs to no row and
    the new one gets another key. Raises ``NothingToImportError`` if no row would be in it, ``GlueError`` if it cannot be stored or
    exceeds Glue's quota.
    """
    transform = run.transform
    contents, stored = _write(
        transform, replace_all=run.replace_all_labels, key=f"label-files/{transform.pk}/{run.pk}.csv"
    )
    with transaction.atomic():
        label_file = _keep(transform, run.requested_by, contents, stored)
        _tie(run, label_file, stored.uri)
    logger.info("run %s: label file %s, %d sets, %d rows", run.pk, label_file.pk, label_file.sets, label_file.rows)
    return label_file


def build_answers_file(*, transform: Transform, user: User) -> LabelFile:
    """A file of every settled answer, to take the place of all labels. Raises ``NothingToImportError``, ``GlueError``."""
    contents, stored = _write(transform, replace_all=True, key=f"label-files/{transform.pk}/{uuid.uuid4()}.csv")
    with transaction.atomic():
        return _keep(transform, user, contents, stored)


def _write(transform: Transform, *, replace_all: bool, key: str) -> tuple[LabelContents, storage.StoredObject]:
    contents = label_contents(transform=transform, replace_all=replace_all)
    if not contents.label_file.rows:
        raise NothingToImportError(_("There are no answers to import."))
    content = label_file_bytes(contents.label_file)
    if len(content) > MAX_BYTES:
        advice = _("Import more often, or replace less: Glue takes label files of up to 10 MB.")
        raise GlueError(_("The label file is larger than 10 MB."), code="LabelFileTooLarge", advice=advice)
    return contents, storage.save_bytes(key, content)


def _keep(transform: Transform, user: User | None, contents: LabelContents, stored: storage.StoredObject) -> LabelFile:
    label_file = keep_label_file(
        transform=transform, kind=LabelFileKind.BUILT, stored=stored, contents=contents.label_file, user=user
    )
    LabelFileQuestion.objects.bulk_create(
        [
            LabelFileQuestion(label_file=label_file, question_id=question_id, version=version)
            for question_id, version in contents.included
        ],
        batch_size=1000,
    )
    return label_file


def read_kept(*, label_file: LabelFile) -> bytes:
    """The bytes of a kept file. Raises ``GlueError`` if S3 does not give them, or gives others than were kept."""
    content = storage.read_uri(label_file.uri)
    if hashlib.sha256(content).hexdigest() != label_file.sha256:
        advice = _("Bring the labels again. Somebody has changed the file in S3, where nothing is ever to be changed.")
        raise GlueError(_("The label file is not the one that was checked."), code="LabelFileChanged", advice=advice)
    return content


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
            set_digests={name: [found.digest, found.rows] for name, found in digests.items()},
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
