"""Types of the Data Catalog: which can be matched, and whether a cell is of its column's type."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

_PLAIN = re.compile(
    r"(tinyint|smallint|int|integer|bigint|long|float|double|boolean|date|timestamp|string|decimal(\(\d+(,\s*\d+)?\))?|(var)?char(\(\d+\))?)"
)
_INT = re.compile(r"\s*[+-]?\d{1,19}\s*", re.ASCII)
_NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(nan|inf|infinity)\s*", re.ASCII | re.IGNORECASE
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIMESTAMP = re.compile(
    rf"({_DATE.pattern})([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,9}})?)?)?(Z|[+-]\d{{2}}:?\d{{2}})?", re.ASCII
)
_BOOLEAN = re.compile(r"true|false|0|1", re.IGNORECASE)


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and _is_day(text)


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    return match is not None and _is_day(match[1])


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_CHECKS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint", "long"), _INT.fullmatch),
    **dict.fromkeys(("float", "double", "decimal"), _NUMBER.fullmatch),
    "date": _is_date,
    "timestamp": _is_timestamp,
    "boolean": _BOOLEAN.fullmatch,
}


def is_plain(data_type: str) -> bool:
    """Whether a catalog type is one that can be matched: no arrays, maps, structures, binaries."""
    return _PLAIN.fullmatch(data_type.strip().lower()) is not None


def check_of(data_type: str) -> Callable[[str], object] | None:
    """What tells whether a cell is of a catalog type; None if every text is."""
    return _CHECKS.get(data_type.strip().lower().split("(")[0])
