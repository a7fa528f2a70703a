"""Whose turn it is: which questions a person may be offered, in which order, and what is shown with them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from labeling.choices import AnswerKind, AnswerStatus
from labeling.exceptions import InvalidFilterError
from labeling.models import Answer, Question, QuestionAssignment, QuestionSet, Row, Transform

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Begun(TypedDict):
    """Whether the person has a draft."""

    begun: bool


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Questions with a row whose value in ``column`` contains this text, in capitals or not."""

    column: str
    contains: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Questions in the order in which a person should get them; a control question may take the place of ``fresh`` ones."""

    questions: QuerySet[Question]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """The group that the engine would put a row in, and how sure (0 to 1) it is of that."""

    label: str
    confidence: float


IN_ORDER = (
    "-question_set__priority",
    F("question_set__due_on").asc(nulls_last=True),
    "question_set__number",
    "position",
)
"""The order in which questions are asked: sets of higher priority first, then those due first."""


def takeable_by(*, steward: User, skills: Collection[str]) -> QuerySet[Question]:
    """Open questions that are meant for the person, that they have not answered and that nobody else holds.

    A question that is assigned goes to those people alone, whatever their skills; the others need the skill of their set.
    """
    answered = _own(steward).filter(status=AnswerStatus.SUBMITTED)
    return _on_offer(steward, skills).exclude(pk__in=answered.values("question"))


def _on_offer(steward: User, skills: Collection[str]) -> QuerySet[Question]:
    """``takeable_by``, but for what they have answered."""
    return Question.objects.filter(free_for(steward), meant_for(steward=steward, skills=skills), answers_missing__gt=0)


def free_for(steward: User) -> Q:
    """Questions that nobody else holds now."""
    return Q(leased_to__isnull=True) | Q(leased_to=steward) | Q(lease_expires_at__lte=timezone.now())


def meant_for(*, steward: User, skills: Collection[str]) -> Q:
    """Questions that are assigned to the person, or to nobody and need no skill that the person has not."""
    # Subqueries that do not look at the outer row are worked out once, however many questions are open.
    assigned = QuestionAssignment.objects.order_by()
    return Q(question_set__skill__in=["", *skills]) & ~Q(pk__in=assigned.values("question")) | Q(
        pk__in=assigned.filter(user=steward).values("question")
    )


def at_it(*, steward: User) -> Q:
    """Questions that the person has begun: of which they have a draft, or which they took and nobody has taken since, however long ago that was.

    They may answer those whoever else they are meant for: work that was done is not lost because the question was assigned to others in the
    meantime.
    """
    return Q(leased_to=steward) | Q(pk__in=_own(steward).filter(status=AnswerStatus.DRAFT).values("question"))


def held_by_others(*, transform: Transform, steward: User) -> int:
    """How many questions of the transform the person could take, and has not answered, were they not in the hands of others now."""
    answered = _own(steward).filter(status=AnswerStatus.SUBMITTED)
    leased = Question.objects.filter(leased_to__isnull=False, lease_expires_at__gt=timezone.now())
    return (
        leased.filter(
            meant_for(steward=steward, skills=skills_of(user=steward, transform=transform)),
            question_set__transform=transform,
            answers_missing__gt=0,
        )
        .exclude(leased_to=steward)
        .exclude(pk__in=answered.values("question"))
        .count()
    )


def _own(steward: User) -> QuerySet[Answer]:
    return Answer.objects.filter(steward=steward, kind=AnswerKind.ANSWER).order_by()


def offers(*, transform: Transform, steward: User, exclude: Collection[uuid.UUID]) -> Iterator[Offer]:
    """What the person may be offered of a transform, the first turn first; each is read when it is needed.

    First what they hold or have begun, then fresh questions, then those they skipped or withdrew, longest ago first. Within a turn sets of
    higher priority come first, then those due first.
    """
    questions = _on_offer(steward, skills_of(user=steward, transform=transform)).filter(
        question_set__transform=transform
    )
    if exclude:
        questions = questions.exclude(pk__in=exclude)
    mine = _own(steward)
    # Mostly there is nothing but what is on the screen already; then the queue is not searched for it.
    held = Question.objects.filter(leased_to=steward).order_by().values_list("pk")
    begun = {pk for (pk,) in held.union(mine.filter(status=AnswerStatus.DRAFT).values_list("question"))}.difference(
        exclude
    )
    if begun:
        yield Offer(
            questions.filter(pk__in=begun)
            .exclude(pk__in=mine.exclude(status=AnswerStatus.DRAFT).values("question"))
            .order_by(*IN_ORDER),
            fresh=False,
        )
    fresh = questions.exclude(pk__in=mine.values("question"))
    # Set by set, so that the first open questions are read from the index and not all of them are sorted.
    sets = QuestionSet.objects.filter(
        Exists(Question.objects.filter(question_set=OuterRef("pk"), answers_missing__gt=0)), transform=transform
    )
    for question_set in sets.order_by("-priority", F("due_on").asc(nulls_last=True), "number").values_list("pk"):
        yield Offer(fresh.filter(question_set=question_set[0]).order_by("position"), fresh=True)
    left = mine.filter(status__in=(AnswerStatus.SKIPPED, AnswerStatus.WITHDRAWN))
    again = questions.filter(pk__in=left.values("question")).annotate(
        left_at=Subquery(left.filter(question=OuterRef("pk")).values("updated_at")[:1])
    )
    yield Offer(again.order_by("left_at", *IN_ORDER), fresh=True)


def matching(*, transform: Transform, only: QueueFilter) -> Q:
    """The questions that a filter lets through. Raises ``InvalidFilterError`` if the transform has no such column."""
    if only.column not in transform.column_names:
        raise InvalidFilterError(_("There is no column “%(name)s”.") % {"name": only.column})
    place = transform.column_names.index(only.column)
    rows = Row.objects.filter(question=OuterRef("pk"), **{f"values__{place}__icontains": only.contains})
    return Q(Exists(rows))


def skills_of(*, user: User, transform: Transform) -> frozenset[str]:
    """The person's skills in the team of the transform, in lower case."""
    membership = Membership.objects.filter(user=user, team=transform.team_id).only("skills").first()
    return membership.skill_tags if membership else frozenset()


def control_due(*, transform: Transform, steward: User, on_screen: int) -> bool:
    """Whether the person's next question should be a control question.

    Drawn once for each place in their work, so that loading a page again does not draw again. ``on_screen`` questions are at work
    already.
    """
    if not transform.control_percent:
        return False
    done = Answer.objects.filter(
        question__question_set__transform=transform, steward=steward, status=AnswerStatus.SUBMITTED
    ).count()
    return _drawn(f"{transform.pk}:{steward.pk}:{done + on_screen}") < transform.control_percent


def controls_for(*, transform: Transform, steward: User) -> QuerySet[WithAnnotations[Question, Begun]]:
    """Control questions that the person has not seen, or has ``begun`` and neither submitted nor left."""
    mine = Answer.objects.filter(question=OuterRef("pk"), steward=steward)
    return (
        Question.objects.filter(
            ~Exists(mine.exclude(control=True, status=AnswerStatus.DRAFT)),
            question_set__transform=transform,
            is_control=True,
        )
        .annotate(begun=Exists(mine))
        .order_by("pk")
    )


def may_answer_control(*, question: Question, steward: User) -> bool:
    """Whether it is a control question that the person may answer if they come to it: one that they left or took back, too, as an open one."""
    mine = Answer.objects.filter(question=question, steward=steward)
    closed = mine.filter(Q(control=False) | Q(status=AnswerStatus.SUBMITTED))
    return Question.objects.filter(~Exists(closed), pk=question.pk, is_control=True).exists()


def shows_proposal(*, question: Question, question_set: QuestionSet, transform: Transform, steward: User) -> bool:
    """Whether the person may see the engine's proposal for the question.

    Never for control questions. So that a missing proposal does not give them away, as large a share of other questions goes
    without one while control questions are asked.
    """
    if not question_set.show_proposals or question.is_control:
        return False
    return _drawn(f"{question.pk}:{steward.pk}") >= transform.control_percent


def proposal_for(*, question: Question, steward: User, rows: Collection[Row]) -> dict[int, Proposed]:
    """The proposal by row id, as far as there is one and the person may see it; ``question`` with its set and transform."""
    question_set = question.question_set
    if not shows_proposal(
        question=question, question_set=question_set, transform=question_set.transform, steward=steward
    ):
        return {}
    return {row.pk: Proposed(row.proposed, row.proposed_confidence or 0.0) for row in rows if row.proposed}


def shuffled(ids: Collection[uuid.UUID], *, steward: User) -> list[uuid.UUID]:
    """The ids in an order that is the person's own and stays the same."""
    return sorted(ids, key=lambda pk: salted_hmac("labeling.order", f"{steward.pk}:{pk}").digest())


def _drawn(place: str) -> int:
    """A number from 0 to 99 by chance, always the same for the same place; nobody without the installation's secret can tell it."""
    return int.from_bytes(salted_hmac("labeling.draw", place).digest()[:8]) % 100
