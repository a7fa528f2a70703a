"""The embedded S3 server: ministack, reduced to the S3 API.

Its own addresses under ``/_`` (one of them deletes everything) and ``/health`` ask for no credentials, so any page that a browser on this machine
opens could call them. No bucket name can start with an underscore, so nothing of S3 is lost by refusing them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ministack.app import app as ministack

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
