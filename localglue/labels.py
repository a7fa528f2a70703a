"""The labels of a transform: kept per set in the database, seen by the engine as one label file."""

from __future__ import annotations

from collections.abc import Iterable

from labelfiles import LabeledRow, LabelFile
from localglue.models import LabelingSet, MLTransform

_BATCH = 500


def stored_labels(transform: MLTransform) -> LabelFile:
    """All labels of the transform, set by set in the order in which the sets were last imported."""
    sets = LabelingSet.objects.filter(transform=transform).order_by("pk").values_list("labeling_set_id", "rows")
    return LabelFile(
        transform.columns,
        tuple(LabeledRow(set_id, row[0], tuple(row[1:])) for set_id, rows in sets for row in rows),
    )


def merged(old: LabelFile, new: LabelFile) -> LabelFile:
    """The labels after an import that adds: a set that is in both is taken from ``new`` as a whole."""
    answered = {row.labeling_set_id for row in new.rows}
    return LabelFile(new.columns, (*(row for row in old.rows if row.labeling_set_id not in answered), *new.rows))


def store_labels(transform: MLTransform, new: LabelFile, *, replace: bool) -> int:
    """Write the sets of ``new``; with ``replace`` forget all others first. Returns how many rows are labelled now.

    To be called in the transaction that ends the import.
    """
    sets = new.by_set()
    known = LabelingSet.objects.filter(transform=transform)
    if replace:
        known.delete()
    else:
        for names in _batches(sets):
            known.filter(labeling_set_id__in=names).delete()
    LabelingSet.objects.bulk_create(
        (
            LabelingSet(transform=transform, labeling_set_id=name, rows=[[row.label, *row.values] for row in rows])
            for name, rows in sets.items()
        ),
        batch_size=_BATCH,
    )
    remaining = LabelingSet.objects.filter(transform=transform).values_list("rows", flat=True)
    return sum(len(rows) for rows in remaining.iterator(chunk_size=_BATCH))


def _batches(names: Iterable[str]) -> Iterable[list[str]]:
    """Lists short enough for the number of parameters that SQLite takes."""
    everything = list(names)
    for start in range(0, len(everything), _BATCH):
        yield everything[start : start + _BATCH]
