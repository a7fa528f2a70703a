"""Rows of a transform's own table, looked up by primary key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from labeling.exceptions import InvalidSourceError
from labeling.models import Transform
from labeling.services.catalog import catalog_table
from labeling.services.sources import read_source, read_table
from labeling.spreadsheets import Unmangled, unmangle


@dataclass(frozen=True, slots=True)
class SourceRows:
    """What was found: ``records`` are rows by key, with as many values as the transform has columns, nulls as empty text.

    ``changed`` are cells that are no key, with the keys that a spreadsheet may have made them of; the rows of those are in ``records``.
    """

    records: dict[str, tuple[str, ...]]
    changed: dict[str, Unmangled]


def find_rows(*, transform: Transform, keys: Collection[str]) -> SourceRows:
    """Look the keys up in the transform's file or catalog table, all of which is read for it.

    Raises ``InvalidSourceError`` if the table is no longer what the transform was made over, ``GlueError`` if it cannot be read.
    """
    table = _read(transform)
    place = transform.column_names.index(transform.primary_key)
    wanted = {text: None for key in keys for text in (key, key.strip()) if text}
    records = _records(table, place, wanted)
    missing = [key for key in dict.fromkeys(key.strip() for key in keys) if key and key not in records]
    changed: dict[str, Unmangled] = {}
    if missing:
        changed = unmangle(missing, (key for key in table.column(place).to_pylist() if key))
        meant = {key: None for found in changed.values() for key in found.keys}
        records |= _records(table, place, meant)
    return SourceRows(records, changed)


def _records(table: pa.Table, place: int, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The first row of each of these keys that the column at ``place`` holds."""
    found = table.filter(pc.is_in(table.column(place), value_set=pa.array(list(keys), pa.string())))
    rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
    records: dict[str, tuple[str, ...]] = {}
    for row in rows:
        records.setdefault(row[place], tuple("" if value is None else value for value in row))
    return records


def _read(transform: Transform) -> pa.Table:
    """The table as text, with the transform's columns in their order."""
    if transform.source_file is not None:
        table = read_source(source=transform.source_file)
    else:
        found = catalog_table(team=transform.team, database=transform.database_name, table=transform.table_name)
        table = read_table(table=found)
    names = transform.column_names
    at_hand = {name.strip().lower(): place for place, name in reversed(list(enumerate(table.column_names)))}
    if all(name.lower() in at_hand for name in names):
        table = table.select([at_hand[name.lower()] for name in names])
    elif table.num_columns != len(names):
        message = _("The table of this transform has other columns now: %(columns)s.")
        raise InvalidSourceError(message % {"columns": ", ".join(table.column_names)})
    return pa.table([column.cast(pa.string()) for column in table.columns], names=names)
