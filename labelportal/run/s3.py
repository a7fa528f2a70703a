"""``python -m labelportal.run.s3 PORT [HOST]``: the embedded S3 server. It is ministack, reduced to the S3 API.

With ``cryptography`` installed ministack would also listen for IoT devices, on all addresses.

Its own addresses under ``/_`` (one of them deletes everything) and ``/health`` ask for no credentials, so any page that a browser on this machine
opens could call them. No bucket name can start with an underscore, so nothing of S3 is lost by refusing them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app as ministack

from labelportal.run.config import HOST

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "websocket" or (scope["type"] == "http" and scope["path"].startswith("/_")):
        await _refuse(scope, send)
    else:
        await ministack(scope, receive, send)


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main(port: int, host: str = HOST) -> None:
    """Serves until SIGTERM. In this one process: the hypercorn command would add two that outlive it when it is killed."""
    os.environ["IOT_MTLS_ENABLED"] = "0"  # read when it starts
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.errorlog = "-"
    asyncio.run(serve(app, config))  # type: ignore[arg-type]  # hypercorn names the three arguments by its own typed dictionaries


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:3])
