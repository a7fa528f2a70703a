"""One attempt at a run: a child process does the work, this process watches over it.

A process and not a thread, because work that is to be stopped must stop within two seconds, whatever library it is in; and a
child of the worker and not the worker, because stopping it, or its running out of memory, must not take the worker along.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time

from django.conf import settings
from django.utils import timezone

from localglue import runs
from localglue.choices import TaskStatus
from localglue.models import TaskRun

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.3


def supervise(run: TaskRun) -> None:
    """Work on a claimed run until it has ended or is no longer ours."""
    token = run.lease_token
    child = subprocess.Popen(
        [sys.executable, "-m", "localglue.engine_run", str(run.pk), token],
        # The child ends when this pipe closes, which the system does even if this process is killed.
        stdin=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        env={**os.environ, "LABELPORTAL_PROCESS": "web"},
        start_new_session=True,
    )
    try:
        _watch(run, token, child)
    finally:
        _kill(child)
    _conclude(run, token, child.returncode)


def _watch(run: TaskRun, token: str, child: subprocess.Popen[bytes]) -> None:
    """Return when the child has ended or is to be ended."""
    deadline = run.deadline()
    beat = settings.LOCALGLUE_LEASE_SECONDS / 4
    renewed = time.monotonic()
    while True:
        try:
            child.wait(timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
        if time.monotonic() - renewed >= beat:
            renewed = time.monotonic()
            status = runs.renew(run, token, now=timezone.now())
        else:
            status = runs.look(run, token)
        if status != TaskStatus.RUNNING:
            return
        if deadline is not None and timezone.now() >= deadline:
            return


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin:
        child.stdin.close()


def _conclude(run: TaskRun, token: str, returncode: int) -> None:
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
    how = f"was ended by signal {-returncode}" if returncode < 0 else f"ended with code {returncode}"
    hint = " It may have run out of memory." if returncode == -signal.SIGKILL else ""
    log.error("run %s: the engine process %s", run.public_id, how)
    try:
        runs.fail(run, token, f"The engine process {how}.{hint}", may_pass=True, now=now)
    except runs.LeaseLostError:
        runs.finish_stop(run, token, now=now)
