"""Questions are given to people; what is given to nobody is open to all."""

from __future__ import annotations

import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Team, User
from accounts.selectors import active_memberships
from labeling.choices import AnswerKind, AnswerStatus
from labeling.exceptions import InvalidSettingError
from labeling.models import Answer, Question, QuestionAssignment, QuestionSet
from labeling.selectors.queue import QueueFilter, matching

logger = logging.getLogger(__name__)


@transaction.atomic
def assign_questions(
    *, question_set: QuestionSet, user: User, people: Sequence[User], split: bool, only: QueueFilter | None = None
) -> int:
    """Give the open questions of a set to these members; how many questions that are.

    ``split`` gives each question to as many people as still have to answer it, evenly; otherwise each of the people may answer each of them. Earlier
    assignments of these questions are replaced. ``only`` narrows the questions. Raises ``InvalidSettingError`` if somebody is no member,
    or if a question would be left with fewer people than it needs; ``InvalidFilterError``.
    """
    chosen = sorted({person.pk: person for person in people}.values(), key=lambda person: person.username)
    members = active_memberships().filter(team=question_set.transform.team_id, user__in=chosen)
    if not chosen or members.count() < len(chosen):
        raise InvalidSettingError(_("Questions can be given to members of the team."))
    questions = Question.objects.filter(question_set=question_set, answers_missing__gt=0)
    if only is not None:
        questions = questions.filter(matching(transform=question_set.transform, only=only))
    missing = dict(questions.order_by("position").select_for_update(of=("self",)).values_list("pk", "answers_missing"))
    answered = _answered(missing)
    load: Counter[uuid.UUID] = Counter()
    assignments: list[QuestionAssignment] = []
    for pk, needed in missing.items():
        able = [person for person in chosen if person.pk not in answered[pk]]
        if len(able) < needed:
            raise InvalidSettingError(
                _("Each question has to be answered by %(needed)d people. Choose more people.") % {"needed": needed}
            )
        taking = sorted(able, key=lambda person: load[person.pk])[:needed] if split else able
        load.update(person.pk for person in taking)
        assignments += [QuestionAssignment(question_id=pk, user=person, created_by=user) for person in taking]
    QuestionAssignment.objects.filter(question__in=missing).delete()
    QuestionAssignment.objects.bulk_create(assignments, batch_size=500)
    logger.info("question set %s: %d questions given out by user %s", question_set.pk, len(missing), user.pk)
    return len(missing)


@transaction.atomic
def clear_assignments(*, question_set: QuestionSet, user: User, people: Sequence[User] | None = None) -> int:
    """Open the questions of a set to all again, or take them from these people alone; how many assignments that were.

    Taking a question from so many people that too few are left opens it to all.
    """
    assignments = QuestionAssignment.objects.filter(question__question_set=question_set)
    if people is not None:
        assignments = assignments.filter(user__in=people)
    count, _by_model = assignments.delete()
    open_short_questions(questions=Question.objects.filter(question_set=question_set))
    logger.info("question set %s: %d assignments taken back by user %s", question_set.pk, count, user.pk)
    return count


@transaction.atomic
def release_questions(*, team: Team, user: User) -> int:
    """Take from somebody who leaves what they were given; how many questions of that are still to be answered.

    Answered ones too: if one is asked again, it would wait for them.
    """
    given = QuestionAssignment.objects.filter(user=user, question__question_set__transform__team=team)
    ids = list(given.filter(question__answers_missing__gt=0).values_list("question", flat=True))
    given.delete()
    open_short_questions(questions=Question.objects.filter(pk__in=ids))
    logger.info("team %s: %d questions of user %s released", team.pk, len(ids), user.pk)
    return len(ids)


@transaction.atomic
def open_short_questions(*, questions: QuerySet[Question]) -> int:
    """Open to all what was given to fewer people than still have to answer it, else nobody could finish it; how many questions that are."""
    given = questions.filter(answers_missing__gt=0, pk__in=QuestionAssignment.objects.values("question"))
    missing = dict(given.order_by("pk").select_for_update(of=("self",)).values_list("pk", "answers_missing"))
    answered = _answered(missing)
    assignments = QuestionAssignment.objects.filter(question__in=missing)
    left: Counter[uuid.UUID] = Counter(
        pk for pk, person in assignments.values_list("question", "user") if person not in answered[pk]
    )
    short = [pk for pk, needed in missing.items() if left[pk] < needed]
    assignments.filter(question__in=short).delete()
    return len(short)


def _answered(questions: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Who has answered which question already."""
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    answers = Answer.objects.filter(question__in=list(questions), kind=AnswerKind.ANSWER, status=AnswerStatus.SUBMITTED)
    for question_id, steward_id in answers.values_list("question_id", "steward_id"):
        found[question_id].add(steward_id)
    return found
