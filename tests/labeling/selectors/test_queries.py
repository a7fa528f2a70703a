"""What the lists say, and that they ask the database as often for three things as for one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from labeling.choices import RunKind, RunStatus
from labeling.models import Question, TaskRun, TaskRunEvent
from labeling.selectors.import_preview import import_preview
from labeling.selectors.questions import (
    QuestionProgress,
    question_progress,
    question_work,
    queue_for_steward,
    recent_answers,
)
from labeling.selectors.sheets import questions_with_rows
from labeling.selectors.task_runs import run_events, runs_for_team, usual_seconds
from labeling.selectors.transforms import transform_overview, transform_overviews
from labeling.services.answers import open_question, save_draft
from tests.labeling.builders import Cast, answer, finished_run, grouping, question_set, transform

pytestmark = pytest.mark.django_db

METRICS: dict[str, Any] = {
    "precision": 0.9,
    "recall": 0.8,
    "f1": 0.85,
    "area_under_pr_curve": 0.7,
    "true_positives": 8,
    "false_positives": 1,
    "true_negatives": 20,
    "false_negatives": 2,
    "column_importances": [["name", 0.75], ["id", 0.25]],
}


@pytest.fixture(params=[1, 3])
def team_with_work(request: pytest.FixtureRequest, people: Cast) -> Cast:
    """One or three transforms, each with one or three questions, answers and runs."""
    for number in range(request.param):
        of = transform(people.team, people.admin, f"Transform {number}")
        questions = question_set(of, people.admin, [2] * (request.param + 1), first_key=100 * number)
        for question in questions[:-1]:
            answer(question, people.steward, "AB")
        finished_run(of, people.lead, RunKind.EVALUATION, metrics=METRICS)
        TaskRun.objects.create(transform=of, kind=RunKind.IMPORT_LABELS, requested_by=people.lead)
    return people


def test_overviews(team_with_work: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(5):
        overviews = transform_overviews(team=team_with_work.team)
        for overview in overviews:
            assert overview.metrics is not None
            assert [run.requested_by for run in overview.active_runs] == [team_with_work.lead]
    answered = len(overviews)
    assert overviews[0].questions == QuestionProgress(answered + 1, answered, 0, answered)


def test_runs(team_with_work: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        for run in runs_for_team(team=team_with_work.team):
            assert run.requested_by
            assert run.transform.name
            assert run.label_file is None


def test_queue(team_with_work: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(5):
        entries = queue_for_steward(team=team_with_work.team, user=team_with_work.steward)
    answered = len(entries)
    assert {(entry.total, entry.open, entry.drafts, entry.answered_by_me) for entry in entries} == {
        (answered + 1, 1, 0, answered)
    }


def test_import_preview(team_with_work: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    of = team_with_work.team.transforms.get(name="Transform 0")
    with django_assert_num_queries(4):
        import_preview(transform=of)


def test_work_and_recent(team_with_work: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    of = team_with_work.team.transforms.get(name="Transform 0")
    with django_assert_num_queries(1):
        recent = recent_answers(transform=of, steward=team_with_work.steward)
        assert [item.question.question_set.number for item in recent] == [1] * len(recent)
    question = Question.objects.select_related("question_set__transform").get(pk=recent[0].question_id)
    with django_assert_num_queries(3):
        work = question_work(question=question, steward=team_with_work.steward)
    assert (work.transform.column_names, sorted(work.labels.values())) == (["id", "name"], ["A", "B"])
    assert [row.position for row in work.rows] == [1, 2]


def test_strangers_see_nothing(team_with_work: Cast) -> None:
    other = team_with_work.stranger.teams.get()
    assert transform_overviews(team=other) == []
    assert queue_for_steward(team=other, user=team_with_work.stranger) == []
    assert not runs_for_team(team=other)


def test_progress_tells_open_held_and_waiting_apart(people: Cast) -> None:
    of = transform(people.team, people.admin)
    assert question_progress(transform=of).percent == 0
    questions = question_set(of, people.admin, [2] * 4)
    answer(questions[0], people.steward, "AA")
    open_question(question=questions[1], steward=people.steward)
    open_question(question=questions[2], steward=people.colleague)
    Question.objects.filter(pk=questions[2].pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    progress = question_progress(transform=of)
    assert progress == QuestionProgress(total=4, answered=1, in_work=1, waiting_for_import=1)
    assert (progress.open, progress.percent) == (3, 25)


def test_queue_hides_what_others_hold_and_shows_drafts(people: Cast) -> None:
    of = transform(people.team, people.admin)
    questions = question_set(of, people.admin, [2] * 3)
    open_question(question=questions[0], steward=people.colleague)
    save_draft(question=questions[1], steward=people.steward, labels=grouping(questions[1], "A?"))
    (entry,) = queue_for_steward(team=people.team, user=people.steward)
    assert (entry.total, entry.open, entry.drafts, entry.answered_by_me) == (3, 2, 1, 0)


def test_metrics_and_timeline(people: Cast) -> None:
    of = transform(people.team, people.admin)
    run = finished_run(of, people.lead, RunKind.EVALUATION, metrics=METRICS)
    found = run.measured
    assert found is not None
    assert (found.f1, found.false_negatives, found.column_importances) == (0.85, 2, (("name", 0.75), ("id", 0.25)))
    assert finished_run(of, people.lead, RunKind.IMPORT_LABELS).measured is None
    now = timezone.now()
    for seconds, status in ((2, RunStatus.RUNNING), (1, RunStatus.STARTING)):
        TaskRunEvent.objects.create(run=run, status=status, at=now + timedelta(seconds=seconds))
    assert [event.status for event in run_events(run=run)] == ["STARTING", "RUNNING"]
    assert transform_overview(transform=of).last_import is not None


def test_usual_seconds_is_the_middle_of_earlier_runs(people: Cast) -> None:
    of = transform(people.team, people.admin)
    run = TaskRun.objects.create(transform=of, kind=RunKind.EVALUATION)
    assert usual_seconds(run=run) is None
    for seconds in (10, 600, 20):
        earlier = finished_run(of, people.lead, RunKind.EVALUATION)
        TaskRun.objects.filter(pk=earlier.pk).update(completed_at=earlier.created_at + timedelta(seconds=seconds))
    assert usual_seconds(run=run) == 20


def test_questions_are_found_by_their_rows_without_going_through_all_of_the_transform(people: Cast) -> None:
    """SQLite begins with the transform where rows are asked for it, which takes seconds where it has many."""
    of, other = (transform(people.team, people.admin, name) for name in ("People", "Shops"))
    ours, others = question_set(of, people.admin, [2, 2]), question_set(other, people.admin, [2])
    rows = [row for question in (ours[1], *others) for row in question.rows.values_list("pk", flat=True)]
    with CaptureQueriesContext(connection) as queries:
        assert questions_with_rows(transform_id=of.pk, row_ids=rows) == {ours[1].pk}
    assert ["labeling_questionset" in query["sql"] for query in queries if "labeling_row" in query["sql"]] == [False]
