"""Runs that follow each other: import → estimate → new questions. The row is the truth, and a sweep moves it along.

Each step may be repeated at any time by any worker: a chain has at most one run of a kind (but for retries and further parts of a file), which the database sees to.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import ChainStatus, RunKind, RunStatus
from labeling.exceptions import LabelportalError, RunConflictError
from labeling.models import Chain, LabelFile, TaskRun, Transform
from labeling.selectors.known_labels import known_labels
from labeling.services.task_runs import StopOutcome, cancel_run, request_label_import
from labeling.services.task_runs.request import request_run

logger = logging.getLogger(__name__)

_ENDED = {RunStatus.STOPPED: ChainStatus.STOPPED}


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What is to follow an import that went well."""

    evaluate: bool
    generate: bool


def start_import(
    *, transform: Transform, user: User | None, afterwards: Afterwards, label_file: LabelFile | None = None
) -> TaskRun:
    """Add answers, or a ``label_file``, to the labels and have done what is wanted afterwards. Raises as ``request_label_import`` does."""
    with transaction.atomic():
        chain = None
        if afterwards.evaluate or afterwards.generate:
            chain = Chain.objects.create(transform=transform, created_by=user, **asdict(afterwards))
        return request_label_import(
            transform=transform, user=user, replace_all=False, label_file=label_file, chain=chain
        )


def move_chains() -> None:
    """One look at every chain that runs. One that cannot be moved does not keep the others from their turn."""
    for chain in Chain.objects.filter(status=ChainStatus.RUNNING).select_related("transform", "created_by"):
        try:
            move_chain(chain=chain)
        except Exception:
            logger.exception("chain %s could not be moved along", chain.pk)


def move_chain(*, chain: Chain) -> None:
    """Ask for the next run if the one before has ended well; end the chain if it has not, or if nothing is left to do.

    An estimate that would fail for want of labels is left out: it must not keep the questions back that would bring them.
    """
    newest = {run.kind: run for run in chain.runs.order_by("created_at")}
    left_out = ""
    for kind in steps_of(chain):
        run = newest.get(kind)
        if run is None and kind == RunKind.EVALUATION and _is_one_sided(chain.transform):
            left_out = _("Quality was not estimated: that takes rows that match and rows that do not.")
            continue
        if run is None:
            _begin(chain, kind)
            return
        if run.is_active:
            return
        if run.status != RunStatus.SUCCEEDED:
            note = _("“%(kind)s” ended as %(state)s; the next step was not started.")
            words = {"kind": run.get_kind_display(), "state": run.get_status_display().lower()}
            _end(chain, _ENDED.get(RunStatus(run.status), ChainStatus.FAILED), note % words)
            return
    _end(chain, ChainStatus.DONE, left_out)


def _is_one_sided(transform: Transform) -> bool:
    """Whether all labels are known to be matches, such as a list that somebody brought, or all differences: an estimate would fail."""
    known = known_labels(transform=transform)
    return known is not None and known.pairs is not None and not (known.pairs.matching and known.pairs.non_matching)


def steps_of(chain: Chain) -> list[RunKind]:
    """The kinds of its runs, in their order."""
    return [
        RunKind.IMPORT_LABELS,
        *([RunKind.EVALUATION] if chain.evaluate else []),
        *([RunKind.LABELING_SET_GENERATION] if chain.generate else []),
    ]


def stop_chain(*, chain: Chain, user: User) -> StopOutcome | None:
    """Let nothing follow, and stop the run that is under way; None if there is none.

    Raises ``RunConflictError`` if the chain has ended, ``GlueError`` if Glue refuses to stop the run; nothing follows all the same.
    """
    note = _("Stopped by %(user)s.") % {"user": user.display_name}
    if not _end(chain, ChainStatus.STOPPED, note):
        raise RunConflictError(_("There is nothing left to stop."))
    logger.info("chain %s stopped by user %s", chain.pk, user.pk)
    run = next((run for run in chain.runs.select_related("transform") if run.is_active), None)
    return cancel_run(run=run, user=user) if run else None


def _begin(chain: Chain, kind: RunKind) -> None:
    try:
        with transaction.atomic():
            locked = Chain.objects.select_for_update().get(pk=chain.pk)
            if locked.is_running:
                request_run(chain.transform, chain.created_by, kind, chain=chain)
    except RunConflictError as error:
        # Somebody else's run of the kind is under way, or another worker has just begun this one.
        Chain.objects.filter(pk=chain.pk, status=ChainStatus.RUNNING).update(note=str(error))
    except LabelportalError as error:
        _end(chain, ChainStatus.FAILED, str(error))
    else:
        Chain.objects.filter(pk=chain.pk).exclude(note="").update(note="")
        logger.info("chain %s: %s asked for", chain.pk, kind)


def _end(chain: Chain, status: ChainStatus, note: str = "") -> bool:
    ended = Chain.objects.filter(pk=chain.pk, status=ChainStatus.RUNNING).update(
        status=status, note=note, ended_at=timezone.now()
    )
    if ended:
        logger.info("chain %s: %s", chain.pk, status)
    return ended == 1
