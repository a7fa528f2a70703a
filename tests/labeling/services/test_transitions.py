from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.aws.glue import Run
from labeling.choices import ACTIVE, AT_GLUE, TERMINAL, RunKind, RunProblem, RunStatus
from labeling.exceptions import GlueError
from labeling.models import TaskRun
from labeling.services.task_runs import sweep_runs
from labeling.services.task_runs.transitions import (
    ALLOWED,
    clear_problem,
    fail,
    note_problem,
    renew_claim,
    transition,
    wait,
)
from tests.labeling.builders import cast, transform

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> TaskRun:
    people = cast()
    return TaskRun.objects.create(transform=transform(people.team, people.admin), kind=RunKind.IMPORT_LABELS)


def test_terminal_states_are_never_left_and_all_active_ones_can_end() -> None:
    assert set(ALLOWED) == set(ACTIVE)
    for status in ACTIVE:
        reachable = {status}
        while more := set(itertools.chain(*(ALLOWED.get(seen, ()) for seen in reachable))) - reachable:
            reachable |= more
        assert reachable & set(TERMINAL)
    # A run at Glue is never handed over again.
    for status in AT_GLUE:
        assert not ALLOWED[status] & {RunStatus.QUEUED, RunStatus.SUBMITTING}


def test_a_move_is_written_down_with_its_fields(run: TaskRun) -> None:
    now = timezone.now()
    assert transition(run=run, to=RunStatus.SUBMITTING, note="why", claimed_at=now, attempts=1)
    assert (run.status, run.claimed_at, run.attempts) == (RunStatus.SUBMITTING, now, 1)
    (event,) = run.events.all()
    assert (event.status, event.note) == (RunStatus.SUBMITTING, "why")


@pytest.mark.parametrize("to", [RunStatus.STARTING, RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.QUEUED])
def test_moves_that_are_not_in_the_table_are_ignored(run: TaskRun, to: RunStatus) -> None:
    assert not transition(run=run, to=to)
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    assert not run.events.exists()


def test_stale_news_is_ignored(run: TaskRun) -> None:
    stale = TaskRun.objects.get(pk=run.pk)
    assert transition(run=run, to=RunStatus.STOPPED)
    assert not transition(run=stale, to=RunStatus.SUBMITTING, claimed_at=timezone.now())
    run.refresh_from_db()
    assert run.status == RunStatus.STOPPED
    assert run.completed_at is not None


def test_an_older_claim_moves_nothing(run: TaskRun) -> None:
    transition(run=run, to=RunStatus.SUBMITTING, claimed_at=timezone.now())
    older = TaskRun.objects.get(pk=run.pk)
    transition(run=run, to=RunStatus.QUEUED, claimed_at=None)
    transition(run=run, to=RunStatus.SUBMITTING, claimed_at=timezone.now())
    assert not transition(run=older, to=RunStatus.STARTING, glue_run_id="tsk-1")
    assert not renew_claim(run=older)
    assert renew_claim(run=run)
    run.refresh_from_db()
    assert (run.status, run.glue_run_id) == (RunStatus.SUBMITTING, "")


def test_failing_says_why(run: TaskRun) -> None:
    assert fail(run=run, error="It broke.", advice="Mend it.")
    assert (run.status, run.error, run.advice) == (RunStatus.FAILED, "It broke.", "Mend it.")
    assert not fail(run=run, error="Again.")


def test_a_problem_is_noted_and_forgotten(run: TaskRun) -> None:
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING)
    run.refresh_from_db()
    note_problem(run=run, error=GlueError("Silence.", advice="Wait.", problem="no_answer"), attempts=3)
    run.refresh_from_db()
    assert (run.status, run.error, run.advice, run.attempts) == (RunStatus.RUNNING, "Silence.", "Wait.", 3)
    assert run.problem == "no_answer"
    assert run.not_before is not None
    assert run.not_before > timezone.now()
    clear_problem(run=run)
    run.refresh_from_db()
    cleared = TaskRun.objects.get(pk=run.pk)
    assert (cleared.error, cleared.advice, cleared.attempts, cleared.not_before) == ("", "", 0, None)
    assert cleared.problem == ""


def test_waits_grow_to_five_minutes_and_spread() -> None:
    for attempts, longest in ((1, 5), (2, 10), (5, 80), (9, 300), (1000, 300)):
        waits = {wait(attempts) for _try in range(50)}
        assert min(waits) >= timedelta(seconds=longest / 2)
        assert max(waits) <= timedelta(seconds=longest)
        assert len(waits) > 10


def test_a_silent_glue_is_not_waited_for_by_every_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would wait half a minute, in every worker, and mails, webhooks and other runs with it."""
    people = cast()
    asked: list[str] = []
    silent = True

    def get_ml_task_run(*, transform_id: str, **_: object) -> Run:
        asked.append(transform_id)
        if silent or len(asked) % 3:
            raise GlueError("AWS did not answer.", problem=RunProblem.NO_ANSWER, retryable=True)
        return Run("tsk-1", "RUNNING", "", "", None, None, None)

    monkeypatch.setattr("labeling.aws.glue.get_ml_task_run", get_ml_task_run)
    for number in range(7):
        of = transform(people.team, people.admin, f"Transform {number}", glue_transform_id=f"tfm-{number}")
        TaskRun.objects.create(transform=of, kind=RunKind.EVALUATION, status=RunStatus.RUNNING, glue_run_id="tsk-1")
    for after in (3, 6, 7, 7):
        sweep_runs()
        assert len(asked) == after
    assert len(set(asked)) == 7

    asked.clear()
    silent = False
    TaskRun.objects.update(not_before=None)
    sweep_runs()
    assert len(asked) == 7
