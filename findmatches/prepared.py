"""A table made ready for matching: folded columns, candidate pairs, and a comparer for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from findmatches.blocking import Candidates, find_candidates
from findmatches.comparisons import Comparer, Schema, describe
from findmatches.errors import FindMatchesError
from findmatches.normalise import Column, make_column
from findmatches.schema import Records, key_order

CHUNK = 250_000


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Row numbers in here are places in the order of the keys; ``order[row]`` is the place in the table."""

    records: Records
    order: NDArray[np.int64]
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    candidates: Candidates
    comparer: Comparer

    @property
    def schema(self) -> Schema:
        return self.comparer.schema


def prepare(records: Records, *, neighbours: int, schema: Schema | None = None) -> Prepared:
    """Do all that can be done without labels. With ``schema`` (of a model), the table must have its columns."""
    keys = records.keys()
    order = key_order(keys)
    table = records.table.take(order)
    if schema is None:
        names = [name for name in records.columns if name != records.primary_key]
    else:
        names = [name for name, _, _ in schema.columns]
        missing = [name for name in names if name not in records.columns]
        if missing:
            raise FindMatchesError(f"The table lacks columns that the model was trained with: {', '.join(missing)}.")
    if not names:
        raise FindMatchesError("The table has no column besides the primary key, so there is nothing to compare.")
    columns = tuple(make_column(name, table.column(name)) for name in names)
    known = schema or describe(columns)
    candidates = find_candidates(columns, known.views, len(keys), neighbours)
    comparer = Comparer(columns, known, candidates)
    return Prepared(records, order, tuple(keys[place] for place in order), columns, candidates, comparer)
