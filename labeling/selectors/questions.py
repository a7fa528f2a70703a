"""Questions: how far they are, whose turn it is, what one looks like to the steward who answers it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.selectors import membership_in
from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question, Row, RowLabel, Transform
from labeling.selectors.natural_order import BY_NAME
from labeling.selectors.queue import Proposed, proposal_for, skills_of, takeable_by

TEACHES = Q(state=QuestionState.SETTLED, is_control=False)
"""Questions whose result Glue may learn from."""

UNLEARNED = TEACHES & (Q(imported_version__isnull=True) | ~Q(imported_version=F("result_version")))
"""Those that Glue has not learned from in their present version."""

_DRAFTS = Q(status=AnswerStatus.DRAFT, question__answers_missing__gt=0)
_SUBMITTED = Q(status=AnswerStatus.SUBMITTED)

MIN_SURE_ROWS = 2
"""So many rows of a question say how they group; of fewer nothing can be learned."""

SAYS_SOMETHING = Q(sure_rows__gte=MIN_SURE_ROWS, refused=False)
"""Those whose rows would be in a label file."""

WAITING_FOR_IMPORT = UNLEARNED & SAYS_SOMETHING
"""Those that an import would teach something of."""

UNSURE_ABOUT = UNLEARNED & Q(sure_rows__lt=MIN_SURE_ROWS)
"""Those that people were unsure about, so that there is nothing to import of them."""

REFUSED = UNLEARNED & Q(sure_rows__gte=MIN_SURE_ROWS, refused=True)
"""Those with which Glue would refuse a label file: they are in none, and are named where labels are imported."""


@dataclass(frozen=True, slots=True)
class QuestionProgress:
    """Counts over all questions of a transform.

    ``answered`` questions need nobody's answer any more; ``disputed`` ones among them wait for adjudication, and of those that people were
    ``unsure`` about there is nothing to import, nor of those that Glue would have ``refused``. ``in_work`` are open questions under a lease now.
    """

    total: int = 0
    answered: int = 0
    in_work: int = 0
    waiting_for_import: int = 0
    disputed: int = 0
    unsure: int = 0
    refused: int = 0

    @property
    def open(self) -> int:
        """Questions that still need an answer, those in work among them."""
        return self.total - self.answered

    @property
    def percent(self) -> int:
        """Answered, in whole percent, rounded down."""
        return self.answered * 100 // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """What a transform holds for one steward: ``open`` may be taken now, ``drafts`` were begun and not finished."""

    transform: Transform
    total: int
    open: int
    drafts: int
    answered_by_me: int

    @property
    def has_begun(self) -> bool:
        """The person has begun or answered a question of it."""
        return bool(self.drafts or self.answered_by_me)


@dataclass(frozen=True, slots=True)
class QuestionWork:
    """One question as a steward works on it; ``labels`` maps row ids to the groups given so far, ``proposal`` to those that the engine would
    give, as far as the person may see them."""

    question: Question
    transform: Transform
    rows: list[Row]
    labels: dict[int, str]
    answer: Answer | None
    proposal: dict[int, Proposed]


def question_progress_by_transform(*, transforms: Iterable[Transform]) -> dict[uuid.UUID, QuestionProgress]:
    """Progress of each transform, in one query; every given transform has an entry."""
    ids = [transform.pk for transform in transforms]
    now = timezone.now()
    counts = (
        Question.objects.filter(question_set__transform__in=ids)
        .values_list("question_set__transform")
        .annotate(
            total=Count("pk"),
            answered=Count("pk", filter=Q(answers_missing=0)),
            in_work=Count("pk", filter=Q(answers_missing__gt=0, lease_expires_at__gt=now)),
            waiting=Count("pk", filter=WAITING_FOR_IMPORT),
            disputed=Count("pk", filter=Q(state=QuestionState.DISPUTED)),
            unsure=Count("pk", filter=UNSURE_ABOUT),
            refused=Count("pk", filter=REFUSED),
        )
        .order_by()
    )
    found = {pk: QuestionProgress(*numbers) for pk, *numbers in counts}
    return {pk: found.get(pk, QuestionProgress()) for pk in ids}


def question_progress(*, transform: Transform) -> QuestionProgress:
    """Progress of one transform."""
    return question_progress_by_transform(transforms=[transform])[transform.pk]


def total_and_left(*, transform: Transform, steward: User) -> tuple[int, int]:
    """How many questions the transform has, and how many of them this person can still answer, the one on the screen among them; two queries."""
    takeable = takeable_by(steward=steward, skills=skills_of(user=steward, transform=transform)).order_by()
    counts = Question.objects.filter(question_set__transform=transform).aggregate(
        total=Count("pk"), left=Count("pk", filter=Q(pk__in=takeable.values("pk")))
    )
    return counts["total"], counts["left"]


def has_answered(*, steward: User) -> bool:
    """Whether the person has ever submitted an answer, in whatever team, also if it was taken back since."""
    return Answer.objects.filter(steward=steward, first_submitted_at__isnull=False).exists()


def question_number(*, question: Question) -> int:
    """The place of the question among all of its transform, from 1; it never changes."""
    before = Q(question_set__number__lt=question.question_set.number) | Q(
        question_set=question.question_set_id, position__lt=question.position
    )
    return Question.objects.filter(before, question_set__transform=question.question_set.transform_id).count() + 1


def queue_for_steward(*, team: Team, user: User) -> list[QueueEntry]:
    """Every transform that the team works with and that has questions, with what waits there for this person; five queries."""
    membership = membership_in(user=user, team=team)
    skills = membership.skill_tags if membership else frozenset()
    transforms = list(
        Transform.objects.filter(team=team, archived_at=None, question_sets__isnull=False).distinct().order_by(*BY_NAME)
    )
    by_transform = "question_set__transform"
    total = dict(
        Question.objects.filter(question_set__transform__in=transforms)
        .values_list(by_transform)
        .annotate(count=Count("pk"))
        .order_by()
    )
    takeable = dict(
        takeable_by(steward=user, skills=skills)
        .filter(question_set__transform__in=transforms)
        .values_list(by_transform)
        .annotate(count=Count("pk"))
        .order_by()
    )
    mine = {
        pk: (drafts, submitted)
        for pk, drafts, submitted in Answer.objects.filter(
            question__question_set__transform__in=transforms, steward=user, kind=AnswerKind.ANSWER
        )
        .values_list(f"question__{by_transform}")
        .annotate(
            drafts=Count("pk", filter=_DRAFTS),
            submitted=Count("pk", filter=_SUBMITTED),
        )
        .order_by()
    }
    return [
        QueueEntry(
            transform=transform,
            total=total.get(transform.pk, 0),
            open=takeable.get(transform.pk, 0),
            drafts=mine.get(transform.pk, (0, 0))[0],
            answered_by_me=mine.get(transform.pk, (0, 0))[1],
        )
        for transform in transforms
    ]


def begun_by(*, membership: Membership, transform: Transform) -> QuerySet[Answer, uuid.UUID]:
    """The transform if this person has begun or answered questions of it, else nothing; looked up where it is asked for."""
    answers = Answer.objects.filter(_DRAFTS | _SUBMITTED, steward=membership.user_id, kind=AnswerKind.ANSWER)
    of_transform = answers.filter(question__question_set__transform=transform)
    return of_transform.order_by().values_list("question__question_set__transform", flat=True)[:1]


def question_work(*, question: Question, steward: User) -> QuestionWork:
    """The rows of a question and what the steward has said of them so far."""
    answer = Answer.objects.filter(question=question, steward=steward, kind=AnswerKind.ANSWER).first()
    labels = dict(RowLabel.objects.filter(answer=answer).values_list("row_id", "label")) if answer else {}
    rows = list(question.rows.order_by("position"))
    return QuestionWork(
        question=question,
        transform=question.question_set.transform,
        rows=rows,
        labels=labels,
        answer=answer,
        proposal=proposal_for(question=question, steward=steward, rows=rows),
    )


def recent_answers(*, transform: Transform, steward: User) -> list[Answer]:
    """The steward's last ten submitted answers, newest first, with their questions."""
    return list(
        Answer.objects.filter(
            question__question_set__transform=transform,
            steward=steward,
            kind=AnswerKind.ANSWER,
            status=AnswerStatus.SUBMITTED,
        )
        .select_related("question__question_set")
        .order_by("-submitted_at")[:10]
    )
