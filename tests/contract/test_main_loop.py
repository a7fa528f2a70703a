"""The whole job through boto3: ask, label, learn, estimate, learn anew, apply."""

from __future__ import annotations

import csv
import io
import re

import pytest

from labelfiles import read_label_file
from tests.contract.conftest import ROLE, Glue, answered

pytestmark = pytest.mark.services


def test_a_transform_learns_from_labels_and_says_so(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    fresh = glue.client.get_ml_transform(TransformId=transform)
    assert (fresh["Status"], fresh["LabelCount"]) == ("NOT_READY", 0)
    assert not {"EvaluationMetrics"} & set(fresh)

    questions = glue.questions(transform)
    assert questions.columns == ("id", "name", "street", "city")
    assert {row.label for row in questions.rows} == {""}
    first = answered(questions)
    run = glue.import_labels(transform, first)
    assert run["Status"] == "SUCCEEDED", run
    taught = glue.client.get_ml_transform(TransformId=transform)
    assert (taught["Status"], taught["LabelCount"]) == ("READY", len(first.rows))

    run = glue.run(transform, glue.client.start_ml_evaluation_task_run)
    assert run["Status"] == "SUCCEEDED", run
    metrics = glue.client.get_ml_transform(TransformId=transform)["EvaluationMetrics"]["FindMatchesMetrics"]
    assert 0.5 < metrics["F1"] <= 1
    assert any(metrics["ConfusionMatrix"].values())
    importances = [column["Importance"] for column in metrics["ColumnImportances"]]
    assert importances == sorted(importances, reverse=True)
    assert sum(importances) == pytest.approx(1)

    more = glue.questions(transform)
    asked = {row.values[0] for row in first.rows}
    assert {row.values[0] for row in more.rows} - asked, "the second file asks about new rows"
    assert not {row.labeling_set_id for row in more.rows} & {row.labeling_set_id for row in first.rows}
    run = glue.import_labels(transform, answered(more), replace=True)
    assert run["Properties"] == {
        "TaskType": "IMPORT_LABELS",
        "ImportLabelsTaskRunProperties": {
            "InputS3Path": run["Properties"]["ImportLabelsTaskRunProperties"]["InputS3Path"],
            "Replace": True,
        },
    }
    replaced = glue.client.get_ml_transform(TransformId=transform)
    assert (replaced["Status"], replaced["LabelCount"]) == ("READY", len(more.rows))

    run = glue.run(transform, glue.client.start_export_labels_task_run, OutputS3Path=glue.path("export"))
    name, data = glue.read_only_object("export")
    assert re.fullmatch(rf"{transform}_labels_\d{{4}}-\d\d-\d\d_\d\d_\d\d_\d\d_[0-9a-f-]{{36}}\.csv", name)
    assert read_label_file(data) == answered(more)

    check_applied(glue, transform)


def check_applied(glue: Glue, transform: str) -> None:
    """A job run gives every row a match id, and most people one for both of their rows."""
    glue.client.create_job(
        Name="apply",
        Role=ROLE,
        Command={"Name": "glueetl", "ScriptLocation": "s3://scripts/find_matches_apply.py", "PythonVersion": "3"},
        GlueVersion="2.0",
    )
    job_run = glue.client.start_job_run(
        JobName="apply",
        Arguments={
            "--transform-id": transform,
            "--database": "lab",
            "--table": "people",
            "--output-path": glue.path("matches/"),
            "--match-confidence": "true",
        },
    )["JobRunId"]
    assert re.fullmatch(r"jr_[0-9a-f]{64}", job_run)
    (task,) = glue.client.get_ml_task_runs(TransformId=transform, Filter={"TaskRunType": "FIND_MATCHES"})["TaskRuns"]
    inner = task["Properties"]["FindMatchesTaskRunProperties"]
    assert (inner["JobName"], inner["JobRunId"]) == ("apply", job_run)
    assert glue.wait(transform, task["TaskRunId"])["Status"] == "SUCCEEDED"
    assert glue.client.get_job_run(JobName="apply", RunId=job_run)["JobRun"]["JobRunState"] == "SUCCEEDED"
    name, data = glue.read_only_object("matches")
    assert name == "part-00000.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert list(rows[0]) == ["id", "name", "street", "city", "match_id", "match_confidence_score"]
    assert len(rows) == 120
    match_id = {row["id"]: row["match_id"] for row in rows}
    assert sum(match_id[f"{number}a"] == match_id[f"{number}b"] for number in range(60)) >= 50
    assert len(set(match_id.values())) >= 50
