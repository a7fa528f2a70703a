"""Public tables as they would have come out of another system: with what real tables are full of, and theirs are not."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pyarrow as pa

from findmatches import Records

# A column of fewer values is taken for the source of a row, or its like, which nobody leaves open.
_VALUES = 20
_FILLERS = ("unknown", "000-000-0000", "to be determined", "1900-01-01")


def cluttered(records: Records) -> Records:
    """The table with columns as other systems add them: a row number, a UUID, when and by whom a row was changed, its state, a score."""
    rng = random.Random(0)  # noqa: S311 (made-up cells, no secrets)
    first, last = ("Ann", "Bob", "Cleo", "Dan", "Eve"), ("Smith", "Jones", "Moore", "Kay")
    start, rows = datetime(2024, 1, 1, tzinfo=UTC), range(records.n_rows)
    kept = {
        "row": [str(10_000 + row) for row in rows],
        "uuid": [str(UUID(int=rng.getrandbits(128), version=4)) for _ in rows],
        "changed": [f"{start + timedelta(seconds=rng.randrange(86_400 * 500)):%Y-%m-%d %H:%M:%S}" for _ in rows],
        "clerk": [f"{rng.choice(first)} {rng.choice(last)}" for _ in rows],
        "state": [rng.choice(("new", "open", "closed", "on hold")) for _ in rows],
        "score": [f"{rng.random():.4f}" for _ in rows],
    }
    table = records.table
    for name, cells in kept.items():
        table = table.append_column(f"kept_{name}", pa.array(cells, pa.string()))
    return replace(records, table=table)


def with_gaps(records: Records) -> Records:
    """The table without a fifth of its cells."""
    return _with_some(records, (None,))


def filled(records: Records) -> Records:
    """The table with what people type where a form asks for more than they know, in a fifth of its cells and where it had nothing: in each column the same."""
    return _with_some(records, _FILLERS)


def marked_up(records: Records) -> Records:
    """The table as half of its rows would look if they were cut out of web pages."""
    rng = random.Random(0)  # noqa: S311 (made-up cells, no secrets)
    cut_out = [rng.random() < 0.5 for _ in range(records.n_rows)]
    references = {"&": "&amp;", "'": "&#39;", '"': "&quot;"}

    def mark(cell: str) -> str:
        return f"<p>{''.join(references.get(letter, letter) for letter in cell).replace(' ', '&nbsp;', 1)}</p><br/>"

    return _changed(
        records,
        lambda _, cells: [mark(cell) if cell and cut else cell for cell, cut in zip(cells, cut_out, strict=True)],
    )


SPOILT: dict[str, Callable[[Records], Records]] = {
    "clutter": cluttered,
    "gaps": with_gaps,
    "fillers": filled,
    "markup": marked_up,
}


def _with_some(records: Records, instead: tuple[str | None, ...]) -> Records:
    rng = random.Random(0)  # noqa: S311 (made-up cells, no secrets)

    def change(place: int, cells: list[str | None]) -> list[str | None]:
        if len(set(cells)) <= _VALUES:
            return cells
        nothing = instead[place % len(instead)]
        return [cell if rng.random() >= 0.2 and cell else nothing for cell in cells]

    return _changed(records, change)


def _changed(records: Records, change: Callable[[int, list[str | None]], list[str | None]]) -> Records:
    """The table with other cells in its columns but the key."""
    table = records.table
    for place, name in enumerate(table.column_names):
        if name != records.primary_key:
            cells = change(place, table.column(name).to_pylist())
            table = table.set_column(place, name, pa.array(cells, pa.string()))
    return replace(records, table=table)
