"""EXPORT_LABELS: everything that was imported, as one label file that imports again to the same labels."""

from __future__ import annotations

from labelfiles import label_file_bytes
from localglue import store
from localglue.labels import stored_labels
from localglue.models import TaskRun
from localglue.work import Store, nothing
from localglue.work.common import output_name, transform_of, write_output


def perform(run: TaskRun) -> Store:
    """Writes the file; there is nothing to store."""
    transform = transform_of(run)
    path = store.parse_path(run.path).child(output_name(run, "labels"))
    write_output(run, path, label_file_bytes(stored_labels(transform)), "text/csv; charset=utf-8")
    return nothing
