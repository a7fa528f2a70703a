"""The parts of the portal as real processes, for tests: started as ``make run`` starts them, killed and restarted at will."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from labelportal.run import probes
from labelportal.run.config import ROOT, Installation
from labelportal.run.lifeline import die_with_parent
from labelportal.run.parts import Part, all_parts

START_SECONDS = 60.0
# The folder that ``suites`` has collected the static files into, which takes longer than to copy them.
COLLECTED = "COLLECTED_STATIC"


def wait_until(
    holds: Callable[[], bool], *, seconds: float = 30.0, what: str = "the condition", every: float = 0.05
) -> None:
    """Returns as soon as ``holds()`` is true; AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds:g} s")
        time.sleep(every)


@dataclass(slots=True)
class Server:
    """One part as a process of its own, in a process group of its own, with its output in a file."""

    part: Part
    env: dict[str, str] = field(init=False)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.env = dict(self.part.env)

    @property
    def running(self) -> bool:
        """Whether the main process is alive."""
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        """Starts the process and does not wait for it."""
        assert not self.running, f"{self.part.name} runs already"
        for folder in (*self.part.folders, self.part.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self.part.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.part.command,
                env=self.env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, os.getpid()),  # tests that are killed leave no servers behind
            )

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Returns when the part answers; AssertionError with the end of its log if it dies or stays silent."""
        deadline = time.monotonic() + seconds
        while not self.part.answers():
            if not self.running:
                raise AssertionError(f"{self.part.name} ended before it answered:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.part.name} did not answer in {seconds:g} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the process and all that it started; nothing is cleaned up."""
        if self.process is not None:
            self._signal_group(signal.SIGKILL)
            self.process.wait(10)

    def send(self, number: signal.Signals) -> None:
        """A signal to the process and all that it started."""
        if self.process is not None:
            self._signal_group(number)

    def stop(self, seconds: float = 10.0) -> None:
        """SIGTERM, and SIGKILL for what is still there after ``seconds``."""
        if self.process is None:
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.kill()

    def _signal_group(self, number: signal.Signals) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def log_tail(self, lines: int = 60) -> str:
        """The last lines that the process wrote."""
        if not self.part.log.exists():
            return ""
        return "\n".join(self.part.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(frozen=True, slots=True)
class Services:
    """The running parts of one test session. Names are those of ``make run``: redis, s3, glue, worker, engine-worker, beat, web."""

    installation: Installation
    env: Mapping[str, str]
    bucket: str
    servers: dict[str, Server] = field(default_factory=dict)

    @property
    def var(self) -> Path:
        """The throw-away folder that stands for var/."""
        return self.installation.var

    @property
    def web_url(self) -> str:
        """The portal; only answers once ``start("web")`` was called."""
        return self.installation.web_url

    @property
    def glue_url(self) -> str:
        """localglue."""
        return self.installation.glue_url

    @property
    def s3_url(self) -> str:
        """The S3 server."""
        return self.installation.s3_url

    @property
    def redis_url(self) -> str:
        """The broker."""
        return self.installation.redis_url

    def start(self, *names: str) -> None:
        """Starts those that do not run yet, all at once, and returns when all answer."""
        fresh = [self.servers[name] for name in names if not self.servers[name].running]
        if any(server.part.name == "web" for server in fresh):
            self._collect_static()
        for server in fresh:
            server.launch()
        for server in fresh:
            server.wait()

    def _collect_static(self) -> None:
        if collected := os.environ.get(COLLECTED):
            shutil.copytree(collected, self.var / "static", dirs_exist_ok=True)
            return
        command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        subprocess.run(command, env=dict(self.env), cwd=ROOT, check=True, capture_output=True)

    def kill(self, *names: str) -> None:
        """SIGKILL for each, workers' children included."""
        for name in names:
            self.servers[name].kill()

    def stop(self, *names: str) -> None:
        """SIGTERM for each; returns when they are gone."""
        for name in names:
            self.servers[name].stop()

    def suspend(self, name: str) -> None:
        """SIGSTOP: connections are taken, and nothing answers."""
        self.servers[name].send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self.servers[name].send(signal.SIGCONT)

    def restart(self, *names: str) -> None:
        """SIGKILL and start again; returns when all answer."""
        self.kill(*names)
        self.start(*names)

    def running(self, name: str) -> bool:
        """Whether the part's process is alive."""
        return self.servers[name].running

    def log(self, name: str) -> str:
        """All that the part has written."""
        path = self.servers[name].part.log
        return path.read_text(errors="replace") if path.exists() else ""

    def stop_all(self) -> None:
        """Ends everything at once: nobody will ask for what an orderly end would leave."""
        for server in self.servers.values():
            server.send(signal.SIGKILL)
        for server in self.servers.values():
            server.kill()

    def make_bucket(self) -> None:
        """Makes the portal's bucket if it is missing."""
        probes.ensure_bucket(self.env, self.bucket)


def services_for(installation: Installation, env: Mapping[str, str], *, bucket: str = "labelportal") -> Services:
    """All parts of the installation, none of them started."""
    parts: Iterable[Part] = all_parts(installation, env)
    return Services(installation, env, bucket, {part.name: Server(part) for part in parts})
