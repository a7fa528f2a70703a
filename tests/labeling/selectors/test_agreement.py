from __future__ import annotations

import pytest
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from labeling.models import Answer, Question, Transform
from labeling.selectors import agreement
from labeling.selectors.agreement import own_agreement, team_agreement
from labeling.selectors.groupings import Groupings, groupings_of
from labeling.selectors.quality import agreement_points
from labeling.selectors.set_agreement import set_figures
from labeling.services.controls import mark_control
from tests.labeling.builders import Cast, answer, question_set, transform, wanting

pytestmark = pytest.mark.django_db


@pytest.fixture
def questions(people: Cast, of: Transform) -> list[Question]:
    """Three questions answered by two people: alike, not alike, by one of them alone; and one of another set, alike."""
    made = question_set(of, people.admin, [3] * 3)
    wanting(made, 2)
    other = question_set(of, people.admin, [3])
    wanting(other, 2)
    for question, mine, theirs in zip(
        [*made, *other], ("AAB", "AAB", "AAA", "ABB"), ("BBA", "ABB", "", "ABB"), strict=True
    ):
        answer(question, people.steward, mine)
        if theirs:
            answer(question, people.colleague, theirs)
    return [*made, *other]


def test_people_with_each_other(people: Cast, of: Transform, questions: list[Question]) -> None:
    found = team_agreement(transform=of)
    assert [person.username for person in found.people] == ["colleague", "steward"]
    couple = found.of_people([people.steward]).between(people.colleague, people.steward)
    assert couple is not None
    assert (couple.both_same, couple.first_same, couple.second_same, couple.both_different) == (2, 1, 1, 5)
    assert couple.f1.value == pytest.approx(2 / 3)
    assert couple.f1.low is not None
    assert found.questions == 3
    assert found.alpha.value is not None
    assert 0 < found.alpha.value < 1


def test_a_control_question_counts_between_who_gave_the_known_answer_and_who_was_asked_later(
    people: Cast, of: Transform
) -> None:
    """As it does where two people had answered it before."""
    (alone,), (shared,) = (question_set(of, people.admin, [3], first_key=key) for key in (0, 50))
    wanting([shared], 2)
    for question, asked in ((alone, [people.steward]), (shared, [people.steward, people.lead])):
        for person in asked:
            answer(question, person, "AAB")
        answer(mark_control(question=question, user=people.admin), people.colleague, "ABB")
    couple = team_agreement(transform=of).of_people([people.steward]).between(people.steward, people.colleague)
    assert couple is not None
    assert couple.f1.questions == 2
    assert couple.first_same == 2


def test_each_set_has_its_alpha(people: Cast, of: Transform, questions: list[Question]) -> None:
    team = team_agreement(transform=of)
    assert [one.number for one in team.question_sets] == [2, 1]
    second, first = team.of_sets(team.question_sets)
    assert (first.question_set.number, first.questions, second.question_set.number, second.questions) == (1, 2, 2, 1)
    assert second.alpha.value == 1.0
    assert second.alpha.low is None
    assert team.of_sets(team.question_sets[1:]) == [first]


def test_alpha_is_the_same_wherever_it_is_told(people: Cast, of: Transform) -> None:
    """With its interval: for all questions here and on the page of quality, for a set in what people are told; a control question changes none."""
    made = question_set(of, people.admin, [4] * 5)
    wanting(made, 2)
    for question, theirs in zip(made, ("AABB", "ABAB", "AAAB", "ABCD", "AABB"), strict=True):
        answer(question, people.steward, "AABB")
        answer(question, people.colleague, theirs)
    known = question_set(of, people.admin, [4], first_key=100)[0]
    answer(known, people.steward, "AABB")
    answer(mark_control(question=Question.objects.get(pk=known.pk), user=people.lead), people.colleague, "AAAA")
    assert Answer.objects.get(question=known, steward=people.colleague).control
    found = team_agreement(transform=of)
    (on_quality,) = agreement_points(transform=of)
    told = set_figures(question_set=made[0].question_set)
    (of_set,) = found.of_sets(found.question_sets)
    assert found.alpha == of_set.alpha == on_quality.alpha
    assert (told.alpha, told.high) == (on_quality.alpha.value, on_quality.alpha.high)
    assert on_quality.alpha.low is not None


def test_the_consensus_of_two_tells_nothing_of_either(people: Cast, of: Transform, questions: list[Question]) -> None:
    assert team_agreement(transform=of).of_people([people.steward, people.colleague]).consensus == {}
    assert own_agreement(transform=of, user=people.steward).with_consensus is None


def test_against_the_consensus_only_what_three_people_settled(people: Cast, of: Transform) -> None:
    """Of three questions that three people answered one stays disputed; one more is settled by two people."""
    made = question_set(of, people.admin, [3] * 3)
    wanting(made, 3)
    pair = question_set(of, people.admin, [3], first_key=100)[0]
    wanting([pair], 2)
    for question, said in zip(
        [*made, pair], (("AAB",) * 3, ("AAB", "AAB", "ABB"), ("AAA", "AAB", "ABB"), ("AAB",) * 2), strict=True
    ):
        for person, letters in zip((people.steward, people.colleague, people.lead), said, strict=False):
            answer(question, person, letters)
    states = dict(Question.objects.values_list("pk", "state"))
    assert [states[question.pk] for question in [*made, pair]] == ["settled", "settled", "disputed", "settled"]
    consensus = team_agreement(transform=of).of_people([people.steward, people.lead]).consensus
    mine, other = consensus[people.steward.pk], consensus[people.lead.pk]
    assert (mine.f1.value, mine.f1.questions) == (1, 2)
    assert (other.both_same, other.first_same, other.second_same, other.both_different) == (1, 1, 1, 3)
    assert own_agreement(transform=of, user=people.lead).with_consensus == other


def test_only_who_answered_this_transform_is_told_in_five_queries(
    people: Cast, of: Transform, questions: list[Question], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = transform(people.team, people.admin, name="Other")
    (elsewhere,) = question_set(other, people.admin, [3], first_key=500)
    answer(elsewhere, people.lead, "AAB")
    with django_assert_num_queries(5):
        found = team_agreement(transform=of)
    assert set(found.people) == {people.steward, people.colleague}
    assert team_agreement(transform=other).people == (people.lead,)


def test_nobody_has_answered(of: Transform) -> None:
    found = team_agreement(transform=of)
    assert (found.people, found.questions, found.question_sets, found.alpha.value) == ((), 0, (), None)


def test_of_some_people_only_their_couples_are_told(people: Cast, of: Transform) -> None:
    made = question_set(of, people.admin, [3] * 2)
    wanting(made, 3)
    for question in made:
        for person, letters in ((people.steward, "AAB"), (people.colleague, "ABB"), (people.lead, "AAB")):
            answer(question, person, letters)
    team = team_agreement(transform=of)
    every, one = team.of_people(team.people), team.of_people([people.lead])
    assert len(every.couples) == 3
    assert one.couples == {couple: told for couple, told in every.couples.items() if people.lead.pk in couple}
    assert one.consensus == {people.lead.pk: every.consensus[people.lead.pk]}


def test_of_oneself_the_answers_of_others_are_not_read(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = question_set(of, people.admin, [3])
    wanting(made, 3)
    for person in (people.steward, people.colleague, people.lead):
        answer(made[0], person, "AAB")
    read: list[object] = []

    def groupings(answers: QuerySet[Answer]) -> Groupings:
        read.extend(answers.values_list("steward", flat=True))
        return groupings_of(answers)

    monkeypatch.setattr(agreement, "groupings_of", groupings)
    own = own_agreement(transform=of, user=people.steward)
    assert own.with_consensus is not None
    assert own.with_consensus.f1.value == 1
    assert read == [people.steward.pk]
