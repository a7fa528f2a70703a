from __future__ import annotations

import pytest

from labeling.choices import AnswerStatus, ChangeAction, LabelFileKind, QuestionState
from labeling.exceptions import InvalidAnswerError, InvalidSettingError, QuestionTakenError
from labeling.models import Answer, Question, Row, Transform
from labeling.selectors.agreement import own_agreement, team_agreement
from labeling.selectors.controls import control_questions
from labeling.selectors.import_preview import import_preview, replace_preview
from labeling.selectors.label_files import provenance
from labeling.selectors.work import work_lines
from labeling.services.answers import (
    next_question,
    open_question,
    reopen_answer,
    save_draft,
    skip_question,
    withdraw_answer,
)
from labeling.services.assignment import assign_questions
from labeling.services.controls import mark_control, unmark_control
from labeling.services.guidelines import add_example
from labeling.services.question_sets import set_answers_wanted
from tests.labeling.builders import Cast, answer, grouping, question_set, transform
from tests.support.concurrency import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def of(people: Cast) -> Transform:
    """A third of what people get are control questions."""
    return transform(people.team, people.admin, control_percent=30)


@pytest.fixture
def questions(people: Cast, of: Transform) -> list[Question]:
    """Forty questions; the steward has answered the first three, and they are control questions now."""
    made = question_set(of, people.admin, [3] * 40)
    for question in made[:3]:
        answer(question, people.steward, "AAB")
        mark_control(question=question, user=people.lead)
    return made


def worked_through(of: Transform, person: object, letters: str = "AAB") -> list[Question]:
    """What the person gets until there is nothing left, all answered."""
    got: list[Question] = []
    while question := next_question(transform=of, steward=person):  # type: ignore[arg-type]
        answer(question, person, letters)  # type: ignore[arg-type]
        got.append(question)
    return got


def test_control_questions_come_in_between_and_look_like_others(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    got = worked_through(of, people.colleague)
    controls = [place for place, question in enumerate(got) if question in questions[:3]]
    assert len(got) == len(set(got)) == 40
    assert len(controls) == 3
    assert set(Answer.objects.filter(control=True).values_list("steward__username", flat=True)) == {"colleague"}


def test_who_has_seen_it_does_not_get_it(people: Cast, of: Transform, questions: list[Question]) -> None:
    assert set(worked_through(of, people.steward)) == set(questions[3:])
    with pytest.raises(QuestionTakenError):
        open_question(question=questions[0], steward=people.steward)


def test_none_are_asked_at_a_rate_of_nothing(people: Cast, of: Transform, questions: list[Question]) -> None:
    Transform.objects.update(control_percent=0)
    of.refresh_from_db()
    assert set(worked_through(of, people.colleague)) == set(questions[3:])


def test_loading_again_does_not_draw_again(people: Cast, of: Transform, questions: list[Question]) -> None:
    for _question in range(15):
        first = next_question(transform=of, steward=people.colleague)
        assert first is not None
        assert next_question(transform=of, steward=people.colleague) == first
        answer(first, people.colleague, "AAB")


def control_on_screen(of: Transform, person: object, questions: list[Question]) -> Question:
    while question := next_question(transform=of, steward=person):  # type: ignore[arg-type]
        if question in questions[:3]:
            return question
        answer(question, person, "AAB")  # type: ignore[arg-type]
    raise AssertionError


def test_a_draft_of_a_control_question_comes_back(people: Cast, of: Transform, questions: list[Question]) -> None:
    control = control_on_screen(of, people.colleague, questions)
    save_draft(question=control, steward=people.colleague, labels={})
    assert next_question(transform=of, steward=people.colleague) == control
    skip_question(question=control, steward=people.colleague)
    assert next_question(transform=of, steward=people.colleague) != control
    save_draft(question=control, steward=people.colleague, labels={})  # Undo
    assert next_question(transform=of, steward=people.colleague) == control


def test_many_may_answer_it_at_the_same_time(people: Cast, of: Transform, questions: list[Question]) -> None:
    for person in (people.colleague, people.lead):
        save_draft(question=open_question(question=questions[0], steward=person), steward=person, labels={})
    for person in (people.colleague, people.lead):
        answer(Question.objects.get(pk=questions[0].pk), person, "ABB")
    questions[0].refresh_from_db()
    assert (questions[0].state, questions[0].answers_missing, questions[0].leased_to) == (
        QuestionState.SETTLED,
        0,
        None,
    )
    assert "".join(questions[0].result_labels.values()) == "AAB"


def test_it_teaches_nothing(people: Cast, of: Transform, questions: list[Question]) -> None:
    assert replace_preview(transform=of).sets == 0
    unmark_control(question=questions[0], user=people.lead)
    assert import_preview(transform=of).answers == 1


def test_its_answer_can_be_taken_back_and_the_known_one_cannot(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    question = Question.objects.get(pk=questions[0].pk)
    answer(question, people.colleague, "ABB")
    blind = Answer.objects.get(control=True)
    reopened = reopen_answer(answer=blind, user=people.colleague)
    assert reopened.status == AnswerStatus.DRAFT
    answer(question, people.colleague, "AAB")
    withdraw_answer(answer=blind, user=people.colleague)
    assert open_question(question=question, steward=people.colleague) == question
    with pytest.raises(InvalidAnswerError):
        reopen_answer(answer=Answer.objects.get(question=question, control=False), user=people.steward)
    question.refresh_from_db()
    assert question.state == QuestionState.SETTLED


def test_an_ordinary_question_again(people: Cast, of: Transform, questions: list[Question]) -> None:
    question = Question.objects.get(pk=questions[0].pk)
    save_draft(question=question, steward=people.lead, labels={})
    answer(question, people.colleague, "AAB")
    unmark_control(question=question, user=people.lead)
    assert not Answer.objects.filter(question=question, steward=people.lead).exists()
    withdraw_answer(answer=Answer.objects.get(question=question, steward=people.steward), user=people.lead)
    answer(Question.objects.get(pk=question.pk), people.lead, "ABB")
    question.refresh_from_db()
    assert "".join(question.result_labels.values()) == "ABB"


def test_who_answered_it_as_a_control_question_may_answer_it_as_an_ordinary_one(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    question = Question.objects.get(pk=questions[0].pk)
    answer(question, people.colleague, "AAA")
    given = Answer.objects.get(question=question, steward=people.colleague)
    reopen_answer(answer=given, user=people.colleague)
    answer(question, people.colleague, "ABB")
    unmark_control(question=question, user=people.lead)
    given.refresh_from_db()
    assert (given.status, given.row_labels.count()) == (AnswerStatus.WITHDRAWN, 0)
    assert [(change.action, change.by) for change in given.changes.all()] == [
        (ChangeAction.SUBMITTED, people.colleague),
        (ChangeAction.REOPENED, people.colleague),
        (ChangeAction.CORRECTED, people.colleague),
        (ChangeAction.WITHDRAWN, people.lead),
    ]
    question.refresh_from_db()
    assert "".join(question.result_labels.values()) == "AAB"

    question_set = question.question_set
    set_answers_wanted(question_set=question_set, user=people.lead, answers_wanted=2)
    assign_questions(question_set=question_set, user=people.lead, people=[people.steward, people.colleague], split=True)
    question.refresh_from_db()
    answer(open_question(question=question, steward=people.colleague), people.colleague, "AAB")
    question.refresh_from_db()
    assert (question.state, question.answers_missing) == (QuestionState.SETTLED, 0)
    given.refresh_from_db()
    reopen_answer(answer=given, user=people.colleague)
    answer(question, people.colleague, "CCA")
    assert not work_lines(team=people.team, user=people.colleague, by=())[0].corrected, "the same groups as at first"


def test_glue_owes_nothing_to_an_answer_to_a_control_question(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    file = questions[0].question_set.label_file
    file.kind = LabelFileKind.BUILT
    file.included_questions.create(question=questions[0], version=1)
    answer(Question.objects.get(pk=questions[0].pk), people.colleague, "ABB")
    unmark_control(question=questions[0], user=people.lead)
    assert [one.person for one in provenance(label_file=file).people] == [people.steward]


def test_only_what_is_settled_and_not_shown_to_all(people: Cast, of: Transform, questions: list[Question]) -> None:
    with pytest.raises(InvalidAnswerError):
        mark_control(question=questions[5], user=people.lead)
    answer(questions[5], people.steward, "AAB")
    add_example(question=questions[5], user=people.lead)
    with pytest.raises(InvalidAnswerError):
        mark_control(question=questions[5], user=people.lead)
    with pytest.raises(InvalidSettingError):
        add_example(question=questions[0], user=people.lead)


@pytest.mark.locks
@pytest.mark.django_db(transaction=True)
def test_what_just_becomes_a_control_question_is_not_shown_to_all(people: Cast, of: Transform) -> None:
    question = question_set(of, people.admin, [2])[0]
    answer(question, people.steward, "AB")
    with pytest.raises(InvalidSettingError), meanwhile(lambda: add_example(question=question, user=people.lead)):
        mark_control(question=question, user=people.lead)


def test_scores(people: Cast, of: Transform, questions: list[Question]) -> None:
    for question, letters in zip(questions[:3], ("CCA", "ABB", "AAB"), strict=True):
        answer(Question.objects.get(pk=question.pk), people.colleague, letters)
    assert [question.asked for question in control_questions(transform=of)] == [1, 1, 1]
    team = team_agreement(transform=of)
    controls = team.of_people(team.people).controls
    assert set(controls) == {people.colleague.pk}
    assert controls[people.colleague.pk].f1.value == pytest.approx(2 / 3)
    assert own_agreement(transform=of, user=people.steward).with_controls is None
    assert own_agreement(transform=of, user=people.colleague).with_controls == controls[people.colleague.pk]


def test_marking_twice_is_marking_once(people: Cast, of: Transform, questions: list[Question]) -> None:
    again = mark_control(question=questions[0], user=people.lead)
    assert again.known_labels == grouping(questions[0], "AAB")
    assert Row.objects.filter(question=again).count() == 3
    assert unmark_control(question=questions[5], user=people.lead).state == QuestionState.OPEN
