"""What goes out of runs, and of the files that they read and write. Names and values as in ``schemas``."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from ninja import Schema

from labeling.api.errors import PlaceOut
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.metrics import Metrics
from labeling.models import LabelFile, MatchResult, TaskRun
from labeling.selectors.task_runs import label_file_of


def files(*types: str) -> dict[str, Any]:
    """What is said of an address that answers with a file of one of these types."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"responses": {200: {"content": dict.fromkeys(types, binary)}}}


class MetricsOut(Schema):
    """What an estimate brought. ``f1`` belongs to the precision and recall beside it, ``best_f1`` is Glue's: over all thresholds."""

    precision: float
    recall: float
    f1: float
    best_f1: float
    area_under_pr_curve: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    column_importances: dict[str, float]

    @classmethod
    def of(cls, metrics: Metrics) -> MetricsOut:
        return cls(
            precision=metrics.precision,
            recall=metrics.recall,
            f1=metrics.f1_at_trade_off,
            best_f1=metrics.f1,
            area_under_pr_curve=metrics.area_under_pr_curve,
            true_positives=metrics.true_positives,
            false_positives=metrics.false_positives,
            true_negatives=metrics.true_negatives,
            false_negatives=metrics.false_negatives,
            column_importances=dict(metrics.column_importances),
        )


class RunOut(Schema):
    """A background run. ``status`` is QUEUED or SUBMITTING, then Glue's own; ``ended`` tells whether it moves no more.

    ``problem``, ``error`` and ``advice`` say why it waits or failed. ``has_result``: the run wrote a table that can be downloaded.
    """

    id: UUID
    transform: UUID
    kind: RunKind
    status: RunStatus
    ended: bool
    requested_by: str | None
    started_outside: bool
    replace_all_labels: bool
    glue_run_id: str
    created_at: dt.datetime
    completed_at: dt.datetime | None
    label_file: UUID | None
    labels_before: int | None
    labels_after: int | None
    metrics: MetricsOut | None
    has_result: bool
    problem: str
    error: str
    advice: str

    @classmethod
    def of(cls, run: TaskRun) -> RunOut:
        label_file = label_file_of(run)
        return cls(
            id=run.pk,
            transform=run.transform_id,
            kind=RunKind(run.kind),
            status=RunStatus(run.status),
            ended=run.is_terminal,
            requested_by=run.requested_by.username if run.requested_by else None,
            started_outside=run.foreign,
            replace_all_labels=run.replace_all_labels,
            glue_run_id=run.glue_run_id,
            created_at=run.created_at,
            completed_at=run.completed_at,
            label_file=label_file.pk if label_file else None,
            labels_before=run.labels_before,
            labels_after=run.labels_after,
            metrics=MetricsOut.of(run.measured) if run.measured else None,
            has_result=bool(run.result_uri),
            problem=run.problem,
            error=run.error,
            advice=run.advice,
        )


class MatchResultOut(Schema):
    """The newest table that the portal has read: how many rows and groups, and what has changed since the result before."""

    run: UUID
    read_at: dt.datetime
    rows: int
    groups: int
    matched_rows: int
    matched_groups: int
    largest_group: int
    compared_with: UUID | None
    new_rows: int
    gone_rows: int
    joined_groups: int
    split_groups: int
    has_persistent_ids: bool

    @classmethod
    def of(cls, result: MatchResult, read_at: dt.datetime) -> MatchResultOut:
        return cls(
            run=result.run_id,
            read_at=read_at,
            rows=result.rows,
            groups=result.groups,
            matched_rows=result.matched_rows,
            matched_groups=result.matched_groups,
            largest_group=result.largest,
            compared_with=result.before_id,
            new_rows=result.new_rows,
            gone_rows=result.gone_rows,
            joined_groups=result.joined,
            split_groups=result.split,
            has_persistent_ids=bool(result.persistent_ids),
        )


class LabelFileOut(Schema):
    """A label file in S3, which never changes. ``follows``: it is a further part of a file that was too large for Glue."""

    id: UUID
    kind: LabelFileKind
    uri: str
    sha256: str
    size: int
    sets: int
    rows: int
    matching_pairs: int
    non_matching_pairs: int
    part: int
    parts: int
    follows: UUID | None
    created_at: dt.datetime

    @classmethod
    def of(cls, label_file: LabelFile) -> LabelFileOut:
        return cls(
            id=label_file.pk,
            kind=LabelFileKind(label_file.kind),
            uri=label_file.uri,
            sha256=label_file.sha256,
            size=label_file.size,
            sets=label_file.sets,
            rows=label_file.rows,
            matching_pairs=label_file.matching_pairs,
            non_matching_pairs=label_file.non_matching_pairs,
            part=label_file.part,
            parts=label_file.parts,
            follows=label_file.follows_id,
            created_at=label_file.created_at,
        )


class KeptLabelsOut(Schema):
    """The label file that was made of an upload, and what was found in it on the way; ``left_out`` rows say nothing."""

    label_file: LabelFileOut
    left_out: int
    findings: list[PlaceOut]
