"""What runs that were started outside the portal mean for what the portal knows.

Their files are not the portal's: questions that somebody else generated are asked only when a lead says so
(``services/questions``), and exports are not kept. Counts and estimates are Glue's, and noted.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from labeling.aws import glue
from labeling.choices import RunKind, RunStatus
from labeling.models import Question, TaskRun, Transform
from labeling.selectors.known_labels import known_labels
from labeling.services.task_runs.transitions import transition

logger = logging.getLogger(__name__)


def finish_foreign_run(*, run: TaskRun, seen: glue.Run, transform: glue.MLTransform, **fields: Any) -> None:
    """End the run well. What Glue says of the transform now is what the newest run of a kind brought; of older ones nobody can tell.

    After an import that replaced all labels, no answer that was imported before counts as imported any more: they wait for import again.
    """
    completed = seen.completed_on or timezone.now()
    later = TaskRun.objects.filter(
        transform=run.transform_id, kind=run.kind, status=RunStatus.SUCCEEDED, completed_at__gt=completed
    )
    if not later.exists():
        if run.kind == RunKind.IMPORT_LABELS:
            fields["labels_after"] = transform.label_count
        elif run.kind == RunKind.EVALUATION and transform.metrics:
            fields["metrics"] = asdict(transform.metrics)
    with transaction.atomic():
        ended = transition(
            run=run,
            to=RunStatus.SUCCEEDED,
            started_at=seen.started_on or run.started_at,
            completed_at=completed,
            execution_seconds=seen.execution_seconds,
            **{"error": "", "advice": "", **fields},
        )
        if not ended:
            return
        if run.replace_all_labels:
            _forget_imported(run)
        moved = TaskRun.objects.filter(
            Q(kind=RunKind.IMPORT_LABELS) | Q(kind=RunKind.EXPORT_LABELS, foreign=False),
            transform=run.transform_id,
            status=RunStatus.SUCCEEDED,
            started_at__gt=completed,
        )
        # What is known now is what was learned since.
        known = None
        if not moved.exists():
            known = known_labels(transform=run.transform, label_count=transform.label_count)
        TaskRun.objects.filter(pk=run.pk).update(content_hash=known.content_hash if known else "")
        Transform.objects.filter(pk=run.transform_id).update(
            glue_status=transform.status, label_count=transform.label_count, updated_at=timezone.now()
        )


def _forget_imported(run: TaskRun) -> None:
    since = TaskRun.objects.filter(
        transform=run.transform_id,
        kind=RunKind.IMPORT_LABELS,
        status=RunStatus.SUCCEEDED,
        foreign=False,
        started_at__gt=run.started_at,
    )
    imported = Question.objects.filter(question_set__transform=run.transform_id, imported_version__isnull=False)
    learned_again = Question.objects.filter(inclusions__label_file__in=since.values("label_file"))
    count = imported.exclude(pk__in=learned_again.values("pk")).update(imported_version=None)
    logger.warning("run %s replaced all labels outside the portal: %d results wait for import again", run.pk, count)
