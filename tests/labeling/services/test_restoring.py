"""Any earlier state of the labels can be had again; S3 is real, the imports that led to it are rows."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from labelfiles import content_hash, label_file_bytes, read_label_file
from labeling.aws import storage
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.exceptions import NothingToImportError
from labeling.models import LabelFile, LabelFileQuestion, LabelReplacement, Question, TaskRun, Transform
from labeling.services.label_files import keep_label_file
from labeling.services.restoring import restore_state
from tests.labeling.builders import Cast, finished_run, question_set, transform
from tests.labeling.selectors.test_known_labels import ONE, ONE_ANEW, OTHER, Rows, contents

pytestmark = pytest.mark.django_db


@pytest.fixture
def of(s3_server: str, people: Cast, monkeypatch: pytest.MonkeyPatch) -> Transform:
    monkeypatch.setattr("labeling.services.task_runs.request.submit_run.delay", lambda **_message: None)
    return transform(people.team, people.admin)


def learned(of: Transform, rows: Rows, after: Rows, question: Question, version: int) -> TaskRun:
    """An import of the rows, after which Glue held those of ``after``; the question was in it in that version."""
    file = contents(rows)
    stored = storage.save_bytes(f"label-files/{uuid.uuid4()}.csv", label_file_bytes(file))
    kept = keep_label_file(transform=of, kind=LabelFileKind.BUILT, stored=stored, contents=file, user=of.created_by)
    LabelFileQuestion.objects.create(label_file=kept, question=question, version=version)
    known = content_hash(contents(after), primary_key="id")
    return finished_run(of, of.created_by, RunKind.IMPORT_LABELS, label_file=kept, content_hash=known)


def test_the_labels_after_any_import_can_be_had_again(people: Cast, of: Transform, client: Client) -> None:
    one, other = question_set(of, people.lead, [2, 2])
    learned(of, ONE, ONE, one, 1)
    second = learned(of, OTHER, [*ONE, *OTHER], other, 1)
    learned(of, ONE_ANEW, [*OTHER, *ONE_ANEW], one, 2)

    client.force_login(people.admin)
    assert (
        "Restore the labels as they were after this run"
        in client.get(reverse("labeling:run-detail", args=[second.pk])).content.decode()
    )
    answer = client.post(reverse("labeling:run-restore", args=[second.pk]))
    replacement = LabelReplacement.objects.get()
    assert answer.headers["Location"] == reverse("labeling:replacement-detail", args=[replacement.pk])
    file = replacement.label_file
    assert (file.kind, file.content_hash, file.created_by) == (
        LabelFileKind.COMPOSED,
        second.content_hash,
        people.admin,
    )
    written = read_label_file(storage.read_uri(file.uri))
    assert {(row.labeling_set_id, row.label, row.values[0]) for row in written.rows} == {
        row for row in (*ONE, *OTHER) if row[1]
    }
    assert dict(file.included_questions.values_list("question", "version")) == {one.pk: 1, other.pk: 1}
    assert not TaskRun.objects.filter(kind=RunKind.IMPORT_LABELS).exclude(status=RunStatus.SUCCEEDED).exists()

    TaskRun.objects.filter(kind=RunKind.EXPORT_LABELS).update(status=RunStatus.FAILED)
    assert restore_state(run=second, user=people.admin).label_file == file  # made once
    client.force_login(people.lead)
    assert client.post(reverse("labeling:run-restore", args=[second.pk])).status_code == 403


def test_of_a_set_that_was_taught_twice_the_later_grouping_is_restored(people: Cast, of: Transform) -> None:
    one, other = question_set(of, people.lead, [2, 2])
    learned(of, ONE, ONE, one, 1)
    learned(of, OTHER, [*ONE, *OTHER], other, 1)
    last = learned(of, ONE_ANEW, [*OTHER, *ONE_ANEW], one, 2)
    file = restore_state(run=last, user=people.admin).label_file
    assert (file.kind, file.content_hash) == (LabelFileKind.COMPOSED, last.content_hash)
    assert dict(file.included_questions.values_list("question", "version")) == {one.pk: 2, other.pk: 1}


def test_what_the_portal_does_not_have_is_not_restored(people: Cast, of: Transform) -> None:
    (one,) = question_set(of, people.lead, [2])
    first = learned(of, ONE, ONE, one, 1)
    second = learned(of, OTHER, [*ONE, *OTHER], one, 1)
    TaskRun.objects.filter(pk=first.pk).update(label_file=None, foreign=True)
    with pytest.raises(NothingToImportError, match="does not have all labels"):
        restore_state(run=second, user=people.admin)
    TaskRun.objects.filter(pk=second.pk).update(content_hash="7f" * 32)
    TaskRun.objects.filter(pk=first.pk).delete()
    second.refresh_from_db()
    with pytest.raises(NothingToImportError, match="do not add up"):
        restore_state(run=second, user=people.admin)
    assert not LabelReplacement.objects.exists()
    assert not LabelFile.objects.filter(kind=LabelFileKind.COMPOSED).exists()
