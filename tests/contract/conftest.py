"""What contract tests need: a real AWS SDK, a small table on S3, and a steward that knows the truth."""

from __future__ import annotations

import csv
import io
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from labelfiles import LabeledRow, LabelFile, label_file_bytes, read_label_file
from tests.support.servers import Services

if TYPE_CHECKING:
    from mypy_boto3_glue.client import GlueClient
    from mypy_boto3_s3.client import S3Client

ROLE = "arn:aws:iam::000000000000:role/tests"
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}
COLUMNS = ("id", "name", "street", "city")
_FIRST = ("Anna", "Bela", "Carlo", "Dora", "Emil", "Frida", "Georg", "Hanna", "Ivan", "Julia", "Karl", "Lena")
_LAST = ("Winter", "Sommer", "Berg", "Feld", "Stein")
_CITIES = ("Wien", "Graz", "Linz")


def people() -> list[tuple[str, ...]]:
    """60 people, every one twice: once well written, once with a slip. ``id`` is 1a and 1b for the two."""
    rows: list[tuple[str, ...]] = []
    for number in range(60):
        name = f"{_FIRST[number % 12]} {_LAST[number // 12]}"
        street, city = f"{_LAST[(number * 7) % 5]}gasse {number + 1}", _CITIES[number % 3]
        rows.append((f"{number}a", name, street, city))
        slip = name[:2] + name[3:] if number % 2 else name.replace("e", "é")
        rows.append((f"{number}b", slip, street.replace("gasse", "g."), "" if number % 7 == 0 else city))
    return rows


def csv_bytes(rows: list[tuple[str, ...]], header: tuple[str, ...] = COLUMNS) -> bytes:
    """The rows as a CSV file with a header."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue().encode()


def answered(question: LabelFile) -> LabelFile:
    """The label file of a steward who knows the truth: rows with the same number are one person."""
    key = question.columns.index("id")
    return LabelFile(
        question.columns,
        tuple(LabeledRow(row.labeling_set_id, f"P{row.values[key][:-1]}", row.values) for row in question.rows),
    )


@dataclass(frozen=True, slots=True)
class Glue:
    """A Glue client with a database, a table and a folder of its own."""

    client: GlueClient
    s3: S3Client
    services: Services
    bucket: str
    prefix: str
    database: str

    def path(self, key: str) -> str:
        """``s3://`` address of a key in this test's folder."""
        return f"s3://{self.bucket}/{self.prefix}/{key}"

    def put(self, key: str, data: bytes) -> str:
        """Write an object into this test's folder; its address."""
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=data)
        return self.path(key)

    def read_only_object(self, folder: str) -> tuple[str, bytes]:
        """Name and bytes of the one object in a folder."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}/{folder}")["Contents"]
        assert len(found) == 1
        key = found[0]["Key"]
        return key.rpartition("/")[2], self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def create_table(self, name: str = "people", rows: list[tuple[str, ...]] | None = None) -> None:
        """A table in the catalog and its data."""
        location = self.put(f"{name}/data.csv", csv_bytes(people() if rows is None else rows)).removesuffix("data.csv")
        self.client.create_table(
            DatabaseName=self.database,
            TableInput={
                "Name": name,
                "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
                "StorageDescriptor": {
                    "Location": location,
                    "Columns": [{"Name": column, "Type": "string"} for column in COLUMNS],
                },
            },
        )

    def create_transform(self, name: str = "", **changes: Any) -> str:
        """A transform over the table ``people``; its id."""
        request: dict[str, Any] = {
            "Name": name or f"people {uuid.uuid4().hex[:8]}",
            "Role": ROLE,
            "InputRecordTables": [{"DatabaseName": self.database, "TableName": "people"}],
            "Parameters": {
                "TransformType": "FIND_MATCHES",
                "FindMatchesParameters": {"PrimaryKeyColumnName": "id", "PrecisionRecallTradeoff": 0.5},
            },
            **changes,
        }
        return str(self.client.create_ml_transform(**request)["TransformId"])

    def run(self, transform: str, start: Callable[..., Any], *, seconds: float = 60, **request: Any) -> dict[str, Any]:
        """Start a task run and wait for its end."""
        task_run = start(TransformId=transform, **request)["TaskRunId"]
        return self.wait(transform, task_run, seconds=seconds)

    def wait(self, transform: str, task_run: str, *, seconds: float = 60) -> dict[str, Any]:
        """The run once it has ended."""
        deadline = time.monotonic() + seconds
        while True:
            found: dict[str, Any] = self.client.get_ml_task_run(TransformId=transform, TaskRunId=task_run)  # type: ignore[assignment]
            if found["Status"] in ENDED:
                return found
            assert time.monotonic() < deadline, f"still {found['Status']} after {seconds} s"
            time.sleep(0.1)

    def questions(self, transform: str) -> LabelFile:
        """Generate questions and read them."""
        folder = f"questions-{uuid.uuid4().hex[:8]}"
        run = self.run(transform, self.client.start_ml_labeling_set_generation_task_run, OutputS3Path=self.path(folder))
        assert run["Status"] == "SUCCEEDED", run
        return read_label_file(self.read_only_object(folder)[1])

    def import_labels(self, transform: str, labels: LabelFile | bytes, *, replace: bool = False) -> dict[str, Any]:
        """Import labels; the run once it has ended."""
        data = labels if isinstance(labels, bytes) else label_file_bytes(labels)
        path = self.put(f"labels-{uuid.uuid4().hex[:8]}.csv", data)
        return self.run(transform, self.client.start_import_labels_task_run, InputS3Path=path, ReplaceAllLabels=replace)


def glue_client(services: Services, **changes: Any) -> GlueClient:
    """A client as users make it: keys and address from the environment. No retries, so that a test sees the first answer."""
    config = Config(retries={"total_max_attempts": 1})
    options: dict[str, Any] = {
        "endpoint_url": services.glue_url,
        "region_name": "us-east-1",
        "config": config,
    } | changes
    return boto3.client("glue", **options)


@pytest.fixture
def glue(services: Services) -> Glue:
    """The running back end with an empty database ``lab`` of this test."""
    client = glue_client(services)
    client.create_database(DatabaseInput={"Name": "lab"})
    s3 = boto3.client("s3", endpoint_url=services.s3_url, region_name="us-east-1")
    return Glue(client, s3, services, services.bucket, f"contract-{uuid.uuid4().hex[:8]}", "lab")
