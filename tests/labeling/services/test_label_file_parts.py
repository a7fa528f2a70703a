"""A label file beyond Glue's quota goes in as several, one after the other, each once; and what Glue would not take is not sent."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from labelfiles import LabeledRow, read_label_file
from labelfiles import LabelFile as LabelFileContents
from labeling.aws import storage
from labeling.choices import RunKind, RunStatus
from labeling.exceptions import InvalidLabelsError
from labeling.models import LabelFile, Question, Row, TaskRun
from labeling.services import label_files
from labeling.services.replacements import replacement_difference, start_replacement
from labeling.services.task_runs import request_label_import, sync_run
from tests.labeling.builders import Cast, answer, question_set, transform
from tests.labeling.taught import LABELS, follow, lead, runs_at_glue, small_transform, succeeded
from tests.support.servers import Services

HEADER = len("labeling_set_id,label,id,name\n")


def test_parts_are_imported_one_after_the_other(
    services: Services, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr("labeling.services.task_runs.request.submit_run.delay", lambda **_message: None)
    taught = small_transform()
    settings.LABEL_FILE_MAX_BYTES = HEADER + 70  # the first set, then the two others
    first = succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
    assert first.label_file is not None
    assert (first.label_file.part, first.label_file.parts, first.labels_after) == (1, 2, 3)
    assert Question.objects.filter(imported_version=1).count() == 1
    second = TaskRun.objects.get(continues=first)
    assert (second.status, second.requested_by, second.replace_all_labels) == (RunStatus.QUEUED, lead(), False)
    sync_run(run=first)  # late news starts nothing
    succeeded(second)
    assert (second.labels_after, second.labels_expected) == (LABELS, LABELS)
    assert (first.matching_after, first.non_matching_after) == (second.matching_before, second.non_matching_before)
    assert (second.matching_after, second.non_matching_after) == (2, 3)
    assert Question.objects.filter(imported_version=1).count() == 3
    assert len(runs_at_glue(taught, RunKind.IMPORT_LABELS)) == 2
    files = LabelFile.objects.filter(kind="built").order_by("part")
    rows = [row for file in files for row in read_label_file(storage.read_uri(file.uri)).rows]
    assert len(rows) == LABELS
    assert all(file.size <= settings.LABEL_FILE_MAX_BYTES for file in files)

    # A replacement is looked at as a whole.
    replacement = start_replacement(transform=taught, user=lead())
    follow(replacement.export_run)
    assert replacement_difference(replacement=replacement).diff.is_empty


def test_what_glue_would_not_take_is_not_sent(s3_server: str, people: Cast) -> None:
    of = transform(people.team, people.admin)
    rows = (LabeledRow("s", "A", ("1", "Ann")), LabeledRow("s", "A", ("", "no key")))
    with pytest.raises(InvalidLabelsError, match="line 3, column id: The row has no primary key"):
        label_files.store_parts(transform=of, contents=LabelFileContents(("id", "name"), rows), stem="refused")
    assert storage.list_objects(storage.our_uri("refused")) == []


def test_an_answer_that_glue_would_refuse_does_not_keep_the_others_from_being_sent(
    s3_server: str, people: Cast, client: Client
) -> None:
    of = transform(people.team, people.admin)
    refused, fine = question_set(of, people.lead, [2, 2])
    Row.objects.filter(question=refused, position=2).update(key="", values=["", "no key"])
    for question in (refused, fine):
        answer(question, people.steward, "AB")
    file = label_files.build_answers_file(transform=of, user=people.lead)
    rows = read_label_file(storage.read_uri(file.uri)).rows
    assert {row.labeling_set_id for row in rows} == {fine.labeling_set_id}
    client.force_login(people.lead)
    page = client.get(reverse("labeling:label-file-detail", args=[file.pk])).content.decode()
    assert f"The answer to question {refused.labeling_set_id} is left out" in page


def test_a_bucket_elsewhere_or_closed_is_said_before(
    s3_server: str, people: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert label_files.bucket_findings() == []
    monkeypatch.setattr("labeling.services.label_files.glue.region", lambda: "eu-south-2")
    (finding,) = label_files.bucket_findings()
    assert finding.code == "bucket_region"
    assert "eu-south-2" in finding.message
    settings.BUCKET = "nobodys-bucket"
    (finding,) = label_files.bucket_findings()
    assert finding.code == "bucket_access"
