"""Files stand in their places only when they are whole; what stood there before stays until then."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from findmatches.errors import FindMatchesError


def check_place(path: Path) -> None:
    """Raises ``FindMatchesError`` if no file can be written there, before hours are spent on what is to stand in it."""
    if path.is_dir():
        raise FindMatchesError(f"{path} is a folder. Name a file for the output.")
    if _is_stream(path):
        return
    folder = path.resolve().parent
    if not folder.is_dir():
        raise FindMatchesError(f"{path} cannot be written: there is no folder {folder}.")
    if not os.access(folder, os.W_OK):
        raise FindMatchesError(f"{path} cannot be written: the folder {folder} is not writable.")


def check_folder(path: Path) -> None:
    """Raises ``FindMatchesError`` if there can be no folder to write to, as ``check_place``. It need not be there yet."""
    place = path.resolve()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise FindMatchesError(f"{path} cannot be written: {place} is not a folder.")
    if not os.access(place, os.W_OK):
        raise FindMatchesError(f"{path} cannot be written: the folder {place} is not writable.")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write what is to stand at ``path``: a file beside it, which is renamed if all goes well and else removed.

    A device or a pipe is written to as it is. Raises ``FindMatchesError`` if the file cannot be written.
    """
    try:
        if _is_stream(path):
            yield path
            return
        place = path.resolve()  # a link stays a link
        mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else None
        aside = place.with_name(f".{uuid.uuid4().hex}.partial")
        try:
            yield aside
            if mode is not None:
                aside.chmod(mode)
            aside.replace(place)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise FindMatchesError(f"{path} cannot be written: {error.strerror or error}.") from error


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file()
