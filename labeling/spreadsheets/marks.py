"""The hidden mark of a row: which row it is and which label it had, signed, so that no file can name rows it was not made of."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

_PURPOSE = b"labelportal question sheet 1"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a valid mark says."""

    row_id: str
    label: str


def make_mark(mark: Mark, key: bytes) -> str:
    """Letters first, so that no spreadsheet takes it for a number, a date or a formula."""
    return f"row-{mark.row_id}.{mark.label or '-'}.{_signature(mark, key)}"


def read_mark(text: str, key: bytes) -> Mark | None:
    """The mark that ``make_mark`` made with the same key; None for anything else."""
    parts = text.strip().removeprefix("row-").rsplit(".", 2)
    if len(parts) != 3 or not text.strip().startswith("row-"):
        return None
    mark = Mark(parts[0], "" if parts[1] == "-" else parts[1])
    return mark if hmac.compare_digest(parts[2].encode(), _signature(mark, key).encode()) else None


def _signature(mark: Mark, key: bytes) -> str:
    message = b"\0".join((_PURPOSE, mark.row_id.encode(), mark.label.encode()))
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)[:15]).decode()
