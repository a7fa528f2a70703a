"""One run of an installation, from the first file to the last process; what is started and in which order is said by subclasses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from labelportal.run.addresses import require_addresses, require_redis, require_s3
from labelportal.run.config import REFUSED, ROOT, ConfigError, Installation
from labelportal.run.supervisor import PartError, Stopped, Supervisor


class StepError(Exception):
    """A step before the ready line failed; the message carries its log, and ``printed`` is what it had printed."""

    def __init__(self, message: str, printed: str) -> None:
        super().__init__(message)
        self.printed = printed


class Launcher(ABC):
    """Starts parts, says that they are ready, keeps them running, stops them. Raises ``ConfigError`` for what is no address.

    ``name`` begins each line that it says; ``bucket`` is the one to work in; ``options`` are what people know variables by who have set none.
    """

    name = "labelportal"
    options: Mapping[str, str] = {}
    bucket: str

    def __init__(self, installation: Installation, env: Mapping[str, str], *, verbose: bool) -> None:
        self.installation = installation
        self.var = installation.var
        self.env = dict(env)
        require_addresses(env, options=self.options)
        os.environ.clear()  # the probes run here: an AWS_PROFILE of the caller must not reach them either
        os.environ.update(self.env)
        self._fresh_logs()
        self.supervisor = Supervisor(installation.logs, name=self.name, verbose=verbose)

    @abstractmethod
    def start(self) -> None:
        """Everything up to the moment at which all parts answer."""

    @abstractmethod
    def ready_text(self) -> str:
        """What the ready line says after its "ready after 3.1 s: "."""

    def run(self) -> int:
        """Everything between a free port and the exit code: 0 after SIGINT or SIGTERM, 1 when something could not be started or kept running.

        Raises ``ConfigError`` if the Redis or the S3 of others does not answer.
        """
        if "redis" in self.installation.external:
            require_redis(self.installation.redis_url, name=self.options.get("REDIS_URL", "REDIS_URL"))
        if "s3" in self.installation.external:
            named = "AWS_ENDPOINT_URL_S3" if self.env.get("AWS_ENDPOINT_URL_S3") else "EXTERNAL=s3"
            require_s3(self.env, self.bucket, name=self.options.get(named, named))
        started = time.monotonic()
        try:
            self.start()
            self.supervisor.say(f"ready after {time.monotonic() - started:.1f} s: {self.ready_text()}")
            self.supervisor.run()
        except Stopped:
            self.supervisor.say(f"{signal.Signals(self.supervisor.signal_number).name}: stopping.")
            return 0
        except (PartError, StepError, ConfigError, OSError) as error:
            print(f"{self.name}: {sentence(error)}\n{self.name}: stopping.", file=sys.stderr, flush=True)  # noqa: T201
            return 1
        finally:
            self.supervisor.stop()
            self.supervisor.say("stopped.")
        return 0

    def step(self, name: str, *command: str) -> str:
        """Runs one Python command to its end while the parts are watched; what it prints, or StepError with its log.

        What it prints may hold passwords and goes to no file.
        """
        log = self.installation.logs / f"{name}.log"
        with log.open("wb") as errors, tempfile.TemporaryFile() as printed:
            step = subprocess.Popen(
                [sys.executable, *command],
                env=self.env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=errors,
            )
            try:
                while step.poll() is None:
                    self.supervisor.pump(0.05)
            finally:
                if step.poll() is None:
                    step.kill()
                    step.wait()
            printed.seek(0)
            output = printed.read().decode(errors="replace")
        if step.returncode:
            said = log.read_text(errors="replace")
            if step.returncode != REFUSED:
                said = f"{' '.join(command)} failed with exit code {step.returncode}:\n{said}"
            raise StepError(said.rstrip(), output)
        return output

    def _fresh_logs(self) -> None:
        """Each run starts its logs anew and keeps those of the run before."""
        self.installation.logs.mkdir(parents=True, exist_ok=True)
        for log in self.installation.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.1"))


def sentence(error: Exception) -> str:
    """What went wrong, for the person at the terminal; of a full disk or a folder of somebody else's the name and the reason."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def short(path: Path) -> str:
    """Relative to where the person stands, if that is shorter."""
    cwd = Path.cwd()
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
