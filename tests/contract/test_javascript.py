"""The AWS SDK for JavaScript against the running server; what it asserts stands in ``js/loop.mjs``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labelfiles import LabeledRow, LabelFile, label_file_bytes
from labelportal.run.credentials import AwsCredentials, write_aws_env
from tests.contract.conftest import COLUMNS, ROLE, Glue, people
from tests.support import node

pytestmark = pytest.mark.services


def test_the_sdk_for_javascript_teaches_a_transform(glue: Glue, tmp_path: Path) -> None:
    node.install()
    glue.create_table()
    rows = people()
    sets = [rows[start : start + 8] for start in range(0, len(rows), 8)]  # four people, both rows of each
    labels = LabelFile(
        COLUMNS,
        tuple(LabeledRow(f"set {n}", row[0][:-1], row) for n, found in enumerate(sets) for row in found),
    )
    prepared = {
        "database": glue.database,
        "table": "people",
        "labels": glue.put("labels.csv", label_file_bytes(labels)),
        "output": glue.path(""),
        "role": ROLE,
    }
    keys = AwsCredentials(glue.services.env["AWS_ACCESS_KEY_ID"], glue.services.env["AWS_SECRET_ACCESS_KEY"])
    file = tmp_path / "aws.env"
    write_aws_env(
        file, keys, region="us-east-1", glue_url=glue.services.glue_url, s3_url=glue.services.env["AWS_ENDPOINT_URL_S3"]
    )
    shell = {"AWS_SESSION_TOKEN": "of other keys", "AWS_REGION": "eu-west-1"}
    env = shell | dict(line.split("=", 1) for line in file.read_text().splitlines())
    result = node.run_node("loop.mjs", json.dumps(prepared), env=env, seconds=120)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["labels"] == len(rows)
    assert told["kinds"] == ["LABELING_SET_GENERATION", "IMPORT_LABELS", "EVALUATION", "EXPORT_LABELS"]
