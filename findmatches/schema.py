"""``Records``: a table of text with a primary key that is known to be good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from findmatches.cache import MAX_BYTES, Cache
from findmatches.errors import FindMatchesError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_COLUMNS = 100
# Arrow's plain text has offsets of 32 bits: with more bytes of it together, rows of several chunks cannot be taken.
_PLAIN = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Rows to be matched. All columns are text, nulls allowed; every row has its own, non-blank primary key.

    Make it with ``read_records`` or ``Records.from_arrow``, which check this. With a ``cache``, work that depends on nothing but
    the content of the table is kept there and found again by whatever is done with the same content next.
    """

    table: pa.Table
    primary_key: str
    cache: Cache | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, the primary key among them, in the order of the table."""
        return tuple(self.table.column_names)

    def cached_in(self, folder: Path | str, *, max_bytes: int = MAX_BYTES) -> Records:
        """The same rows, with a folder to keep work in: candidates, and the measures of each of them. It may be shared by any
        tables and processes, and be emptied at any time; it never holds much more than ``max_bytes``."""
        return replace(self, cache=Cache(Path(folder), max_bytes))

    @property
    def n_rows(self) -> int:
        return int(self.table.num_rows)

    def keys(self) -> list[str]:
        """The primary keys in the order of the table."""
        keys: list[str] = self.table.column(self.primary_key).to_pylist()
        return keys

    @classmethod
    def from_arrow(cls, table: pa.Table, *, primary_key: str, place: Callable[[int], str] | None = None) -> Records:
        """Cast every column to text and check the table. ``place`` says in errors where a row, counted from 0, comes from.

        Raises ``FindMatchesError`` if the primary key is no column, is blank or repeated in a row, if there are more than 100
        columns, if two columns share a name, or if a column holds values that are not plain (lists, structures).
        """
        records = cls(with_room(text_table(table, primary_key)), primary_key)
        _check_keys(records, place)
        return records


def text_table(table: pa.Table, primary_key: str) -> pa.Table:
    """The table with every column cast to text, after checking its columns but not yet its keys."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    names = table.column_names
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise FindMatchesError(f"The table has more than one column named {repeated[0]}.")
    if primary_key not in names:
        shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        raise FindMatchesError(f"The primary key {primary_key} is not a column of the table. Its columns are: {shown}.")
    if len(names) > MAX_COLUMNS:
        raise FindMatchesError(f"The table has {len(names)} columns; {MAX_COLUMNS} are allowed.")
    columns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_nested(field.type):
            raise FindMatchesError(f"Column {field.name} holds {field.type} values; only plain values can be matched.")
        try:
            columns.append(column.cast(pa.large_string() if column.nbytes > _PLAIN else pa.string()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise FindMatchesError(f"Column {field.name} ({field.type}) cannot be read as text: {error}") from error
    return pa.table(columns, names=names)


def with_room(table: pa.Table) -> pa.Table:
    """The table of text with columns that hold a lot of it as Arrow's ``large_string``."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    return table.cast(
        pa.schema(
            (field.name, pa.large_string() if table.column(field.name).nbytes > _PLAIN else field.type)
            for field in table.schema
        )
    )


def _check_keys(records: Records, place: Callable[[int], str] | None) -> None:
    """Raises ``FindMatchesError`` for the first row whose key is blank or was seen before."""
    keys = records.keys()
    distinct = set(keys)
    if len(distinct) == len(keys) and None not in distinct and all(map(str.strip, keys)):
        return
    seen: dict[str, int] = {}
    for row, key in enumerate(keys):
        if key is None or not key.strip():
            fault = "is blank"
        elif (first := seen.setdefault(key, row)) != row:
            fault = f"{key} is already in {place(first) if place else f'row {first + 1}'}"
        else:
            continue
        where = place(row) if place else f"Row {row + 1}"
        raise FindMatchesError(f"{where}, column {records.primary_key}: the primary key {fault}.")


def key_order(keys: pa.ChunkedArray) -> NDArray[np.int64]:
    """The rows sorted by key. All work is done in this order, so that the order of the rows in the file cannot matter."""
    import pyarrow.compute as pc  # here and not above: importing findmatches must stay quick

    order: NDArray[np.int64] = pc.sort_indices(keys).to_numpy().astype(np.int64)
    return order
