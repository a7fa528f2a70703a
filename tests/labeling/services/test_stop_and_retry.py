"""Runs are stopped in whatever state they are, and tried again as runs of their own."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from labeling.choices import RunKind, RunStatus
from labeling.exceptions import GlueError, RunConflictError
from labeling.models import TaskRun, Transform
from labeling.services.task_runs import StopOutcome, cancel_run, retry_run, submit_run, sweep_runs
from tests.labeling.builders import Cast, answer, question_set, transform
from tests.labeling.selectors.test_known_labels import ONE, kept
from tests.labeling.stubs import RUN, TRANSFORM, ml_run, stubbed

pytestmark = pytest.mark.django_db


@pytest.fixture
def of(people: Cast) -> Transform:
    return transform(people.team, people.admin, glue_transform_id=TRANSFORM)


def run_in(of: Transform, status: RunStatus, kind: RunKind = RunKind.EVALUATION, **fields: object) -> TaskRun:
    at_glue = status not in (RunStatus.QUEUED, RunStatus.SUBMITTING)
    claimed = timezone.now() if status == RunStatus.SUBMITTING else None
    return TaskRun.objects.create(
        transform=of, kind=kind, status=status, glue_run_id=RUN if at_glue else "", claimed_at=claimed, **fields
    )


def notes(run: TaskRun) -> list[tuple[str, str]]:
    return [(event.status, event.note) for event in run.events.order_by("pk")]


def test_a_queued_run_stops_at_once(people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_in(of, RunStatus.QUEUED)
    with stubbed(monkeypatch):
        assert cancel_run(run=run, user=people.lead) == StopOutcome.STOPPED
    assert notes(run) == [("STOPPED", "Stopped by Lead.")]


@pytest.mark.parametrize("status", [RunStatus.STARTING, RunStatus.RUNNING])
def test_glue_is_asked(people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch, status: RunStatus) -> None:
    run = run_in(of, status)
    asked = {"TransformId": TRANSFORM, "TaskRunId": RUN}
    with stubbed(monkeypatch) as glue:
        glue.add_response("cancel_ml_task_run", {**asked, "Status": "STOPPING"}, asked)
        assert cancel_run(run=run, user=people.lead) == StopOutcome.ASKED
        assert cancel_run(run=run, user=people.lead) == StopOutcome.ASKED  # a second press asks nothing
    assert TaskRun.objects.get().status == RunStatus.STOPPING


def test_a_run_that_is_handed_over_stops_before_it_starts(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_in(of, RunStatus.SUBMITTING)
    assert cancel_run(run=run, user=people.lead) == StopOutcome.NOTED
    TaskRun.objects.update(status=RunStatus.QUEUED, claimed_at=None)
    with stubbed(monkeypatch):
        submit_run(run_id=run.pk)  # a late message starts nothing
        sweep_runs()
    run.refresh_from_db()
    assert run.status == RunStatus.STOPPED
    assert notes(run) == [("STOPPED", "Stopped as requested earlier.")]


def test_glue_that_does_not_answer_is_asked_again(people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_in(of, RunStatus.RUNNING)
    with stubbed(monkeypatch) as glue:
        glue.add_client_error("cancel_ml_task_run", "ThrottlingException")
        assert cancel_run(run=run, user=people.lead) == StopOutcome.NOTED
        glue.add_response("get_ml_task_run", ml_run("RUNNING"))
        glue.add_response("cancel_ml_task_run", {"Status": "STOPPING"})
        sweep_runs()
    assert TaskRun.objects.get().status == RunStatus.STOPPING


def test_glue_that_refuses_says_why(people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_in(of, RunStatus.RUNNING)
    with stubbed(monkeypatch) as glue:
        glue.add_client_error("cancel_ml_task_run", "AccessDeniedException", "User is not authorized")
        with pytest.raises(GlueError, match="not authorized"):
            cancel_run(run=run, user=people.lead)
    run.refresh_from_db()
    assert (run.status, run.stop_wanted) == (RunStatus.RUNNING, False)


def test_what_glue_says_to_do_is_not_followed_by_advice_to_do_the_same_again(
    of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_in(of, RunStatus.RUNNING, RunKind.LABELING_SET_GENERATION)
    with stubbed(monkeypatch) as glue:
        words = "The table has a column label. Give it another name in the table."
        glue.add_response("get_ml_task_run", ml_run("FAILED", "LABELING_SET_GENERATION", ErrorString=words))
        sweep_runs()
    run.refresh_from_db()
    assert (run.error, run.advice) == (words, "The run's log at Glue may say more.")


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.STOPPED, RunStatus.TIMEOUT])
def test_what_has_ended_stays(people: Cast, of: Transform, status: RunStatus) -> None:
    with pytest.raises(RunConflictError, match="has ended"):
        cancel_run(run=run_in(of, status), user=people.lead)


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.STOPPED, RunStatus.TIMEOUT])
@pytest.mark.parametrize("kind", [RunKind.EVALUATION, RunKind.LABELING_SET_GENERATION, RunKind.FIND_MATCHES])
def test_a_retry_is_a_run_of_its_own(people: Cast, of: Transform, status: RunStatus, kind: RunKind) -> None:
    old = run_in(of, status, kind, path=f"s3://b/{uuid.uuid4()}/")
    new = retry_run(run=old, user=people.lead)
    assert (new.kind, new.status, new.retry_of, new.requested_by) == (kind, RunStatus.QUEUED, old, people.lead)
    assert new.path != old.path or kind == RunKind.EVALUATION
    with pytest.raises(RunConflictError, match="under way"):
        retry_run(run=old, user=people.lead)


def test_an_import_is_tried_again_with_its_own_file(people: Cast, of: Transform) -> None:
    """Not with the answers that wait by now."""
    answer(question_set(of, people.admin, [2])[0], people.steward, "AB")
    file = kept(of, ONE)
    old = run_in(of, RunStatus.FAILED, RunKind.IMPORT_LABELS, label_file=file)
    assert retry_run(run=old, user=people.lead).label_file == file


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.RUNNING])
def test_what_went_well_or_is_under_way_is_not_tried_again(people: Cast, of: Transform, status: RunStatus) -> None:
    with pytest.raises(RunConflictError, match="Only a run that failed"):
        retry_run(run=run_in(of, status), user=people.lead)


def test_a_replacement_is_looked_at_first(people: Cast, of: Transform) -> None:
    old = run_in(of, RunStatus.FAILED, RunKind.IMPORT_LABELS, replace_all_labels=True)
    with pytest.raises(RunConflictError, match="must be checked again"):
        retry_run(run=old, user=people.admin)
