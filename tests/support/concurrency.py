"""Two people at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def meanwhile(work: Callable[[], object], *, after: Callable[[], object] | None = None) -> Iterator[None]:
    """A transaction that is still open when ``work`` begins, on a connection of its own: ``after`` what is done first in it, or after all of it.

    Afterwards both have ended; what ``work`` raises is raised.
    """

    def worked() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as threads:
        with transaction.atomic():
            if after is None:
                yield
            else:
                after()
            begun = threads.submit(worked)
            wait([begun], timeout=0.3)
            if after is not None:
                yield
        begun.result()
