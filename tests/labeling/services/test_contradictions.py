from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from labeling.models import Answer, Contradiction, Question, Row, Transform
from labeling.selectors.contradictions import contradiction_suspects, contradiction_views, contradictions_for
from labeling.services import contradictions
from labeling.services.answers import reopen_answer, withdraw_answer
from labeling.services.contradictions import PAUSE, check_contradictions, sweep_contradictions
from partitions import Contradiction as Found
from tests.labeling.builders import Cast, answer, question_set, transform

pytestmark = pytest.mark.django_db


def asked(of: Transform, user: User, *keys: str) -> list[Question]:
    """A question for each text; its rows have the text's letters as keys."""
    questions = question_set(of, user, [len(key) for key in keys])
    for question, letters in zip(questions, keys, strict=True):
        for row, letter in zip(question.rows.order_by("position"), letters, strict=True):
            Row.objects.filter(pk=row.pk).update(key=letter, values=[letter, f"name {letter}"])
    return questions


def standing(of: Transform) -> list[tuple[str, str, int]]:
    of.refresh_from_db()
    check_contradictions(transform=of)
    return [
        (view.contradiction.key_a, view.contradiction.key_b, len(view.steps))
        for view in contradiction_views(contradictions_for(transform=of))
    ]


def test_the_same_here_and_different_there(people: Cast, of: Transform) -> None:
    one, two = asked(of, people.admin, "xy", "xyz")
    answer(one, people.steward, "AA")
    assert standing(of) == []
    answer(two, people.colleague, "ABB")
    assert standing(of) == [("x", "y", 1)]
    (view,) = contradiction_views(contradictions_for(transform=of))
    assert (view.different, view.questions) == (two, (two, one))
    assert (view.row_a.key, view.row_b.key, view.steps[0].question) == ("x", "y", one)
    assert view.contradiction.questions.count() == 2


def test_through_others_with_the_fewest_that_explain_it(people: Cast, of: Transform) -> None:
    chain = asked(of, people.admin, "ab", "bc", "cd", "xy", "da")
    for question in chain[:4]:
        answer(question, people.steward, "AA")
    answer(chain[4], people.steward, "AB")
    (found,) = standing(of)
    assert found[2] == 3
    assert list(contradiction_suspects(transform=of)) == [*chain[:3], chain[4]]


def test_unsure_contradicts_nothing(people: Cast, of: Transform) -> None:
    one, two = asked(of, people.admin, "xy", "xy")
    answer(one, people.steward, "AA")
    answer(two, people.steward, "A?")
    assert standing(of) == []


def test_putting_it_right_clears_it(people: Cast, of: Transform) -> None:
    one, two = asked(of, people.admin, "xy", "xy")
    answer(one, people.steward, "AA")
    answer(two, people.steward, "AB")
    assert standing(of) == [("x", "y", 1)]
    given = Answer.objects.get(question=two)
    reopen_answer(answer=given, user=people.lead)
    assert standing(of) == []
    assert Contradiction.objects.get().cleared_at is not None
    answer(two, people.steward, "AB")
    assert standing(of) == [("x", "y", 1)]
    withdraw_answer(answer=given, user=people.lead)
    assert standing(of) == []
    assert Contradiction.objects.count() == 2


def test_what_stands_keeps_its_date(people: Cast, of: Transform) -> None:
    one, two, three = asked(of, people.admin, "xy", "xy", "uv")
    answer(one, people.steward, "AA")
    answer(two, people.steward, "AB")
    standing(of)
    found_at = Contradiction.objects.get().found_at
    answer(three, people.steward, "AB")
    standing(of)
    assert Contradiction.objects.get().found_at == found_at


def test_one_row_in_two_groups_of_one_answer(people: Cast, of: Transform) -> None:
    (question,) = asked(of, people.admin, "xxy")
    answer(question, people.steward, "ABB")
    assert standing(of) == [("x", "x", 0)]
    (view,) = contradiction_views(contradictions_for(transform=of))
    assert (view.row_a.position, view.row_b.position, view.questions) == (1, 2, (question,))


def test_other_transforms_have_their_own(people: Cast, of: Transform) -> None:
    other = transform(people.team, people.admin, "Shops")
    (one,), (two,) = asked(of, people.admin, "xy"), asked(other, people.admin, "xy")
    answer(one, people.steward, "AA")
    answer(two, people.steward, "AB")
    assert standing(of) == standing(other) == []


def test_the_sweep_looks_where_something_changed(people: Cast, of: Transform) -> None:
    one, two = asked(of, people.admin, "xy", "xy")
    sweep_contradictions()
    of.refresh_from_db()
    assert of.contradictions_at is None
    answer(one, people.steward, "AA")
    answer(two, people.steward, "AB")
    sweep_contradictions()
    assert Contradiction.objects.filter(cleared_at=None).count() == 1
    long_ago = timezone.now() - 20 * PAUSE
    Question.objects.update(changed_at=long_ago - timedelta(hours=1))
    Transform.objects.update(contradictions_at=long_ago)
    sweep_contradictions()
    of.refresh_from_db()
    assert of.contradictions_at == long_ago
    reopen_answer(answer=Answer.objects.get(question=two), user=people.lead)
    sweep_contradictions()
    assert not Contradiction.objects.filter(cleared_at=None).exists()


def test_of_two_looks_at_a_time_one_does_nothing(people: Cast, of: Transform) -> None:
    one, two = asked(of, people.admin, "xy", "xy")
    answer(one, people.steward, "AA")
    answer(two, people.steward, "AB")
    stale = Transform.objects.get(pk=of.pk)
    assert check_contradictions(transform=of) == 1
    assert check_contradictions(transform=stale) == 1
    assert Contradiction.objects.count() == 1


@pytest.mark.parametrize("count", [2, 6])
def test_the_list_costs_the_same_however_long(
    people: Cast, of: Transform, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    questions = asked(of, people.admin, *["xy"] * count)
    for number, question in enumerate(questions):
        answer(question, people.steward, "AB" if number else "AA")
    assert len(standing(of)) == count - 1
    with django_assert_num_queries(3):
        for view in contradiction_views(contradictions_for(transform=of)):
            assert view.different.question_set.transform == of


@pytest.mark.django_db(transaction=True)
def test_people_who_answer_do_not_wait_for_a_look(people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = asked(of, people.admin, "xy", "xy", "uv")
    answer(one, people.steward, "AA")
    answer(two, people.steward, "AB")
    look = contradictions._find

    def answers() -> None:
        answer(three, people.colleague, "AB")
        connection.close()

    def meanwhile(looked_at: Transform) -> list[Found]:
        thread = threading.Thread(target=answers)
        thread.start()
        thread.join(10)
        assert not thread.is_alive(), "the answer waits"
        return look(looked_at)

    monkeypatch.setattr(contradictions, "_find", meanwhile)
    assert check_contradictions(transform=of) == 1
    three.refresh_from_db()
    assert three.state == "settled"


def test_one_search_at_a_time_and_another_when_its_worker_has_died(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that takes longer than the time between two ticks must not keep every worker busy with the same."""
    one, two = asked(of, people.admin, "xy", "xyz")
    answer(one, people.steward, "AA")
    answer(two, people.colleague, "ABB")
    look, begun = contradictions._find, 0

    def while_the_next_tick_comes(looked_at: Transform) -> list[Found]:
        nonlocal begun
        begun += 1
        sweep_contradictions()
        return look(looked_at)

    monkeypatch.setattr(contradictions, "_find", while_the_next_tick_comes)
    sweep_contradictions()
    assert (begun, of.contradictions.count()) == (1, 1)

    of.refresh_from_db()
    Transform.objects.update(contradictions_at=None, contradictions_claimed_at=timezone.now())
    sweep_contradictions()
    assert begun == 1
    Transform.objects.update(contradictions_claimed_at=timezone.now() - timedelta(minutes=10))
    sweep_contradictions()
    assert begun == 2


def test_a_search_that_fails_does_not_keep_others_from_theirs(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = transform(people.team, people.admin, "Others")
    for each in (of, other):
        one, two = asked(each, people.admin, "xy", "xyz")
        answer(one, people.steward, "AA")
        answer(two, people.colleague, "ABB")
    look, first = contradictions._find, Transform.objects.values_list("pk", flat=True).first()

    def failing(looked_at: Transform) -> list[Found]:
        if looked_at.pk == first:
            raise RuntimeError
        return look(looked_at)

    monkeypatch.setattr(contradictions, "_find", failing)
    sweep_contradictions()
    assert list(Contradiction.objects.exclude(transform=first).values_list("key_a", "key_b")) == [("x", "y")]
