"""Why two rows would be the same thing: what the engine says that has learned from the answers, and when it says nothing."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.choices import GroupKind
from labeling.exceptions import NoExplanationError
from labeling.models import MatchGroup, MatchResult, PairExplanation, Question, Transform
from labeling.selectors.claims import CLAIM, MAX_ATTEMPTS, is_given_up
from labeling.selectors.explanations import ShownExplanation, shown_explanation
from labeling.services.explanations import KEPT, ask_about_group, ask_about_others, ask_about_question, least_alike
from labeling.services.reasons import explain_pair, sweep_reasons
from tests.labeling.builders import Cast, answer, question_set, read_result
from tests.labeling.services.test_shadow import FIRST, LAST

pytestmark = pytest.mark.django_db

CITIES = ("Ely", "Lagos", "Siena", "Bern", "Malmö", "Lyon", "Truro", "Chennai", "Gdynia")
GROUP = [
    ["900", "Ottoline Featherstonehaugh", "Ely"],
    ["901", "Ottoline Featherstonehaugh", "Ely"],
    ["902", "Ottoline Featherstonehaugh", "Lagos"],
]


@pytest.fixture
def of(of: Transform) -> Transform:
    """People with a city."""
    of.columns = [{"name": name, "data_type": "string"} for name in ("id", "name", "city")]
    of.save()
    return of


@pytest.fixture
def result(people: Cast, of: Transform) -> MatchResult:
    """One unsure group of three rows: the same name in all, another city in the last."""
    group = MatchGroup(kind=GroupKind.UNSURE, match_id="7", size=3, confidence=0.5, values=GROUP)
    return read_result(of, people.lead, [group])


@pytest.fixture
def questions(people: Cast, of: Transform) -> list[Question]:
    """Nine answered questions: a person, the same with a slip in the name, somebody else of the same city."""
    made = question_set(of, people.lead, [3] * 9)
    for number, question in enumerate(made):
        name, other = f"{FIRST[number]} {LAST[number]}", f"{FIRST[number - 1]} {LAST[(number + 4) % 9]}"
        for row, shown in zip(question.rows.order_by("position"), (name, name[:-1], other), strict=True):
            row.values = [row.key, shown, CITIES[number]]
            row.save()
        answer(question, people.steward, "AAB")
    return made


def asked(result: MatchResult) -> PairExplanation:
    return ask_about_group(result=result, group=result.found.get().pk)


def told(explanation: PairExplanation) -> ShownExplanation:
    explain_pair(explanation=explanation)
    explanation.refresh_from_db()
    assert explanation.problem == ""
    shown = shown_explanation(explanation=explanation)
    assert shown is not None
    return shown


def test_each_column_says_how_its_cells_compare_and_what_that_is_worth(
    result: MatchResult, questions: list[Question], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = told(asked(result))
    assert shown.keys == ("900", "902")  # of the three rows those that are least alike
    reasons = {reason.column: reason for reason in shown.reasons if reason.column}
    assert reasons.keys() == {"name", "city"}
    assert reasons["name"].words.startswith("the same")
    assert reasons["name"].cells == (GROUP[0][1], GROUP[2][1])
    assert reasons["name"].supports
    assert reasons["name"].strength in ("speaks strongly for", "speaks for", "speaks weakly for")
    assert reasons["name"].left == 50
    assert reasons["city"].words == "different"
    assert [reason.about for reason in shown.reasons if not reason.column] != []
    widths = [reason.width for reason in shown.reasons]
    assert widths == sorted(widths, reverse=True)
    assert max(widths) <= 50
    assert "Featherstonehaugh" not in caplog.text


def test_what_speaks_against_stands_left_of_the_middle(result: MatchResult, questions: list[Question]) -> None:
    group = result.found.get()
    group.values = [GROUP[0], ["903", "Xu Wei", "Lagos"]]
    group.save()
    shown = told(asked(result))
    assert not shown.match
    assert "different things" in shown.verdict or "apart" in shown.verdict
    against = [reason for reason in shown.reasons if not reason.supports]
    assert against
    assert all(reason.left + reason.width == 50 for reason in against)


def test_the_verdict_is_that_of_the_rows_and_two_others_can_be_chosen(
    result: MatchResult, questions: list[Question]
) -> None:
    first = asked(result)
    other = ask_about_others(explanation=first, pair=(1, 0))
    shown = told(other)
    assert shown.keys == ("900", "901")
    assert shown.match
    assert "the same thing" in shown.verdict
    for pair in ((1, 1), (0, 9), (-1, 2)):
        with pytest.raises(NoExplanationError, match="two different rows"):
            ask_about_others(explanation=first, pair=pair)


def test_without_answers_it_says_why_there_is_nothing(people: Cast, of: Transform, result: MatchResult) -> None:
    untaught = asked(result)
    explain_pair(explanation=untaught)
    untaught.refresh_from_db()
    assert "There are no labels yet" in untaught.problem
    for question in question_set(of, people.lead, [3]):
        for row in question.rows.all():
            row.values = [row.key, f"name {row.key}", ""]
            row.save()
        answer(question, people.steward, "ABC")  # no two rows that match
    again = asked(result)
    assert (again.pk, again.answered_at) == (untaught.pk, None)  # something has been answered since
    explain_pair(explanation=again)
    again.refresh_from_db()
    assert "too few" in again.problem


def test_a_second_ask_is_answered_at_once_until_answers_have_changed_for_a_while(
    people: Cast, of: Transform, result: MatchResult, questions: list[Question]
) -> None:
    first = asked(result)
    told(first)
    assert asked(result).answered_at is not None
    answer(question_set(of, people.lead, [2], first_key=500)[0], people.steward, "AB")
    assert asked(result).answered_at is not None
    PairExplanation.objects.update(answered_at=timezone.now() - KEPT)
    assert asked(result).answered_at is None
    assert PairExplanation.objects.count() == 1


def test_a_question_is_judged_by_an_engine_that_does_not_know_its_answer(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    Question.objects.exclude(pk=questions[0].pk).delete()
    alone = ask_about_question(question=questions[0], pair=(0, 1))
    explain_pair(explanation=alone)
    alone.refresh_from_db()
    assert "There are no labels yet" in alone.problem


def test_a_worker_that_dies_is_followed_by_another_and_in_the_end_by_none(
    result: MatchResult, questions: list[Question]
) -> None:
    explanation = asked(result)
    dead = {"claimed_at": timezone.now(), "attempts": 1}
    PairExplanation.objects.update(**dead)
    sweep_reasons()
    explanation.refresh_from_db()
    assert explanation.answered_at is None  # somebody may still be at it
    PairExplanation.objects.update(claimed_at=timezone.now() - CLAIM)
    sweep_reasons()
    explanation.refresh_from_db()
    assert explanation.contents is not None
    late = timezone.now() - CLAIM - timedelta(minutes=1)
    PairExplanation.objects.update(answered_at=None, contents=None, claimed_at=late, attempts=MAX_ATTEMPTS)
    assert is_given_up(explanation)
    sweep_reasons()
    assert is_given_up(explanation)
    assert not is_given_up(asked(result))  # somebody wants to know all the same


def test_what_a_worker_brings_too_late_is_not_kept(result: MatchResult, questions: list[Question]) -> None:
    explanation = asked(result)
    told(explanation)
    done = explanation.answered_at
    explain_pair(explanation=explanation)  # the message came twice
    explanation.refresh_from_db()
    assert explanation.answered_at == done


def test_rows_without_keys_of_their_own_are_not_asked_about(of: Transform, result: MatchResult) -> None:
    assert least_alike(of, [["1", "Ann", "Ely"], [" ", "Xu", "Bern"], ["2", "Anne", "Ely"]]) == (0, 2)
    for values in ([["1", "Ann", "Ely"], ["1", "Ann", "Bern"]], [["1", "Ann", "Ely"]]):
        with pytest.raises(NoExplanationError, match="no primary keys of their own"):
            least_alike(of, values)
