"""Queries that name many values, in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

_CHUNK = 500
T = TypeVar("T")


def in_chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """At most 500 at a time: databases limit how many values a query may name."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
