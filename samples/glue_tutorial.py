"""AWS's tutorial for FindMatches through boto3 alone, against localglue: from a table to its matches.

    $ set -a; . var/aws.env; set +a        # or the file that ``python -m localglue`` names
    $ python samples/glue_tutorial.py localglue      # a bucket that exists; with ``make run`` that is labelportal

https://docs.aws.amazon.com/glue/latest/dg/machine-learning-transform-tutorial.html
"""

from __future__ import annotations

import csv
import io
import sys
import time
from pathlib import Path

import boto3

SAMPLES = Path(__file__).resolve().parent
COLUMNS = ("id", "first_name", "surname", "dob", "city", "email")
ACTIVE = ("STARTING", "RUNNING", "STOPPING")

glue, s3 = boto3.client("glue"), boto3.client("s3")


def make_transform(bucket: str) -> str:
    """A catalog table over a file, which takes a crawler at AWS, and a transform over that."""
    s3.upload_file(str(SAMPLES / "people.csv"), bucket, "tutorial/people/people.csv")
    glue.create_database(DatabaseInput={"Name": "tutorial"})
    glue.create_table(
        DatabaseName="tutorial",
        TableInput={
            "Name": "people",
            "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
            "StorageDescriptor": {
                "Location": f"s3://{bucket}/tutorial/people/",
                "Columns": [{"Name": name, "Type": "string"} for name in COLUMNS],
            },
        },
    )
    return glue.create_ml_transform(
        Name="tutorial",
        Role="AWSGlueServiceRole",  # kept, not assumed
        InputRecordTables=[{"DatabaseName": "tutorial", "TableName": "people"}],
        Parameters={
            "TransformType": "FIND_MATCHES",
            "FindMatchesParameters": {"PrimaryKeyColumnName": "id", "PrecisionRecallTradeoff": 0.5},
        },
    )["TransformId"]


def ended(transform: str, run: str) -> None:
    """Glue has no waiters: ask until the task run has ended."""
    while (found := glue.get_ml_task_run(TransformId=transform, TaskRunId=run))["Status"] in ACTIVE:
        time.sleep(0.5)
    if found["Status"] != "SUCCEEDED":
        sys.exit(f"{found['Status']}: {found.get('ErrorString')}")


def label(transform: str, bucket: str) -> None:
    """Have questions generated, answer them, import the answers: rows of a set with one label are one person."""
    folder = f"tutorial/{transform}"
    run = glue.start_ml_labeling_set_generation_task_run(
        TransformId=transform, OutputS3Path=f"s3://{bucket}/{folder}/questions/"
    )
    ended(transform, run["TaskRunId"])
    *_, newest = s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/questions/")["Contents"]
    questions = s3.get_object(Bucket=bucket, Key=newest["Key"])["Body"].read().decode()

    with (SAMPLES / "people-clusters.csv").open(newline="") as file:  # instead of somebody who looks at the rows
        truth = {row["id"]: row["cluster_id"] for row in csv.DictReader(file)}
    rows = [row | {"label": truth[row["id"]]} for row in csv.DictReader(io.StringIO(questions, newline=""))]
    answers = io.StringIO(newline="")
    writer = csv.DictWriter(answers, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    s3.put_object(Bucket=bucket, Key=f"{folder}/labels.csv", Body=answers.getvalue().encode())
    imported = glue.start_import_labels_task_run(
        TransformId=transform, InputS3Path=f"s3://{bucket}/{folder}/labels.csv", ReplaceAllLabels=False
    )
    ended(transform, imported["TaskRunId"])


def match(transform: str, bucket: str) -> list[dict[str, str]]:
    """The job that applies the transform. Its script is known by its name, and need not exist here."""
    glue.create_job(
        Name="tutorial",
        Role="AWSGlueServiceRole",
        Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/tutorial/find_matches_apply.py"},
    )
    run = glue.start_job_run(
        JobName="tutorial",
        Arguments={
            "--transform-id": transform,
            "--database": "tutorial",
            "--table": "people",
            "--output-path": f"s3://{bucket}/tutorial/matches/",
            "--match-confidence": "true",
        },
    )["JobRunId"]
    while (found := glue.get_job_run(JobName="tutorial", RunId=run)["JobRun"])["JobRunState"] in ACTIVE:
        time.sleep(0.5)
    if found["JobRunState"] != "SUCCEEDED":
        sys.exit(f"{found['JobRunState']}: {found.get('ErrorMessage')}")
    text = s3.get_object(Bucket=bucket, Key="tutorial/matches/part-00000.csv")["Body"].read().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def main(bucket: str) -> None:
    """Prints what a person would look at."""
    transform = make_transform(bucket)
    label(transform, bucket)
    ended(transform, glue.start_ml_evaluation_task_run(TransformId=transform)["TaskRunId"])
    learned = glue.get_ml_transform(TransformId=transform)
    metrics = learned["EvaluationMetrics"]["FindMatchesMetrics"]
    print(f"{transform} is {learned['Status']} after {learned['LabelCount']} labels; F1 {metrics['F1']:.3f}")
    rows = match(transform, bucket)
    print(f"{len(rows)} rows are {len({row['match_id'] for row in rows})} people:")
    for row in sorted(rows, key=lambda row: int(row["match_id"]))[:4]:
        print(*row.values(), sep=", ")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "localglue")
