"""One attempt at a run: a child process does the work, this process watches over it.

A process and not a thread, because work that is to be stopped must stop within two seconds, whatever library it is in; and a
child of the worker and not the worker, because stopping it, or its running out of memory, must not take the worker along.
"""

from __future__ import annotations

import logging
import signal
import socket
import time

from django.conf import settings
from django.utils import timezone

from localglue import runs
from localglue.choices import TaskStatus
from localglue.engine_client import engine_server
from localglue.models import TaskRun

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.3


def supervise(run: TaskRun) -> None:
    """Work on a claimed run until it has ended or is no longer ours."""
    token = run.lease_token
    code = None
    try:
        pid = engine_server.start(run.pk, token)
        runs.note_process(run, token, f"{socket.gethostname()}:{pid}")
        code = _watch(run, token)
    except OSError as error:
        log.exception("run %s: no engine process", run.public_id)
        _fail(run, token, f"The engine could not be started ({type(error).__name__}).")
        return
    finally:
        if engine_server.busy:
            code = engine_server.kill()
    _conclude(run, token, code or 0)


def _watch(run: TaskRun, token: str) -> int | None:
    """Return when the child has ended, with its exit code, or when it is to be ended, with None."""
    deadline = run.deadline()
    beat = settings.LOCALGLUE_LEASE_SECONDS / 4
    renewed = time.monotonic()
    while True:
        code = engine_server.wait(LOOK_SECONDS)
        if code is not None:
            return code
        if time.monotonic() - renewed >= beat:
            renewed = time.monotonic()
            status = runs.renew(run, token, now=timezone.now())
        else:
            status = runs.look(run, token)
        if status != TaskStatus.RUNNING:
            return None
        if deadline is not None and timezone.now() >= deadline:
            return None


def _conclude(run: TaskRun, token: str, code: int) -> None:
    """Say how the attempt ended, where the child did not say it itself."""
    now = timezone.now()
    status = runs.look(run, token)
    if status is None:
        return
    if status == TaskStatus.STOPPING:
        runs.finish_stop(run, token, now=now)
        return
    deadline = run.deadline()
    if deadline is not None and now >= deadline:
        runs.time_out(run, token, now=now)
        return
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    hint = " It may have run out of memory." if code == -signal.SIGKILL else ""
    log.error("run %s: the engine process %s", run.public_id, how)
    _fail(run, token, f"The engine process {how}.{hint}")


def _fail(run: TaskRun, token: str, error: str) -> None:
    """A failure that another attempt may not have; unless the run was stopped meanwhile."""
    now = timezone.now()
    try:
        runs.fail(run, token, error, may_pass=True, now=now)
    except runs.LeaseLostError:
        runs.finish_stop(run, token, now=now)
