"""How gunicorn runs our two web applications; the addresses and numbers of workers stand on the command line."""

from __future__ import annotations

from typing import Any

from labelportal.run.lifeline import die_with_parent

worker_class = "gthread"
preload_app = True  # one import for all workers: they start at once and share memory
timeout = 120
graceful_timeout = 5
keepalive = 30  # a steward's browser keeps its connection from one draft to the next
loglevel = "warning"
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """A worker never outlives its master, which holds the port."""
    die_with_parent(server.pid)
