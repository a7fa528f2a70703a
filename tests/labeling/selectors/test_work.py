from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from labeling.models import Answer, Transform
from labeling.selectors.work import EVERYTHING, Spread, work_csv_rows, work_lines
from labeling.services.answers import reopen_answer, withdraw_answer
from tests.labeling.builders import Cast, answer, question_set, transform

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 2)


@pytest.fixture
def of(people: Cast) -> Transform:
    """Four answers by the steward on Monday, taking 10, 20, 30 and 40 seconds; one by the colleague on Tuesday."""
    made = transform(people.team, people.admin, "=People")
    questions = question_set(made, people.admin, [2] * 5)
    for number, question in enumerate(questions):
        tuesday = number == 4
        answer(question, people.colleague if tuesday else people.steward, "AB")
        Answer.objects.filter(question=question).update(
            first_submitted_at=datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=tuesday),
            seconds=10 * (number + 1),
            keys=number + 1,
            proposal_shown=number < 3,
            accepted_untouched=number < 1,
            corrected=number == 2,
        )
    return made


def test_lines_by_person_day_and_transform(people: Cast, of: Transform) -> None:
    theirs, mine = work_lines(team=people.team)
    assert (theirs.person, theirs.day, theirs.transform) == (people.colleague, MONDAY + timedelta(days=1), of)
    assert (mine.person, mine.day, mine.answers) == (people.steward, MONDAY, 4)
    assert mine.hours == pytest.approx(100 / 3600)
    assert mine.per_hour == pytest.approx(4 * 3600 / 100)
    assert mine.seconds == Spread(17.5, 25, 32.5)
    assert mine.keys == Spread(1.75, 2.5, 3.25)
    assert (mine.proposals_shown, mine.accepted_untouched, mine.corrected) == (3, 1, 1)
    assert theirs.seconds == Spread(50, 50, 50)


def test_totals_and_filters(people: Cast, of: Transform) -> None:
    (total,) = work_lines(team=people.team, by=())
    assert (total.person, total.day, total.transform, total.answers) == (None, None, None, 5)
    days = [(line.day, line.answers) for line in work_lines(team=people.team, by=EVERYTHING[1:2])]
    assert days == [(MONDAY + timedelta(days=1), 1), (MONDAY, 4)]
    assert [line.person for line in work_lines(team=people.team, user=people.steward)] == [people.steward]
    assert [line.answers for line in work_lines(team=people.team, since=MONDAY + timedelta(days=1))] == [1]
    assert [line.answers for line in work_lines(team=people.team, until=MONDAY)] == [4]
    assert not work_lines(team=people.team, transform=transform(people.team, people.admin, "Shops"))
    assert not work_lines(team=people.stranger.teams.get())
    assert len(work_lines(team=people.team, since=date.min, until=date.max)) == 2


def test_an_answer_that_is_given_again_counts_once_and_on_its_first_day(people: Cast, of: Transform) -> None:
    """Asked again by a lead it may be confirmed, whatever the letters; that is no correction."""
    given = Answer.objects.filter(steward=people.steward, corrected=False).latest("first_submitted_at")

    def again(letters: str) -> tuple[date | None, int, int]:
        reopen_answer(answer=given, user=people.lead)
        (line,) = work_lines(team=people.team, user=people.steward)
        assert (line.day, line.answers) == (MONDAY, 4), "it waits for its person, who has done the work"
        answer(given.question, people.steward, letters)
        (line,) = work_lines(team=people.team, user=people.steward)
        return line.day, line.answers, line.corrected

    assert again("CB") == (MONDAY, 4, 1)
    assert again("AA") == (MONDAY, 4, 2)
    assert again("AB") == (MONDAY, 4, 2), "it was changed and changed back"
    assert [change.action for change in given.changes.exclude(action="reopened")] == [
        *("submitted", "submitted", "corrected", "corrected"),
    ]
    withdraw_answer(answer=given, user=people.lead)
    assert [line.answers for line in work_lines(team=people.team, user=people.steward)] == [3]


def test_three_queries(people: Cast, of: Transform, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):
        assert len(work_lines(team=people.team)) == 2


def test_as_csv(people: Cast, of: Transform) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(work_csv_rows(work_lines(team=people.team)))
    header, theirs, mine = csv.reader(io.StringIO(text.getvalue()))
    assert header[:4] == ["person", "day", "transform", "answers"]
    assert mine == [
        *("Steward", "2026-03-02", "'=People", "4", "0.03", "144.0"),
        *("17.5", "25", "32.5", "1.75", "2.5", "3.25", "3", "1", "1"),
    ]
    assert len(theirs) == len(header)


def test_answers_that_took_no_measured_time(people: Cast, of: Transform) -> None:
    Answer.objects.update(seconds=None, keys=None)
    (total,) = work_lines(team=people.team, by=())
    assert (total.answers, total.per_hour, total.seconds, total.keys) == (5, None, None, None)
    assert list(work_csv_rows([total]))[1][4:12] == ["0.00", *[""] * 7]
