"""Work in threads, one for each processor. Array code lets go of the interpreter's lock, so they really run side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Other = TypeVar("Other")


def in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], *, size: Callable[[Item], int] | None = None
) -> list[Result]:
    """What ``work`` gives for each item, in their order, so that the number of threads cannot change a result.

    If ``size`` tells how large an item is, the largest come first, so that none is left over when all others are done.
    """
    waiting = list(items)
    if len(waiting) < 2:  # a thread more would only take time to start
        return [work(item) for item in waiting]
    if size is None:
        return list(in_turn(work, waiting))
    order = sorted(range(len(waiting)), key=lambda place: size(waiting[place]), reverse=True)
    found = dict(zip(order, in_turn(lambda place: work(waiting[place]), order), strict=True))
    return [found[place] for place in range(len(waiting))]


def in_turn(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The same one after the other, each as soon as it and those before are there, while threads work on the next."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        yield from threads.map(work, items)


def side_by_side(one: Callable[[], Result], other: Callable[[], Other]) -> tuple[Result, Other]:
    """What both give, each in a thread of its own."""
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(other)
        return one(), waiting.result()
