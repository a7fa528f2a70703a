"""``python -m labelportal.run.s3 PORT [HOST]``: the embedded S3 server. It is ministack, reduced to the S3 API.

What the disk does not take ministack would keep in memory, say 200, and have forgotten after the next start. Here that is an error, and what was
there before stays.

With ``cryptography`` installed ministack would also listen for IoT devices, on all addresses.

Its own addresses under ``/_`` (one of them deletes everything) ask for no credentials, so any page that a browser on this machine opens could call
them. No bucket name can start with an underscore, so nothing of S3 is lost by refusing them. ``/health``, which could be one's name, stays:
it tells whoever asks which version this is, and changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app as ministack
from ministack.services import s3 as storage

from labelportal.run.config import HOST

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_answer = storage._dispatch


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


def write(bucket: str, key: str, obj: dict[str, Any]) -> None:
    """In place of ministack's function, which passes over every error: the object and its sidecar, both or neither. Raises ``OSError``.

    Both are written before one takes the place of what was there, so that an object that is not replaced stays as it was.
    """
    path = str(storage._object_disk_path(bucket, key))
    sidecar = {**storage._object_meta_from_record(obj), **storage._key_history_meta(bucket, key), "key": key}
    files = {} if obj.get("body") is None else {path: obj["body"]}
    files[f"{path}.meta.json"] = json.dumps(sidecar).encode()
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, data in files.items():
            storage._atomic_write(f"{name}.tmp", data)  # files of such a name are not read at a start
        for name in files:
            Path(f"{name}.tmp").replace(name)
    except OSError:
        storage._buckets[bucket]["objects"].pop(key, None)
        for name in files:
            with suppress(OSError):
                Path(f"{name}.tmp").unlink()
        raise
    obj["body"] = None  # from now on it is read from the file
    folder = Path(storage.DATA_DIR, storage.get_account_id(), bucket)
    storage._remove_key_files(storage._other_key_disk_path(str(folder), key, path))


def answer(method: str, bucket: str, key: str, *request: Any) -> Any:
    """In place of ministack's function: where the disk takes no more it answers 500, and its memory is again as it was before the request."""
    objects = storage._buckets.get(bucket, {}).get("objects", {})
    before = objects.get(key)
    versions = [dict(version) for version in storage._object_versions.get((bucket, key), ())]
    uploads = dict(storage._multipart_uploads.items())
    try:
        return _answer(method, bucket, key, *request)
    except OSError as error:
        if before is not None:
            objects[key] = before
        if versions:
            storage._object_versions[bucket, key] = versions
        else:
            storage._object_versions.pop((bucket, key), None)
        for upload, parts in uploads.items():  # one that could not be completed may be tried again
            storage._multipart_uploads[upload] = parts
        storage.logger.error("%s %s/%s: %s", method, bucket, key, error)
        return storage._error("InternalError", f"Nothing was written: {error.strerror}.", 500, f"/{bucket}/{key}")


def main(port: int, host: str = HOST) -> None:
    """Serves until SIGTERM. In this one process: the hypercorn command would add two that outlive it when it is killed."""
    os.environ["IOT_MTLS_ENABLED"] = "0"  # read when it starts
    storage._persist_object, storage._dispatch = write, answer
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.errorlog = "-"
    asyncio.run(serve(app, config))  # type: ignore[arg-type]  # hypercorn names the three arguments by its own typed dictionaries


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:3])
