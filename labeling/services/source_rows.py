"""Rows of a transform's own table, looked up by primary key."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from labeling.exceptions import InvalidSourceError
from labeling.models import SourceFile, Transform
from labeling.services.catalog import catalog_table
from labeling.services.sources import source_pieces, table_pieces
from labeling.services.tables import as_text, find_columns
from labeling.spreadsheets import Unmangled, unmangle


@dataclass(frozen=True, slots=True)
class SourceRows:
    """What was found: ``records`` are rows by key, with as many values as the transform has columns, nulls as empty text.

    ``changed`` are cells that are no key, with the keys that a spreadsheet may have made them of; the rows of those are in ``records``.
    """

    records: dict[str, tuple[str, ...]]
    changed: dict[str, Unmangled]


def find_rows(*, transform: Transform, keys: Collection[str]) -> SourceRows:
    """Look the keys up in the transform's file or catalog table, all of which is gone through for it, piece by piece.

    Raises ``InvalidSourceError`` if the table is no longer what the transform was made over, ``GlueError`` if it cannot be read.
    """
    place = transform.key_place
    records = _records(transform, place, {text: None for key in keys for text in (key, key.strip()) if text})
    missing = [key for key in dict.fromkeys(key.strip() for key in keys) if key and key not in records]
    changed: dict[str, Unmangled] = {}
    if missing:
        every = (key for piece in row_pieces(transform=transform) for key in piece.column(place).to_pylist() if key)
        changed = unmangle(missing, every)
    if changed:
        records |= _records(transform, place, {key: None for found in changed.values() for key in found.keys})
    return SourceRows(records, changed)


def _records(transform: Transform, place: int, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The first row of each of these keys that the column at ``place`` holds."""
    value_set = pa.array(list(keys), pa.string())
    records: dict[str, tuple[str, ...]] = {}
    for piece in row_pieces(transform=transform):
        found = piece.filter(pc.is_in(piece.column(place), value_set=value_set))
        for row in zip(*(column.to_pylist() for column in found.columns), strict=True):
            records.setdefault(row[place], tuple("" if value is None else value for value in row))
    return records


def row_pieces(*, transform: Transform, source: SourceFile | None = None) -> Iterator[pa.RecordBatch]:
    """The transform's table piece by piece, as text, with the transform's columns in their order; or, so read, another ``source``."""
    names = transform.column_names
    source = source or transform.source_file
    if source is not None:
        pieces = source_pieces(source=source)
    else:
        found = catalog_table(team=transform.team, database=transform.database_name, table=transform.table_name)
        pieces = table_pieces(table=found)
    for piece in pieces:
        places = find_columns(piece.schema.names, names)
        if None not in places:
            columns = [piece.column(place) for place in places]
        elif piece.num_columns == len(names):
            columns = list(piece.columns)
        else:
            message = _("The table of this transform now has other columns: %(columns)s.")
            raise InvalidSourceError(message % {"columns": ", ".join(piece.schema.names)})
        yield pa.record_batch([as_text(column) for column in columns], names=names)
