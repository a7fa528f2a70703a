"""Arrays that are made piece by piece. One that would fill the memory of the machine goes into a file, and is read through the page cache."""

from __future__ import annotations

import os
import tempfile
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

# An array that may take more bytes is kept in a file.
IN_MEMORY = 1 << 30


class Pile(Generic[Number]):
    """An array of up to ``most`` numbers, to which pieces are added. Raises ``OSError`` where a disk is full."""

    def __init__(self, dtype: type[Number], most: int) -> None:
        self._dtype, self._end = np.dtype(dtype), 0
        in_file = most * self._dtype.itemsize > IN_MEMORY
        # The file has no name, so it is gone when nothing is read from it any more, even if the process is killed.
        self._file = tempfile.TemporaryFile(dir=folder_for_large_files()) if in_file else None  # noqa: SIM115 - ``whole`` closes it
        # Of what is never filled no page is ever touched.
        self._array = np.empty(0 if in_file else most, dtype=self._dtype)

    def add(self, piece: NDArray[Number]) -> None:
        """Put the numbers behind those that are there."""
        start, self._end = self._end, self._end + len(piece)
        if self._file is None:
            self._array[start : self._end] = piece
        else:
            self._file.write(np.ascontiguousarray(piece, dtype=self._dtype).data)

    def whole(self) -> NDArray[Number]:
        """All that was added. Nothing can be added any more."""
        if self._file is None or not self._end:  # of nothing there is no memory map
            return self._array[: self._end]
        self._file.flush()
        with self._file as file:
            return np.asarray(np.memmap(file, dtype=self._dtype, mode="c", shape=(self._end,)))


def folder_for_large_files() -> str:
    """``TMPDIR`` if it is set; else ``/var/tmp``, as SQLite has it, since ``/tmp`` is in memory on many machines."""
    on_disk = "/var/tmp"  # noqa: S108 - files there have no names
    return os.environ.get("TMPDIR") or (on_disk if os.access(on_disk, os.W_OK) else tempfile.gettempdir())
