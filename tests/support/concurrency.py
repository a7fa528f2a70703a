"""Two people at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """A transaction that is still open when ``work`` begins, on a connection of its own. Afterwards both have ended; what ``work`` raises is raised."""

    def worked() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as threads:
        with transaction.atomic():
            yield
            begun = threads.submit(worked)
            wait([begun], timeout=0.3)
        begun.result()
