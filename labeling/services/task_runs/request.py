"""Runs are asked for: one transaction, one row, one message."""

from __future__ import annotations

import logging
import uuid
from typing import Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.aws import storage
from labeling.choices import RunKind, RunStatus
from labeling.exceptions import NothingToImportError, RunConflictError
from labeling.models import Chain, LabelFile, TaskRun, TaskRunEvent, Transform
from labeling.selectors.imports import teaches_anything
from labeling.services.archive import refuse_archived
from labeling.tasks import submit_run

logger = logging.getLogger(__name__)

_FOLDERS = {
    RunKind.LABELING_SET_GENERATION: "questions",
    RunKind.FIND_MATCHES: "results",
    RunKind.EXPORT_LABELS: "exports",
}


class RunRequest(Protocol):
    """One of those below that need no more than a transform and somebody who asks."""

    def __call__(self, *, transform: Transform, user: User) -> TaskRun: ...


def request_question_generation(*, transform: Transform, user: User) -> TaskRun:
    """Have Glue choose new questions. Raises ``RunConflictError`` if it is already doing so."""
    return request_run(transform, user, RunKind.LABELING_SET_GENERATION)


def request_evaluation(*, transform: Transform, user: User) -> TaskRun:
    """Have Glue estimate the quality. Raises ``RunConflictError`` if it is already doing so."""
    return request_run(transform, user, RunKind.EVALUATION)


def request_apply(*, transform: Transform, user: User) -> TaskRun:
    """Have the transform match its whole table. Raises ``RunConflictError`` if it is already doing so."""
    return request_run(transform, user, RunKind.FIND_MATCHES)


def request_label_export(*, transform: Transform, user: User) -> TaskRun:
    """Have Glue write out the labels that it holds; they are kept. Raises ``RunConflictError`` if it is already doing so."""
    return request_run(transform, user, RunKind.EXPORT_LABELS)


def request_label_import(
    *,
    transform: Transform,
    user: User | None,
    replace_all: bool,
    label_file: LabelFile | None = None,
    retry_of: TaskRun | None = None,
    chain: Chain | None = None,
) -> TaskRun:
    """Have Glue learn from the answers: those that wait (add), or all of them and nothing else (``replace_all``).

    What goes into the file is settled when the run is submitted. Given a ``label_file`` of the transform, Glue learns from it instead of from
    answers. Raises ``NothingToImportError`` if there would be nothing in it, ``RunConflictError`` if an import is under way.
    """
    if label_file is None:
        if not teaches_anything(transform=transform, replace_all=replace_all):
            raise NothingToImportError(_("There are no answers to import."))
    elif label_file.transform_id != transform.pk or not label_file.matching_pairs + label_file.non_matching_pairs:
        raise NothingToImportError(_("The file contains nothing that this transform could learn from."))
    return request_run(
        transform,
        user,
        RunKind.IMPORT_LABELS,
        replace_all=replace_all,
        label_file=label_file,
        retry_of=retry_of,
        chain=chain,
    )


def import_next_part(*, run: TaskRun) -> None:
    """Go on with the next part of the file that ``run`` imported, if there is one.

    To be called in the transaction that ends the run, after its end, so that the parts are imported one after the other and each once.
    """
    label_file = LabelFile.objects.filter(follows=run.label_file_id).first() if run.label_file_id else None
    if label_file is None:
        return
    following = request_run(
        run.transform,
        run.requested_by,
        RunKind.IMPORT_LABELS,
        label_file=label_file,
        continues=run,
        chain=run.chain,
    )
    logger.info("run %s goes on with part %d of %d as run %s", run.pk, label_file.part, label_file.parts, following.pk)


def enqueue(run_id: uuid.UUID) -> None:
    """Send the message that gets a queued run submitted. It may be lost or doubled: the row is the truth."""
    submit_run.delay(run_id=str(run_id))


def request_run(
    transform: Transform,
    user: User | None,
    kind: RunKind,
    *,
    replace_all: bool = False,
    label_file: LabelFile | None = None,
    continues: TaskRun | None = None,
    retry_of: TaskRun | None = None,
    chain: Chain | None = None,
) -> TaskRun:
    """The row of a new run and its first message. Raises ``RunConflictError`` if one of its kind is under way for the transform, or it is archived."""
    run_id = uuid.uuid4()
    folder = _FOLDERS.get(kind)
    try:
        with transaction.atomic():
            run = TaskRun.objects.create(
                pk=run_id,
                transform=transform,
                kind=kind,
                requested_by=user,
                enqueued_at=timezone.now(),
                replace_all_labels=replace_all,
                label_file=label_file,
                continues=continues,
                retry_of=retry_of,
                chain=chain,
                path=storage.our_uri(f"{folder}/{transform.pk}/{run_id}/") if folder else "",
            )
            # Asked anew and held: somebody may archive it now. After the row, which waits for a run of its kind that is just ending.
            refuse_archived(Transform.objects.select_for_update(no_key=True).get(pk=transform.pk))
            TaskRunEvent.objects.create(run=run, status=RunStatus.QUEUED, at=timezone.now())
            # robust: with the broker down the request still stands, and the sweep sends the message later.
            transaction.on_commit(lambda: enqueue(run_id), robust=True)
    except IntegrityError as error:
        message = _("“%(kind)s” is already under way for this transform.")
        raise RunConflictError(message % {"kind": kind.label}) from error
    logger.info("run %s (%s) requested by user %s", run.pk, kind, user and user.pk)
    return run
