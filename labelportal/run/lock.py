"""One launcher per var directory."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labelportal.run.config import ConfigError


class InstallationLock:
    """Held from start to end by the launcher and, through fork, by the keepers of its parts.

    The kernel lets go of it when the last of them is gone, so a launcher that was killed leaves nothing to clean up, and the next one
    waits exactly until the parts of the last one have ended.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "labelportal",
        advice: str = "set LABELPORTAL_VAR and the ports for a second one",
    ) -> None:
        self.path = path
        self._name = name
        self._advice = advice
        self._file = -1
        self.previous_was_killed = False

    @contextmanager
    def held(self, *, patience: float = 15.0) -> Iterator[None]:
        """From ``acquire`` to ``release``, whatever happens in between."""
        self.acquire(patience=patience)
        try:
            yield
        finally:
            self.release()

    def acquire(self, *, patience: float = 15.0) -> None:
        """Takes the lock; raises ConfigError if another launcher lives, or if its parts do not end."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience
        while not self._try():
            pid = self._holder()
            if pid and _alive(pid):
                raise ConfigError(
                    f"{self._name} is already running on {self.path.parent} (pid {pid}). Stop it first, or {self._advice}."
                )
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"Parts of an earlier run on {self.path.parent} have not ended; the lock is {self.path}."
                )
            time.sleep(0.1)
        self.previous_was_killed = bool(self._holder())
        self._write(str(os.getpid()))

    def release(self) -> None:
        """Notes that this run ended by itself."""
        self._write("")
        os.close(self._file)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int | None:
        text = os.pread(self._file, 20, 0).decode().strip()
        return int(text) if text.isdigit() else None

    def _write(self, text: str) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
