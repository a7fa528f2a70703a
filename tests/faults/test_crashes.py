"""SIGKILL to the worker at each step of a run; afterwards the run ends once, and Glue has seen it once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.conf import settings
from pytest_django import Settings

from labeling.aws import glue
from labeling.choices import RunKind, RunStatus
from labeling.exceptions import GlueError
from labeling.models import LabelFile, Question, QuestionSet, TaskRun, Transform
from labeling.services import apply
from labeling.services.task_runs import (
    request_apply,
    request_evaluation,
    request_label_import,
    request_question_generation,
    submit_run,
    sweep_runs,
)
from tests.labeling.taught import EVER, LABELS, lead, runs_at_glue, small_transform, succeeded
from tests.support.servers import Services

pytestmark = pytest.mark.slow

# Where a kill could lose or double something; every step of an import with every fault is in test_fault_table.py.
GENERATION_STEPS = [
    "claimed",
    "generation started, id not saved",
    "generation ended, questions not loaded",
    "questions loaded, not committed",
    "end committed",
]


@pytest.fixture
def taught(services: Services, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Transform:
    """A transform at Glue over a few rows, with answers that wait. Messages of new runs get lost, so that only the test's worker acts;
    a claim runs out at once, so that the sweep acts without waiting."""
    transform = small_transform()
    monkeypatch.setattr("labeling.services.task_runs.request.submit_run.delay", lambda **_message: None)
    settings.TASK_RUN_CLAIM_SECONDS = 0
    return transform


def crash(services: Services, run: TaskRun, step: str) -> None:
    """Let a worker take the run and die at the step."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashing", step, str(run.pk)],
        env=services.servers["worker"].env,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_import_ends_once(services: Services, taught: Transform) -> None:
    run = request_label_import(transform=taught, user=lead(), replace_all=False)
    crash(services, run, "import started, id not saved")
    succeeded(run)
    (at_glue,) = runs_at_glue(taught, RunKind.IMPORT_LABELS)
    assert (at_glue.run_id, at_glue.path) == (run.glue_run_id, run.path)
    assert (run.labels_before, run.labels_after) == (0, LABELS)
    assert not Question.objects.filter(state="settled").exclude(imported_version=1).exists()
    assert [file.pk for file in LabelFile.objects.filter(kind="built")] == [run.label_file_id]
    assert [event.status for event in run.events.all()].count(RunStatus.SUCCEEDED) == 1
    taught.refresh_from_db()
    assert taught.label_count == LABELS


@pytest.mark.parametrize("step", GENERATION_STEPS)
def test_questions_are_loaded_once(services: Services, taught: Transform, step: str) -> None:
    run = request_question_generation(transform=taught, user=lead())
    crash(services, run, step)
    succeeded(run)
    assert len(runs_at_glue(taught, RunKind.LABELING_SET_GENERATION)) == 1
    assert QuestionSet.objects.filter(transform=taught).count() == 2
    assert Question.objects.filter(question_set=run.question_set).exists()


def test_evaluation_runs_once(services: Services, taught: Transform) -> None:
    succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
    run = request_evaluation(transform=taught, user=lead())
    crash(services, run, "evaluation started, id not saved")
    succeeded(run)
    assert [found.run_id for found in runs_at_glue(taught, RunKind.EVALUATION)] == [run.glue_run_id]
    assert run.metrics is not None


def test_apply_runs_once(services: Services, taught: Transform) -> None:
    succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
    run = request_apply(transform=taught, user=lead())
    crash(services, run, "job started, id not saved")
    succeeded(run)
    job_runs = list(apply.job_runs(started_after=EVER))
    assert [found.run_id for found in job_runs] == [run.glue_run_id]
    assert run.result_uri.startswith(run.path)


@pytest.mark.parametrize("carried_out", [True, False])
def test_glue_stays_silent(
    services: Services, taught: Transform, monkeypatch: pytest.MonkeyPatch, carried_out: bool
) -> None:
    real = glue.start_import_labels_task_run
    calls: list[str] = []

    def silent(**arguments: object) -> str:
        calls.append("silent")
        if carried_out:
            real(**arguments)  # type: ignore[arg-type]
        raise GlueError("AWS did not answer.", code="ReadTimeoutError", retryable=True, outcome_unknown=True)

    run = request_label_import(transform=taught, user=lead(), replace_all=False)
    with monkeypatch.context() as patch:
        patch.setattr(glue, "start_import_labels_task_run", silent)
        submit_run(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, calls) == (RunStatus.SUBMITTING, ["silent"])
    succeeded(run)
    assert len(runs_at_glue(taught, RunKind.IMPORT_LABELS)) == 1


def test_a_worker_that_sleeps_through_its_claim_does_not_start_the_import(
    services: Services, taught: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it prepares, another worker takes over and runs the import to its end; then it wakes up."""
    run = request_label_import(transform=taught, user=lead(), replace_all=False)
    from labeling.services.task_runs import submit  # to be changed for one call

    real: Callable[[TaskRun], None] = submit._prepare

    def sleepy(sleeping: TaskRun) -> None:
        monkeypatch.setattr(submit, "_prepare", real)
        real(sleeping)
        succeeded(TaskRun.objects.get(pk=run.pk))

    monkeypatch.setattr(submit, "_prepare", sleepy)
    submit_run(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED
    assert len(runs_at_glue(taught, RunKind.IMPORT_LABELS)) == 1


def test_messages_that_come_twice_or_late_change_nothing(services: Services, taught: Transform) -> None:
    run = request_label_import(transform=taught, user=lead(), replace_all=False)
    submit_run(run_id=run.pk)
    submit_run(run_id=run.pk)
    succeeded(run)
    before = run.events.count()
    submit_run(run_id=run.pk)
    sweep_runs()
    assert run.events.count() == before
    assert len(runs_at_glue(taught, RunKind.IMPORT_LABELS)) == 1
