"""LABELING_SET_GENERATION: the questions whose answers teach the most, as one label file without labels."""

from __future__ import annotations

from labelfiles import label_file_bytes
from localglue import store
from localglue.labels import stored_labels
from localglue.models import TaskRun
from localglue.work import Store, nothing
from localglue.work.common import output_name, read_records, transform_of, write_output


def perform(run: TaskRun) -> Store:
    """The seed is the number of the run, so that two files without labels in between ask different things."""
    from findmatches import ask  # the engine is heavy; only children of the worker load it

    transform = transform_of(run)
    folder = store.parse_path(run.path)
    store.check_bucket(folder)
    records = read_records(transform)
    labels = stored_labels(transform)
    questions = ask(records, [labels] if labels.rows else [], seed=run.pk)
    write_output(
        run, folder.child(output_name(run, "labeling_set")), label_file_bytes(questions), "text/csv; charset=utf-8"
    )
    return nothing
