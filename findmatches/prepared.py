"""A table made ready for matching: folded columns, candidate pairs, and a comparer for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from findmatches.blocking import SMALL, Candidates, Seen, View, find_candidates, put_aside
from findmatches.cache import Arrays, Cache, content_name, save_arrays, save_pieces
from findmatches.comparisons import Comparer, Schema, Setup, describe
from findmatches.disguised import uncovered
from findmatches.errors import FindMatchesError
from findmatches.features import arrays_of, matrix_of
from findmatches.memory import check_memory
from findmatches.normalise import Column, make_column
from findmatches.schema import Records, key_order
from findmatches.threads import in_threads, in_turn, side_by_side

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)
# Pairs that are compared at once by one thread. Fewer pairs are dealt into so many pieces, so that threads end together, but no smaller ones than
# are worth the calls that a piece takes. All pieces but the last are multiples of 16: linear algebra sums what is left over in another order.
CHUNK = 30_000
_PIECES, _LEAST_CHUNK, _WHOLE = 4, 4_000, 16
# Without a cache, measures are kept from one round to the next up to so many bytes; beyond, they are worked out again.
_IN_MEMORY = 1 << 30
# Where no more than this share of the pairs is not in the cache, those are compared and not kept.
_FEW = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Gives the measures of candidates by their places: ``values`` of the sorted ``places``, and what ``compare`` finds of others."""

    places: NDArray[np.int64]
    values: NDArray[np.float32]
    compare: Callable[[NDArray[np.int64]], NDArray[np.float32]]

    @classmethod
    def none(cls, compare: Callable[[NDArray[np.int64]], NDArray[np.float32]]) -> Measured:
        """Nothing is known yet."""
        return cls(np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32), compare)

    def __call__(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        at, known = self._find(places)
        if known.all():
            return np.asarray(self.values[at])
        if not known.any():
            return self.compare(places)
        fresh = self.compare(places[~known])
        result = np.empty((len(places), fresh.shape[1]), dtype=np.float32)
        result[known], result[~known] = self.values[at[known]], fresh
        return result

    def count(self, places: NDArray[np.int64]) -> int:
        """How many of the places are known."""
        return int(self._find(places)[1].sum())

    def pieces(self, places: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """The measures of all the places, a piece after the other, while a thread for each processor works on the next."""
        return in_turn(lambda part: self(places[part]), chunks(len(places)))

    def _find(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        if not len(self.places):
            return np.zeros(len(places), dtype=np.int64), np.zeros(len(places), dtype=bool)
        at = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
        return at, self.places[at] == places


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Row numbers in here are places in the order of the keys; ``order[row]`` is the place in the table."""

    records: Records
    order: NDArray[np.int64]
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    candidates: Candidates
    comparer: Comparer
    name: str

    def measures(self, keep: NDArray[np.int64] | None = None) -> Measured:
        """What gives the measures of candidates, by their places. Those of the sorted places ``keep`` are worked out now and kept,
        in the cache for whatever comes next, or as long as they are few in memory."""
        cache, entry = self.records.cache, f"comparisons-{self.name}"
        known = (cache.get(entry, self._kept) if cache else None) or Measured.none(self._compare)
        if keep is None or len(keep) - known.count(keep) <= _FEW * len(keep):
            return known
        shape = len(keep), len(self.schema.names())
        if cache is None:
            if 4 * shape[0] * shape[1] > _IN_MEMORY:
                return known
            values, start = np.empty(shape, dtype=np.float32), 0
            for piece in known.pieces(keep):
                values[start : start + len(piece)] = piece
                start += len(piece)
            return Measured(keep, values, self._compare)

        def write(folder: Path) -> None:
            save_arrays(folder, {"places": keep})
            save_pieces(folder / "measures.npy", known.pieces(keep), shape)

        cache.put(entry, write)
        return cache.get(entry, self._kept) or known

    def _kept(self, arrays: Arrays) -> Measured:
        return Measured(arrays["places"], arrays["measures"], self._compare)

    def _compare(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.comparer.compare(*self._known(places))

    def outline(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The outlines of candidates, by their places."""
        return self.comparer.outline(*self._known(places))

    def _known(
        self, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
        """The rows of candidates, their cosines and their ranks."""
        found = self.candidates
        return found.left[places], found.right[places], found.cosines.take(places, axis=1), self.comparer.ranks(places)

    @property
    def sifted(self) -> bool:
        """The table is so large that pairs which cannot match are put aside before they are compared letter by letter."""
        return len(self.keys) > SMALL

    @property
    def sources(self) -> Column | None:
        """The column that most looks like the source of a row, if there is one."""
        return None if self.schema.side is None else self.columns[self.schema.side]

    @property
    def side(self) -> NDArray[np.int32] | None:
        """A number for the source of each row, if the table has several sources."""
        return None if self.sources is None else self.sources.codes

    @property
    def schema(self) -> Schema:
        return self.comparer.schema


def prepare(records: Records, *, neighbours: int, schema: Schema | None = None) -> Prepared:
    """Do all that can be done without labels. With ``schema`` (of a model), the table must have its columns."""
    if schema is None:
        names = [name for name in records.columns if name != records.primary_key]
    else:
        names = [name for name, _, _ in schema.columns]
        missing = [name for name in names if name not in records.columns]
        if missing:
            raise FindMatchesError(f"The table lacks columns that the model was trained with: {', '.join(missing)}.")
    if not names:
        raise FindMatchesError("The table has no column besides the primary key, so there is nothing to compare.")
    check_memory(records.table.select(names))
    order = key_order(records.table.column(records.primary_key))
    keys = tuple(records.table.column(records.primary_key).take(order).to_pylist())
    cells = records.table.select(names).take(order)
    columns = _columns(cells)
    known = schema or describe(columns)
    columns = uncovered(columns, known.disguised)
    log.debug("%d rows, %d columns to compare", len(keys), len(columns))
    for place, text in known.disguised:
        log.debug("stands for nothing: %s in %s", text, columns[place].name)
    if aside := put_aside(known.views):
        log.debug("unrelated to the others: %s", ", ".join(columns[place].name for place in aside))
    name = content_name(cells, known, neighbours) if records.cache else ""
    del cells  # much memory, in large tables
    cache, entry = records.cache, f"candidates-{name}"
    found = cache.get(entry, lambda arrays: _from_arrays(arrays, known.views)) if cache else None
    candidates = found or find_candidates(columns, known.views, len(keys), neighbours)
    log.debug("%d candidate pairs%s", len(candidates.left), ", kept from before" if found else "")

    def keep() -> None:
        if cache and not found:
            cache.put(entry, lambda folder: save_arrays(folder, _to_arrays(candidates)))

    comparer, _ = side_by_side(lambda: _comparer(cache, f"setup-{name}", columns, known, candidates), keep)
    return Prepared(records, order, keys, columns, candidates, comparer, name)


def _columns(cells: pa.Table) -> tuple[Column, ...]:
    def make(name: str) -> Column:
        return make_column(name, cells.column(name))

    return tuple(in_threads(make, cells.column_names, size=lambda name: cells.column(name).nbytes))


def _comparer(
    cache: Cache | None, entry: str, columns: Sequence[Column], schema: Schema, candidates: Candidates
) -> Comparer:
    """A comparer by what the cache knows of the table; what it does not know is put there."""
    found = cache.get(entry, Setup.from_arrays) if cache else None
    comparer = Comparer(columns, schema, candidates, setup=found)
    if cache and not found:
        cache.put(entry, lambda folder: save_arrays(folder, comparer.arrays()))
    return comparer


def chunks(count: int) -> Iterator[NDArray[np.int64]]:
    """The numbers below ``count`` in pieces of up to ``CHUNK``."""
    size = min(max(-(-count // (_PIECES * _WHOLE)) * _WHOLE, _LEAST_CHUNK), CHUNK)
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count))


def in_chunks(
    work: Callable[[NDArray[np.int64]], NDArray[Any]], places: NDArray[np.int64], dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """What ``work`` gives for the places, a number each, worked out in pieces by a thread for each processor."""
    parts = in_threads(lambda part: work(places[part]), chunks(len(places)))
    return np.concatenate([np.empty(0, dtype=dtype), *parts])


def _to_arrays(candidates: Candidates) -> dict[str, NDArray[Any]]:
    arrays = {"left": candidates.left, "right": candidates.right, "cosines": candidates.cosines}
    for number, view in enumerate(candidates.views):
        arrays |= arrays_of(f"view{number}", view.matrix) | {f"features{number}": view.features}
    return arrays


def _from_arrays(found: Arrays, views: Sequence[View]) -> Candidates:
    seen = tuple(
        Seen(view.unit, matrix_of(f"view{number}", found), found[f"features{number}"])
        for number, view in enumerate(views)
    )
    return Candidates(np.asarray(found["left"]), np.asarray(found["right"]), seen, np.asarray(found["cosines"]))
