"""The week of a team: figures that add up, the same on the page, as PDF and as CSV."""

from __future__ import annotations

import csv
import re
import zlib
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Agent, Membership, User
from accounts.services import reactivate_member
from labeling.choices import GoalPeriod, RunKind, RunStatus
from labeling.models import Answer, Question, QuestionAssignment, TaskRun, Transform, WorkGoal
from labeling.reports.model import Cell, Column, Figure, Report, Table, csv_rows
from labeling.reports.pdf import report_pdf
from labeling.selectors.goals import goals_of
from labeling.selectors.report import Week, transform_weeks, waiting_table, weekly_report
from labeling.services.answers import save_draft, submit_answer
from labeling.services.answers.labels import labels_of
from labeling.services.archive import archive_transform
from labeling.services.ask_again import ask_again
from labeling.services.people import deactivate_person
from tests.labeling.builders import Cast, answer, finished_run, grouping, question_set, transform, wanting
from tests.labeling.selectors.test_queries import METRICS
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import for_excel

URL = reverse("labeling:report")


def ended(of: Transform, lead: User, kind: RunKind, *, days_ago: int, **fields: Any) -> None:
    run = finished_run(of, lead, kind, **fields)
    at = timezone.now() - timedelta(days=days_ago)
    TaskRun.objects.filter(pk=run.pk).update(created_at=at, completed_at=at)


def this_week() -> Week:
    return Week.of(timezone.localdate())


@pytest.fixture
def worked(people: Cast, people_transform: Transform) -> Transform:
    """F1 rose from 0.7 to 0.8 and labels from 90 to 180 since last week; two questions were answered, one run failed."""
    for days, f1, labels in ((7, 0.7, 90), (0, 0.8, 180)):
        metrics = METRICS | {"precision": f1, "recall": f1, "f1": 0.95}
        ended(people_transform, people.lead, RunKind.EVALUATION, days_ago=days, metrics=metrics, labels_after=labels)
    for question in question_set(people_transform, people.lead, [2, 2, 2])[:2]:
        answer(question, people.steward, "AB")
    run = finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS, error="=Column price is missing.")
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.FAILED)
    return people_transform


def test_what_got_better_is_told_against_the_week_before(people: Cast, worked: Transform) -> None:
    transform(people.team, people.admin, "Untouched")
    one, untouched = transform_weeks(team=people.team, week=this_week())
    assert [one.f1, one.f1_before] == pytest.approx([0.8, 0.7])
    assert (one.labels, one.labels_before, one.answers) == (180, 90, 2)
    assert (untouched.f1, untouched.labels, untouched.answers) == (None, None, 0)
    before, _untouched = transform_weeks(team=people.team, week=this_week().before.before)
    assert (before.f1, before.answers) == (None, 0)


def test_what_waits_names_for_whom(people: Cast, worked: Transform) -> None:
    third = worked.question_sets.get().questions.get(position=3)
    wanting([third], 2)
    for person in (people.steward, people.colleague):
        QuestionAssignment.objects.create(question=third, user=person)
    answer(third, people.steward, "AA")
    save_draft(question=third, steward=people.colleague, labels=grouping(third, "A?"))
    rows = [[cell.text for cell in row] for row in waiting_table(team=people.team).rows]
    assert rows == [
        ["stewards", "questions to answer", "People", "1"],
        ["leads", "results to import", "People", "2"],
        ["Colleague", "questions assigned", "People", "1"],
        ["Colleague", "answers started", "People", "1"],
    ]


def test_nothing_waits_for_an_archived_transform(people: Cast, worked: Transform, client_for: ClientFor) -> None:
    third = worked.question_sets.get().questions.get(position=3)
    QuestionAssignment.objects.create(question=third, user=people.steward)
    save_draft(question=third, steward=people.steward, labels=grouping(third, "A?"))
    archive_transform(transform=worked, user=people.admin)
    assert waiting_table(team=people.team).rows == ()
    for address in (reverse("labeling:home"), URL):
        assert client_for(people.lead).get(address).status_code == 200


def test_what_was_begun_waits_only_while_its_question_does_and_its_person_is_there(
    people: Cast, worked: Transform
) -> None:
    def begun() -> list[str]:
        return [row[0].text for row in waiting_table(team=people.team).rows if row[1].text == "answers started"]

    third = worked.question_sets.get().questions.get(position=3)
    save_draft(question=third, steward=people.steward, labels=grouping(third, "A?"))
    assert begun() == ["Steward"]
    member = Membership.objects.get(user=people.steward)
    deactivate_person(membership=member, user=people.admin)
    assert begun() == []
    reactivate_member(membership=member, by=Agent.COMMAND)
    assert begun() == ["Steward"]
    Question.objects.update(leased_to=None, lease_expires_at=None)
    answer(third, people.colleague, "AA")
    assert begun() == [], "somebody else has answered it"


def test_answers_add_up_also_when_a_transform_was_archived(
    people: Cast, worked: Transform, client_for: ClientFor
) -> None:
    old = transform(people.team, people.admin, "Old")
    for question in question_set(old, people.lead, [2, 2, 2], first_key=50):
        answer(question, people.colleague, "AB")
    archive_transform(transform=old, user=people.admin)
    report = weekly_report(team=people.team, week=this_week())
    assert report.figures[0] == Figure("Answers", Cell("5", number=5), "by 2 people")
    better, who = report.tables[:2]
    assert [row[0].text for row in better.rows] == ["Old (archived)", "People"]
    assert sum(int(row[-1].text) for row in better.rows) == sum(int(row[1].text) for row in who.rows) == 5
    home = client_for(people.lead).get(reverse("labeling:home")).content.decode()
    assert "Old (archived)" not in home, "the first page leaves out what the team is done with"
    Transform.objects.filter(pk=old.pk).update(archived_at=timezone.now() - timedelta(days=8))
    assert [one.transform for one in transform_weeks(team=people.team, week=this_week().after)] == [worked]


def test_a_week_that_is_over_stays_as_it_was_when_questions_are_asked_again(people: Cast, worked: Transform) -> None:
    week = this_week().before
    Answer.objects.update(first_submitted_at=timezone.now() - timedelta(days=7))
    WorkGoal.objects.create(team=people.team, period=GoalPeriod.WEEK, questions=5)

    def told() -> tuple[list[list[str]], list[list[str]], int]:
        weeks = [weekly_report(team=people.team, week=one).tables[1].rows for one in (week, week.after)]
        before, now = ([[cell.text for cell in row] for row in rows] for rows in weeks)
        return before, now, goals_of(team=people.team)[0].done

    before = told()
    assert before[1:] == ([], 0)
    for given in ask_again(question=Question.objects.filter(answers__isnull=False)[0], user=people.lead):
        submit_answer(question=given.question, steward=given.steward, labels=labels_of(given), seconds=0, keys=0)
    assert told() == before


def test_a_better_f1_is_one_of_those_that_had_an_estimate_then(people: Cast, worked: Transform) -> None:
    transform(people.team, people.admin, "Untouched")
    week = this_week()
    told = [weekly_report(team=people.team, week=one).figures[2] for one in (week, week.before, week.before.before)]
    assert [(one.value.number, one.note) for one in told] == [
        *((1, "of 1 with an estimate"), (0, "of 1 with an estimate"), (0, "of 0 with an estimate")),
    ]


def test_of_very_many_failed_runs_it_says_that_some_are_listed(people: Cast, worked: Transform) -> None:
    for _ in range(20):
        run = finished_run(worked, people.lead, RunKind.EXPORT_LABELS)
        TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.FAILED)
    failed = weekly_report(team=people.team, week=this_week()).tables[-1]
    assert (failed.title, len(failed.rows)) == ("Runs that failed, the newest 20 of 21", 20)


def test_times_are_those_of_the_page_of_work(people: Cast, worked: Transform, client_for: ClientFor) -> None:
    """Some seconds are not no time, and the middle of 12 and 13 is neither."""
    for answered, seconds in zip(Answer.objects.all(), (12, 13), strict=True):
        Answer.objects.filter(pk=answered.pk).update(seconds=seconds)
    ((_who, _answers, hours, median, _corrected),) = weekly_report(team=people.team, week=this_week()).tables[1].rows
    assert (hours, median) == (Cell("0.01", number=0.01), Cell("12.5", number=12.5))
    assert "12.5" in client_for(people.lead).get(reverse("labeling:work")).content.decode()


def test_the_first_page_of_a_lead_tells_the_week(people: Cast, worked: Transform, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(reverse("labeling:home")).content.decode()
    assert "What changed this week" in page
    assert "+0.100" in page
    assert "results to import" in page
    assert URL in page
    TaskRun.objects.update(completed_at=timezone.now() - timedelta(days=14))
    Answer.objects.update(first_submitted_at=timezone.now() - timedelta(days=14))
    page = client_for(people.lead).get(reverse("labeling:home")).content.decode()
    assert "No answers, labels or quality estimates are new this week." in page
    assert "0.800" in client_for(people.lead).get(URL).content.decode()  # the report has every transform
    assert "What changed this week" not in client_for(people.steward).get(reverse("labeling:home")).content.decode()


def test_the_report_is_the_same_as_page_pdf_and_csv(people: Cast, worked: Transform, client_for: ClientFor) -> None:
    lead, week = client_for(people.lead), this_week()
    page = lead.get(URL).content.decode()
    for text in ("Weekly report", "+0.100", "Steward", "=Column price is missing.", "1 failed"):
        assert text in page, text
    pdf_url, csv_url = (reverse(f"labeling:report-{kind}", args=[week.name]) for kind in ("pdf", "csv"))
    assert pdf_url in page
    lines = list(csv.reader(StringIO(for_excel(lead.get(csv_url).getvalue()))))
    assert ["Answers", "2", "by 1 person"] in lines
    assert ["Labels at Glue", "180", "90 the week before"] in lines
    assert ["People", "0.8", "0.1", "180", "90", "2"] in lines, "numbers that a spreadsheet can go on with"
    for note in ("An answer counts on the day on which it was first submitted", "What is waiting is as of now."):
        assert note in page
        assert note in lines[-1][0]
    assert any("'=Column price is missing." in line for line in lines)
    response = lead.get(pdf_url)
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert reverse("labeling:quality", args=[worked.pk]).encode() in response.content
    for url in (URL, pdf_url, csv_url):
        assert client_for(people.steward).get(url).status_code == 403
        assert "Untouched" not in client_for(people.stranger).get(url).getvalue().decode("latin-1")


@pytest.mark.parametrize("week", ["2026-W54", "2026-W00", "nonsense", "2026-11", "9999-W52", "0001-W01"])
def test_weeks_that_are_none_are_not_found(people: Cast, client_for: ClientFor, week: str) -> None:
    assert client_for(people.lead).get(URL, {"week": week}).status_code == 404


def test_weeks_begin_on_monday_also_over_new_year() -> None:
    week = Week.of(date(2026, 1, 1))
    assert (week.name, week.since, week.until) == ("2026-W01", date(2025, 12, 29), date(2026, 1, 4))
    assert Week.named(week.name) == week
    assert week.before.after == week
    assert Week.named("2026-W53").name == "2026-W53"


def test_a_long_report_goes_over_pages_and_knows_letters_beyond_latin() -> None:
    rows = tuple((Cell(f"Αθήνα Łódź Москва {n}", f"/x/{n}"), Cell(f"{n}")) for n in range(120))
    table = Table("t", "Tablo", (Column("Name"), Column("Count", number=True)), rows, "")
    empty = Table("e", "Empty", (Column("Name"),), (), "Nothing here.")
    report = Report("Report", "Team · 2026", (Figure("Answers", Cell("12", number=12), "of 20"),), (table, empty))
    content = report_pdf(report, base_url="https://portal.example.org/")
    pages = int(re.findall(rb"/Count (\d+)", content)[0])
    assert pages >= 3
    assert b"https://portal.example.org/x/119" in content
    streams = [
        zlib.decompress(part)
        for part in re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
        if part[:1] == b"x"
    ]
    assert sum(b" Tj" in stream or b"TJ" in stream for stream in streams) == pages
    assert len(list(csv_rows(report))) == 3 + 1 + 2 + 120 + 1 + 2
