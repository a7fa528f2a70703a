"""``python -m localglue.engine_server``: has the engine loaded, and forks a child for each run that it is told.

Loading takes longer than many a run works, and forking from the Celery worker itself would hand its connections down. Lines in:
``<primary key of the run> <lease token>``. Lines out: ``ready 0`` when the engine is loaded, ``pid <n>`` when a child has begun, ``exit <code>`` when it has ended,
negative for a signal. One run at a time. When the input closes, this process and its child end: whoever watched over them is gone.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import boto3
import django
from botocore.exceptions import BotoCoreError

_PRELOADED = (
    "findmatches",
    "localglue.engine_run",
    "localglue.work.common",
    "pyarrow.csv",
    "pyarrow.parquet",
    "rapidfuzz",
    "scipy.sparse",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sparse_dot_topn",
)


def serve() -> None:
    """Fork children until the input closes."""
    replies = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no reply
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")
    django.setup()
    for name in _PRELOADED:
        import_module(name)  # nothing of this opens a connection, which children would share
    # Whoever makes the first client reads what botocore knows of S3, which takes as long as many a run: children find it read.
    with suppress(BotoCoreError):  # a run says what is wrong
        boto3.client("s3", "us-east-1", aws_access_key_id="-", aws_secret_access_key="-")  # noqa: S106 - no keys
    os.write(replies, b"ready 0\n")
    while line := os.read(0, 4096):  # the next line comes after the reply to this one
        pk, token = line.split()
        if (pid := os.fork()) == 0:
            os.close(replies)
            _work(int(pk), token.decode())
        os.write(replies, b"pid %d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(replies, b"exit %d\n" % os.waitstatus_to_exitcode(status))


def _work(pk: int, token: str) -> NoReturn:
    """The child: one run, then the end. Not through ``sys.exit``, which would run what the server has registered for its own."""
    code = 1
    try:
        os.setsid()  # a group of its own, so that whatever it starts ends with it
        threading.Thread(target=_end_with_worker, daemon=True).start()
        from localglue.engine_run import main  # loaded already; here because the apps must be ready first

        main(pk, token)
        code = 0
    except Exception:
        logging.getLogger(__name__).exception("run %s: its end could not be written", pk)
    finally:
        logging.shutdown()
        os._exit(code)


def _end_with_worker() -> None:
    poll = select.poll()
    poll.register(0, 0)  # only that the other side has gone; lines are the server's
    poll.poll()
    os._exit(1)


if __name__ == "__main__":
    serve()
