"""Work in threads, one for each processor. Array code lets go of the interpreter's lock, so they really run side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What ``work`` gives for each item, in their order, so that the number of threads cannot change a result."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        return list(threads.map(work, items))
