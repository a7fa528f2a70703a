"""How the engine would group the rows of open questions: faint letters to start from, never an answer by themselves.

The engine runs in the portal's worker, on the rows that the portal has anyway: those of the questions, and of settled questions as its
lessons. So it works in front of AWS Glue too, and whatever goes wrong here costs the letters and nothing else.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta

import pyarrow as pa
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from findmatches import FindMatchesError, Proposal, Records, propose
from labelfiles import LabeledRow, LabelFile
from labeling.choices import GROUP_LABELS, QuestionState
from labeling.models import Answer, Question, Row, Transform
from labeling.services.lessons import lessons_of, rows_by_question

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=60)
"""So long the proposals of a transform stay as they are at least, however fast answers come in."""

_LATE = timedelta(seconds=5)
"""Changes are dated before their transaction ends; what happened so shortly before a look may have been missed by it."""

_MAX_QUESTIONS = 200


def sweep_proposals() -> None:
    """Renew the proposals of the transform that has waited longest since its questions or results changed, if one is due."""
    now = timezone.now()
    changed = Question.objects.filter(question_set__transform=OuterRef("pk"))
    due = (
        Transform.objects.filter(
            Q(proposals_at__isnull=True) | Q(proposals_at__lte=now - PAUSE),
            Exists(_untouched(changed)),
            Exists(changed.filter(changed_at__gt=OuterRef("proposals_at"))) | Q(proposals_at__isnull=True),
        )
        .order_by(F("proposals_at").asc(nulls_first=True), "pk")
        .first()
    )
    if due is not None:
        refresh_proposals(transform=due)


def refresh_proposals(*, transform: Transform) -> int:
    """Propose a grouping for the open questions that nobody has touched; the number of questions whose letters are now up to date.

    Questions that somebody holds or has begun keep their letters, so that nothing changes under anybody's eyes. One that was opened before
    there were letters, and not begun, gets its first; they show once it is loaded again. Of two calls at a time one does nothing. What the engine refuses is logged, and tried again after the next change.
    """
    now = timezone.now()
    seen = Q(proposals_at__isnull=True) if transform.proposals_at is None else Q(proposals_at=transform.proposals_at)
    if not Transform.objects.filter(seen, pk=transform.pk).update(proposals_at=now - _LATE):
        return 0
    in_order = _untouched(Question.objects.filter(question_set__transform=transform)).order_by(
        "-question_set__priority", "question_set__number", "position"
    )
    questions = rows_by_question(in_order[:_MAX_QUESTIONS])
    if not questions:
        return 0
    lessons = lessons_of(transform=transform)
    asked = (row.values for rows in questions.values() for row in rows)
    try:
        proposed = propose(
            records_of(transform, [*lessons.values, *asked]),
            _asked(transform, questions),
            [lessons.labels],
        )
    except FindMatchesError as error:
        # The message may quote a value of the table, and records do not belong into logs.
        logger.warning("transform %s: no proposals (%s)", transform.pk, type(error).__name__)
        return 0
    kept = _keep({uuid.UUID(name): proposals for name, proposals in proposed.items()}, questions)
    took = (timezone.now() - now).total_seconds()
    logger.info("transform %s: proposals for %d of %d questions in %.1f s", transform.pk, kept, len(questions), took)
    return kept


def _untouched(questions: QuerySet[Question]) -> QuerySet[Question]:
    """Open questions that nobody has begun or answered, and that nobody holds or that have no letters yet."""
    return questions.filter(
        Q(lease_expires_at__isnull=True)
        | Q(lease_expires_at__lte=timezone.now())
        | ~Exists(Row.objects.filter(question=OuterRef("pk")).exclude(proposed="")),
        ~Exists(Answer.objects.filter(question=OuterRef("pk"))),
        state=QuestionState.OPEN,
    )


def records_of(transform: Transform, rows: Iterable[Sequence[str]]) -> Records:
    """Each row of the transform's table once, by its key; where it is shown differently, the later one is right."""
    key = transform.key_place
    values = {row[key]: row for row in rows}
    columns = {
        name: pa.array([row[place] or None for row in values.values()], type=pa.string())
        for place, name in enumerate(transform.column_names)
    }
    return Records.from_arrow(pa.table(columns), primary_key=transform.primary_key)


def _asked(transform: Transform, questions: dict[uuid.UUID, list[Row]]) -> LabelFile:
    rows = [LabeledRow(str(pk), "", tuple(row.values)) for pk, shown in questions.items() for row in shown]
    return LabelFile(tuple(transform.column_names), tuple(rows))


def _keep(proposed: dict[uuid.UUID, list[Proposal]], questions: dict[uuid.UUID, list[Row]]) -> int:
    """Store the letters of the questions that are still untouched."""
    with transaction.atomic():
        free = list(
            _untouched(Question.objects.filter(pk__in=proposed))
            .select_for_update(skip_locked=True, of=("self",))
            .values_list("pk", flat=True)
        )
        changed = []
        for pk in free:
            for row, proposal in zip(questions[pk], proposed[pk], strict=True):
                # More than 30 groups: the last rows have to do without.
                letter = GROUP_LABELS[proposal.group] if proposal.group < len(GROUP_LABELS) else ""
                confidence = round(proposal.confidence, 3) if letter else None
                if (row.proposed, row.proposed_confidence) != (letter, confidence):
                    row.proposed, row.proposed_confidence = letter, confidence
                    changed.append(row)
        Row.objects.bulk_update(changed, ["proposed", "proposed_confidence"], batch_size=200)
    return len(free)
