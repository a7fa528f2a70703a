"""EVALUATION: learn from a part of the labels, judge by the rest, and keep the figures on the transform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localglue.labels import stored_labels
from localglue.models import MLTransform, TaskRun
from localglue.work import Store, WorkError
from localglue.work.common import read_records, trade_offs, transform_of

if TYPE_CHECKING:
    from findmatches import Metrics

_MAX_IMPORTANCES = 100


def perform(run: TaskRun) -> Store:
    """Returns what stores the metrics."""
    import findmatches  # the engine is heavy; only children of the worker load it

    transform = transform_of(run)
    labels = [stored_labels(transform)]
    if not findmatches.can_train(labels, transform.primary_key):
        raise WorkError("This operation can only be applied to a transform that is in a READY state.")
    metrics = findmatches.evaluate(read_records(transform), labels, **trade_offs(transform))
    shown = _evaluation_metrics(metrics)

    def store() -> None:
        MLTransform.objects.filter(pk=transform.pk).update(metrics=shown)

    return store


def _evaluation_metrics(metrics: Metrics) -> dict[str, Any]:
    """Glue's EvaluationMetrics; ``F1`` is the best F1 over all thresholds, as there."""
    matrix = metrics.confusion_matrix
    return {
        "TransformType": "FIND_MATCHES",
        "FindMatchesMetrics": {
            "AreaUnderPRCurve": metrics.area_under_pr_curve,
            "Precision": metrics.precision,
            "Recall": metrics.recall,
            "F1": metrics.f1,
            "ConfusionMatrix": {
                "NumTruePositives": matrix.true_positives,
                "NumFalsePositives": matrix.false_positives,
                "NumTrueNegatives": matrix.true_negatives,
                "NumFalseNegatives": matrix.false_negatives,
            },
            "ColumnImportances": [
                {"ColumnName": column, "Importance": importance}
                for column, importance in metrics.column_importances[:_MAX_IMPORTANCES]
            ],
        },
    }
