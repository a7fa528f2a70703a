"""Runs that somebody started in the console or with the CLI are in the history, once, and what they mean is said."""

from __future__ import annotations

import socket
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from labeling.aws import clients
from labeling.aws.glue import Run
from labeling.choices import LabelFileKind, RunKind, RunProblem, RunStatus
from labeling.exceptions import GlueError
from labeling.models import LabelFile, LabelFileQuestion, Occurrence, Question, TaskRun, Transform
from labeling.selectors.import_preview import import_preview
from labeling.selectors.known_labels import known_labels
from labeling.selectors.notifications import payload_of, words_of
from labeling.selectors.task_runs import foreign_replacement
from labeling.services.task_runs import sweep_foreign_runs, sweep_runs
from labeling.services.task_runs.foreign import take_in_foreign_runs
from tests.labeling.builders import Cast, answer, question_set, transform
from tests.labeling.stubs import TRANSFORM, ml_run, ml_transform, stubbed

pytestmark = pytest.mark.django_db

METRICS = {
    "TransformType": "FIND_MATCHES",
    "FindMatchesMetrics": {"Precision": 0.9, "Recall": 0.8, "F1": 0.85, "AreaUnderPRCurve": 0.7},
}


@pytest.fixture
def of(people: Cast) -> Transform:
    made = transform(people.team, people.admin, glue_transform_id=TRANSFORM, label_count=10)
    Transform.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=30))
    return Transform.objects.get(pk=made.pk)


def ended(kind: str, run_id: str, minutes: int, **fields: Any) -> dict[str, Any]:
    """A run at Glue that started so many minutes ago and took one."""
    started = timezone.now() - timedelta(minutes=minutes)
    fields = {"CompletedOn": started + timedelta(minutes=1), "ExecutionTime": 60, **fields}
    return ml_run("SUCCEEDED", kind, run_id, **{"StartedOn": started, **fields})


def imported(run_id: str, minutes: int, *, replace: bool, path: str = "s3://theirs/labels.csv") -> dict[str, Any]:
    properties = {
        "TaskType": "IMPORT_LABELS",
        "ImportLabelsTaskRunProperties": {"InputS3Path": path, "Replace": replace},
    }
    return ended("IMPORT_LABELS", run_id, minutes, Properties=properties)


def look(of: Transform, monkeypatch: pytest.MonkeyPatch, *runs: dict[str, Any], **glue_says: Any) -> list[TaskRun]:
    """One look, to which Glue answers with these runs; it is asked for the transform once if there is a new one that ended well."""
    of.refresh_from_db()
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_task_runs", {"TaskRuns": list(runs)})
        if glue_says:
            glue.add_response("get_ml_transform", ml_transform(**glue_says))
        return take_in_foreign_runs(transform=of)


def test_runs_of_others_come_in_once(of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [
        ended("EVALUATION", "tsk-old", 30),
        ended("EVALUATION", "tsk-new", 20),
        imported("tsk-import", 25, replace=False),
        ml_run("FAILED", "LABELING_SET_GENERATION", "tsk-bad", ErrorString="No access."),
    ]
    found = look(of, monkeypatch, *runs, LabelCount=25, EvaluationMetrics=METRICS)
    assert {run.glue_run_id for run in found} == {"tsk-old", "tsk-new", "tsk-import", "tsk-bad"}
    assert all(run.foreign and run.requested_by is None for run in found)
    by_id = {run.glue_run_id: TaskRun.objects.get(pk=run.pk) for run in found}
    new, old = by_id["tsk-new"], by_id["tsk-old"]
    assert new.metrics is not None
    assert new.metrics["f1"] == 0.85
    assert old.metrics is None  # of older runs nobody can tell
    assert by_id["tsk-import"].labels_after == 25
    assert (by_id["tsk-bad"].status, by_id["tsk-bad"].error) == (RunStatus.FAILED, "No access.")
    assert (new.took_seconds, new.execution_seconds) == (60, 60)
    assert new.created_at == new.started_at
    of.refresh_from_db()
    assert of.label_count == 25
    assert known_labels(transform=of) is None

    assert look(of, monkeypatch, *runs) == []
    assert TaskRun.objects.count() == 4


def test_people_are_told_of_fresh_runs_and_not_of_history(of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    days = 24 * 60
    history = [ended("EVALUATION", f"tsk-old-{number}", number * days) for number in range(2, 8)]
    replaced = imported("tsk-replaced", 20, replace=True)
    look(of, monkeypatch, *history, replaced, ml_run("FAILED", "EVALUATION", "tsk-bad"), LabelCount=4)
    told = Occurrence.objects.order_by("event")
    assert [(one.event, one.run and one.run.glue_run_id) for one in told] == [
        ("run.ended", "tsk-replaced"),
        ("run.failed", "tsk-bad"),
    ]
    assert "outside the portal and replaced all labels" in words_of(told[0]).detail
    assert payload_of(told[0])["run"]["outside"] is True

    Transform.objects.filter(pk=of.pk).update(created_at=timezone.now())
    look(of, monkeypatch, ended("EVALUATION", "tsk-before", 10), LabelCount=4)
    assert Occurrence.objects.count() == 2  # it ended before the portal knew the transform


def test_a_later_look_asks_only_for_what_is_new(of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    look(of, monkeypatch)
    of.refresh_from_db()
    asked: list[datetime] = []
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_task_runs", {"TaskRuns": []})
        glue.client.meta.events.register(
            "provide-client-params.glue.GetMLTaskRuns",
            lambda params, **_: asked.append(params["Filter"]["StartedAfter"]),
        )
        sweep_foreign_runs()
    assert of.foreign_runs_at is not None
    assert asked == [of.foreign_runs_at - timedelta(hours=1)]


def test_the_history_of_an_added_transform_is_history(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """Nobody is told of it, nothing waits because of it, and it does not claim to be what is known now."""
    Transform.objects.filter(pk=of.pk).update(created_at=timezone.now(), label_count=0)
    TaskRun.objects.create(  # done before the worker came to the history
        transform=of,
        kind=RunKind.EXPORT_LABELS,
        status=RunStatus.SUCCEEDED,
        path="s3://ours/exports/1/",
        started_at=timezone.now(),
    )
    days = 24 * 60
    estimates = [ended("EVALUATION", f"tsk-{number}", number * days) for number in range(2, 120)]
    replaced = imported("tsk-replaced", 3, replace=True)
    found = look(of, monkeypatch, replaced, *estimates, LabelCount=0, EvaluationMetrics=METRICS)
    assert len(found) == 119
    assert not Occurrence.objects.exists()
    of.refresh_from_db()
    assert foreign_replacement(transform=of) is None
    assert set(TaskRun.objects.filter(foreign=True).values_list("content_hash", flat=True)) == {""}
    last = found[0].events.latest("pk")
    assert (last.status, last.at) == (RunStatus.SUCCEEDED, found[0].completed_at)
    client.force_login(people.lead)
    page = client.get(reverse("labeling:run-detail", args=[found[0].pk])).content.decode()
    assert "That was before the transform was added to the portal." in page
    assert "waiting to be imported again" not in page
    assert "Import the answers again" not in page


def test_our_own_runs_are_not_counted_twice(people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known by id, by path (also with a slash more), or as the job run behind a FIND_MATCHES run."""
    for kind, glue_run_id, path in (
        (RunKind.EVALUATION, "tsk-1", ""),
        (RunKind.IMPORT_LABELS, "", "s3://ours/run.csv"),
        (RunKind.LABELING_SET_GENERATION, "", "s3://ours/questions/1/"),
        (RunKind.FIND_MATCHES, "jr_1", "s3://ours/results/1/"),
    ):
        TaskRun.objects.create(
            transform=of,
            kind=kind,
            status=RunStatus.STARTING,
            requested_by=people.lead,
            glue_run_id=glue_run_id,
            path=path,
        )
    generation = {
        "TaskType": "LABELING_SET_GENERATION",
        "LabelingSetGenerationTaskRunProperties": {"OutputS3Path": "s3://ours/questions/1"},
    }
    job = {"TaskType": "FIND_MATCHES", "FindMatchesTaskRunProperties": {"JobRunId": "jr_1", "JobName": "j"}}
    runs = [
        ml_run("RUNNING", "EVALUATION", "tsk-1"),
        imported("tsk-2", 1, replace=False, path="s3://ours/run.csv"),
        ml_run("RUNNING", run_id="tsk-3", Properties=generation),
        ml_run("RUNNING", run_id="tsk-4", Properties=job),
    ]
    assert look(of, monkeypatch, *runs) == []
    assert not TaskRun.objects.filter(foreign=True).exists()


def test_a_run_that_is_being_handed_over_is_not_taken_for_anothers(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = TaskRun.objects.create(
        transform=of, kind=RunKind.EVALUATION, status=RunStatus.SUBMITTING, claimed_at=timezone.now()
    )
    assert look(of, monkeypatch, ml_run("RUNNING", "EVALUATION", "tsk-1")) == []
    of.refresh_from_db()
    assert of.foreign_runs_at is None  # it is looked at again

    TaskRun.objects.filter(pk=ours.pk).update(status=RunStatus.RUNNING, glue_run_id="tsk-1")
    found = look(of, monkeypatch, ml_run("RUNNING", "EVALUATION", "tsk-1"), ml_run("RUNNING", "EVALUATION", "tsk-2"))
    assert [run.glue_run_id for run in found] == ["tsk-2"]  # beside our own: Glue runs several at a time


def test_a_run_under_way_is_followed_to_its_end(of: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"TaskType": "FIND_MATCHES", "FindMatchesTaskRunProperties": {"JobRunId": "jr_9", "JobName": "theirs"}}
    (run,) = look(of, monkeypatch, ml_run("RUNNING", run_id="tsk-9", Properties=job))
    assert run.status == RunStatus.RUNNING
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_task_run", ended("FIND_MATCHES", "tsk-9", 2))
        glue.add_response("get_ml_transform", ml_transform())
        sweep_runs()
    run.refresh_from_db()
    assert (run.status, run.result_uri) == (RunStatus.SUCCEEDED, "")


def test_a_failed_import_of_others_says_nothing_of_answers_here(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch, client: Client, settings: Settings
) -> None:
    failed = imported("tsk-9", 2, replace=False) | {"Status": "FAILED", "ErrorString": "line 1: no column label"}
    (run,) = look(of, monkeypatch, failed)
    assert (run.status, run.error, run.advice) == (RunStatus.FAILED, "line 1: no column label", "")
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    client.force_login(people.lead)
    page = client.get(reverse("labeling:run-detail", args=[run.pk])).content.decode()
    assert "Glue was not reached" not in page, "it is Glue that refused it"


def settled_and_imported(people: Cast, of: Transform, minutes: int) -> Question:
    """An answered question whose result Glue learned so many minutes ago."""
    question = question_set(of, people.lead, [2], first_key=minutes)[0]
    answer(question, people.steward, "AA")
    file = LabelFile.objects.create(
        transform=of, kind=LabelFileKind.BUILT, bucket="b", key=f"{minutes}", size=1, sha256="0", sets=1, rows=2
    )
    LabelFileQuestion.objects.create(label_file=file, question=question, version=1)
    TaskRun.objects.create(
        transform=of,
        kind=RunKind.IMPORT_LABELS,
        status=RunStatus.SUCCEEDED,
        label_file=file,
        path=f"s3://ours/{uuid.uuid4()}",
        started_at=timezone.now() - timedelta(minutes=minutes),
    )
    Question.objects.filter(pk=question.pk).update(imported_version=1)
    return question


def test_a_replacement_by_others_makes_earlier_answers_wait_again(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = settled_and_imported(people, of, 30), settled_and_imported(people, of, 10)
    look(of, monkeypatch, imported("tsk-1", 20, replace=True), LabelCount=4)
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.imported_version, after.imported_version) == (None, 1)
    assert import_preview(transform=of).sets == 1
    assert foreign_replacement(transform=of) is None  # the portal has imported since

    look(of, monkeypatch, imported("tsk-2", 2, replace=True), LabelCount=2)
    newest = foreign_replacement(transform=of)
    assert newest is not None
    assert newest.glue_run_id == "tsk-2"
    assert import_preview(transform=of).sets == 2


def test_one_transform_that_cannot_be_asked_does_not_stop_the_others(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = transform(people.team, people.admin, "Products", glue_transform_id="tfm-" + "9" * 40)
    Transform.objects.filter(pk=of.pk).update(foreign_runs_at=timezone.now() - timedelta(days=2))
    Transform.objects.filter(pk=other.pk).update(foreign_runs_at=timezone.now() - timedelta(days=1))
    with stubbed(monkeypatch) as glue:
        glue.add_client_error("get_ml_task_runs", "AccessDeniedException")
        glue.add_response("get_ml_task_runs", {"TaskRuns": [ml_run("RUNNING", "EVALUATION", "tsk-1")]})
        sweep_foreign_runs()
    assert [run.transform for run in TaskRun.objects.all()] == [other]


def test_a_glue_that_hangs_holds_a_worker_for_seconds_only(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the portal does in the background, messages about the trouble too, is done by the same few workers."""
    of = [
        transform(people.team, people.admin, f"Transform {number}", glue_transform_id=f"tfm-{number}")
        for number in range(8)
    ]
    run = TaskRun.objects.create(
        transform=of[0], kind=RunKind.EVALUATION, status=RunStatus.RUNNING, glue_run_id="tsk-1"
    )
    monkeypatch.setattr(clients, "_HURRIED_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        clients._glue.cache_clear()
        started = time.monotonic()
        sweep_runs()
        sweep_foreign_runs()
        assert time.monotonic() - started < 25
    clients._glue.cache_clear()
    run.refresh_from_db()
    assert (run.status, run.problem) == (RunStatus.RUNNING, RunProblem.NO_ANSWER)


def test_silence_about_one_transform_does_not_keep_the_others_from_their_turn(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def runs(*, transform_id: str, **_: object) -> list[Run]:
        asked.append(transform_id)
        if len(asked) % 3:
            raise GlueError("AWS did not answer.", problem=RunProblem.NO_ANSWER)
        return []

    monkeypatch.setattr("labeling.aws.glue.get_ml_task_runs", runs)
    for number in range(7):
        transform(people.team, people.admin, f"Transform {number}", glue_transform_id=f"tfm-{number}")
    sweep_foreign_runs()
    assert len(asked) == 7


def test_a_transform_that_was_deleted_at_glue_is_marked_until_it_is_back(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    client.force_login(people.lead)
    pages = [reverse("labeling:home"), reverse("labeling:transform-detail", args=[of.pk])]

    def shown() -> str:
        return " ".join(client.get(page).content.decode() for page in pages)

    assert shown().count("Generate questions") == 2
    gone = f"Cannot find MLTransform in account 123456789012 with handle {TRANSFORM}."
    with stubbed(monkeypatch) as glue:
        glue.add_client_error("get_ml_task_runs", "EntityNotFoundException", gone)
        sweep_foreign_runs()
    assert shown().count("Glue no longer has it") == 2
    assert "No longer at Glue" in shown()
    assert "Nothing can be started here until Glue has it again." in shown()
    for action in ("Generate questions", "Apply to table", "Estimate quality"):
        assert f">{action}</button>" not in shown(), action
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_task_runs", {"TaskRuns": []})
        glue.add_response("get_ml_transform", ml_transform(LabelCount=7))
        sweep_foreign_runs()
    of.refresh_from_db()
    assert (of.glue_status, of.label_count) == ("READY", 7)
    assert "Glue no longer has it" not in shown()
