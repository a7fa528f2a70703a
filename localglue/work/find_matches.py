"""FIND_MATCHES: apply the transform to a table and write one file with ``match_id`` to S3."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from localglue import store
from localglue.apply_arguments import ApplyArguments, check_output, result_path
from localglue.errors import GlueError
from localglue.labels import stored_labels
from localglue.models import MLTransform, TaskRun
from localglue.operations.catalog import find_table
from localglue.tables import read_files
from localglue.work import Store, WorkError, nothing
from localglue.work.common import read_records, trained_model, transform_of, write_output
from localglue.work.results import encoded

if TYPE_CHECKING:
    import pyarrow as pa

    from findmatches import Model, Records

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*", re.ASCII)
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/x-ndjson",
}
_RESULT = [{"Name": "match_id", "DataType": "bigint"}, {"Name": "match_confidence_score", "DataType": "double"}]


def perform(run: TaskRun) -> Store:
    """Writes ``part-00000.csv``, ``.parquet`` or ``.json`` (one object a line) into the output folder; there is nothing to store."""
    import findmatches  # the engine is heavy; only children of the worker load it

    arguments = ApplyArguments.parse(run.arguments or {})
    transform = transform_of(run)
    labels = stored_labels(transform)
    if not findmatches.can_train([labels], transform.primary_key):
        raise WorkError("This operation can only be applied to a transform that is in a READY state.")
    _check_output(arguments, transform)
    own = cache(
        lambda: read_records(transform)
    )  # read only if the model must be trained, or these are the rows to match
    model = trained_model(transform, labels, own)
    records = _records(arguments, transform, own)
    existing = _existing(arguments.existing_path, transform) if arguments.existing_path else None
    matches = matched(records, model, existing)
    if arguments.remove_duplicates:
        matches = _without_duplicates(matches, transform.primary_key)
    if not arguments.match_confidence:
        matches = matches.drop_columns(["match_confidence_score"])
    data = encoded(matches, arguments.output_format, transform.schema)
    write_output(run, result_path(arguments), data, _TYPES[arguments.output_format])
    return nothing


def _check_output(arguments: ApplyArguments, transform: MLTransform) -> None:
    """Before anything is read: raises ``WorkError`` or ``store.StoreError`` if the result cannot be written where it is to go."""
    sources = [arguments.input_path]
    for database, table in (
        (arguments.database, arguments.table),
        (transform.database_name, transform.table_name),
    ):
        with suppress(GlueError):  # gone: told if it is to be read
            sources.append(find_table(database, table).definition.get("StorageDescriptor", {}).get("Location", ""))
    try:
        check_output(arguments, sources)
    except ValueError as error:
        raise WorkError(str(error)) from None
    store.check_bucket(store.parse_path(arguments.output_path))


def matched(records: Records, model: Model, existing: Records | None) -> pa.Table:
    """The match, whole or incremental, by the embedded engine or on Spark. Spark ends with this process, however that ends."""
    import findmatches  # as above

    if settings.LOCALGLUE_SPARK_MASTER:
        from findmatches import spark  # heavier still

        return spark.match_records(records, model, settings.LOCALGLUE_SPARK_MASTER, existing)
    return findmatches.match_incremental(existing, records, model) if existing else model.match(records)


def _records(arguments: ApplyArguments, transform: MLTransform, own: Callable[[], Records]) -> Records:
    """The rows that the arguments name; ``own`` are those of the transform's table."""
    from findmatches import Records  # as above

    if arguments.input_path:
        found = read_files(arguments.input_path, transform.schema)
        return Records.from_arrow(found.table, primary_key=transform.primary_key, place=found.place)
    same = (transform.database_name, transform.table_name) == (arguments.database.lower(), arguments.table.lower())
    return own() if same else read_records(transform, database=arguments.database, table=arguments.table)


def _existing(path: str, transform: MLTransform) -> Records:
    """The output of an earlier run; without its confidence, if that was not asked for."""
    from findmatches import Records  # as above

    found = read_files(path, [*transform.schema, *_RESULT], optional=frozenset({"match_confidence_score"}))
    return Records.from_arrow(found.table, primary_key=transform.primary_key, place=found.place)


def _without_duplicates(matches: pa.Table, primary_key: str) -> pa.Table:
    """Of the rows that share a match id, the one with the lowest primary key; numbers by value, other keys by text."""
    keys = matches.column(primary_key).to_pylist()
    groups = matches.column("match_id").to_pylist()
    numbers = all(_NUMBER.fullmatch(key) for key in keys)
    order = sorted(range(len(keys)), key=lambda row: (Decimal(keys[row]) if numbers else 0, keys[row]))
    first: dict[int, int] = {}
    for row in order:
        first.setdefault(groups[row], row)
    return matches.take(sorted(first.values()))
