"""Whether a port is free, and who has it if not."""

from __future__ import annotations

import errno
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from labelportal.run.config import HOST, ConfigError, Ports

_LISTEN = "0A"


def is_free(port: int) -> bool:
    """Whether this process could listen on the port now; raises ConfigError if the machine forbids it for another reason."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise ConfigError(f"Port {port} cannot be used: {error.strerror}.") from error
    return True


def require_free(
    mine: Sequence[tuple[str, int]], *, patience: float = 0.0, advice: Callable[[str, int], str] | None = None
) -> None:
    """Raises ConfigError that names every taken one of these (part, port), its holder and what to write instead.

    Waits ``patience`` seconds for ports to come free.
    """
    advice = advice or (lambda name, port: f"make run {Ports.variable(name)}={port + 1}")
    deadline = time.monotonic() + patience
    while taken := [(name, port) for name, port in mine if not is_free(port)]:
        if time.monotonic() < deadline:
            time.sleep(0.1)
            continue
        lines = []
        for name, port in taken:
            holder = holder_of(port)
            by = f" by {holder}" if holder else " by another process"
            lines.append(f"Port {port} for {name} is taken{by}. Choose another one, for example: {advice(name, port)}")
        raise ConfigError("\n".join(lines))


def holder_of(port: int) -> str:
    """The process that listens on the port, as "name (pid 123)"; empty if this cannot be found out."""
    if inodes := _listening_inodes(port):
        return _process_with(inodes)
    if lsof := shutil.which("lsof"):
        command = [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found = {line[0]: line[1:] for line in output.splitlines() if line}
        if "p" in found:
            return f"{found.get('c', 'a process')} (pid {found['p']})"
    return ""


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{columns[9]}]")
    return inodes


def _process_with(inodes: set[str]) -> str:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(entry.readlink()) in inodes for entry in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().split(b"\0")
                name = " ".join(word.decode(errors="replace") for word in words[:3] if word)
                return f"{name or (process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:  # gone meanwhile, or another person's
            continue
    return ""
