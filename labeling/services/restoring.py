"""An earlier state of the labels is had again: from the one file that brought it, or put together from all that had led to it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import User
from labelfiles import LabeledRow, content_hash
from labelfiles import LabelFile as LabelFileContents
from labeling.choices import LabelFileKind, RunKind
from labeling.exceptions import NothingToImportError
from labeling.models import LabelFile, LabelFileQuestion, LabelReplacement, TaskRun
from labeling.selectors.shadow import files_learned
from labeling.services.label_files import keep_with_questions, kept_contents, store_parts
from labeling.services.replacements import start_replacement

logger = logging.getLogger(__name__)


def restore_state(*, run: TaskRun, user: User) -> LabelReplacement:
    """Look at what it would change to bring back the labels that Glue held after ``run``. Nothing is replaced by this.

    Raises ``NothingToImportError`` if the portal does not have all of them any more, ``GlueError`` if a file cannot be read or stored.
    """
    label_file = run.label_file
    if label_file is None or not (run.kind == RunKind.EXPORT_LABELS or run.replace_all_labels):
        label_file = _file_of_state(run, user)
    return start_replacement(transform=run.transform, user=user, label_file=label_file)


def _file_of_state(run: TaskRun, user: User) -> LabelFile:
    files = files_learned(run=run) if run.content_hash else None
    if not files:
        raise NothingToImportError(_("The portal does not have all labels that Glue held after this run."))
    same = LabelFile.objects.filter(transform=run.transform, content_hash=run.content_hash, parts=1)
    if (found := same.exclude(kind=LabelFileKind.GENERATED).order_by("created_at").first()) is not None:
        return found
    contents = _laid_over(files)
    if content_hash(contents, primary_key=run.transform.primary_key) != run.content_hash:
        raise NothingToImportError(_("The kept files do not add up to the labels that Glue held after this run."))
    stem = f"label-files/{run.transform_id}/{uuid.uuid4()}"
    parts = store_parts(transform=run.transform, contents=contents, stem=stem)
    kept = keep_with_questions(
        transform=run.transform, kind=LabelFileKind.COMPOSED, user=user, parts=parts, included=_versions(files)
    )
    logger.info("run %s: the labels after it put together as %s by user %s", run.pk, kept.pk, user.pk)
    return kept


def _laid_over(files: Iterable[LabelFile]) -> LabelFileContents:
    """The labels of all files as Glue merges them: of two that hold a set the later one counts."""
    sets: dict[str, list[LabeledRow]] = {}
    columns: tuple[str, ...] = ()
    for label_file in files:
        contents = kept_contents(label_file=label_file)
        columns = contents.columns
        sets |= contents.by_set()
    return LabelFileContents(columns, tuple(row for rows in sets.values() for row in rows if row.label))


def _versions(files: Iterable[LabelFile]) -> list[tuple[uuid.UUID, int]]:
    """Which version of which question Glue had learned: that of the last file that carried it."""
    found: dict[uuid.UUID, int] = {}
    for label_file in files:
        carried = LabelFileQuestion.objects.filter(label_file=label_file)
        found |= dict(carried.values_list("question", "version"))
    return list(found.items())
