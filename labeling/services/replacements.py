"""Replacing all labels, and restoring an earlier state: what Glue holds is kept first, the difference is seen, then it is confirmed.

Also ``services/task_runs/submit`` asks ``check_still_held`` just before the import starts.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import AuditAction, User
from labelfiles import LabelDiff, diff
from labelfiles import LabelFile as LabelFileContents
from labeling.choices import ACTIVE, LabelFileKind, RunKind, RunStatus
from labeling.exceptions import NothingToImportError, RunConflictError
from labeling.models import LabelFile, LabelReplacement, TaskRun, Transform
from labeling.selectors.label_files import parts_of
from labeling.services.exports import check_still_held
from labeling.services.label_files import build_answers_file, kept_contents
from labeling.services.task_runs import request_label_export, request_label_import

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplacementDifference:
    """What replacing would do, and the labels on both sides: ``held`` at Glue, ``new`` in the file."""

    diff: LabelDiff
    held: LabelFileContents
    new: LabelFileContents


def start_replacement(*, transform: Transform, user: User, label_file: LabelFile | None = None) -> LabelReplacement:
    """Settle what is to take the place of all labels, and have Glue write out what it holds. Nothing is replaced by this.

    Without a ``label_file`` one is built from all settled answers; of one in parts the first stands for all. Raises ``NothingToImportError`` if it would
    teach nothing or is a further part, ``GlueError`` if it cannot be stored.
    """
    from_answers = label_file is None
    if label_file is None:
        label_file = build_answers_file(transform=transform, user=user)
    elif (
        label_file.transform_id != transform.pk
        or label_file.kind == LabelFileKind.GENERATED
        or label_file.follows_id is not None
        or not label_file.matching_pairs + label_file.non_matching_pairs
    ):
        raise NothingToImportError(_("The file contains nothing that this transform could learn from."))
    return _with_export(transform, user, label_file, from_answers=from_answers)


def look_again(*, replacement: LabelReplacement, user: User) -> LabelReplacement:
    """The same with a new export; answers are taken as they are now."""
    return start_replacement(
        transform=replacement.transform,
        user=user,
        label_file=None if replacement.from_answers else replacement.label_file,
    )


def confirm_replacement(*, replacement: LabelReplacement, user: User) -> TaskRun:
    """Start the import that replaces; a second press finds the first one's run.

    Raises ``RunConflictError`` if the export has not ended well or an import is under way, ``LabelsChangedError`` if Glue holds something
    else by now, ``GlueError``.
    """
    if replacement.import_run is not None:
        return replacement.import_run
    if replacement.export_run.status != RunStatus.SUCCEEDED:
        raise RunConflictError(_("The labels that Glue holds have not been exported yet."))
    check_still_held(export=replacement.export_run)
    with transaction.atomic():
        locked = LabelReplacement.objects.select_for_update(of=("self",)).get(pk=replacement.pk)
        if locked.import_run is not None:
            return locked.import_run
        run = request_label_import(
            transform=replacement.transform, user=user, replace_all=True, label_file=replacement.label_file
        )
        locked.import_run = run
        locked.save(update_fields=("import_run",))
        held, new = replacement.export_run.label_file, parts_of(replacement.label_file)
        record(
            team=replacement.transform.team,
            by=user,
            action=AuditAction.LABELS_REPLACED,
            subject=replacement.transform.name,
            details={
                "file": str(new[0]),
                "rows": [held.rows if held else 0, sum(part.rows for part in new)],
                "run": str(run.pk),
            },
        )
    logger.info("replacement %s confirmed by user %s", replacement.pk, user.pk)
    return run


def replacement_difference(*, replacement: LabelReplacement) -> ReplacementDifference:
    """What would be forgotten, changed and new. Raises ``GlueError`` if a file cannot be read or is not what was kept."""
    parts = [kept_contents(label_file=part) for part in parts_of(replacement.label_file)]
    new = LabelFileContents(parts[0].columns, tuple(row for part in parts for row in part.rows))
    kept = replacement.export_run.label_file
    held = kept_contents(label_file=kept) if kept is not None else LabelFileContents(new.columns, ())
    return ReplacementDifference(diff(held, new, primary_key=replacement.transform.primary_key), held, new)


def _with_export(transform: Transform, user: User, label_file: LabelFile, *, from_answers: bool) -> LabelReplacement:
    try:
        export = request_label_export(transform=transform, user=user)
    except RunConflictError:
        # Somebody else looks at the same time. What their export misses, check_still_held finds.
        found = TaskRun.objects.filter(transform=transform, kind=RunKind.EXPORT_LABELS, status__in=ACTIVE).first()
        if found is None:
            raise
        export = found
    return LabelReplacement.objects.create(
        transform=transform,
        label_file=label_file,
        from_answers=from_answers,
        export_run=export,
        created_by=user,
    )
