"""Sets of questions: how far each is, and who works on it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.names import names_apart
from accounts.selectors import members_of
from labeling.choices import GROUP_LABELS, AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question, QuestionAssignment, QuestionSet, Transform
from labeling.selectors.groupings import independent_answers


@dataclass(frozen=True, slots=True)
class SetOverview:
    """One set in numbers: questions by state, those ``in_work`` now, answers that were given of all that are needed. ``overdue`` sets
    should have been answered before today."""

    question_set: QuestionSet
    questions: int
    settled: int
    disputed: int
    open: int
    in_work: int
    answers_given: int
    answers_needed: int
    overdue: bool

    @property
    def percent(self) -> int:
        """Answers given of all that are needed, in whole percent, rounded down."""
        return self.answers_given * 100 // self.answers_needed if self.answers_needed else 0


@dataclass(frozen=True, slots=True)
class PersonProgress:
    """One person's part in a set, and what to call them there: open questions ``assigned`` to them, submitted answers, drafts on open questions."""

    user: User
    name: str
    assigned: int
    answered: int
    drafts: int


def sets_in_order(*, transform: Transform) -> QuerySet[QuestionSet]:
    """Every set of the transform: first those that are asked, in that order, then those that nobody has to answer any more, newest first."""
    still_open = Question.objects.filter(question_set=OuterRef("pk"), state=QuestionState.OPEN)
    return (
        QuestionSet.objects.filter(transform=transform)
        .annotate(is_asked=Exists(still_open))
        .order_by(
            "-is_asked",
            Case(When(is_asked=True, then=-F("priority")), default=0),
            Case(When(is_asked=True, then=Coalesce("due_on", date.max)), default=date.max),
            Case(When(is_asked=True, then=F("number")), default=-F("number")),
        )
    )


def set_overviews(question_sets: Sequence[QuestionSet]) -> list[SetOverview]:
    """These sets in numbers, in their order. Two queries."""
    now = timezone.now()
    ids = [question_set.pk for question_set in question_sets]
    counts: dict[uuid.UUID, tuple[int, ...]] = {
        pk: tuple(numbers)
        for pk, *numbers in Question.objects.filter(question_set__in=ids)
        .values_list("question_set")
        .annotate(
            questions=Count("pk"),
            settled=Count("pk", filter=Q(state=QuestionState.SETTLED)),
            disputed=Count("pk", filter=Q(state=QuestionState.DISPUTED)),
            open=Count("pk", filter=Q(state=QuestionState.OPEN)),
            in_work=Count("pk", filter=Q(answers_missing__gt=0, lease_expires_at__gt=now)),
            missing=Sum("answers_missing"),
        )
        .order_by()
    }
    given = dict(
        independent_answers()
        .filter(question__question_set__in=ids)
        .values_list("question__question_set")
        .annotate(count=Count("pk"))
        .order_by()
    )
    overviews = []
    for question_set in question_sets:
        total, settled, disputed, open_, in_work, missing = counts.get(question_set.pk, (0, 0, 0, 0, 0, 0))
        answered, due = given.get(question_set.pk, 0), question_set.due_on
        overviews.append(
            SetOverview(
                question_set=question_set,
                questions=total,
                settled=settled,
                disputed=disputed,
                open=open_,
                in_work=in_work,
                answers_given=answered,
                answers_needed=answered + missing,
                overdue=due is not None and due < timezone.localdate() and missing > 0,
            )
        )
    return overviews


def set_overview(*, question_set: QuestionSet) -> SetOverview:
    """One set."""
    return set_overviews([question_set])[0]


def people_progress(*, question_set: QuestionSet) -> list[PersonProgress]:
    """Everybody who has questions of the set assigned or has worked on it, by name."""
    answers = Answer.objects.filter(question__question_set=question_set, kind=AnswerKind.ANSWER)
    worked = {
        pk: (answered, drafts)
        for pk, answered, drafts in answers.values_list("steward")
        .annotate(
            answered=Count("pk", filter=Q(status=AnswerStatus.SUBMITTED)),
            drafts=Count("pk", filter=Q(status=AnswerStatus.DRAFT, question__answers_missing__gt=0)),
        )
        .order_by()
    }
    assigned = dict(
        QuestionAssignment.objects.filter(question__question_set=question_set)
        .values_list("user")
        .annotate(count=Count("pk", filter=Q(question__answers_missing__gt=0)))
        .order_by()
    )
    everybody = User.objects.filter(pk__in={*worked, *assigned}).order_by("last_name", "first_name", "username")
    people = [person for person in everybody if assigned.get(person.pk) or any(worked.get(person.pk, ()))]
    names = names_apart(people)
    return [
        PersonProgress(person, names[person.pk], assigned.get(person.pk, 0), *worked.get(person.pk, (0, 0)))
        for person in people
    ]


def too_few_people(*, question_set: QuestionSet) -> int | None:
    """How many people of the team may be offered the questions that nobody is assigned to, if that is fewer than each needs; else None."""
    free = Question.objects.filter(question_set=question_set, answers_missing__gt=0, assignments__isnull=True)
    if not free.exists():
        return None
    skill = question_set.skill
    members = members_of(team=question_set.transform.team)
    able = sum(1 for member in members if not skill or skill in member.skill_tags)
    return able if able < question_set.answers_wanted else None


def large_questions(*, question_set: QuestionSet) -> int:
    """How many questions of the set have more rows than there are groups."""
    questions = Question.objects.filter(question_set=question_set).order_by()
    return questions.annotate(size=Count("rows")).filter(size__gt=len(GROUP_LABELS)).count()
