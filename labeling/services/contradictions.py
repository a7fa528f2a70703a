"""Settled questions that cannot all be right are found as answers come in, and cleared as they are put right.

The list is worked out anew whenever questions of a transform were settled or opened again, from those questions that share a row with another one: a
lost or repeated message changes nothing, and people who answer never wait for it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections import defaultdict
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from labeling.choices import UNSURE, QuestionState
from labeling.models import Contradiction, Question, Row, Transform
from labeling.selectors.chunks import in_chunks
from labeling.selectors.claims import unclaimed
from partitions import Contradiction as Found
from partitions import find_contradictions

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=2)
"""So long the list of a transform stays as it is at least."""

_LATE = timedelta(seconds=5)
"""Changes are dated before their transaction ends; what happened so shortly before a look may have been missed by it."""


def sweep_contradictions() -> None:
    """Look again at every transform in which questions were settled or opened since the last look. One that fails does not keep the others from
    their turn."""
    changed = Question.objects.filter(question_set__transform=OuterRef("pk"))
    due = Transform.objects.filter(
        Q(contradictions_at__isnull=True) & Exists(changed.filter(state=QuestionState.SETTLED))
        | Q(contradictions_at__lte=timezone.now() - PAUSE - _LATE)
        & Exists(changed.filter(changed_at__gt=OuterRef("contradictions_at"))),
        unclaimed("contradictions_claimed_at"),
    )
    for transform in due:
        try:
            check_contradictions(transform=transform)
        except Exception:
            logger.exception("transform %s: contradictions could not be looked for", transform.pk)


def check_contradictions(*, transform: Transform) -> int:
    """Bring the list up to what is settled now; how many contradictions there are. Of two calls at a time one does nothing, from the beginning: where
    many answers contradict each other a look takes longer than the time until the next tick, and would soon keep all workers busy."""
    now = timezone.now()
    last = transform.contradictions_at
    seen = Q(contradictions_at__isnull=True) if last is None else Q(contradictions_at=last)
    if not Transform.objects.filter(seen, unclaimed("contradictions_claimed_at"), pk=transform.pk).update(
        contradictions_claimed_at=now
    ):
        return transform.contradictions.filter(cleared_at__isnull=True).count()
    # Before the transaction: at SQLite all who answer would wait for it. What changes meanwhile is late enough to be looked at again.
    found = {_fingerprint(item): item for item in _find(transform)}
    with transaction.atomic():
        mine = Transform.objects.filter(seen, contradictions_claimed_at=now, pk=transform.pk)
        if not mine.update(contradictions_at=now - _LATE, contradictions_claimed_at=None):
            return transform.contradictions.filter(cleared_at__isnull=True).count()
        listed = transform.contradictions.filter(cleared_at__isnull=True)
        known: dict[str, uuid.UUID] = dict(listed.values_list("fingerprint", "pk"))
        over = [pk for fingerprint, pk in known.items() if fingerprint not in found]
        cleared = sum(listed.filter(pk__in=some).update(cleared_at=now) for some in in_chunks(over))
        new = [
            Contradiction(
                transform=transform,
                key_a=item.first,
                key_b=item.second,
                different_question_id=uuid.UUID(item.answer),
                steps=[{"question": step.answer, "first": step.first, "second": step.second} for step in item.steps],
                fingerprint=fingerprint,
                found_at=now,
            )
            for fingerprint, item in found.items()
            if fingerprint not in known
        ]
        Contradiction.objects.bulk_create(new, batch_size=200)
        takes_part = Contradiction.questions.through
        takes_part.objects.bulk_create(
            [
                takes_part(contradiction=item, question_id=uuid.UUID(question))
                for item in new
                for question in found[item.fingerprint].answers
            ],
            batch_size=500,
        )
    if new or cleared:
        logger.info("transform %s: %d contradictions found, %d cleared", transform.pk, len(new), cleared)
    transform.contradictions_at = now - _LATE
    return len(found)


def _find(transform: Transform) -> list[Found]:
    """All contradictions between settled questions. A question can only take part if one of its rows is asked about twice."""
    settled = Question.objects.filter(question_set__transform=transform, state=QuestionState.SETTLED)
    rows = Row.objects.filter(question__in=settled)
    twice = rows.order_by().values("key").annotate(times=Count("pk")).filter(times__gt=1).values("key")
    taking_part = rows.filter(key__in=twice).order_by().values("question")
    results = {question.pk: question.result_labels for question in settled.filter(pk__in=taking_part)}
    said: dict[uuid.UUID, list[tuple[str, str]]] = defaultdict(list)
    for question_id, row_id, key in (
        Row.objects.filter(question__in=settled.filter(pk__in=taking_part).values("pk"))
        .order_by("question_id", "position")
        .values_list("question_id", "pk", "key")
    ):
        label = results.get(question_id, {}).get(row_id, UNSURE)
        if label != UNSURE:
            said[question_id].append((key, label))
    return find_contradictions({str(question_id): labels for question_id, labels in said.items()})


def _fingerprint(found: Found) -> str:
    steps = [[step.answer, step.first, step.second] for step in found.steps]
    return hashlib.sha256(json.dumps([found.answer, found.first, found.second, steps]).encode()).hexdigest()
