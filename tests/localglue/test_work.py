"""What runs do, called in this process: models that are kept, matches in both formats, failures that are told."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

import findmatches
from labelfiles import LabeledRow, LabelFile, Problem, label_file_bytes, read_label_file
from localglue import runs, store
from localglue.choices import TaskType
from localglue.engine_run import main
from localglue.labels import store_labels
from localglue.models import MLTransform, TaskRun
from localglue.work.import_labels import problem_text
from tests.contract.conftest import COLUMNS, csv_bytes, people
from tests.localglue.conftest import GlueClient, table_input

BY_ID = {row[0]: row for row in people()}


@pytest.fixture
def folder(s3_server: str, settings: Any, tmp_path: Path) -> str:
    """A new folder in S3 with the people in it."""
    store.client.cache_clear()
    settings.LOCALGLUE_DIR = tmp_path
    prefix = f"work/{uuid.uuid4().hex}"
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    client.put_object(Bucket="labelportal", Key=f"{prefix}/people/data.csv", Body=csv_bytes(people()))
    return f"s3://labelportal/{prefix}"


@pytest.fixture
def transform(lab: GlueClient, folder: str, make_transform: Callable[..., str]) -> MLTransform:
    """A transform over the people that has learned from twenty of them."""
    columns = [(name, "string") for name in COLUMNS]
    lab.update_table(DatabaseName="lab", TableInput=table_input("people", *columns, location=f"{folder}/people/"))
    found = MLTransform.objects.get(public_id=make_transform())
    rows = [
        LabeledRow(f"s{number // 5}", f"P{number}", BY_ID[f"{number}{half}"]) for number in range(20) for half in "ab"
    ]
    store_labels(found, LabelFile(COLUMNS, tuple(rows)), replace=False)
    MLTransform.objects.filter(pk=found.pk).update(status="READY", label_count=len(rows))
    return found


def done(transform: MLTransform, task_type: str, path: str = "") -> TaskRun:
    """A task run, done."""
    run = TaskRun.objects.create(transform=transform, task_type=task_type, path=path, arguments={})
    taken = runs.claim(run.pk, now=timezone.now())
    assert taken is not None
    main(run.pk, taken.lease_token)
    run.refresh_from_db()
    return run


def applied(transform: MLTransform | None, output: str, **changes: str) -> TaskRun:
    """A job run, done."""
    arguments = {
        "--transform-id": "tfm-0",
        "--database": "lab",
        "--table": "people",
        "--output-path": output,
        **{f"--{name.replace('_', '-')}": value for name, value in changes.items()},
    }
    run = TaskRun.objects.create(
        transform=transform,
        task_type=TaskType.FIND_MATCHES,
        arguments=arguments,
        path=output,
        job_run_id=uuid.uuid4().hex,
    )
    taken = runs.claim(run.pk, now=timezone.now())
    assert taken is not None
    main(run.pk, taken.lease_token)
    run.refresh_from_db()
    return run


def test_matches_without_duplicates_as_parquet(transform: MLTransform, folder: str) -> None:
    run = applied(transform, f"{folder}/out/", output_format="parquet", remove_duplicates="true")
    assert (run.status, run.error) == ("SUCCEEDED", "")
    data = store.read(store.parse_path(f"{folder}/out/part-00000.parquet"), limit=1 << 20)
    found = pq.read_table(io.BytesIO(data))
    assert found.column_names == [*COLUMNS, "match_id"]
    assert 50 <= found.num_rows <= 66
    assert len(set(found.column("match_id").to_pylist())) == found.num_rows
    assert sum(key.endswith("a") for key in found.column("id").to_pylist()) >= 0.8 * found.num_rows, (
        "the lowest key of each group stays"
    )


def test_the_lowest_of_keys_that_are_numbers_is_the_lowest_number(transform: MLTransform, folder: str) -> None:
    one, other = BY_ID["0a"][1:], BY_ID["7a"][1:]
    rows = [("10", *one), ("2", *one), ("-3", *other), ("-4", *other)]
    store.write(store.parse_path(f"{folder}/numbers.csv"), csv_bytes(rows), content_type="text/csv")
    source = {"database": "", "table": "", "input_path": f"{folder}/numbers.csv"}
    run = applied(transform, f"{folder}/out/", output_format="json", remove_duplicates="true", **source)
    assert (run.status, run.error) == ("SUCCEEDED", "")
    lines = store.read(store.parse_path(f"{folder}/out/part-00000.json"), limit=1 << 20).splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["2", "-4"]


def test_a_model_is_kept_until_labels_or_parameters_change_or_are_imported_again(
    transform: MLTransform, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[float] = []
    real = findmatches.train

    def train(*arguments: Any, **options: Any) -> Any:
        trained.append(options["precision_recall"])
        return real(*arguments, **options)

    monkeypatch.setattr(findmatches, "train", train)
    for _ in range(2):
        assert applied(transform, f"{folder}/out/").status == "SUCCEEDED"
    assert trained == [0.5]
    parameters = {"PrimaryKeyColumnName": "id", "PrecisionRecallTradeoff": 0.9}
    MLTransform.objects.update(parameters={"TransformType": "FIND_MATCHES", "FindMatchesParameters": parameters})
    assert applied(transform, f"{folder}/out/").status == "SUCCEEDED"
    assert trained == [0.5, 0.9]
    same = label_file_bytes(
        LabelFile(COLUMNS, (LabeledRow("s0", "P0", BY_ID["0a"]), LabeledRow("s0", "P0", BY_ID["0b"])))
    )
    store.write(store.parse_path(f"{folder}/same.csv"), same, content_type="text/csv")
    for _ in range(2):  # an import learns from the rows that the table has by now
        assert done(transform, TaskType.IMPORT_LABELS, f"{folder}/same.csv").status == "SUCCEEDED"
    assert trained == [0.5, 0.9, 0.9, 0.9]
    assert applied(transform, f"{folder}/out/").status == "SUCCEEDED"
    assert len(trained) == 4


def test_a_match_of_other_rows_does_without_the_rows_of_the_table(
    lab: GlueClient, transform: MLTransform, folder: str
) -> None:
    assert applied(transform, f"{folder}/out/").status == "SUCCEEDED"
    columns = [(name, "string") for name in COLUMNS]
    lab.update_table(DatabaseName="lab", TableInput=table_input("people", *columns, location=f"{folder}/gone/"))
    source = {"database": "", "table": "", "input_path": f"{folder}/people/"}
    run = applied(transform, f"{folder}/out/", **source)
    assert (run.status, run.error) == ("SUCCEEDED", "")


def test_empty_rows_that_a_spreadsheet_has_written_teach_nothing(transform: MLTransform, folder: str) -> None:
    one, two = (LabeledRow("from a spreadsheet", "A", BY_ID[key]) for key in ("0a", "0b"))
    data = label_file_bytes(LabelFile(COLUMNS, (one, two))) + b",,,,,,\n" * 3
    store.write(store.parse_path(f"{folder}/saved.csv"), data, content_type="text/csv")
    before = MLTransform.objects.get().label_count
    run = done(transform, TaskType.IMPORT_LABELS, f"{folder}/saved.csv")
    assert (run.status, run.error) == ("SUCCEEDED", "")
    assert MLTransform.objects.get().label_count == before + 2


def test_labels_of_rows_that_have_left_the_table_still_teach(transform: MLTransform, folder: str) -> None:
    left = [row for row in people() if int(row[0][:-1]) % 2 or int(row[0][:-1]) >= 20]
    store.write(store.parse_path(f"{folder}/people/data.csv"), csv_bytes(left), content_type="text/csv")
    gone, there = (LabeledRow("late", label, BY_ID[key]) for label, key in (("A", "2a"), ("B", "31a")))
    data = label_file_bytes(LabelFile(COLUMNS, (gone, there)))
    store.write(store.parse_path(f"{folder}/late.csv"), data, content_type="text/csv")

    for task_type, path in (
        (TaskType.IMPORT_LABELS, f"{folder}/late.csv"),
        (TaskType.EVALUATION, ""),
        (TaskType.LABELING_SET_GENERATION, f"{folder}/questions/"),
    ):
        run = done(transform, task_type, path)
        assert (run.status, run.error) == ("SUCCEEDED", "")
    run = applied(transform, f"{folder}/out/", output_format="json")
    assert (run.status, run.error) == ("SUCCEEDED", "")
    lines = store.read(store.parse_path(f"{folder}/out/part-00000.json"), limit=1 << 20).splitlines()
    group = {row["id"]: row["match_id"] for row in map(json.loads, lines)}
    assert set(group) == {row[0] for row in left}
    people_left = {key[:-1] for key in group}
    assert sum(group[f"{number}a"] == group[f"{number}b"] for number in people_left) >= 0.9 * len(people_left)


def test_new_rows_join_a_table_that_has_been_matched(transform: MLTransform, folder: str) -> None:
    new = [(f"{number}c", *BY_ID[f"{number}a"][1:]) for number in range(0, 60, 3)]
    store.write(store.parse_path(f"{folder}/new.csv"), csv_bytes(new), content_type="text/csv")
    from_files = {"database": "", "table": "", "match_confidence": "true"}
    run = applied(transform, f"{folder}/one/", input_path=f"{folder}/people/", output_format="json", **from_files)
    assert (run.status, run.error) == ("SUCCEEDED", "")
    lines = store.read(store.parse_path(f"{folder}/one/part-00000.json"), limit=1 << 20).splitlines()
    before = {row["id"]: row["match_id"] for row in map(json.loads, lines)}
    assert len(before) == len(people())

    def again(existing: str, output: str, **changes: str) -> TaskRun:
        files = {"input_path": f"{folder}/new.csv", "existing_path": f"{folder}/{existing}/"}
        return applied(transform, f"{folder}/{output}/", **{**from_files, **files, **changes})

    run = again("one", "two", match_confidence="false")
    assert (run.status, run.error) == ("SUCCEEDED", "")
    text = store.read(store.parse_path(f"{folder}/two/part-00000.csv"), limit=1 << 20).decode()
    found = list(csv.DictReader(io.StringIO(text)))
    after = {row["id"]: int(row["match_id"]) for row in found}
    assert len(found) == len(after) == len(people()) + len(new)
    assert {key: after[key] for key in before} == before, "groups that there were stay as they are"
    assert all(after[row[0]] == before[f"{row[0][:-1]}a"] for row in new)

    run = again("two", "three")  # an output without confidence
    assert run.status == "FAILED"
    assert run.error.startswith(f"{len(new)} of the new rows are already in the existing table")
    run = again("people", "five")
    assert run.error.endswith("data.csv: the file has no column match_id.")


def test_no_job_writes_to_where_rows_are_read(lab: GlueClient, transform: MLTransform, folder: str) -> None:
    source = csv_bytes(people())
    store.write(store.parse_path(f"{folder}/spark/part-00000.csv"), source, content_type="text/csv")
    columns = [(name, "string") for name in COLUMNS]
    lab.create_table(DatabaseName="lab", TableInput=table_input("spark", *columns, location=f"{folder}/spark"))
    from_files = {"database": "", "table": ""}
    for output, arguments, read in (
        ("spark/", {"table": "spark", "remove_duplicates": "true"}, "spark"),
        ("spark", {"input_path": f"{folder}/spark/part-00000.csv", **from_files}, "spark/part-00000.csv"),
        ("people/matches", {"output_format": "parquet"}, "people/"),
        ("people", {"input_path": f"{folder}/spark/", **from_files}, "people/"),  # which the transform learns from
    ):
        run = applied(transform, f"{folder}/{output}", **arguments)
        assert run.status == "FAILED"
        assert run.error.endswith(
            f" but rows are read from {folder}/{read}. Give --output-path a folder outside of that."
        )
    kept = store.list_folder(store.parse_path(f"{folder}/"))
    assert [item.path.key.rpartition("/")[2] for item in kept] == ["data.csv", "part-00000.csv"]
    assert store.read(kept[1].path, limit=1 << 20) == source
    assert applied(transform, f"{folder}/people-matched/").status == "SUCCEEDED"
    assert applied(transform, f"{folder}/people/_matches/").status == "SUCCEEDED", (
        "which no reader of the table looks into"
    )


def test_a_key_that_two_rows_have_is_told_with_the_files(transform: MLTransform, folder: str) -> None:
    store.write(store.parse_path(f"{folder}/people/more.csv"), csv_bytes(people()[5:]), content_type="text/csv")
    run = done(transform, TaskType.EVALUATION)
    first, key = f"{folder}/people/data.csv, row 6", people()[5][0]
    assert run.error == f"{folder}/people/more.csv, row 1, column id: the primary key {key} is already in {first}."


@pytest.mark.parametrize("broken", ["unknown", "not ready", "no table", "no bucket"])
def test_a_job_run_that_cannot_succeed_says_why(transform: MLTransform, folder: str, broken: str) -> None:
    words = {
        "unknown": "The transform of this run, tfm-0, does not exist.",
        "not ready": "This operation can only be applied to a transform that is in a READY state.",
        "no table": "Problem fetching the data catalog schema: Table other not found.",
        "no bucket": "s3://no-such-bucket-at-all/x/: The specified bucket does not exist",
    }[broken]
    if broken == "not ready":
        transform.labeling_sets.all().delete()
    output = "s3://no-such-bucket-at-all/x/" if broken == "no bucket" else f"{folder}/out/"
    table = {"table": "other"} if broken == "no table" else {}
    run = applied(None if broken == "unknown" else transform, output, **table)
    assert run.status == "FAILED"
    assert run.error.startswith(words)


def _questions(transform: MLTransform, folder: str) -> LabelFile:
    """What a run that generates questions wrote."""
    run = done(transform, TaskType.LABELING_SET_GENERATION, f"{folder}/{uuid.uuid4().hex}/")
    assert (run.status, run.error) == ("SUCCEEDED", "")
    return read_label_file(store.read(store.list_folder(store.parse_path(run.path))[0].path, limit=1 << 20))


def _keys(questions: LabelFile) -> set[str]:
    return {row.values[0] for row in questions.rows}


def test_questions_generated_before_answers_came_are_not_asked_again(transform: MLTransform, folder: str) -> None:
    others = [
        (f"{key}{copy}", name, f"{copy} {street}", city) for copy in range(1, 4) for key, name, street, city in people()
    ]
    store.write(store.parse_path(f"{folder}/people/data.csv"), csv_bytes([*people(), *others]), content_type="text/csv")
    first, second = _questions(transform, folder), _questions(transform, folder)
    assert len(first.rows) == len(second.rows) == 100
    assert not _keys(first) & _keys(second)
    answers = LabelFile(COLUMNS, tuple(replace(row, label="A") for row in second.rows))
    store_labels(transform, answers, replace=False)
    third = _questions(transform, folder)
    assert not _keys(third) & (_keys(first) | _keys(second)), "the first still wait, the second are answered"


def test_questions_without_an_answer_are_asked_again_when_no_others_are_left(
    transform: MLTransform, folder: str
) -> None:
    asked: list[set[str]] = [_keys(_questions(transform, folder))]
    while not asked[0] & asked[-1] or len(asked) == 1:
        asked.append(_keys(_questions(transform, folder)))
    assert len(set().union(*asked[:-1])) >= 75, "of 80 rows without a label"


@pytest.mark.parametrize("change", ["deleted", "labelled", "another file"])
def test_a_file_of_questions_that_somebody_changed_does_not_stop_the_next(
    transform: MLTransform, folder: str, change: str
) -> None:
    questions = _questions(transform, folder)
    run = TaskRun.objects.get(task_type=TaskType.LABELING_SET_GENERATION)
    path = store.list_folder(store.parse_path(run.path))[0].path
    if change == "deleted":
        store.client().delete_object(Bucket=path.bucket, Key=path.key)
    elif change == "labelled":
        wrong = LabelFile(COLUMNS, tuple(replace(row, label="A") for row in questions.rows))
        store.write(path, label_file_bytes(wrong), content_type="text/csv")
    else:
        store.write(path, b"something,else\n1,2\n", content_type="text/csv")
    assert _keys(_questions(transform, folder))


def test_a_run_that_finds_nothing_in_s3_says_where_it_looked(transform: MLTransform, folder: str) -> None:
    nowhere = "s3://no-such-bucket-at-all"
    run = done(transform, TaskType.LABELING_SET_GENERATION, f"{nowhere}/q/")
    assert (run.status, run.error) == ("FAILED", f"{nowhere}/q/: The specified bucket does not exist")
    run = done(transform, TaskType.IMPORT_LABELS, f"{folder}/gone.csv")
    assert run.status == "FAILED"
    assert run.error.startswith(f"{folder}/gone.csv: The object or bucket does not exist.")
    run = applied(transform, f"{folder}/out/", database="", table="", input_path=f"{nowhere}/new/")
    assert run.error.startswith(f"{nowhere}/new/: The specified bucket does not exist")


def test_a_run_that_was_taken_away_writes_nothing(transform: MLTransform, folder: str) -> None:
    run = runs.start_run(transform=transform, task_type=TaskType.EXPORT_LABELS, path=f"{folder}/export")
    taken = runs.claim(run.pk, now=timezone.now())
    assert taken is not None
    runs.stop(run.pk, now=timezone.now())
    main(run.pk, taken.lease_token)
    run.refresh_from_db()
    assert run.status == "STOPPING"
    assert store.list_folder(store.parse_path(f"{folder}/export")) == []


def test_what_nobody_foresaw_fails_without_quoting_records(
    transform: MLTransform, folder: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError(BY_ID["0a"][1])

    monkeypatch.setattr(findmatches, "train", broken)
    run = applied(transform, f"{folder}/out/")
    assert (run.status, run.error) == ("FAILED", "Internal service failure (KeyError).")
    assert "unforeseen KeyError" in caplog.text
    assert BY_ID["0a"][1] == "Anna Winter"
    assert "Winter" not in caplog.text


def test_problems_are_counted_and_the_first_are_named() -> None:
    one, two = store.S3Path("b", "one.csv"), store.S3Path("b", "two.csv")
    problem = Problem(3, "label", "x", "Wrong.")
    assert problem_text([(one, problem)]) == (
        "The labels were not imported: 1 problem in s3://b/one.csv.\nline 3, column label: Wrong."
    )
    text = problem_text([(one, problem)] * 15 + [(two, problem)] * 15)
    assert text.splitlines()[0] == "The labels were not imported: 30 problems."
    assert text.splitlines()[1] == "s3://b/one.csv, line 3, column label: Wrong."
    assert text.splitlines()[-1] == "and 10 more."


@pytest.mark.parametrize(
    ("folder", "made"),
    [
        ("s3://bucket/folder", "s3://bucket/folder/a.csv"),
        ("s3://bucket/folder/", "s3://bucket/folder/a.csv"),
        ("s3://bucket//folder", "s3://bucket//folder/a.csv"),
        ("s3://bucket/folder//", "s3://bucket/folder//a.csv"),
        ("s3://bucket//", "s3://bucket//a.csv"),
        ("s3://bucket/", "s3://bucket/a.csv"),
        ("s3://bucket", "s3://bucket/a.csv"),
    ],
)
def test_output_is_in_the_folder_that_was_asked_for_slash_by_slash(folder: str, made: str) -> None:
    assert str(store.parse_path(folder).child("a.csv")) == made
