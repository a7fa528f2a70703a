"""What failed or was stopped is tried again, as a run of its own."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import RETRYABLE, ChainStatus, RunKind
from labeling.exceptions import RunConflictError
from labeling.models import Chain, TaskRun
from labeling.services.task_runs.request import request_label_import, request_run


def retry_run(*, run: TaskRun, user: User) -> TaskRun:
    """A new run that does the same, tied to this one; an import takes the same label file, where there was one. A chain goes on with it.

    Raises ``RunConflictError`` if the run has not ended badly, if it replaced all labels (what Glue holds by now must be seen before, see
    ``services/replacements``) or if one of its kind is under way, ``NothingToImportError`` if there is nothing to import any more.
    """
    if run.foreign:
        raise RunConflictError(_("The run was started outside the portal. Try it again where it was started."))
    if run.status not in RETRYABLE:
        raise RunConflictError(_("Only a run that failed or was stopped can be tried again."))
    if run.replace_all_labels:
        raise RunConflictError(_("A replacement must be checked again before it is tried again."))
    with transaction.atomic():
        if run.chain_id is not None:
            Chain.objects.filter(pk=run.chain_id).exclude(status=ChainStatus.DONE).update(
                status=ChainStatus.RUNNING, note="", ended_at=None
            )
        if run.kind != RunKind.IMPORT_LABELS:
            return request_run(run.transform, user, RunKind(run.kind), retry_of=run, chain=run.chain)
        return request_label_import(
            transform=run.transform,
            user=user,
            replace_all=False,
            label_file=run.label_file,
            retry_of=run,
            chain=run.chain,
        )
