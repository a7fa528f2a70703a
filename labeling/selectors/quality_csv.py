"""The tables behind the charts of quality, a header and a row for each point, oldest first."""

from __future__ import annotations

from labeling.intervals import Estimate
from labeling.models import Transform
from labeling.selectors.quality import agreement_points, columns_over_time, quality_points, shadow_points
from labeling.spreadsheets.cells import csv_text


def points_csv(*, transform: Transform) -> list[list[object]]:
    """Each estimate with its intervals, the matrix, the imports since the one before, and the hash of the labels."""
    header = ["estimated_at", "run", "labels", "labels_hash"]
    for name in ("precision", "recall", "f1"):
        header += [name, f"{name}_low", f"{name}_high"]
    header += ["best_f1", "auprc", "true_positives", "false_positives", "false_negatives", "true_negatives", "imports"]
    rows: list[list[object]] = [list(header)]
    for point in quality_points(transform=transform):
        metrics = point.metrics
        rows.append(
            [
                point.at.isoformat(),
                str(point.run.pk),
                point.labels,
                point.run.content_hash,
                *_cells(point.precision),
                *_cells(point.recall),
                *_cells(point.f1),
                metrics.f1,
                metrics.area_under_pr_curve,
                metrics.true_positives,
                metrics.false_positives,
                metrics.false_negatives,
                metrics.true_negatives,
                " ".join(str(run.pk) for run in point.imports),
            ]
        )
    return rows


def columns_csv(*, transform: Transform) -> list[list[object]]:
    """The share of each column in each estimate."""
    points = quality_points(transform=transform)
    columns = columns_over_time(points)
    rows: list[list[object]] = [["estimated_at", "run", *map(csv_text, columns)]]
    for place, point in enumerate(points):
        rows.append([point.at.isoformat(), str(point.run.pk), *[shares[place] for shares in columns.values()]])
    return rows


def shadow_csv(*, transform: Transform) -> list[list[object]]:
    """The estimate of the embedded engine for each import."""
    header = ["imported_at", "import", "labels", "labels_hash", "precision", "recall"]
    header += ["f1", "f1_low", "f1_high", "best_f1", "auprc"]
    rows: list[list[object]] = [list(header)]
    for point in shadow_points(transform=transform):
        metrics = point.metrics
        place = [point.at.isoformat(), str(point.run.pk), point.labels, point.content_hash]
        rows.append(
            [*place, metrics.precision, metrics.recall, *_cells(point.f1), metrics.f1, metrics.area_under_pr_curve]
        )
    return rows


def agreement_csv(*, transform: Transform) -> list[list[object]]:
    """Krippendorff's alpha by day, week or month."""
    rows: list[list[object]] = [["since", "until", "questions", "alpha", "alpha_low", "alpha_high"]]
    for point in agreement_points(transform=transform):
        alpha = point.alpha
        rows.append([point.since, point.until, point.questions, alpha.value, alpha.low, alpha.high])
    return rows


def _cells(estimate: Estimate) -> list[object]:
    return [estimate.value, estimate.low, estimate.high]
