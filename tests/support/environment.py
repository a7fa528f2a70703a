"""The environment of one test process: throw-away folder, free ports, a key pair of its own. Nothing of the machine's own settings leaks in."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from labelportal.run.config import HOST, Installation, Ports
from labelportal.run.credentials import AwsCredentials

_OURS = (
    *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "DEBUG", "DEFAULT_FROM_EMAIL", "DEMO_PASSWORD"),
    *("DJANGO_SETTINGS_MODULE", "EMAIL_URL", "EXTERNAL", "FOREIGN_RUN_SECONDS", "HTTPS", "LOG_LEVEL", "REDIS_URL"),
    *("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ISSUER", "OIDC_NAME", "OIDC_ONLY", "OIDC_TEAM", "OIDC_TRUST_EMAIL"),
    *("SECRET_KEY", "TASK_RUN_CLAIM_SECONDS", "TASK_RUN_SYNC_SECONDS"),
    *("WEB_CONCURRENCY", "GLUE_CONCURRENCY", "WORKER_CONCURRENCY", "ENGINE_CONCURRENCY"),
)
_PREFIXES = ("AWS_", "CELERY_", "GUNICORN_", "LABELPORTAL_", "LOCALGLUE_")
_DATA = "LABELPORTAL_DATA"  # where data sets for tests and benchmarks are: no setting
_TAKEN: set[int] = set()
_PORTS_PER_PROCESS = 3000
_LOCK = "in-use"
_HELD: list[IO[str]] = []


def _ports() -> range:
    """Where this process looks for ports, below those that the kernel gives to clients; each process of ``pytest -n`` has its own."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    return range(20000 + number * _PORTS_PER_PROCESS, 20000 + (number + 1) * _PORTS_PER_PROCESS)


_PORTS = _ports()


def free_port() -> int:
    """A port that nothing listens on; never the same twice."""
    for _ in range(1000):
        port = random.choice(_PORTS)  # noqa: S311 - no secret
        if port in _TAKEN:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        _TAKEN.add(port)
        return port
    raise RuntimeError(f"no free port between {_PORTS.start} and {_PORTS.stop}")


def own_folder(kind: str) -> Path:
    """A new folder for what is temporary, locked for as long as this process lives. Those that killed processes could not remove go."""
    for lock in Path(tempfile.gettempdir()).glob(f"labelportal-{kind}-*/{_LOCK}"):
        with lock.open() as left, suppress(OSError):
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"labelportal-{kind}-"))
    _HELD.append((folder / "new").open("w"))
    fcntl.flock(_HELD[-1], fcntl.LOCK_EX)
    (folder / "new").rename(folder / _LOCK)  # nobody finds it unlocked
    return folder


def clean_environ() -> dict[str, str]:
    """os.environ without any setting of labelportal's, Django's or AWS's."""
    skip = {*_OURS, *(Ports.variable(name) for name, _ in Ports().items())}
    env = {
        name: value
        for name, value in os.environ.items()
        if name == _DATA or (name not in skip and not name.startswith(_PREFIXES))
    }
    env["AWS_CONFIG_FILE"] = env["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    env["AWS_EC2_METADATA_DISABLED"] = "true"
    return env


@dataclass(frozen=True, slots=True)
class TestEnvironment:
    """What this test process and all servers that it starts agree on."""

    __test__ = False  # not a test class, whatever its name says

    installation: Installation
    credentials: AwsCredentials
    env: dict[str, str]

    @classmethod
    def create(cls, database_url: str) -> Self:
        """A new folder and new ports; SQLite in that folder unless ``database_url`` names a PostgreSQL."""
        var = own_folder("tests")
        for name in ("static", "tmp"):
            (var / name).mkdir()
        ports = Ports(web=free_port(), glue=free_port(), s3=free_port(), redis=free_port())
        base = clean_environ() | {
            "DATABASE_URL": database_url or f"sqlite:///{var / 'labelportal.sqlite3'}",
            "TASK_RUN_SYNC_SECONDS": "0.5",
            "TMPDIR": str(var / "tmp"),  # workers and browsers that are killed leave files there
            "WEB_CONCURRENCY": "1",
            "WORKER_CONCURRENCY": "2",
            "SECRET_KEY": "only-for-tests-" + "x" * 40,
        }
        installation = Installation(var=var, ports=ports, base=base)
        credentials = AwsCredentials.random()
        return cls(installation, credentials, installation.environment(credentials))

    def apply(self) -> None:
        """Makes os.environ this environment, so that Django, boto3 and Celery in this process use the same servers."""
        os.environ.clear()
        os.environ.update(self.env)
