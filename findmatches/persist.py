"""A model as a folder: ``model.json`` for what people may read, ``arrays.npz`` for the rest. No pickle on either side."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from findmatches.errors import FindMatchesError
from findmatches.output import whole
from findmatches.version import VERSION

FORMAT = "findmatches-model"
FORMAT_VERSION = 9


def write(path: Path, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a model folder. A model that stands there stays until all of the new one is on the disk."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FindMatchesError(f"The model cannot be written to {path}: {error.strerror}.") from error
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "made_by": f"findmatches {VERSION}"}
    text = json.dumps({**head, **facts}, ensure_ascii=False, indent=1)
    with whole(path / "model.json") as described:
        described.write_text(text + "\n", encoding="utf-8")
        with whole(path / "arrays.npz") as stored:
            with stored.open("wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, **arrays)
            # The two files are put in place one after the other; a folder with a ``model.json`` never holds one of either model.
            (path / "model.json").unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The facts and arrays of a model folder. Raises ``FindMatchesError`` if it is none, or one of another format version."""
    try:
        facts = json.loads((path / "model.json").read_text(encoding="utf-8"))
        with np.load(path / "arrays.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise FindMatchesError(f"{path} is not a model folder: it lacks {Path(error.filename).name}.") from error
    except NotADirectoryError as error:
        raise FindMatchesError(f"{path} is a file, not a model folder.") from error
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise FindMatchesError(f"The model in {path} is damaged: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise FindMatchesError(f"{path} does not hold a findmatches model.")
    if facts.get("format_version") != FORMAT_VERSION:
        raise FindMatchesError(
            f"The model in {path} has format version {facts.get('format_version')}; this engine reads {FORMAT_VERSION}."
            " Train it again from its labels."
        )
    return facts, arrays
