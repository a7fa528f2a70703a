"""What Glue holds is written out and kept: the state that a replacement forgets and that can be restored."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from labelfiles import LabelFile as LabelFileContents
from labelfiles import LabelFileError, read_label_file
from labeling.aws import glue, storage
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.exceptions import GlueError, LabelportalError, LabelsChangedError
from labeling.models import LabelFile, LabelFileQuestion, Question, TaskRun
from labeling.selectors.chunks import in_chunks
from labeling.services.label_files import keep_label_file

logger = logging.getLogger(__name__)

LONGEST_RUN = timedelta(days=3)
"""Glue stops a run after two days unless the transform says otherwise."""

_WITHOUT_EFFECT = frozenset({RunStatus.FAILED, RunStatus.STOPPED, RunStatus.TIMEOUT})


class UnreadableExportError(LabelportalError):
    """The exported file is not there or is no label file."""


@dataclass(frozen=True, slots=True)
class ExportedLabels:
    """The file that an export run wrote, and what it holds."""

    stored: storage.StoredObject
    contents: LabelFileContents


def nothing_held(error: GlueError) -> bool:
    """Whether Glue refuses an export because it holds no labels; other missing things have the same code."""
    # https://docs.aws.amazon.com/glue/latest/dg/exceptions-machine-learning.html, StartExportLabelsTaskRunActivity
    return error.code == "EntityNotFoundException" and "no labelset exists" in str(error).lower()


def read_exported_labels(*, run: TaskRun) -> ExportedLabels:
    """Fetch and read the file. Raises ``UnreadableExportError``, ``GlueError``."""
    found = [item for item in storage.list_objects(run.path) if item.name.endswith(".csv")]
    if len(found) != 1:
        message = _("Glue should have written one label file, but there are %(count)d.")
        raise UnreadableExportError(message % {"count": len(found)})
    content = storage.read_uri(found[0].uri)
    bucket, key = storage.split_uri(found[0].uri)
    try:
        contents = read_label_file(content)
    except LabelFileError as error:
        message = _("The exported file cannot be read: %(error)s") % {"error": error}
        raise UnreadableExportError(message) from error
    if run.transform.primary_key not in contents.columns:
        message = _("The exported file has no column %(name)s, which is the primary key.")
        raise UnreadableExportError(message % {"name": run.transform.primary_key})
    return ExportedLabels(
        storage.StoredObject(bucket, key, len(content), hashlib.sha256(content).hexdigest()), contents
    )


def keep_exported_labels(*, run: TaskRun, exported: ExportedLabels) -> LabelFile:
    """Keep the file; to be called in the transaction that ends the run, so that it happens once.

    Questions that Glue had learned and that are in it are noted with their version, so that restoring the file knows them again.
    """
    label_file = keep_label_file(
        transform=run.transform,
        kind=LabelFileKind.EXPORTED,
        stored=exported.stored,
        contents=exported.contents,
        user=run.requested_by,
    )
    for names in in_chunks(list(exported.contents.by_set())):
        learned = Question.objects.filter(
            question_set__transform=run.transform_id, labeling_set_id__in=names, imported_version__isnull=False
        )
        LabelFileQuestion.objects.bulk_create(
            LabelFileQuestion(label_file=label_file, question_id=pk, version=version)
            for pk, version in learned.values_list("pk", "imported_version")
            if version is not None
        )
    TaskRun.objects.filter(pk=run.pk).update(label_file=label_file)
    logger.info("run %s: label file %s exported, %d rows", run.pk, label_file.pk, label_file.rows)
    return label_file


def check_still_held(*, export: TaskRun, but: str = "") -> None:
    """Make sure that Glue still holds what ``export`` wrote out. ``but`` is the path of an import that does not count.

    Glue is asked, since others import past the portal. Between this look and the start of an import lie milliseconds in which somebody else may
    still start one; Glue has no call that would close that gap. Raises ``LabelsChangedError``, ``GlueError``.
    """
    began = export.started_at or export.created_at
    transform_id = export.transform.glue_transform_id
    imports = glue.get_ml_task_runs(
        transform_id=transform_id, task_run_type=RunKind.IMPORT_LABELS, started_after=began - LONGEST_RUN
    )
    for found in imports:
        if found.status in _WITHOUT_EFFECT or (but and found.path == but):
            continue
        if found.completed_on is None or found.completed_on >= began:
            raise LabelsChangedError(
                _(
                    "Labels have been imported since Glue's labels were exported (run %(run)s). Nothing was replaced. Check again what would be forgotten."
                )
                % {"run": found.run_id[:12]}
            )
    seen = glue.get_ml_transform(transform_id=transform_id)
    if seen.label_count != export.labels_after:
        message = _(
            "Glue counts %(now)s labels now; it counted %(then)s when they were exported. Nothing was replaced. Check again what would be forgotten."
        )
        raise LabelsChangedError(message % {"now": f"{seen.label_count:,}", "then": f"{export.labels_after or 0:,}"})
