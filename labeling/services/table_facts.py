"""What a table holds, worked out piece by piece: memory is for one piece and for the hashes of one column."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import reduce
from typing import IO, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils.translation import gettext as _

from labeling.exceptions import InvalidSourceError
from labeling.services.csv_text import nul_words
from labeling.services.tables import Pieces, as_text, catalog_type, check_columns, check_rows

_MAX_CELL = 1000


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column with its catalog type, its distinct values that are not blank, and its blank cells."""

    name: str
    data_type: str
    distinct: int
    blank: int


class TableFacts:
    """Takes a table in pieces. Raises ``InvalidSourceError`` for columns that cannot be, for NUL characters, which PostgreSQL keeps nowhere, and for
    more than is looked at here.

    A context manager, because the hashes of the values wait in files. They have 64 bits: in ten million different values, three times in
    a million two share one, and one is then counted too few.
    """

    def __init__(self, schema: pa.Schema, *, head: int) -> None:
        check_columns(schema)
        self.row_count = 0
        self.first_rows: list[tuple[str, ...]] = []
        self.has_line_breaks = False
        self._schema = schema
        self._head = head
        self._size = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._columns = [_Column(stack.enter_context(tempfile.TemporaryFile())) for _field in self._schema]
            self._files = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._files.close()

    def take(self, rows: Pieces) -> None:
        """The next file, all of it. Its columns must be those of the schema."""
        here, before = self._names(rows.schema), self._names(self._schema)
        if [name for name, _type in here] != [name for name, _type in before]:
            raise InvalidSourceError(_("The files of the table have different columns."))
        for (name, one), (_name, other) in zip(here, before, strict=True):
            if one != other:
                message = _("Column %(name)s is %(other)s in one file of the table and %(one)s in another.")
                raise InvalidSourceError(message % {"name": name, "one": one, "other": other})
        for batch in rows.batches:
            self._add(batch)

    def columns(self) -> Iterator[ColumnFacts]:
        """Each column with its counts, one after the other."""
        for field, column in zip(self._schema, self._columns, strict=True):
            yield ColumnFacts(field.name, catalog_type(field), column.distinct(), column.blank)

    @staticmethod
    def _names(schema: pa.Schema) -> list[tuple[str, str]]:
        return [(field.name, catalog_type(field)) for field in schema]

    def _add(self, batch: pa.RecordBatch) -> None:
        head = batch.slice(0, self._head - len(self.first_rows))
        self.first_rows += shown_rows(head)
        rows_before = self.row_count
        self.row_count += batch.num_rows
        check_rows(self.row_count)
        for field, facts, column in zip(self._schema, self._columns, batch.columns, strict=True):
            self._size += facts.add(column)
            if facts.has_nul:
                row = rows_before + pc.index(pc.match_substring(as_text(column), "\0"), True).as_py() + 1
                raise InvalidSourceError(
                    _("Row %(row)d, column %(name)s: %(nul)s") % {"row": row, "name": field.name, "nul": nul_words()}
                )
            self.has_line_breaks |= facts.has_line_breaks
        if self._size > settings.MAX_SOURCE_BYTES:
            limit = settings.MAX_SOURCE_BYTES // 1024 // 1024
            raise InvalidSourceError(
                _("The cells hold more than %(limit)d MB of text, the most that the portal reads.") % {"limit": limit}
            )


def shown_rows(batch: pa.RecordBatch) -> list[tuple[str, ...]]:
    """The rows for a page, in the words of label files (``as_text``), of which very long cells are cut short."""
    columns = (as_text(column).to_pylist() for column in batch.columns)
    return [tuple((value or "")[:_MAX_CELL] for value in row) for row in zip(*columns, strict=True)]


def rows_beyond_ascii(rows: Pieces, *, limit: int) -> list[tuple[str, ...]]:
    """The first rows of a table of text in which there are letters beyond ASCII."""
    found: list[tuple[str, ...]] = []
    for batch in rows.batches:
        plain = reduce(pc.and_, map(pc.string_is_ascii, batch.columns))
        found += shown_rows(batch.filter(pc.invert(plain)).slice(0, limit - len(found)))
        if len(found) == limit:
            break
    return found


class _Column:
    def __init__(self, hashes: IO[bytes]) -> None:
        self.blank = 0
        self.has_line_breaks = False
        self.has_nul = False
        self._hashes = hashes

    def add(self, column: pa.Array) -> int:
        """Gives how many bytes of text the cells are."""
        if pa.types.is_null(column.type):
            self.blank += len(column)
            return 0
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        places, counts = np.unique(encoded.indices.drop_null().to_numpy(zero_copy_only=False), return_counts=True)
        values = as_text(encoded.dictionary.take(pa.array(places))).fill_null("")
        blank = pc.equal(pc.utf8_trim_whitespace(values), "")
        self.blank += column.null_count + int(counts[blank.to_numpy(zero_copy_only=False)].sum())
        texts = values.filter(pc.invert(blank)).to_pylist()
        self._hashes.write(np.fromiter(map(hash, texts), np.int64, len(texts)).tobytes())
        self.has_nul |= _holds(values, "\0")
        self.has_line_breaks = self.has_line_breaks or _holds(values, "\n") or _holds(values, "\r")
        return int((pc.binary_length(values).to_numpy(zero_copy_only=False) * counts).sum())

    def distinct(self) -> int:
        self._hashes.seek(0)
        hashes = np.fromfile(self._hashes, np.int64)
        hashes.sort()
        return int(np.count_nonzero(hashes[1:] != hashes[:-1])) + min(1, len(hashes))


def _holds(values: pa.Array, text: str) -> bool:
    return bool(pc.any(pc.match_substring(values, text), min_count=0).as_py())
