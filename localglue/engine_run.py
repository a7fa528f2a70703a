"""The work of one run, in a child of the engine server.

It commits the result if the lease is still valid, and ends. It ends before that if the worker that watches over it has gone:
then somebody else will take the run.
"""

from __future__ import annotations

import contextlib
import logging
import traceback

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from findmatches import FindMatchesError
from labelfiles import LabelFileError
from localglue import runs
from localglue.models import TaskRun
from localglue.store import StoreError, StoreUnavailableError
from localglue.tables import TableError
from localglue.work import WorkError, perform

log = logging.getLogger(__name__)


def main(run_pk: int, token: str) -> None:
    """Work on the run; how it went is in its row."""
    run = TaskRun.objects.filter(pk=run_pk, lease_token=token).first()
    if run is None:
        return
    try:
        runs.succeed(run, token, store=perform(run))
    except runs.LeaseLostError:
        return
    except Exception as error:  # every way to fail ends in the row
        message, may_pass = _explain(run, error)
        with contextlib.suppress(runs.LeaseLostError):
            runs.fail(run, token, message, may_pass=may_pass, now=timezone.now())
    runs.wait_for_messages()  # the end of an import sends for the next one, and this process ends by os._exit


def _explain(run: TaskRun, error: Exception) -> tuple[str, bool]:
    """The ErrorString, and whether another attempt may go better. What we did not foresee is logged without its message,
    which may quote a record."""
    if isinstance(error, (WorkError, TableError, FindMatchesError, LabelFileError)):
        return str(error), False
    if isinstance(error, StoreError):
        return str(error), isinstance(error, StoreUnavailableError)
    if isinstance(error, (OperationalError, InterfaceError)):
        return "The database of localglue did not answer.", True
    if isinstance(error, MemoryError):
        return "The engine ran out of memory.", False
    name = type(error).__name__
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("run %s: unforeseen %s\n%s", run, name, where)
    return f"Internal service failure ({name}).", False
