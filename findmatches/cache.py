"""Work that depends on nothing but the content of a table, kept in a folder: candidates, and what comparing them gave.

An entry is a folder of ``.npy`` files under a name made of all that it depends on, the version of the engine among them; so an entry
can be missing but never stale. It is written aside and renamed, so that it is whole or not there, however many processes write.
Arrays are read through the page cache (memory maps); nothing is pickled. When the folder grows beyond its limit, the entries go
that were not used for the longest time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from findmatches.version import VERSION

if TYPE_CHECKING:
    import pyarrow as pa

# To be raised whenever candidates or comparisons change their meaning.
LAYOUT = 10
MAX_BYTES = 8 << 30
_LEFT_OVER_SECONDS = 24 * 3600
_NOT_NAMES = (".partial-", ".old-")

Arrays = Mapping[str, NDArray[Any]]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Cache:
    """Entries in ``folder``, up to ``max_bytes`` together (the newest entry stays even if it is larger)."""

    folder: Path
    max_bytes: int = MAX_BYTES

    def get(self, name: str, make: Callable[[Arrays], Made]) -> Made | None:
        """What ``make`` makes of the arrays of an entry, which are read-only; None if it is not there or damaged.

        ``make`` raises ``KeyError`` or ``ValueError`` where arrays are missing or do not fit together.
        """
        entry = self.folder / name
        try:
            held = os.open(entry, os.O_RDONLY)  # no other folder gets its number as long as it is held
        except OSError:
            return None
        try:
            made = _read(entry, make)
            is_replaced = not _is_same(entry, held)
        finally:
            os.close(held)
        if is_replaced:  # by another process, between one array and the next
            return self.get(name, make)
        if made is None:
            self._drop(entry)
        return made

    def put(self, name: str, write: Callable[[Path], None]) -> None:
        """Have ``write`` fill a folder with ``.npy`` files and keep it as the entry of that name. A full disk costs the entry, not the work."""
        partial = self.folder / f".partial-{uuid.uuid4().hex}"
        try:
            partial.mkdir(parents=True)
            write(partial)
            self._drop(self.folder / name)
            partial.rename(self.folder / name)
        except OSError:  # no room, no rights; or another process was quicker
            shutil.rmtree(partial, ignore_errors=True)
        self._evict(name)

    def _evict(self, keep: str) -> None:
        try:
            for path in self.folder.iterdir():  # what killed processes left behind
                if path.name.startswith(_NOT_NAMES) and time.time() - path.stat().st_mtime > _LEFT_OVER_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
            entries = [path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith(_NOT_NAMES)]
            ages = sorted((path.stat().st_mtime, _size(path), path) for path in entries)
        except OSError:  # another process is at it
            return
        total = sum(size for _, size, _ in ages)
        for _, size, path in ages:
            if total <= self.max_bytes:
                return
            if path.name != keep:
                self._drop(path)
                total -= size

    def _drop(self, entry: Path) -> None:
        """Remove an entry at one stroke; who has it open keeps its memory maps."""
        old = self.folder / f".old-{uuid.uuid4().hex}"
        try:
            entry.rename(old)
        except OSError:
            return
        shutil.rmtree(old, ignore_errors=True)


def _read(entry: Path, make: Callable[[Arrays], Made]) -> Made | None:
    try:
        found = {  # as plain arrays, which are quicker to look into than memory maps as such
            path.stem: np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
            for path in sorted(entry.glob("*.npy"))
        }
        os.utime(entry)
        return make(found)
    except (OSError, ValueError, EOFError, KeyError):
        return None


def _is_same(entry: Path, held: int) -> bool:
    try:
        return os.path.samestat(entry.stat(), os.fstat(held))
    except OSError:
        return False


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def save_arrays(folder: Path, arrays: Arrays) -> None:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def save_pieces(path: Path, pieces: Iterable[NDArray[np.float32]], shape: tuple[int, int]) -> None:
    """Write an array whose lines come in pieces. Not through a memory map, in which a full disk ends the process instead of raising ``OSError``."""
    with path.open("wb") as stream:
        head = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, head)
        for piece in pieces:
            stream.write(np.ascontiguousarray(piece).data)


def content_name(table: pa.Table, *facts: object) -> str:
    """A name for work on these cells, in this order of rows, under these facts. How the table is cut into chunks does not matter."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick
    import pyarrow.compute as pc

    digest = hashlib.sha256(repr((VERSION, LAYOUT, table.column_names, table.num_rows, facts)).encode())
    for column in table.columns:
        for chunk in column.cast(pa.large_string()).chunks:
            lengths = pc.fill_null(pc.binary_length(chunk), -1).to_numpy(zero_copy_only=False)
            digest.update(np.ascontiguousarray(lengths, dtype=np.int64).tobytes())
        for chunk in column.cast(pa.large_string()).chunks:
            _, _, data = chunk.buffers()
            first, last = _span(chunk)
            if data is not None and last > first:
                digest.update(memoryview(data)[first:last])
    return digest.hexdigest()[:40]


def _span(chunk: pa.Array) -> tuple[int, int]:
    """Where the text of a chunk starts and ends in its buffer."""
    _, offsets, _ = chunk.buffers()
    if offsets is None or not len(chunk):
        return 0, 0
    ends = np.frombuffer(offsets, dtype=np.int64)
    return int(ends[chunk.offset]), int(ends[chunk.offset + len(chunk)])
