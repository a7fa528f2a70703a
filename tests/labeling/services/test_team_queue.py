"""Who is offered which question: assignment, skills, priority, filters, several people per question."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Membership, User
from labeling.choices import AnswerStatus, QuestionState
from labeling.exceptions import InvalidFilterError, InvalidSettingError, QuestionTakenError
from labeling.models import Answer, Question, QuestionSet, Transform
from labeling.selectors.question_sets import people_progress, set_overview, set_overviews, sets_in_order
from labeling.selectors.questions import total_and_left
from labeling.selectors.queue import QueueFilter
from labeling.services.answers import (
    next_question,
    open_question,
    release_question,
    save_draft,
    skip_question,
    submit_answer,
    withdraw_answer,
)
from labeling.services.assignment import assign_questions, clear_assignments
from labeling.services.labeling_settings import update_labeling_settings
from labeling.services.people import deactivate_person
from labeling.services.question_sets import set_answers_wanted, update_question_set
from tests.labeling.builders import Cast, answer, grouping, person, question_set, transform, wanting

pytestmark = pytest.mark.django_db


@pytest.fixture
def questions(people: Cast, of: Transform) -> list[Question]:
    return question_set(of, people.admin, [2] * 4)


@pytest.fixture
def the_set(questions: list[Question]) -> QuestionSet:
    return questions[0].question_set


def offered(of: Transform, steward: User) -> list[Question]:
    """Everything the person is offered, in order; nothing is answered."""
    found: list[Question] = []
    while question := next_question(transform=of, steward=steward, exclude=[question.pk for question in found]):
        found.append(question)
    Question.objects.update(leased_to=None, lease_expires_at=None)
    return found


def test_priority_then_due_date_then_number(people: Cast, of: Transform, questions: list[Question]) -> None:
    second, third, fourth = (question_set(of, people.admin, [2])[0] for _number in range(3))
    QuestionSet.objects.filter(questions=fourth).update(priority=1)
    QuestionSet.objects.filter(questions=third).update(due_on=date(2030, 1, 1))
    QuestionSet.objects.filter(questions=second).update(due_on=date(2029, 1, 1))
    assert offered(of, people.steward) == [fourth, second, third, *questions]


def test_assigned_questions_go_to_their_people_alone(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:

    def give(only: QueueFilter) -> int:
        return assign_questions(
            question_set=the_set, user=people.lead, people=[people.colleague], split=True, only=only
        )

    assert give(QueueFilter("name", "NAME 2")) == 1
    assert give(QueueFilter("id", "nothing like it")) == 0
    with pytest.raises(InvalidFilterError):
        give(QueueFilter("street", "x"))
    assert offered(of, people.colleague) == questions
    assert offered(of, people.steward) == [questions[0], *questions[2:]]
    assert total_and_left(transform=of, steward=people.steward)[1] == 3
    assert clear_assignments(question_set=the_set, user=people.lead) == 1
    assert offered(of, people.steward) == questions


def test_a_link_to_a_question_that_is_meant_for_others_opens_it_for_leads_alone(
    people: Cast, questions: list[Question], the_set: QuestionSet
) -> None:
    begun, held, given, skilled = questions
    save_draft(question=begun, steward=people.steward, labels={})
    release_question(question=begun, steward=people.steward)
    open_question(question=held, steward=people.steward)
    assign_questions(question_set=the_set, user=people.lead, people=[people.colleague], split=True)
    skilled.assignments.all().delete()
    QuestionSet.objects.update(skill="polish")
    for question in (given, skilled):
        with pytest.raises(QuestionTakenError, match="assigned to other people or needs a skill"):
            open_question(question=question, steward=people.steward)
        question.refresh_from_db()
        assert question.leased_to is None
    for question in (begun, held):  # what one is at already can be finished
        assert open_question(question=question, steward=people.steward).leased_to == people.steward

    assert open_question(question=given, steward=people.colleague).leased_to == people.colleague
    assert open_question(question=skilled, steward=people.lead).leased_to == people.lead
    release_question(question=skilled, steward=people.lead)
    Membership.objects.filter(user=people.steward).update(skills="Polish")
    assert open_question(question=skilled, steward=people.steward).leased_to == people.steward


def test_split_is_even_and_all_is_all(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    both = [people.steward, people.colleague]
    assert assign_questions(question_set=the_set, user=people.lead, people=both, split=True) == 4
    shares = [offered(of, somebody) for somebody in both]
    assert [len(share) for share in shares] == [2, 2]
    assert set(shares[0]) | set(shares[1]) == set(questions)
    assert offered(of, people.lead) == []
    assign_questions(question_set=the_set, user=people.lead, people=both, split=False)
    assert [offered(of, somebody) for somebody in both] == [questions, questions]
    assert clear_assignments(question_set=the_set, user=people.lead, people=[people.steward]) == 4
    assert offered(of, people.steward) == []


def test_a_question_goes_to_as_many_people_as_it_needs(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    answer(questions[0], people.steward, "AA")
    three = [people.steward, people.colleague, people.lead]
    assign_questions(question_set=the_set, user=people.lead, people=three, split=True)
    assert [question.assignments.count() for question in questions] == [1, 2, 2, 2]
    assert not questions[0].assignments.filter(user=people.steward).exists()
    with pytest.raises(InvalidSettingError):
        assign_questions(question_set=the_set, user=people.lead, people=[people.colleague], split=False)
    with pytest.raises(InvalidSettingError):
        assign_questions(question_set=the_set, user=people.lead, people=[*three, people.stranger], split=False)


def test_skills(people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet) -> None:
    QuestionSet.objects.update(skill="polish")
    assert offered(of, people.steward) == []
    Membership.objects.filter(user=people.steward).update(skills="Tax law,  Polish ")
    assert offered(of, people.steward) == questions
    assign_questions(question_set=the_set, user=people.lead, people=[people.colleague], split=True)
    assert offered(of, people.colleague) == questions


def test_skipped_questions_come_after_everything_else(people: Cast, of: Transform, questions: list[Question]) -> None:
    skip_question(question=questions[0], steward=people.steward)
    urgent = question_set(of, people.admin, [2])[0]
    QuestionSet.objects.filter(questions=urgent).update(priority=5)
    assert offered(of, people.steward) == [urgent, *questions[1:], questions[0]]


def test_more_people_ask_again_and_fewer_let_the_answers_decide(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    answer(questions[0], people.steward, "AA")
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    assert [question.answers_missing for question in the_set.questions.order_by("position")] == [1, 2, 2, 2]
    assert set(the_set.questions.values_list("state", flat=True)) == {QuestionState.OPEN}
    assert questions[0] in offered(of, people.colleague)
    assert questions[0] not in offered(of, people.steward)
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=1)
    questions[0].refresh_from_db()
    assert (questions[0].state, questions[0].answers_missing) == (QuestionState.SETTLED, 0)
    for wrong in (0, 6):
        with pytest.raises(InvalidSettingError):
            set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=wrong)


def test_fewer_people_dispute_what_they_said_differently(
    people: Cast, questions: list[Question], the_set: QuestionSet
) -> None:
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=3)
    answer(questions[0], people.steward, "AA")
    answer(questions[0], people.colleague, "AB")
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=1)
    questions[0].refresh_from_db()
    assert questions[0].state == QuestionState.DISPUTED


def test_a_lease_ends_where_nobody_is_asked_any_more(
    people: Cast, questions: list[Question], the_set: QuestionSet
) -> None:
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    answer(questions[0], people.steward, "AA")
    open_question(question=questions[0], steward=people.colleague)
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=1)
    with pytest.raises(QuestionTakenError):
        answer(questions[0], people.colleague, "AB")
    assert Answer.objects.get(steward=people.colleague).status == AnswerStatus.DRAFT


def test_overviews_and_progress(people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet) -> None:
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    QuestionSet.objects.update(due_on=timezone.localdate() - timedelta(days=2))
    other = question_set(of, people.admin, [2])[0].question_set
    answer(questions[0], people.steward, "AA")
    answer(questions[0], people.colleague, "AB")
    answer(questions[1], people.colleague, "AB")
    save_draft(question=questions[2], steward=people.steward, labels={})
    assign_questions(
        question_set=the_set, user=people.lead, people=[people.lead, people.admin, people.steward], split=False
    )
    first, second = set_overviews(list(sets_in_order(transform=of)))
    assert (second.question_set, second.percent, second.overdue) == (other, 0, False)
    assert first == set_overview(question_set=QuestionSet.objects.get(pk=the_set.pk))
    assert (first.questions, first.settled, first.disputed, first.open, first.in_work) == (4, 0, 1, 3, 1)
    assert (first.answers_given, first.answers_needed, first.percent, first.overdue) == (3, 8, 37, True)
    progress = {
        one.user.username: (one.assigned, one.answered, one.drafts) for one in people_progress(question_set=the_set)
    }
    assert progress == {"admin": (3, 0, 0), "lead": (3, 0, 0), "steward": (3, 1, 1), "colleague": (0, 2, 0)}


def test_a_set_is_changed_at_once(people: Cast, of: Transform, the_set: QuestionSet) -> None:
    wanted = {
        "title": " Spring ",
        "priority": 3,
        "due_on": date(2030, 1, 1),
        "goal": "All of it",
        "skill": "Polish",
        "show_proposals": False,
        "answers_wanted": 2,
    }
    changed = update_question_set(question_set=the_set, user=people.lead, **wanted)  # type: ignore[arg-type]
    assert (changed.title, changed.skill, changed.answers_wanted, changed.goal) == ("Spring", "polish", 2, "All of it")
    for wrong in ({"priority": 101}, {"skill": "a, b"}, {"answers_wanted": 6}):
        with pytest.raises(InvalidSettingError):
            update_question_set(question_set=the_set, user=people.lead, **(wanted | wrong))  # type: ignore[arg-type]
    the_set.refresh_from_db()
    assert (the_set.priority, the_set.skill, the_set.answers_wanted) == (3, "polish", 2)


def test_settings_for_labeling(people: Cast, of: Transform) -> None:
    wanted = {
        "answers_per_question": 3,
        "consensus_rule": "unanimous",
        "show_proposals": False,
        "control_percent": 10,
        "links_in_cells": True,
        "images_in_cells": True,
    }
    update_labeling_settings(transform=of, user=people.admin, **wanted)  # type: ignore[arg-type]
    of.refresh_from_db()
    assert {name: getattr(of, name) for name in wanted} == wanted
    for wrong in ({"answers_per_question": 6}, {"control_percent": 31}, {"consensus_rule": "dictator"}):
        with pytest.raises(InvalidSettingError):
            update_labeling_settings(transform=of, user=people.admin, **(wanted | wrong))  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_however_many_press_a_question_is_given_to_as_many_people_as_it_wants(people: Cast) -> None:
    """Eight people work through twelve questions that want two answers each, as fast as they can."""
    of = transform(people.team, people.admin)
    questions = question_set(of, people.admin, [2] * 12)
    wanting(questions, 2)
    labels = {question.pk: grouping(question, "AB") for question in questions}
    stewards = [person(f"s{number}") for number in range(8)]
    start = threading.Barrier(len(stewards))
    given: list[tuple[object, str]] = []
    refused: list[Exception] = []

    def work(steward: User) -> None:
        start.wait()
        try:
            while Question.objects.filter(answers_missing__gt=0).exists():
                question = next_question(transform=of, steward=steward)
                if question is None:  # others hold what is left, just now
                    time.sleep(0.01)
                    continue
                given.append((question.pk, steward.username))
                submit_answer(question=question, steward=steward, labels=labels[question.pk], seconds=1, keys=1)
        except Exception as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(steward,)) for steward in stewards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert set(Counter(pk for pk, _name in given).values()) == {2}
    assert len(set(given)) == len(given) == 24
    assert Answer.objects.filter(status=AnswerStatus.SUBMITTED).count() == 24
    assert set(Question.objects.values_list("state", "answers_missing")) == {(QuestionState.SETTLED, 0)}


def test_what_somebody_who_leaves_was_given_goes_to_others(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    steward = Membership.objects.get(user=people.steward)
    assign_questions(question_set=the_set, user=people.lead, people=[people.steward], split=True)
    answer(questions[0], people.steward, "AA")
    assert offered(of, people.colleague) == []
    assert deactivate_person(membership=steward, user=people.admin) == 3
    assert offered(of, people.colleague) == questions[1:]


def test_those_who_were_given_the_same_keep_it(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    steward = Membership.objects.get(user=people.steward)
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    assign_questions(
        question_set=the_set, user=people.lead, people=[people.steward, people.colleague, people.lead], split=False
    )
    answer(questions[0], people.colleague, "AA")
    answer(questions[1], people.steward, "AA")
    deactivate_person(membership=steward, user=people.admin)
    assert offered(of, people.admin) == [], "two others are left for each that wants two, one for each that wants one"
    assert offered(of, people.colleague) == questions[1:]


def test_nobody_waits_for_people_who_left(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    steward = Membership.objects.get(user=people.steward)
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    assign_questions(question_set=the_set, user=people.lead, people=[people.steward, people.colleague], split=False)
    deactivate_person(membership=steward, user=people.admin)
    assert offered(of, people.admin) == questions, "one person alone could not have answered them"


def test_what_was_given_to_too_few_is_opened_when_more_are_wanted(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    assign_questions(question_set=the_set, user=people.lead, people=[people.steward], split=True)
    answer(questions[0], people.steward, "AA")
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    assert offered(of, people.colleague) == questions, "one person alone could not have answered them"


def test_taking_back_from_one_of_two_who_are_both_needed_opens_it(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    set_answers_wanted(question_set=the_set, user=people.lead, answers_wanted=2)
    assign_questions(question_set=the_set, user=people.lead, people=[people.steward, people.colleague], split=False)
    clear_assignments(question_set=the_set, user=people.lead, people=[people.colleague])
    assert offered(of, people.lead) == questions


def test_what_somebody_who_left_had_answered_can_be_asked_again_of_others(
    people: Cast, of: Transform, questions: list[Question], the_set: QuestionSet
) -> None:
    assign_questions(question_set=the_set, user=people.lead, people=[people.steward], split=True)
    answer(questions[0], people.steward, "AA")
    deactivate_person(membership=Membership.objects.get(user=people.steward), user=people.admin)
    withdraw_answer(answer=Answer.objects.get(), user=people.lead)
    assert questions[0] in offered(of, people.colleague)


def test_sets_that_are_answered_stand_behind_those_that_are_asked(people: Cast, of: Transform) -> None:
    firsts = [question_set(of, people.lead, [2], first_key=10 * number)[0] for number in range(4)]
    for question in firsts[:2]:
        answer(question, people.steward, "AA")
    assert [one.number for one in sets_in_order(transform=of)] == [3, 4, 2, 1]
