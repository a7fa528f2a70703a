"""How much memory it takes to work on a table, and how much there is: better said before than found out after an hour."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from findmatches.errors import FindMatchesError

if TYPE_CHECKING:
    import pyarrow as pa

# Bytes for each row, for each byte of its text, and for those of columns with long texts, whose every word is looked at twice: less than was measured,
# so that nothing is refused that would go well.
PER_ROW, PER_BYTE, PER_BYTE_OF_LONG = 400, 4, 12
_LONG = 100
_GIB = 1 << 30
MORE_MEMORY = (
    "Leave out columns that do not help to tell rows apart, use a machine with more memory, or match on Apache Spark."
)
# Where control groups, which containers are, say how much memory they may use.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def check_memory(cells: pa.Table, there_is: int | None = None) -> None:
    """Raises ``FindMatchesError`` if work on the table would need more memory than the machine has (``there_is``, in bytes)."""
    needed = PER_ROW * cells.num_rows
    for column in cells.columns:
        needed += column.nbytes * (PER_BYTE_OF_LONG if column.nbytes > _LONG * len(column) else PER_BYTE)
    there_is = memory_of_machine() if there_is is None else there_is
    if needed > there_is:
        raise FindMatchesError(
            f"The table is too large for this machine: {cells.num_rows:,} rows with {cells.nbytes / _GIB:.1f} GiB of text take about "
            f"{needed / _GIB:.0f} GiB of memory, and there are {there_is / _GIB:.0f}. {MORE_MEMORY}"
        )


def memory_of_machine() -> int:
    """Bytes of memory that the machine has, or that this process may use if that is less."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _LIMITS:
        with suppress(OSError, ValueError):  # there is none, or it is ``max``
            limits.append(int(Path(path).read_text()))
    return min(limits)
