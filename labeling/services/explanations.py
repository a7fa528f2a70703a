"""Asking why: two rows of a group, or of a question that the engine judges otherwise than people. The engine answers in the worker."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.choices import RunKind
from labeling.exceptions import NoExplanationError
from labeling.models import MatchResult, PairExplanation, Question, TaskRun, Transform
from labeling.selectors.claims import is_given_up, just
from labeling.services.match_questions import found_group
from labeling.tasks import explain_pair

KEPT = timedelta(minutes=10)
"""So long an explanation stands at least, however fast answers come in."""

Places = tuple[int, int]
"""Two rows by their places among the rows that are shown."""


def ask_about_group(*, result: MatchResult, group: uuid.UUID | None = None, match_id: str = "") -> PairExplanation:
    """Ask about the two rows that are least alike of a group that is listed, or of one that somebody searched for.

    Raises ``NoExplanationError`` if the group is not there or has no such rows, ``GlueError`` or ``InvalidSourceError`` if the result cannot be read.
    """
    of = found_group(result=result, match_id=match_id) if group is None else result.found.filter(pk=group).first()
    if of is None:
        raise NoExplanationError(_("A newer result has replaced this group. Reload the page."))
    transform = result.run.transform
    return _ask(transform, of.values, least_alike(transform, of.values), result=result)


def ask_about_question(*, question: Question, pair: Places) -> PairExplanation:
    """Ask about two rows of a question. Raises ``NoExplanationError`` if the engine cannot tell them apart."""
    values = list(question.rows.order_by("position").values_list("values", flat=True))
    return _ask(question.question_set.transform, values, pair, question=question)


def ask_about_others(*, explanation: PairExplanation, pair: Places) -> PairExplanation:
    """Ask about two other rows of the same group or question. Raises ``NoExplanationError`` if the engine cannot tell them apart."""
    of = explanation
    return _ask(of.transform, of.values, pair, result=of.result, question=of.question)


def least_alike(transform: Transform, values: Sequence[Sequence[str]]) -> Places:
    """The two rows with a key of their own whose cells have least in common, letter by letter; the engine is not asked.

    Raises ``NoExplanationError`` if there are no two.
    """
    key = transform.key_place
    grams = [[_grams(cell) for place, cell in enumerate(row) if place != key] for row in values]
    pairs = [
        (one, two)
        for one, two in combinations(range(len(values)), 2)
        if _can_be_told_apart(values[one][key], values[two][key])
    ]
    if not pairs:
        raise _no_keys()
    return min(pairs, key=lambda pair: _likeness(grams[pair[0]], grams[pair[1]]))


def _ask(
    transform: Transform,
    values: Sequence[Sequence[str]],
    pair: Places,
    *,
    result: MatchResult | None = None,
    question: Question | None = None,
) -> PairExplanation:
    """The explanation, which may be there already. One that rests on labels that have changed since is worked out again, but not every minute."""
    first, second = sorted(pair)
    if not 0 <= first < second < len(values):
        raise NoExplanationError(_("Choose two different rows."))
    key = transform.key_place
    if not _can_be_told_apart(values[first][key], values[second][key]):
        raise _no_keys()
    about = [result.pk if result else None, str(question.pk) if question else None]
    asked = json.dumps([str(transform.pk), *about, values, first, second])
    found, made = PairExplanation.objects.get_or_create(
        digest=hashlib.sha256(asked.encode()).hexdigest(),
        defaults={
            "transform": transform,
            "result": result,
            "question": question,
            "values": values,
            "first": first,
            "second": second,
        },
    )
    if made or _is_asked_anew(found):
        # robust: with the broker down the row stands, and the sweep takes it on.
        transaction.on_commit(lambda: explain_pair.delay(explanation_id=str(found.pk)), robust=True)
    return found


def _is_asked_anew(found: PairExplanation) -> bool:
    """Whether an end that no longer holds has been taken back: labels have changed since, or nobody tries any more."""
    if found.answered_at is None:
        over = is_given_up(found)
    else:
        late = bool(found.problem) or found.answered_at <= timezone.now() - KEPT
        changed = Question.objects.filter(question_set__transform=found.transform, changed_at__gt=found.asked_at)
        imports = TaskRun.objects.filter(
            transform=found.transform, kind=RunKind.IMPORT_LABELS, completed_at__gt=found.asked_at
        )
        over = late and (changed.exists() or imports.exists())
    if not over:
        return False
    blank = {"claimed_at": None, "attempts": 0, "answered_at": None, "problem": "", "contents": None}
    seen = just(found).filter(answered_at=found.answered_at, claimed_at=found.claimed_at)
    taken_back = seen.update(asked_at=timezone.now(), **blank)
    found.refresh_from_db()
    return bool(taken_back)


def _can_be_told_apart(one: str, two: str) -> bool:
    return bool(one.strip() and two.strip()) and one != two


def _no_keys() -> NoExplanationError:
    return NoExplanationError(_("The engine cannot tell these rows apart: they have no primary keys of their own."))


def _grams(cell: str) -> frozenset[str]:
    text = " ".join(cell.casefold().split())
    return frozenset(text[place : place + 3] for place in range(max(len(text) - 2, 1))) if text else frozenset()


def _likeness(one: Sequence[frozenset[str]], two: Sequence[frozenset[str]]) -> float:
    """The mean over the columns that are filled in both rows, 0 to 1."""
    both = [(left, right) for left, right in zip(one, two, strict=True) if left and right]
    return sum(len(left & right) / len(left | right) for left, right in both) / len(both) if both else 0.0
