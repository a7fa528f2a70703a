"""Match ids are new in each result. Persistent ids stay: a group has that of the earlier group whose rows it holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from django.db.models import Max

from labeling.aws import storage
from labeling.aws.errors import MISSING
from labeling.exceptions import GlueError
from labeling.models import MatchResult, TaskRun
from labeling.services.match_tables import WRITTEN, places_of
from labeling.services.tables import open_pieces

COLUMN = "persistent_id"


@dataclass(frozen=True, slots=True)
class PersistentIds:
    """``ids`` has the columns ``key`` and ``persistent_id`` (int64), a row for each row of a result. ``kept`` groups have the id of an
    earlier one, ``new`` groups one that nothing had before, from ``next_id`` on nothing has; ``retired`` ids nothing has any more."""

    ids: pa.Table
    next_id: int
    kept: int
    new: int
    retired: int


def carried_over(before: pa.Table | None, groups: pa.Table, *, next_id: int) -> PersistentIds:
    """Gives each group of ``match_tables.read_groups`` the id of the group of ``before`` with which it shares the most rows.

    An id goes to one group only and a group takes one only, the pair with the most common rows first, then the lower id. Keys must not repeat.
    """
    numbers = _taken_over(before, groups) if before is not None else {}
    kept = len(numbers)
    for match_id in pc.unique(groups.column("id")).to_pylist():
        if match_id not in numbers:
            numbers[match_id] = next_id
            next_id += 1
    names = pa.array(numbers.keys(), pa.string())
    of_group = pa.array(numbers.values(), pa.int64())
    column = of_group.take(pc.index_in(groups.column("id").combine_chunks(), value_set=names))
    return PersistentIds(
        ids=pa.table({"key": groups.column("key"), COLUMN: column}),
        next_id=next_id,
        kept=kept,
        new=len(numbers) - kept,
        retired=pc.count_distinct(before.column(COLUMN)).as_py() - kept if before is not None else 0,
    )


def _taken_over(before: pa.Table, groups: pa.Table) -> dict[str, int]:
    """The id of each group that has one of an earlier group."""
    both = groups.select(["key", "id"]).join(before, keys="key", join_type="inner")
    links = both.group_by(["id", COLUMN]).aggregate([("key", "count")])
    links = links.sort_by([("key_count", "descending"), (COLUMN, "ascending"), ("id", "ascending")])
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for match_id, number in zip(links.column("id").to_pylist(), links.column(COLUMN).to_pylist(), strict=True):
        if match_id not in numbers and number not in taken:
            numbers[match_id] = number
            taken.add(number)
    return numbers


def save_ids(carried: PersistentIds, *, run: TaskRun) -> str:
    """Writes the ids to our bucket, as Parquet; the key. Raises ``GlueError``."""
    with tempfile.TemporaryFile() as file:
        pq.write_table(carried.ids, file)
        return storage.save_file(f"persistent-ids/{run.transform_id}/{run.pk}.parquet", file).key


def load_ids(key: str) -> pa.Table:
    """The ids under a key that ``save_ids`` gave. Raises ``GlueError``."""
    with tempfile.TemporaryFile() as file:
        storage.download_uri(storage.our_uri(key), file)
        return pq.read_table(file)


def ids_before(run: TaskRun) -> pa.Table | None:
    """The ids of the newest earlier result that has any; None if there is none, or its file is gone. Raises ``GlueError`` if S3 does not answer."""
    results = MatchResult.objects.filter(run__transform=run.transform_id, run__completed_at__lt=run.completed_at)
    earlier = results.exclude(persistent_ids="").order_by("-run__completed_at").first()
    if earlier is None:
        return None
    try:
        return load_ids(earlier.persistent_ids)
    except GlueError as error:
        if error.code not in MISSING:
            raise
        return None


def first_unused(transform_id: UUID) -> int:
    """The first persistent id that no group in any result of the transform has had."""
    highest = MatchResult.objects.filter(run__transform=transform_id).aggregate(at=Max("next_persistent_id"))["at"]
    return highest or 1


def with_persistent_ids(file: IO[bytes], ids: pa.Table, *, primary_key: str) -> Iterator[bytes]:
    """The result as CSV, in pieces, with the persistent id of each row as its last column."""
    pieces = open_pieces(file, WRITTEN)
    names = [*pieces.schema.names, _free(COLUMN, pieces.schema.names)]
    (key,) = places_of(pieces.schema.names, [primary_key])
    known, numbers = ids.column("key").combine_chunks(), ids.column(COLUMN).combine_chunks()
    yield _csv(pa.record_batch([pa.array([name]) for name in names], names=names))
    for piece in pieces.batches:
        column = numbers.take(pc.index_in(piece.column(key), value_set=known))
        yield _csv(pa.record_batch([*piece.columns, column], names=names))


def _csv(rows: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(rows, sink, pa_csv.WriteOptions(include_header=False, quoting_style="needed"))
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _free(name: str, names: list[str]) -> str:
    """The name, or with an underscore behind it if the table has such a column."""
    taken = {each.strip().lower() for each in names}
    while name in taken:
        name += "_"
    return name
