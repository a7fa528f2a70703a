"""Tables with a ``match_id``, as FIND_MATCHES runs write them: their groups, and what changed between two of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from labeling.exceptions import InvalidSourceError
from labeling.services.tables import check_rows, find_columns, open_pieces
from tableformats import TableFormat

MATCH_ID = "match_id"
CONFIDENCE = "match_confidence_score"
_NAMES = ["key", "id", "confidence"]
WRITTEN = TableFormat("csv", header_lines=1)
"""How the job writes its table."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of an earlier result. ``before`` and ``now`` map the keys of rows in both to a match id, for groups that changed.

    ``joined`` are match ids of now whose rows had several before, ``split`` match ids of before whose rows have several now; most parts first.
    """

    new_rows: int
    gone_rows: int
    joined: list[str]
    split: list[str]
    before: dict[str, str]
    now: dict[str, str]


def read_groups(file: IO[bytes], *, primary_key: str) -> pa.Table:
    """Key, match id and confidence of each row, as the columns ``key``, ``id`` and ``confidence`` (null where there is none).

    Raises ``InvalidSourceError`` if that is no such table, or one with more rows than the portal looks at.
    """
    batches = []
    count = 0
    for piece in open_pieces(file, WRITTEN).batches:
        key, match_id = places_of(piece.schema.names, [primary_key, MATCH_ID])
        (confidence,) = find_columns(piece.schema.names, [CONFIDENCE])
        count += piece.num_rows
        check_rows(count)
        sure = pa.nulls(piece.num_rows, pa.string()) if confidence is None else piece.column(confidence)
        batches.append(pa.record_batch([piece.column(key), piece.column(match_id), sure], names=_NAMES))
    table = pa.Table.from_batches(batches, pa.schema([(name, pa.string()) for name in _NAMES]))
    written = table.column("confidence")
    try:
        number = pc.if_else(pc.equal(written, ""), None, written).cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise InvalidSourceError(_("%(name)s is not a number in all rows.") % {"name": CONFIDENCE}) from error
    return table.set_column(2, "confidence", number)


def group_sizes(rows: pa.Table) -> pa.Table:
    """A row for each group of ``read_groups``: ``id``, ``size`` and ``confidence``."""
    counted = rows.group_by("id").aggregate([("key", "count"), ("confidence", "min")])
    return counted.select(["id", "key_count", "confidence_min"]).rename_columns(["id", "size", "confidence"])


def keys_repeat(rows: pa.Table) -> bool:
    """Whether a key of ``read_groups`` stands in several rows."""
    return bool(pc.count_distinct(rows.column("key")).as_py() < rows.num_rows)


def changes(before: pa.Table, now: pa.Table) -> Changes | None:
    """What changed between two tables of ``read_groups``, by key; None where keys repeat, so that nobody can tell."""
    if keys_repeat(before) or keys_repeat(now):
        return None
    both = before.select(["key", "id"]).join(
        now.select(["key", "id"]).rename_columns(["key", "id_now"]), keys="key", join_type="inner"
    )
    links = both.group_by(["id", "id_now"]).aggregate([])
    joined, split = _in_several(links, "id_now", "id"), _in_several(links, "id", "id_now")
    changed = both.filter(
        pc.or_(
            pc.is_in(both.column("id_now"), value_set=pa.array(joined, pa.string())),
            pc.is_in(both.column("id"), value_set=pa.array(split, pa.string())),
        )
    )
    keys = changed.column("key").to_pylist()
    return Changes(
        new_rows=now.num_rows - both.num_rows,
        gone_rows=before.num_rows - both.num_rows,
        joined=joined,
        split=split,
        before=dict(zip(keys, changed.column("id").to_pylist(), strict=True)),
        now=dict(zip(keys, changed.column("id_now").to_pylist(), strict=True)),
    )


def rows_of_groups(
    file: IO[bytes], *, columns: Sequence[str], groups: Collection[str], limit: int
) -> tuple[dict[str, list[list[str]]], Counter[str]]:
    """The values of the first ``limit`` rows of each of these groups, in the order of the file, and how many rows each has."""
    found: dict[str, list[list[str]]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    for match_id, values in _values(file, [MATCH_ID, *columns], MATCH_ID, groups):
        sizes[match_id] += 1
        if sizes[match_id] <= limit:
            found[match_id].append(values)
    return found, sizes


def search(file: IO[bytes], *, columns: Sequence[str], text: str, limit: int) -> list[str]:
    """The match ids of the first ``limit`` groups with a row in which some cell holds the text, in whatever case."""
    found: dict[str, None] = {}
    for piece in open_pieces(file, WRITTEN).batches:
        match_id, *cells = places_of(piece.schema.names, [MATCH_ID, *columns])
        hits = pa.array([False] * piece.num_rows)
        for place in cells:
            hits = pc.or_(hits, pc.match_substring(piece.column(place), text, ignore_case=True).fill_null(False))
        for one in pc.unique(piece.column(match_id).filter(hits)).to_pylist():
            found.setdefault(one)
            if len(found) == limit:
                return list(found)
    return list(found)


def rows_of_keys(
    file: IO[bytes], *, columns: Sequence[str], primary_key: str, keys: Collection[str]
) -> dict[str, list[str]]:
    """The values of the rows with these keys."""
    return dict(_values(file, [primary_key, *columns], primary_key, keys))


def _values(file: IO[bytes], names: Sequence[str], by: str, wanted: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """The first of the columns ``names`` and then all others, of the rows whose cell in column ``by`` is wanted."""
    if not wanted:
        return
    value_set = pa.array(list(wanted), pa.string())
    for piece in open_pieces(file, WRITTEN).batches:
        places = places_of(piece.schema.names, names)
        picked = piece.filter(pc.is_in(piece.column(places[names.index(by)]), value_set=value_set)).select(places)
        for first, *values in zip(*(column.to_pylist() for column in picked.columns), strict=True):
            # No database of ours holds a NUL character: PostgreSQL refuses it.
            yield first, ["" if value is None else value.replace("\0", "\ufffd") for value in values]


def _in_several(links: pa.Table, group: str, other: str) -> list[str]:
    counted = links.group_by(group).aggregate([(other, "count")])
    several = counted.filter(pc.greater(counted.column(f"{other}_count"), 1))
    return list(several.sort_by([(f"{other}_count", "descending"), (group, "ascending")]).column(group).to_pylist())


def places_of(header: Sequence[str], names: Sequence[str]) -> list[int]:
    """``find_columns``, but raises ``InvalidSourceError`` if one is missing."""
    places = find_columns(header, names)
    for name, place in zip(names, places, strict=True):
        if place is None:
            raise InvalidSourceError(_("The result has no column %(name)s.") % {"name": name})
    return [place for place in places if place is not None]
