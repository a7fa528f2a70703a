"""The main job with real parts: worker, broker, S3, localglue and its engine, each in a process of its own."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from labelfiles import read_label_file
from labeling.aws import storage
from labeling.choices import RunStatus, TransformStatus
from labeling.exceptions import NothingToImportError, RunConflictError
from labeling.models import Notification, Question, Row, ShadowEstimate, TaskRun, Transform
from labeling.selectors.import_preview import import_preview
from labeling.services.demo import ensure_demo_team, ensure_demo_transform
from labeling.services.downloads import label_file_download, result_download
from labeling.services.table_versions import take_rows
from labeling.services.task_runs import (
    request_apply,
    request_evaluation,
    request_label_import,
    request_question_generation,
)
from tests.labeling.oracle import answer_everything
from tests.support.servers import Services, wait_until

pytestmark = pytest.mark.slow


def finished(run: TaskRun, seconds: float = 90) -> TaskRun:
    """The run after its end; AssertionError unless it went well."""

    def ended() -> bool:
        run.refresh_from_db()
        return run.is_terminal

    wait_until(ended, seconds=seconds, what=f"the end of {run}", every=0.1)
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, "")
    return run


def test_the_main_job(services: Services) -> None:
    services.start("beat")
    team, credentials = ensure_demo_team(password="password-for-the-test")
    assert [item.username for item in credentials] == ["admin", "lead", "steward1", "steward2"]
    transform = ensure_demo_transform(team=team)
    assert ensure_demo_transform(team=team) == transform
    assert transform.glue_status == TransformStatus.NOT_READY
    assert transform.column_names == ["id", "first_name", "surname", "dob", "city", "email"]
    lead, steward = User.objects.get(username="lead"), User.objects.get(username="steward1")

    with pytest.raises(NothingToImportError):
        request_label_import(transform=transform, user=lead, replace_all=False)
    first = _generate(transform, lead)
    assert answer_everything(transform, steward) == first
    _import(transform, lead, first)
    _evaluate(transform, lead)
    _estimated(transform, lead)
    _new_rows(transform, User.objects.get(username="admin"))
    second = _generate(transform, lead)
    assert Question.objects.values("labeling_set_id").distinct().count() == first + second


def _generate(transform: Transform, lead: User) -> int:
    run = request_question_generation(transform=transform, user=lead)
    with pytest.raises(RunConflictError):
        request_question_generation(transform=transform, user=lead)
    finished(run)
    assert [event.status for event in run.events.all()][:3] == ["QUEUED", "SUBMITTING", "STARTING"]
    assert run.events.last().status == "SUCCEEDED"  # type: ignore[union-attr]
    questions = Question.objects.filter(question_set__task_run=run)
    assert questions.count() >= 5
    generated = run.question_set.label_file
    assert storage.read_uri(generated.uri).startswith(b"labeling_set_id,label,id,first_name,")
    assert generated.rows == sum(question.rows.count() for question in questions)
    proposed = Row.objects.filter(question__in=questions).exclude(proposed="")
    wait_until(proposed.exists, seconds=90, what="the engine's proposals", every=0.2)
    return questions.count()


def _import(transform: Transform, lead: User, answers: int) -> None:
    preview = import_preview(transform=transform)
    assert (preview.answers, preview.labels_now) == (answers, 0)
    run = finished(request_label_import(transform=transform, user=lead, replace_all=False))
    assert (run.labels_before, run.labels_after) == (0, preview.rows)
    assert (run.replace_all_labels, run.requested_by) == (False, lead)
    assert run.execution_seconds is not None
    label_file = run.label_file
    assert label_file is not None
    assert run.path == label_file.uri
    download = label_file_download(label_file=label_file)
    content = b"".join(download.chunks)
    assert (len(content), download.name[:13]) == (download.size, "people-labels")
    assert len(read_label_file(content).rows) == label_file.rows == preview.rows
    assert not Question.objects.filter(state="settled").exclude(imported_version=1).exists()
    transform.refresh_from_db()
    assert (transform.glue_status, transform.label_count) == (TransformStatus.READY, preview.rows)
    assert import_preview(transform=transform).rows == 0


def _evaluate(transform: Transform, lead: User) -> None:
    run = finished(request_evaluation(transform=transform, user=lead))
    metrics = run.measured
    assert metrics is not None
    assert 0 < metrics.f1 <= 1
    assert metrics.true_positives + metrics.true_negatives > 0
    assert {column for column, _importance in metrics.column_importances} <= set(transform.column_names)


def _estimated(transform: Transform, lead: User) -> None:
    """Meanwhile the portal's worker has judged the same labels, and the lead has been told."""
    found = ShadowEstimate.objects.filter(transform=transform, metrics__isnull=False)
    wait_until(found.exists, seconds=90, what="the engine's estimate", every=0.2)
    estimate = found.get()
    assert estimate.content_hash == estimate.import_run.content_hash != ""
    assert estimate.questions.count() == estimate.sets > 0
    told = Notification.objects.filter(user=lead, occurrence__run=estimate.import_run)
    wait_until(told.exists, seconds=30, what="the notification", every=0.2)


def _new_rows(transform: Transform, admin: User) -> None:
    """A newer export, in which half of the rows that people were asked about are missing: the engine still learns from them."""
    source = transform.source_file
    assert source is not None
    asked = set(Row.objects.values_list("key", flat=True))
    gone = set(sorted(asked)[::2])
    rows = list(csv.DictReader(io.StringIO(Path("samples/people.csv").read_text())))
    left = [row for row in rows if row["id"] not in gone] + [{**rows[0], "id": "new-1"}]
    text = io.StringIO()
    writer = csv.DictWriter(text, transform.column_names)
    writer.writeheader()
    writer.writerows(left)
    file = SimpleUploadedFile("people-june.csv", text.getvalue().encode())
    change = take_rows(transform=transform, user=admin, file=file)
    assert (change.before, change.after, change.new, change.asked_gone) == (1000, len(left), 1, len(gone))
    transform.refresh_from_db()
    run = finished(request_apply(transform=transform, user=admin))
    download = result_download(run=run)
    content = b"".join(download.chunks)
    assert len(content) == download.size == run.result_size
    found = list(csv.DictReader(io.StringIO(content.decode())))
    assert list(found[0])[-2:] == ["match_id", "match_confidence_score"]
    group = {row["id"]: row["match_id"] for row in found}
    assert group.keys() == {row["id"] for row in left}
    # Somebody who was taught with the truth finds most of the 251 people.
    assert 150 < len(set(group.values())) < 500
    if rows[0]["id"] in group:
        assert group["new-1"] == group[rows[0]["id"]]
    finished(request_evaluation(transform=transform, user=admin))
