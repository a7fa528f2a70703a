"""Why two rows would be the same thing, or would not: what each column says, in the words of the embedded engine.

AWS Glue does not say why, and its model is not to be had. So the engine learns here, in the portal's worker, from the labels of the
transform as they are now, and explains what it makes of the rows itself; whatever goes wrong here costs the explanation and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

import findmatches  # a name from it that is also one of its modules would be taken for that
from findmatches import FindMatchesError
from labeling.models import PairExplanation, Row
from labeling.selectors.claims import free, just
from labeling.services.claims import claim
from labeling.services.lessons import Lessons, lessons_of
from labeling.services.proposals import records_of

logger = logging.getLogger(__name__)

_OTHER_ROWS = 1000
"""So many further rows, by which rare values are told from common ones; more would only make people wait."""


def sweep_reasons() -> None:
    """Explain one pair whose message was lost, or whose worker has died. Of two calls at a time one does nothing."""
    waiting = PairExplanation.objects.filter(free(), answered_at__isnull=True).order_by("asked_at").first()
    if waiting is not None:
        explain_pair(explanation=waiting)


def explain_pair(*, explanation: PairExplanation) -> None:
    """Learn, and keep what each column says about the two rows, or why nothing can be said; unless another worker has it, or it is done."""
    if explanation.answered_at is not None or not claim(explanation):
        return
    explanation = PairExplanation.objects.select_related("transform", "result").get(pk=explanation.pk)
    transform = explanation.transform
    started = timezone.now()
    lessons = lessons_of(transform=transform, without=explanation.question_id)
    if not lessons.labels.rows:
        _end(explanation, problem=_("There are no labels yet that the engine could learn from."))
        return
    try:
        records = records_of(transform, _rows(explanation, lessons))
        model = findmatches.train(
            records,
            [lessons.labels],
            precision_recall=transform.precision_recall,
            accuracy_cost=transform.accuracy_cost,
        )
        key = transform.key_place
        one, two = (explanation.values[place][key] for place in (explanation.first, explanation.second))
        found = findmatches.explain(records, model, (one, two))
    except FindMatchesError as error:
        # What the engine says may quote a value of the table, and records do not belong into logs.
        logger.info("explanation %s: none (%s)", explanation.pk, type(error).__name__)
        _end(
            explanation,
            problem=_("The labels are too few, or not of the kind that the engine can learn from."),
        )
        return
    _end(explanation, contents=found.to_dict())
    took = (timezone.now() - started).total_seconds()
    logger.info("explanation %s: from %d labels in %.1f s", explanation.pk, len(lessons.labels.rows), took)


def _rows(explanation: PairExplanation, lessons: Lessons) -> Iterator[Sequence[str]]:
    """Rows that the portal has anyway; those that are asked about come last, since of two rows with one key the later one is right."""
    transform, result = explanation.transform, explanation.result
    key = transform.key_place
    of_questions = Row.objects.filter(question__question_set__transform=transform).order_by("-pk")
    others = list(of_questions.values_list("values", flat=True)[:_OTHER_ROWS])
    groups = result.found.values_list("values", flat=True) if result else ()
    others += islice(chain.from_iterable(groups), _OTHER_ROWS)
    return (row for row in chain(others, lessons.values, explanation.values) if row[key].strip())


def _end(explanation: PairExplanation, **fields: Any) -> None:
    """Keep what came out, unless another worker has taken over."""
    just(explanation).filter(claimed_at=explanation.claimed_at, answered_at=None).update(
        answered_at=timezone.now(), claimed_at=None, **fields
    )
