"""The embedded engine's estimate of quality, seconds after an import has been handed to Glue, and how much the next answers would bring.

It learns from the same labels as Glue, in the portal's worker, on the rows that the label files hold: not on the whole table. So it is an
estimate of an estimate, and marked as one wherever it is shown; whatever goes wrong here costs this estimate and nothing else.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from findmatches import FindMatchesError, JudgedPair, Judgement, judge, learning_curve
from labelfiles import LabelFile, LabelFileError, content_hash
from labeling.aws.errors import MISSING
from labeling.choices import ACTIVE, AT_GLUE, RETRYABLE, RunKind, RunStatus
from labeling.exceptions import GlueError
from labeling.models import JudgedQuestion, PairExplanation, Question, ShadowEstimate, TaskRun
from labeling.selectors.claims import free
from labeling.selectors.shadow import NEXT_QUESTIONS, Cell, files_learned
from labeling.services.claims import claim, try_again_later
from labeling.services.lessons import newest_sets
from labeling.services.proposals import records_of

logger = logging.getLogger(__name__)

_MAX_SETS = 400
"""More sets, newest first, would change the figures little and keep people waiting."""


def sweep_shadow() -> None:
    """One estimate that is missing, else one learning curve. Of two calls at a time one does nothing."""
    run = _import_without_estimate()
    if run is not None:
        estimate, _made = ShadowEstimate.objects.get_or_create(import_run=run, defaults={"transform": run.transform})
        if claim(estimate):
            estimate_quality(estimate=estimate)
        return
    waiting = _estimate_without_curve()
    if waiting is not None and claim(waiting):
        draw_curve(estimate=waiting)


def estimate_quality(*, estimate: ShadowEstimate) -> None:
    """Judge the labels by models that have not seen them, and keep the figures with the questions behind them."""
    run = estimate.import_run
    try:
        labels = _labels(run)
        judgement = judge(
            records_of(run.transform, (row.values for row in labels.rows)),
            [labels],
            precision_recall=run.transform.precision_recall,
            accuracy_cost=run.transform.accuracy_cost,
        )
    except (FindMatchesError, LabelFileError, LookupError) as error:
        # What the engine says may quote a value of the table, and records do not belong into logs.
        logger.info("import %s: no estimate (%s)", run.pk, type(error).__name__)
        _end(estimate, problem=_problem(error))
        return
    except GlueError as error:
        logger.warning("import %s: label files cannot be read (%s)", run.pk, error.code)
        if error.code in MISSING:
            _end(estimate, problem=_("The label files are no longer where the portal kept them."))
        else:
            try_again_later(estimate)
        return
    hashed = content_hash(labels, primary_key=run.transform.primary_key)
    with transaction.atomic():
        if _end(
            estimate,
            metrics=_stored(judgement),
            threshold=judgement.threshold,
            content_hash=hashed,
            sets=len(labels.by_set()),
        ):
            _keep_questions(estimate, judgement)
    logger.info("import %s: estimate over %d pairs", run.pk, len(judgement.pairs))


def draw_curve(*, estimate: ShadowEstimate) -> None:
    """How F1 has grown with labels, and what the next questions would bring."""
    run = estimate.import_run
    curve: dict[str, Any] | None = None
    try:
        labels = _labels(run)
        rows_a_set = len(labels.rows) / max(len(labels.by_set()), 1)
        found = learning_curve(
            records_of(run.transform, (row.values for row in labels.rows)),
            [labels],
            accuracy_cost=run.transform.accuracy_cost,
            next_rows=max(round(NEXT_QUESTIONS * rows_a_set), 1),
        )
        curve = found.to_dict()
    except (FindMatchesError, LabelFileError, LookupError) as error:
        logger.info("import %s: no learning curve (%s)", run.pk, type(error).__name__)
    except GlueError as error:
        logger.warning("import %s: label files cannot be read (%s)", run.pk, error.code)
        if error.code not in MISSING:
            try_again_later(estimate)
            return
    ShadowEstimate.objects.filter(pk=estimate.pk, claimed_at=estimate.claimed_at).update(
        curve=curve, curve_at=timezone.now()
    )


def _import_without_estimate() -> TaskRun | None:
    """The newest import of some transform, handed to Glue or learned from already, that nobody has looked at."""
    imports = TaskRun.objects.filter(
        kind=RunKind.IMPORT_LABELS, status__in=(*AT_GLUE, RunStatus.SUCCEEDED), label_file__isnull=False
    )
    # A subquery that looks at the outer row would go through the history again for each transform, every five seconds.
    newest = imports.order_by().values("transform").annotate(at=Max("created_at")).values("at")
    looked_at = ShadowEstimate.objects.filter(~free() | Q(completed_at__isnull=False), import_run=OuterRef("pk"))
    due = imports.filter(~Exists(looked_at), created_at__in=newest).order_by("created_at")
    return due.select_related("transform", "label_file").first()


def _estimate_without_curve() -> ShadowEstimate | None:
    """The newest of a transform where nothing runs, imports that failed aside: the curve takes a core for a while, and runs come first."""
    shown = ShadowEstimate.objects.exclude(import_run__status__in=RETRYABLE)
    newer = shown.filter(transform=OuterRef("transform"), created_at__gt=OuterRef("created_at"))
    running = TaskRun.objects.filter(transform=OuterRef("transform"), status__in=ACTIVE)
    return (
        shown.filter(free(), ~Exists(newer), ~Exists(running), metrics__isnull=False, curve_at__isnull=True)
        .select_related("import_run__transform", "import_run__label_file")
        .order_by("created_at")
        .first()
    )


def _end(estimate: ShadowEstimate, **fields: Any) -> bool:
    """Keep what came out, and give the claim back; False if another worker has taken over."""
    now = timezone.now()
    kept = ShadowEstimate.objects.filter(pk=estimate.pk, claimed_at=estimate.claimed_at, completed_at=None).update(
        completed_at=now, claimed_at=None, attempts=0, **fields
    )
    return kept == 1


def _labels(run: TaskRun) -> LabelFile:
    """The labels that Glue holds after the import, the newest sets of them. Raises ``LookupError`` if the portal does not have them all."""
    files = files_learned(run=run)
    if files is None:
        raise LookupError
    wanted = [rows for _name, rows in islice(newest_sets(files), _MAX_SETS)][::-1]
    return LabelFile(tuple(run.transform.column_names), tuple(row for rows in wanted for row in rows if row.label))


def _stored(judgement: Judgement) -> dict[str, Any]:
    """As ``labeling.metrics.Metrics`` is kept with an evaluation's run."""
    content = asdict(judgement.metrics)
    content |= content.pop("confusion_matrix")
    return content


def _keep_questions(estimate: ShadowEstimate, judgement: Judgement) -> None:
    """The judged pairs by question. Sets that no question has are left out.

    Those of earlier estimates are of no use any more, but for the newest of an import that went well: this one may yet fail.
    """
    by_set: dict[str, list[JudgedPair]] = defaultdict(list)
    for pair in judgement.pairs:
        by_set[pair.set_id].append(pair)
    questions = dict(
        Question.objects.filter(question_set__transform=estimate.transform_id).values_list("labeling_set_id", "pk")
    )
    went_well = ShadowEstimate.objects.filter(
        transform=estimate.transform_id, metrics__isnull=False, import_run__status=RunStatus.SUCCEEDED
    )
    kept = went_well.order_by("-created_at").values_list("pk", flat=True).first()
    JudgedQuestion.objects.filter(estimate__transform=estimate.transform_id).exclude(estimate=kept).delete()
    PairExplanation.objects.filter(transform=estimate.transform_id, question__isnull=False).delete()
    JudgedQuestion.objects.bulk_create(_judged(estimate, questions, by_set, judgement.threshold), batch_size=200)


def _judged(
    estimate: ShadowEstimate,
    questions: Mapping[str, uuid.UUID],
    by_set: Mapping[str, Sequence[JudgedPair]],
    threshold: float,
) -> Iterable[JudgedQuestion]:
    for name, pairs in by_set.items():
        if name not in questions:
            continue
        cells = dict.fromkeys(Cell, 0)
        for pair in pairs:
            cells[_cell(pair, threshold)] += 1
        wrong = [abs(pair.score - pair.match) for pair in pairs if _cell(pair, threshold).wrong]
        yield JudgedQuestion(
            estimate=estimate,
            question_id=questions[name],
            worst=max(wrong, default=0.0),
            pairs=[[*pair.keys, pair.match, round(pair.score, 3)] for pair in pairs],
            **{str(cell): count for cell, count in cells.items()},
        )


def _cell(pair: JudgedPair, threshold: float) -> Cell:
    if pair.match:
        return Cell.TRUE_POSITIVES if pair.score >= threshold else Cell.FALSE_NEGATIVES
    return Cell.FALSE_POSITIVES if pair.score >= threshold else Cell.TRUE_NEGATIVES


def _problem(error: Exception) -> str:
    if isinstance(error, LookupError):
        return _("Glue has learned from labels that the portal does not have.")
    return _("There are too few labels, or not the kind that the engine can learn from.")
