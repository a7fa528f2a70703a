"""Settled questions that may be wrong, in the order in which a look at them settles most."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from labeling.choices import QuestionState
from labeling.models import Contradiction, Question, Transform
from labeling.selectors.contradictions import contradiction_suspects

_MANY = 200


@dataclass(frozen=True, slots=True)
class LookAt:
    """One contradiction, all of them, questions with open comments, or ``chosen`` ones in their order."""

    contradiction: uuid.UUID | None = None
    comments: bool = False
    chosen: tuple[uuid.UUID, ...] = ()

    @property
    def text(self) -> str:
        """As ``read`` takes it: ``contradictions``, ``contradiction:<id>``, ``comments`` or ``questions:<id>,<id>``."""
        if self.contradiction:
            return f"contradiction:{self.contradiction}"
        if self.chosen:
            return f"questions:{','.join(map(str, self.chosen))}"
        return "comments" if self.comments else "contradictions"

    @classmethod
    def read(cls, text: str) -> LookAt | None:
        """None for anything that is not one."""
        kind, _colon, ids = text.partition(":")
        try:
            named = tuple(uuid.UUID(one) for one in ids.split(",")) if ids else ()
        except ValueError:
            return None
        if kind == "contradiction" and len(named) == 1:
            return cls(contradiction=named[0])
        if kind == "questions" and 0 < len(named) <= _MANY:
            return cls(chosen=named)
        return cls(comments=kind == "comments") if kind in ("comments", "contradictions") and not named else None


def questions_to_look_at(*, transform: Transform, of: LookAt) -> list[uuid.UUID]:
    """Settled or disputed questions, control questions left out.

    Those of contradictions: in most standing contradictions first. Those with open comments: most comments first.
    """
    found = list(_to_look_at(transform, of).values_list("pk", flat=True))
    if of.chosen:
        there = set(found)
        return [pk for pk in of.chosen if pk in there]
    return found


def count_to_look_at(*, transform: Transform, of: LookAt) -> int:
    """How many there are."""
    return _to_look_at(transform, of).count()


def _to_look_at(transform: Transform, of: LookAt) -> QuerySet[Question]:
    done = Question.objects.filter(
        question_set__transform=transform,
        state__in=(QuestionState.SETTLED, QuestionState.DISPUTED),
        is_control=False,
    )
    if of.chosen:
        return done.filter(pk__in=of.chosen)
    if of.comments:
        remarks = Count("comments", filter=Q(comments__resolved_at__isnull=True))
        return (
            done.annotate(remarks=remarks)
            .filter(remarks__gt=0)
            .order_by("-remarks", "question_set__number", "position")
        )
    suspects = contradiction_suspects(transform=transform).filter(is_control=False)
    if of.contradiction:
        standing = Contradiction.objects.filter(pk=of.contradiction, cleared_at__isnull=True)
        return suspects.filter(pk__in=standing.values("questions"))
    return suspects


def claims_about(*, question: Question) -> list[dict[str, Any]]:
    """What the question says in standing contradictions, {first key, second key, same}, each once."""
    claims: dict[tuple[str, str, bool], None] = {}
    for item in Contradiction.objects.filter(questions=question, cleared_at__isnull=True):
        if item.different_question_id == question.pk:
            claims[item.key_a, item.key_b, False] = None
        for step in item.steps:
            if step["question"] == str(question.pk):
                claims[step["first"], step["second"], True] = None
    return [{"first": first, "second": second, "same": same} for first, second, same in claims]
