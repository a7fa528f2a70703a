"""What programs do: read questions and results, start runs, bring labels, fetch files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from labeling.aws import storage
from labeling.choices import GroupKind, RunKind, RunStatus
from labeling.exceptions import GlueError
from labeling.models import Answer, Chain, LabelFile, LabelUpload, MatchGroup, Question, SourceFile, TaskRun, Transform
from labeling.services.answers import reopen_answer, save_draft
from labeling.services.sources import stage_source
from tests.labeling.api.conftest import ProgramOf
from tests.labeling.builders import Cast, answer, finished_run, grouping, question_set, read_result, transform, wanting
from tests.labeling.views.test_transforms import METRICS

SOURCE = "id,name\n1,Ann\n2,Anne\n3,Cy\n"


def test_transforms_and_how_far_their_questions_are(
    people: Cast, people_transform: Transform, program_of: ProgramOf
) -> None:
    done = transform(people.team, people.admin, "Done")
    Transform.objects.filter(pk=done.pk).update(archived_at=timezone.now())
    questions = question_set(people_transform, people.admin, [2, 3])
    answer(questions[0], people.steward, "AA")
    program = program_of(people.steward)
    (listed,) = program.get("/transforms")["items"]
    assert listed == program.get(f"/transforms/{people_transform.pk}")
    assert (listed["name"], listed["glue_transform_id"], listed["columns"]) == (
        "People",
        "tfm-1",
        people_transform.column_names,
    )
    progress = listed["questions"]
    assert (progress["total"], progress["answered"], progress["open"], progress["waiting_for_import"]) == (2, 1, 1, 1)
    assert [each["name"] for each in program.get("/transforms", archived=True)["items"]] == ["Done"]


def test_questions_with_their_results_page_by_page(
    people: Cast, people_transform: Transform, program_of: ProgramOf
) -> None:
    questions = question_set(people_transform, people.admin, [2, 3, 2])
    answer(questions[1], people.steward, "AB?")
    program = program_of(people.lead)
    (found,) = program.get(f"/transforms/{people_transform.pk}/question-sets")["items"]
    assert (found["questions"], found["settled"], found["open"]) == (3, 1, 2)
    path = f"/question-sets/{found['id']}/questions"
    first = program.get(path, limit=2)
    rest = program.get(path, limit=2, after=first["next"])
    assert [each["id"] for each in first["items"] + rest["items"]] == [str(question.pk) for question in questions]
    assert rest["next"] is None
    (settled,) = program.get(f"/transforms/{people_transform.pk}/questions", state="settled")["items"]
    assert settled == program.get(f"/questions/{questions[1].pk}") == first["items"][1]
    assert [(row["group"], row["values"].keys()) for row in settled["rows"]] == [
        (group, dict.fromkeys(people_transform.column_names).keys()) for group in "AB?"
    ]
    assert not settled["imported"]
    assert {row["group"] for row in first["items"][0]["rows"]} == {None}


def test_an_import_and_what_follows_it(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    program, path = program_of(people.lead, may_write=True), f"/transforms/{people_transform.pk}/runs"
    nothing = program.post(path, {"kind": "IMPORT_LABELS"}, expect=422)
    assert nothing["message"] == "There are no answers to import."
    (question,) = question_set(people_transform, people.admin, [2])
    answer(question, people.steward, "AA")
    run = program.post(path, {"kind": "IMPORT_LABELS", "then": ["EVALUATION"]})
    assert (run["status"], run["requested_by"], run["replace_all_labels"]) == ("QUEUED", "lead", False)
    chain = Chain.objects.get()
    assert (chain.evaluate, chain.generate) == (True, False)
    busy = program.post(path, {"kind": "IMPORT_LABELS"}, expect=409)
    assert busy["code"] == "conflict"
    stopped = program.post(f"/runs/{run['id']}/cancel", expect=200)
    assert (stopped["status"], stopped["ended"]) == ("STOPPED", True)
    program.post(f"/runs/{run['id']}/cancel", expect=409)
    again = program.post(f"/runs/{run['id']}/retry")
    assert (again["kind"], again["status"]) == ("IMPORT_LABELS", "QUEUED")
    assert TaskRun.objects.get(pk=again["id"]).retry_of_id is not None


def test_each_other_kind_of_run_starts(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    program, path = program_of(people.lead, may_write=True), f"/transforms/{people_transform.pk}/runs"
    for kind in set(RunKind) - {RunKind.IMPORT_LABELS}:
        assert program.post(path, {"kind": kind})["kind"] == kind
        refused = program.post(path, {"kind": kind, "then": ["EVALUATION"]}, expect=422)
        assert "IMPORT_LABELS" in refused["message"]
    assert TaskRun.objects.filter(requested_by=people.lead, status=RunStatus.QUEUED).count() == 4


def test_the_history_is_narrowed_and_paged(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    program = program_of(people.lead)
    runs = [finished_run(people_transform, people.lead, RunKind.EXPORT_LABELS) for _ in range(3)]
    estimate = finished_run(people_transform, None, RunKind.EVALUATION, foreign=True, metrics=METRICS)
    page = program.get("/runs", kind="EXPORT_LABELS", limit=2)
    rest = program.get(f"/runs?kind=EXPORT_LABELS&limit=2&after={page['next']}")  # as a shell would write it
    assert [each["id"] for each in page["items"] + rest["items"]] == [str(run.pk) for run in reversed(runs)]
    assert rest["next"] is None
    (found,) = program.get("/runs", transform=people_transform.pk, kind="EVALUATION", status="SUCCEEDED")["items"]
    assert found == program.get(f"/runs/{estimate.pk}")
    assert (found["started_outside"], found["requested_by"], found["has_result"]) == (True, None, False)
    assert found["metrics"]["precision"] == METRICS["precision"]
    assert program.get("/runs", expect=422, after="nonsense")["message"].startswith("“after” is not")


def test_labels_from_elsewhere_are_kept_and_imported(
    s3_server: str, people: Cast, program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = stage_source(team=people.team, user=people.admin, file=SimpleUploadedFile("p.csv", SOURCE.encode()))
    columns = [{"name": name, "data_type": "string"} for name in ("id", "name")]
    taught = transform(people.team, people.admin, source_file=source, glue_transform_id="tfm-1")
    Transform.objects.filter(pk=taught.pk).update(columns=columns, primary_key="id")
    program, path = program_of(people.lead, may_write=True), f"/transforms/{taught.pk}/label-files"

    refused = program.post(path, {"file": SimpleUploadedFile("p.csv", b"left,right,match\n1,9,1\n8,2,1\n")}, expect=422)
    assert refused["code"] == "invalid_labels"
    assert [(problem["line"], problem["code"]) for problem in refused["problems"][:2]] == [
        (2, "unknown_key"),
        (3, "unknown_key"),
    ]
    workbook = program.post(path, {"file": SimpleUploadedFile("p.xlsx", b"PK\x03\x04")}, expect=422)
    assert "Excel workbook" in workbook["message"]

    def pairs() -> dict[str, SimpleUploadedFile]:
        return {"file": SimpleUploadedFile("p.csv", b"left,right,match\n1,2,1\n1,3,0\n2,9,1\n")}

    with monkeypatch.context() as away:
        away.setattr("labeling.services.brought_labels.store_parts", Mock(side_effect=GlueError("S3 is away")))
        assert program.post(path, pairs(), expect=502)["message"] == "S3 is away"
    assert not LabelFile.objects.exists()
    assert not LabelUpload.objects.exists(), "nobody has to tidy up"
    assert not storage.list_objects(storage.our_uri(f"brought-labels/{taught.pk}/"))

    kept = program.post(path, pairs())
    assert LabelUpload.objects.get().label_file is not None
    file = kept["label_file"]
    assert (file["kind"], file["matching_pairs"], len(kept["findings"])) == ("uploaded", 1, 1)
    assert program.get(path, kind="uploaded")["items"] == [program.get(f"/label-files/{file['id']}")] == [file]
    rows = list(csv.DictReader(io.StringIO(program.fetch(f"/label-files/{file['id']}/content").decode())))
    assert {(row["id"], row["name"]) for row in rows} == {("1", "Ann"), ("2", "Anne"), ("3", "Cy")}

    run = program.post(f"/transforms/{taught.pk}/runs", {"kind": "IMPORT_LABELS", "label_file": file["id"]})
    assert run["label_file"] == file["id"]


def test_only_uploads_are_imported_by_name(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    (question,) = question_set(people_transform, people.admin, [2])
    program, path = program_of(people.lead, may_write=True), f"/transforms/{people_transform.pk}/runs"
    body = {"kind": "IMPORT_LABELS", "label_file": str(question.question_set.label_file_id)}
    assert "Only uploaded label files" in program.post(path, body, expect=422)["message"]
    theirs = transform(people.team, people.admin, "Others")
    (other,) = question_set(theirs, people.admin, [2], first_key=10)
    body["label_file"] = str(other.question_set.label_file_id)
    program.post(path, body, expect=404)


def test_paging_through_answers_misses_none_that_changes_meanwhile(
    people: Cast, people_transform: Transform, program_of: ProgramOf
) -> None:
    questions = question_set(people_transform, people.admin, [2] * 5)
    for question in questions:
        answer(question, people.steward, "AB")
    first, second, _third, fourth, last = Answer.objects.order_by("created_at")
    program, path = program_of(people.lead), f"/transforms/{people_transform.pk}/answers"
    page = program.get(path, limit=2)
    assert [each["id"] for each in page["items"]] == [str(last.pk), str(fourth.pk)]

    reopen_answer(answer=last, user=people.steward)  # its question is open, so it is in the list no more
    reopen_answer(answer=first, user=people.steward)
    answer(first.question, people.steward, "AA")
    seen: list[dict[str, Any]] = []
    while page["next"] is not None:
        page = program.get(path, limit=2, after=page["next"])
        seen += page["items"]
    assert [each["question"] for each in seen] == [str(question.pk) for question in questions[2::-1]]
    assert [each["version"] for each in seen] == [1, second.version, 2]
    assert program.get(path, expect=422, after="100")["message"].startswith("“after” is not")


def test_answers_that_are_news_are_told_wherever_they_stand(
    people: Cast, people_transform: Transform, program_of: ProgramOf
) -> None:
    begun, known = question_set(people_transform, people.admin, [2] * 2)
    (shared,) = question_set(people_transform, people.admin, [2], first_key=4)
    wanting([shared], 2)
    save_draft(question=begun, steward=people.steward, labels=grouping(begun, "AB"))
    answer(shared, people.steward, "AB")
    answer(known, people.steward, "AB")
    program, path = program_of(people.lead), f"/transforms/{people_transform.pk}/answers"
    (listed,) = program.get(path)["items"]
    assert listed["begun_at"] <= listed["changed_at"]
    Answer.objects.filter(question=known).update(updated_at=F("updated_at") - timedelta(hours=1))
    Question.objects.update(changed_at=F("changed_at") - timedelta(hours=1))
    since = listed["changed_at"]
    assert program.get(path, changed_since=since)["items"] == []

    answer(begun, people.steward, "AB")
    answer(shared, people.colleague, "AB")
    news = program.get(path, changed_since=since)["items"]
    assert {(each["question"], each["person"]) for each in news} == {
        (str(begun.pk), "steward"),
        (str(shared.pk), "steward"),
        (str(shared.pk), "colleague"),
    }
    assert all(each["changed_at"] > since for each in news)
    for wrong in ("yesterday", "2026-11-29T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        program.get(path, expect=422, changed_since=wrong)


def test_what_the_newest_result_says(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    program, path = program_of(people.lead), f"/transforms/{people_transform.pk}/matches"
    assert program.get(path, expect=404)["message"] == "No result of this transform has been read yet."
    group = MatchGroup(kind=GroupKind.LARGE, match_id="7", size=3, values=[["1", "Ann"]])
    result = read_result(people_transform, people.lead, [group], rows=9, sizes=[[3, 1], [1, 6]], joined=2)
    found = program.get(path)
    assert (found["run"], found["rows"], found["groups"], found["matched_rows"], found["joined_groups"]) == (
        str(result.run_id),
        9,
        7,
        3,
        2,
    )
    assert "yet" in program.get(f"/runs/{result.run_id}/result", expect=404, persistent_ids=True)["message"]
    program_of(people.steward).get(path, expect=403)


def test_a_longer_list_takes_no_more_queries(
    people: Cast,
    people_transform: Transform,
    program_of: ProgramOf,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    program, base = program_of(people.lead), f"/transforms/{people_transform.pk}"
    program.get("/me")  # notes when the token was used
    counts = {
        "/transforms": 3,
        "/runs": 3,
        f"{base}/question-sets": 5,
        f"{base}/questions": 4,
        f"{base}/answers": 4,
        f"{base}/label-files": 3,
    }
    for number in (1, 3):
        for _ in range(number):
            for question in question_set(people_transform, people.admin, [2] * number, first_key=0):
                answer(question, people.steward, "AA")
        for path, queries in counts.items():
            with django_assert_num_queries(queries, info=path):
                assert program.get(path)["items"]


def test_newer_rows_for_a_table(
    people: Cast, people_transform: Transform, program_of: ProgramOf, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Mock()
    monkeypatch.setattr("labeling.services.table_versions.data_catalog.update_table", told)
    columns = [{"name": "id", "data_type": "string"}, {"name": "name", "data_type": "string"}]
    old = stage_source(team=people.team, user=people.admin, file=SimpleUploadedFile("old.csv", SOURCE.encode()))
    Transform.objects.filter(pk=people_transform.pk).update(source_file=old, columns=columns)
    path = f"/transforms/{people_transform.pk}/rows"

    def sent(person: User, content: bytes, expect: int, *, may_write: bool = True) -> Any:
        program = program_of(person, may_write=may_write)
        return program.post(path, {"file": SimpleUploadedFile("new.csv", content)}, expect=expect)

    newer = b"name,id\nAnn,1\nDi,4\n"
    assert sent(people.lead, newer, 403)["code"] == "forbidden"
    assert sent(people.admin, newer, 403, may_write=False)["message"] == "This token may only read."
    assert "Not one row of the table" in sent(people.admin, b"id,name\n7,Ann\n", 422)["message"]
    assert "lacks columns of the table: name" in sent(people.admin, b"id\n1\n", 422)["message"]
    assert list(SourceFile.objects.all()) == [old]  # nothing is kept of what a nightly job may send in vain for months
    run = finished_run(people_transform, people.lead, RunKind.EVALUATION)
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING)
    assert sent(people.admin, newer, 409)["code"] == "conflict"
    assert list(TaskRun.objects.values_list("status", flat=True)) == [RunStatus.RUNNING]
    TaskRun.objects.update(status=RunStatus.SUCCEEDED)
    assert not told.called
    people_transform.refresh_from_db()
    assert people_transform.source_file == old
    change = sent(people.admin, newer, 200)
    assert change == {"before": 3, "after": 2, "new": 1, "gone": 2, "asked_gone": 0}
    assert told.call_count == 1
    people_transform.refresh_from_db()
    assert people_transform.source_file != old
