"""FIND_MATCHES: apply the transform to a table and write one file with ``match_id`` to S3."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from localglue import store
from localglue.apply_arguments import ApplyArguments
from localglue.labels import stored_labels
from localglue.models import TaskRun
from localglue.work import Store, WorkError, nothing
from localglue.work.common import read_records, trained_model, transform_of, write_output

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def perform(run: TaskRun) -> Store:
    """Writes ``part-00000.csv`` or ``.parquet`` into the output folder; there is nothing to store."""
    import findmatches  # the engine is heavy; only children of the worker load it

    arguments = ApplyArguments.parse(run.arguments or {})
    transform = transform_of(run)
    labels = stored_labels(transform)
    if not findmatches.can_train([labels]):
        raise WorkError("This operation can only be applied to a transform that is in a READY state.")
    own = read_records(transform)
    model = trained_model(transform, labels, own)
    same = (transform.database_name, transform.table_name) == (arguments.database.lower(), arguments.table.lower())
    records = own if same else read_records(transform, database=arguments.database, table=arguments.table)
    matches = model.match(records)
    if arguments.remove_duplicates:
        matches = _without_duplicates(matches, transform.primary_key)
    if not arguments.match_confidence:
        matches = matches.drop_columns(["match_confidence_score"])
    path = store.parse_path(arguments.output_path).child(f"part-00000.{arguments.output_format}")
    write_output(run, path, _encoded(matches, arguments.output_format), _TYPES[arguments.output_format])
    return nothing


def _without_duplicates(matches: pa.Table, primary_key: str) -> pa.Table:
    """Of the rows that share a match id, the one with the lowest primary key; numbers by value, other keys by text."""
    keys = matches.column(primary_key).to_pylist()
    groups = matches.column("match_id").to_pylist()
    numbers = all(key.isdecimal() for key in keys)
    order = sorted(range(len(keys)), key=lambda row: (int(keys[row]) if numbers else 0, keys[row]))
    first: dict[int, int] = {}
    for row in order:
        first.setdefault(groups[row], row)
    return matches.take(sorted(first.values()))


def _encoded(matches: pa.Table, output_format: str) -> bytes:
    from pyarrow import csv, parquet  # as above

    stream = io.BytesIO()
    if output_format == "csv":
        csv.write_csv(matches, stream, csv.WriteOptions(quoting_style="needed"))
    else:
        parquet.write_table(matches, stream)
    return stream.getvalue()
