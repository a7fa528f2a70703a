"""The worker's side of the engine server: start a child for a run, wait for it, kill it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

from django.conf import settings


class EngineServer:
    """One server a worker process, started when it is first needed, and again if it has died. One child at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._child: int | None = None

    @property
    def busy(self) -> bool:
        """Whether a child was started and has not been seen to end."""
        return self._child is not None

    def load(self) -> None:
        """Return when the server is up and has the engine loaded. Raises ``OSError`` if it does not come up."""
        if self._process is not None and self._process.poll() is None:
            return
        self._forget()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "localglue.engine_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
            env={**os.environ, "LABELPORTAL_PROCESS": "web"},
            start_new_session=True,  # Ctrl-C is for the worker, which lets the server go
        )
        if self._line(None) != ("ready", 0):
            self._forget()
            raise OSError("the engine server ended before it was ready")

    def start(self, run_pk: int, token: str) -> int:
        """Start a child for the run; its process id. Raises ``OSError`` if the server does not come up."""
        self.load()
        assert self._process is not None
        process = self._process
        assert process.stdin is not None
        process.stdin.write(f"{run_pk} {token}\n".encode())
        process.stdin.flush()
        word, number = self._line(None) or ("end", 0)
        if word != "pid":
            self._forget()
            raise OSError("the engine server ended before it began with the run")
        self._child = number
        return number

    def wait(self, seconds: float) -> int | None:
        """The exit code of the child (negative for a signal), or None if it goes on. A server that died counts as signal 9."""
        if self._child is None:
            raise RuntimeError("no child was started")
        reply = self._line(seconds)
        if reply is None:
            return None
        if reply[0] == "end":
            self._signal_child()
            self._forget()
            return -signal.SIGKILL
        self._child = None
        return reply[1]

    def kill(self) -> int:
        """End the child and all that it has started; its exit code."""
        self._signal_child()
        code = self.wait(10)
        if code is None:
            self._forget()
            return -signal.SIGKILL
        return code

    def _signal_child(self) -> None:
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):  # it may not have led a group yet
                os.killpg(self._child, signal.SIGKILL)

    def _forget(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process.kill()
            self._process.wait()
        self._process, self._child, self._unread = None, None, b""

    def _line(self, seconds: float | None) -> tuple[str, int] | None:
        """The next reply, ``("end", 0)`` if the server has gone, None if there is none in time."""
        assert self._process is not None
        assert self._process.stdout is not None
        deadline = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._unread:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                return None
            data = os.read(self._process.stdout.fileno(), 4096)
            if not data:
                return "end", 0
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        word, number = line.decode().split()
        return word, int(number)


engine_server = EngineServer()
