"""What a lead decides about a set of questions."""

from __future__ import annotations

import logging
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.exceptions import InvalidSettingError
from labeling.models import Question, QuestionSet
from labeling.models.transforms import MAX_ANSWERS_PER_QUESTION
from labeling.services.assignment import open_short_questions
from labeling.services.consensus import settle_all

logger = logging.getLogger(__name__)

MAX_PRIORITY = 100


@transaction.atomic
def update_question_set(
    *,
    question_set: QuestionSet,
    user: User,
    title: str,
    priority: int,
    due_on: date | None,
    goal: str,
    skill: str,
    show_proposals: bool,
    answers_wanted: int,
) -> QuestionSet:
    """Store the decisions; they hold at once. ``skill`` is kept in lower case. Raises ``InvalidSettingError``."""
    if abs(priority) > MAX_PRIORITY:
        raise InvalidSettingError(_("The priority is a number from −100 to 100."))
    skill = skill.strip().casefold()
    if "," in skill:
        raise InvalidSettingError(_("A set can need one skill at most, so the skill cannot contain a comma."))
    QuestionSet.objects.filter(pk=question_set.pk).update(
        title=title.strip(),
        priority=priority,
        due_on=due_on,
        goal=goal.strip(),
        skill=skill,
        show_proposals=show_proposals,
    )
    logger.info("question set %s changed by user %s", question_set.pk, user.pk)
    return set_answers_wanted(question_set=question_set, user=user, answers_wanted=answers_wanted)


@transaction.atomic
def set_answers_wanted(*, question_set: QuestionSet, user: User, answers_wanted: int) -> QuestionSet:
    """Have each question answered by so many people; the set, new. Raises ``InvalidSettingError`` outside of 1 to 5.

    With more people, questions that were settled are asked again until enough have answered; with fewer, the answers that are there decide. Answers
    beyond the number count too. Adjudicated questions stay decided, control questions stay as they are. What was given to too few people for the new
    number is open to all.
    """
    if not 1 <= answers_wanted <= MAX_ANSWERS_PER_QUESTION:
        raise InvalidSettingError(
            _("A question is answered by 1 to %(most)d people.") % {"most": MAX_ANSWERS_PER_QUESTION}
        )
    locked = QuestionSet.objects.select_for_update(of=("self",)).get(pk=question_set.pk)
    if locked.answers_wanted != answers_wanted:
        locked.answers_wanted = answers_wanted
        locked.save(update_fields=["answers_wanted"])
        questions = Question.objects.filter(question_set=locked, is_control=False)
        settle_all(questions=questions)
        open_short_questions(questions=questions)
        logger.info("question set %s: %d people per question, by user %s", locked.pk, answers_wanted, user.pk)
    question_set.refresh_from_db()
    return question_set
