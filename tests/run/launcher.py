"""Drives ``python -m labelportal.run`` as a person at a terminal would: starts it, reads what it prints, sends signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from labelportal.run.config import ROOT, Ports
from tests.support.environment import clean_environ, free_port
from tests.support.servers import COLLECTED


@dataclass(slots=True)
class Launcher:
    """One installation; ``start`` may be called again after it has ended."""

    var: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name, _ in Ports().items()})
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    output: Path = field(init=False)
    starts: int = 0

    def __post_init__(self) -> None:
        self.output = self.var.parent / f"{self.var.name}.out"

    def environment(self) -> dict[str, str]:
        """What the person's shell would hold."""
        ports = {Ports.variable(name): str(port) for name, port in self.ports.items()}
        return (
            clean_environ()
            | {"LABELPORTAL_VAR": str(self.var), "WEB_CONCURRENCY": "1", "WORKER_CONCURRENCY": "1"}
            | ports
            | self.env
        )

    def prepare(self) -> None:
        """What ``suites`` has made once for all, so that a start need not, if it was ``suites`` that called: an empty database, static files."""
        self.var.mkdir(mode=0o700)
        if migrated := os.environ.get("MIGRATED_DATABASE"):
            shutil.copyfile(migrated, self.var / "labelportal.sqlite3")
        if collected := os.environ.get(COLLECTED):
            shutil.copytree(collected, self.var / "static")

    def start(self) -> None:
        """Starts it with a terminal's worth of output in a file of its own."""
        self.starts += 1
        self.output = self.var.parent / f"{self.var.name}.{self.starts}.out"
        with self.output.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "labelportal.run"],
                env=self.environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def printed(self) -> str:
        """All that it has printed since its start."""
        return self.output.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 240.0) -> str:
        """The first line with ``text``; AssertionError with everything printed if it ends before or takes too long."""
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while True:
            over = self.process.poll() is not None or time.monotonic() > deadline
            for line in self.printed().splitlines():
                if text in line:
                    return line
            assert not over, f"no line with {text!r}:\n{self.printed()}"
            time.sleep(0.05)

    def signal(self, number: signal.Signals, seconds: float = 30.0) -> int:
        """Sends the signal to the launcher alone; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def processes(self) -> dict[int, str]:
        """pid → command of every process of this installation, whoever its parent is now."""
        mark = f"LABELPORTAL_VAR={self.var}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (
                    mark in (folder / "environ").read_bytes().split(b"\0")
                    and "State:\tZ" not in (folder / "status").read_text()
                ):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except OSError:
                continue
        return found

    def end(self) -> None:
        """Leaves nothing behind, whatever the test did."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
