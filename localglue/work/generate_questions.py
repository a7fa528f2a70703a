"""LABELING_SET_GENERATION: the questions whose answers teach the most, as one label file without labels."""

from __future__ import annotations

from labelfiles import LabeledRow, LabelFile, LabelFileError, label_file_bytes, read_label_file
from localglue import store
from localglue.choices import TaskStatus, TaskType
from localglue.labels import stored_labels
from localglue.models import MLTransform, TaskRun
from localglue.work import Store, nothing
from localglue.work.common import output_name, read_records, transform_of, write_output

_KIND = "labeling_set"
# What waits longer than that is most likely forgotten, and may be asked again.
_FILES_THAT_WAIT = 20
_MAX_BYTES = 16 * 1024 * 1024


def perform(run: TaskRun) -> Store:
    """No row that an earlier file asks about is asked again before the answers are here, unless no others are left."""
    from findmatches import FindMatchesError, ask  # the engine is heavy; only children of the worker load it

    transform = transform_of(run)
    folder = store.parse_path(run.path)
    store.check_bucket(folder)
    records = read_records(transform)
    labels = stored_labels(transform)
    known = [labels] if labels.rows else []
    waiting = _waiting(transform, labels)
    try:
        questions = ask(records, [*known, waiting] if waiting.rows else known, seed=run.pk)
    except FindMatchesError:  # no others are left, or the table has none of these rows any more
        if not waiting.rows:
            raise
        questions = ask(records, known, seed=run.pk)
    write_output(run, folder.child(output_name(run, _KIND)), label_file_bytes(questions), "text/csv; charset=utf-8")
    return nothing


def _waiting(transform: MLTransform, labels: LabelFile) -> LabelFile:
    """The questions of the newest files to which no label has come yet, as far as the files are still there."""
    earlier = TaskRun.objects.filter(
        transform=transform, task_type=TaskType.LABELING_SET_GENERATION, status=TaskStatus.SUCCEEDED
    ).order_by("-pk")[:_FILES_THAT_WAIT]
    rows = [row for run in earlier for row in _asked_by(run, transform.columns)]
    labelled = labels.by_set()
    # Whatever somebody has written into the file since, it has not been imported and teaches nothing yet.
    return LabelFile(
        transform.columns,
        tuple(LabeledRow(row.labeling_set_id, "", row.values) for row in rows if row.labeling_set_id not in labelled),
    )


def _asked_by(run: TaskRun, columns: tuple[str, ...]) -> tuple[LabeledRow, ...]:
    """The rows of the file that the run wrote; none if somebody has since deleted it or made something else of it."""
    try:
        path = store.parse_path(run.path).child(output_name(run, _KIND))
        found = read_label_file(store.read(path, limit=_MAX_BYTES))
    except store.StoreUnavailableError:
        raise
    except (store.StoreError, LabelFileError):
        return ()
    return found.rows if found.columns == columns else ()
