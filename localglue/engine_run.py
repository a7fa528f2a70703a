"""The child process of an engine worker: ``python -m localglue.engine_run <primary key of the run> <lease token>``.

It does the work of one run, commits the result if the lease is still valid, and ends. It ends at once when its standard input
closes: then the process that watches over it is gone, and somebody else will take the run.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback

import django

log = logging.getLogger(__name__)


def main(run_pk: int, token: str) -> int:
    """Work on the run; how it went is in its row. Returns the exit code: 0 unless the row could not be written."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")
    django.setup()

    from django.utils import timezone  # everything below needs the apps to be ready

    from localglue import runs
    from localglue.models import TaskRun
    from localglue.work import perform

    run = TaskRun.objects.filter(pk=run_pk, lease_token=token).first()
    if run is None:
        return 0
    try:
        runs.succeed(run, token, store=perform(run))
    except runs.LeaseLostError:
        return 0
    except Exception as error:  # every way to fail ends in the row
        message, may_pass = _explain(run, error)
        try:
            runs.fail(run, token, message, may_pass=may_pass, now=timezone.now())
        except runs.LeaseLostError:
            return 0
    return 0


def _end_with_parent() -> None:
    # Not sys.stdin: a thread that is inside its buffer makes the interpreter abort when it ends.
    while os.read(0, 4096):
        pass
    os._exit(1)


def _explain(run: object, error: Exception) -> tuple[str, bool]:
    """The ErrorString, and whether another attempt may go better. What we did not foresee is logged without its message,
    which may quote a record."""
    from django.db import InterfaceError, OperationalError  # as above

    from findmatches import FindMatchesError
    from labelfiles import LabelFileError
    from localglue.store import StoreError, StoreUnavailableError
    from localglue.tables import TableError
    from localglue.work import WorkError

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


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
