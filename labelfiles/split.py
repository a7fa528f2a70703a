"""Label files that are too large for Glue become several, sets that are too large become several; no set and no group is cut without need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from labelfiles.model import SET_ID_COLUMN, LabeledRow, LabelFile, LabelFileError, Problem
from labelfiles.validate import WARN_SET_ROWS
from labelfiles.writer import label_file_bytes


def split_label_file(label_file: LabelFile, *, max_bytes: int) -> list[LabelFile]:
    """The file in as few parts as filling one after the other gives, each at most ``max_bytes`` when written. Sets stay whole, in their order.

    Raises ``LabelFileError`` if a set alone is larger.
    """
    header = len(label_file_bytes(LabelFile(label_file.columns, ())))
    parts: list[list[LabeledRow]] = []
    size = max_bytes + 1
    for set_id, rows in label_file.by_set().items():
        length = len(label_file_bytes(LabelFile(label_file.columns, tuple(rows)))) - header
        if header + length > max_bytes:
            message = f"Set {set_id} alone is larger than Glue accepts in one file."
            raise LabelFileError([Problem(rows[0].line or None, SET_ID_COLUMN, "too_large", message)])
        if size + length > max_bytes:
            parts.append([])
            size = header
        parts[-1].extend(rows)
        size += length
    return [LabelFile(label_file.columns, tuple(rows)) for rows in parts]


def split_set(set_id: str, rows: Sequence[LabeledRow]) -> Iterator[LabeledRow]:
    """The rows in sets of at most ``WARN_SET_ROWS`` with ids ``<set_id>-1``, ``-2``, …; rows with the same label stay together where they fit.

    What one part says of a pair, the whole said as well. Pairs across two parts are no longer spoken of.
    """
    groups: dict[str, list[LabeledRow]] = {}
    for row in rows:
        groups.setdefault(row.label, []).append(row)
    part = filled = 0
    for group in groups.values():
        for start in range(0, len(group), WARN_SET_ROWS):
            chunk = group[start : start + WARN_SET_ROWS]
            if not part or filled + len(chunk) > WARN_SET_ROWS:
                part, filled = part + 1, 0
            filled += len(chunk)
            for row in chunk:
                yield replace(row, labeling_set_id=f"{set_id}-{part}")
