"""What stands between the launcher and one part: it writes the part's log and ends it when the launcher is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from multiprocessing import Queue
from pathlib import Path
from typing import IO, Any

from honcho.process import Process

from labelportal.run.lifeline import die_with_parent

LOG_BYTES = 10 * 1024 * 1024
_GRACE_SECONDS = 2.0


class Keeper(Process):  # type: ignore[misc]  # honcho has no types
    """Runs in a process of its own. ``lifeline`` is a pipe: when the launcher's end closes, for whatever reason, the part is ended.

    The part gets a session and process group of its own, so that a Ctrl-C reaches only the launcher, and so that all it has started can be ended.
    """

    def __init__(self, cmd: Iterable[str], *, logs: Path, lifeline: tuple[int, int], **options: Any) -> None:
        super().__init__(list(cmd), **options)
        self._log = logs / f"{self.name}.log"
        self._lifeline = lifeline

    def run(self, events: Queue[Any] | None = None, ignore_signals: bool = False) -> None:
        """Starts the part, and returns when it and all its children are gone. Sends honcho's messages start, line, stop."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        read_end, write_end = self._lifeline
        os.close(write_end)
        self._events = events
        child = subprocess.Popen(
            self.cmd,
            env=self.env,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(_before_exec, os.getpid()),
        )
        self._send_message({"pid": child.pid}, type="start")
        assert child.stdout is not None
        reader = threading.Thread(target=self._copy, args=(child.stdout,), daemon=True)
        reader.start()
        threading.Thread(target=_end_with_launcher, args=(read_end, child), daemon=True).start()
        returncode = child.wait()
        _kill_group(child.pid)
        reader.join(2)
        self._send_message({"returncode": returncode}, type="stop")

    def _copy(self, stream: IO[bytes]) -> None:
        """Lines to the log file, which starts anew (keeping one older file) when it is full, and to the launcher if it shows them.

        A line that cannot be written is dropped: a pipe that nobody reads would hold up the part for good.
        """
        log: IO[bytes] | None = None
        with suppress(OSError):
            self._log.touch()  # there is one of each part, whether or not it has said anything
        for line in iter(stream.readline, b""):
            try:
                log = self._rotated(log or self._log.open("ab", buffering=0))
                log.write(line)
            except OSError:
                if log is not None:
                    log.close()
                log = None  # opened again for the next line
            if not self.quiet:
                self._send_message(line)
        if log is not None:
            log.close()

    def _rotated(self, log: IO[bytes]) -> IO[bytes]:
        if log.tell() <= LOG_BYTES:
            return log
        log.close()
        self._log.replace(self._log.with_suffix(".log.1"))
        return self._log.open("ab", buffering=0)


def _before_exec(keeper: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(keeper)


def _end_with_launcher(read_end: int, child: subprocess.Popen[bytes]) -> None:
    os.read(read_end, 1)  # nobody writes: this returns when the launcher's end of the pipe is closed
    child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _kill_group(child.pid)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
