"""Days and weeks are those of the team's time zone, wherever something is counted by them or narrowed to them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team
from labeling.choices import GoalPeriod, RunKind
from labeling.models import Answer, TaskRun, Transform, WorkGoal
from labeling.selectors.goals import period_start
from tests.labeling.builders import Cast, answer, finished_run, question_set
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import for_excel

SUNDAY_NIGHT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
"""In Auckland it is Monday, 12:30, and another week."""
ZONES = [("UTC", "2026-03-01", "2026-W09"), ("Pacific/Auckland", "2026-03-02", "2026-W10")]


@pytest.mark.parametrize(("zone", "day", "week"), ZONES)
def test_what_is_counted_by_days(
    people: Cast, people_transform: Transform, client_for: ClientFor, zone: str, day: str, week: str
) -> None:
    Team.objects.filter(pk=people.team.pk).update(time_zone=zone)
    answer(question_set(people_transform, people.lead, [2])[0], people.steward, "AB")
    Answer.objects.update(first_submitted_at=SUNDAY_NIGHT)
    run = finished_run(people_transform, people.lead, RunKind.EXPORT_LABELS)
    TaskRun.objects.exclude(pk=run.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    TaskRun.objects.filter(pk=run.pk).update(created_at=SUNDAY_NIGHT)
    lead = client_for(people.lead)
    work = for_excel(lead.get(reverse("labeling:work-download")).getvalue())
    assert {line["day"] for line in csv.DictReader(StringIO(work))} == {day}
    for one in ("2026-W09", "2026-W10"):
        report = lead.get(reverse("labeling:report"), {"week": one}).content.decode()
        assert ("Steward" in report.split("Who answered")[1].split("</section>")[0]) == (one == week)
        assert f"Days follow the time zone of the team, {zone}." in report
    for one in ("2026-03-01", "2026-03-02"):
        listed = lead.get(reverse("labeling:run-list"), {"since": one, "until": one}).content.decode()
        assert (reverse("labeling:run-detail", args=[run.pk]) in listed) == (one == day)
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize("page", ["run-list", "audit-trail", "work"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Lima"])
def test_the_first_and_the_last_day_of_the_calendar(people: Cast, client_for: ClientFor, page: str, zone: str) -> None:
    """A browser sends the year 0001 to whoever types the first digit of one."""
    Team.objects.filter(pk=people.team.pk).update(time_zone=zone)
    admin, asked = client_for(people.admin), reverse(f"labeling:{page}")
    for day in ("0001-01-01", "9999-12-31"):
        assert admin.get(asked, {"since": day, "until": day}).status_code == 200


def test_a_goal_begins_with_the_day_of_the_team(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    """Two hours ago was today where it is about noon, and yesterday where midnight has just been."""
    WorkGoal.objects.create(team=people.team, user=people.steward, period=GoalPeriod.DAY, questions=5)
    answer(question_set(people_transform, people.lead, [2])[0], people.steward, "AB")
    now = timezone.now()
    Answer.objects.update(first_submitted_at=now - timedelta(hours=2))
    steward, reached = client_for(people.steward), []
    for hour in (0, 12):
        east = (hour - now.hour + 11) % 24 - 11
        Team.objects.filter(pk=people.team.pk).update(time_zone=f"Etc/GMT{-east:+d}")
        (goal,) = steward.get(reverse("labeling:home")).context["goals"]
        reached.append(goal.done)
    assert reached == [0, 1]


def test_a_day_with_two_midnights_begins_at_the_first() -> None:
    """In Havana clocks go back from one to midnight."""
    zone = ZoneInfo("America/Havana")
    now = datetime(2026, 11, 1, 5, 30, tzinfo=UTC).astimezone(zone)
    assert (now.hour, now.fold) == (0, 1)
    assert period_start(GoalPeriod.DAY, now).astimezone(UTC) == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_a_download_bears_the_day_of_the_team(people: Cast, client_for: ClientFor) -> None:
    zone = "Etc/GMT-14" if timezone.now().hour >= 12 else "Etc/GMT+12"
    Team.objects.filter(pk=people.team.pk).update(time_zone=zone)
    response = client_for(people.lead).get(reverse("labeling:work-download"))
    assert f"-{timezone.localdate(timezone=ZoneInfo(zone))}.csv" in response.headers["Content-Disposition"]
