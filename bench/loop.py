"""The whole active-learning loop through boto3 alone, against localglue: from CreateTable to the matches.

    python -m bench.loop ../shared/data/musicbrainz_20k --budgets 100 200 400

The folder is one as ``bench.quality`` takes it; without one it is ``musicbrainz_20k`` in ``LABELPORTAL_DATA``. An oracle answers each
generated file. At each budget of labelled rows a job applies the transform to the table, and its output is judged by the true pairs
of the whole table. ``estimate`` is what an evaluation of the transform said of itself from its labels alone.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.quality import answer, read_truth, score
from labelfiles import label_file_bytes, read_label_file
from localglue.testing import LocalGlue, serve

ROLE = "arn:aws:iam::000000000000:role/bench"
FOLDER = "s3://localglue/bench/"


class Loop:
    """One transform over one table."""

    def __init__(self, server: LocalGlue, folder: Path) -> None:
        self.server, self.glue, self.s3 = server, server.client("glue"), server.client("s3")
        self.truth = read_truth(folder)
        self.labelled = self.jobs = 0
        self.transform = self._transform(folder / "records.csv")

    def _transform(self, records: Path) -> str:
        with records.open(newline="", encoding="utf-8") as stream:
            columns = [{"Name": name, "Type": "string"} for name in next(csv.reader(stream))]
        self.s3.upload_file(str(records), "localglue", "bench/table/records.csv")
        self.glue.create_database(DatabaseInput={"Name": "bench"})
        table = {
            "Name": "records",
            "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
            "StorageDescriptor": {"Location": f"{FOLDER}table/", "Columns": columns},
        }
        self.glue.create_table(DatabaseName="bench", TableInput=table)
        script = "s3://localglue/scripts/find_matches_apply.py"
        self.glue.create_job(Name="apply", Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": script})
        made = self.glue.create_ml_transform(
            Name="bench",
            Role=ROLE,
            InputRecordTables=[{"DatabaseName": "bench", "TableName": "records"}],
            Parameters={"TransformType": "FIND_MATCHES", "FindMatchesParameters": {"PrimaryKeyColumnName": "id"}},
        )
        return str(made["TransformId"])

    def run(self, name: str, **request: Any) -> dict[str, Any]:
        """Start a task run and wait for its success."""
        started = getattr(self.glue, name)(TransformId=self.transform, **request)["TaskRunId"]
        return self._ended(started)

    def _ended(self, task_run: str) -> dict[str, Any]:
        ended = self.server.wait(self.transform, task_run, seconds=3600)
        if ended["Status"] != "SUCCEEDED":
            raise SystemExit(f"{ended['Properties']['TaskType']} {ended['Status']}: {ended.get('ErrorString')}")
        return ended

    def object_in(self, prefix: str) -> bytes:
        """The one object under a prefix."""
        (found,) = self.s3.list_objects_v2(Bucket="localglue", Prefix=prefix)["Contents"]
        data: bytes = self.s3.get_object(Bucket="localglue", Key=found["Key"])["Body"].read()
        return data

    def ask_and_import(self) -> None:
        """One generated file, answered and imported."""
        prefix = f"bench/questions-{self.labelled}/"
        self.run("start_ml_labeling_set_generation_task_run", OutputS3Path=f"s3://localglue/{prefix}")
        labels = answer(read_label_file(self.object_in(prefix)), self.truth)
        self.labelled += len(labels.rows)
        key = f"bench/labels-{self.labelled}.csv"
        self.s3.put_object(Bucket="localglue", Key=key, Body=label_file_bytes(labels))
        self.run("start_import_labels_task_run", InputS3Path=f"s3://localglue/{key}")

    def matches(self) -> list[dict[str, str]]:
        """The table with match ids, from a job run."""
        self.jobs += 1
        prefix = f"bench/matches-{self.jobs}/"
        arguments = {"--transform-id": self.transform, "--database": "bench", "--table": "records"}
        self.glue.start_job_run(JobName="apply", Arguments={**arguments, "--output-path": f"s3://localglue/{prefix}"})
        wanted = {"TaskRunType": "FIND_MATCHES"}
        (latest, *_) = self.glue.get_ml_task_runs(TransformId=self.transform, Filter=wanted)["TaskRuns"]
        self._ended(latest["TaskRunId"])
        return list(csv.DictReader(io.StringIO(self.object_in(prefix).decode())))

    def estimate(self) -> float:
        """The F1 that an evaluation gives."""
        self.run("start_ml_evaluation_task_run")
        metrics = self.glue.get_ml_transform(TransformId=self.transform)["EvaluationMetrics"]["FindMatchesMetrics"]
        return float(metrics["F1"])


def measure(loop: Loop, budgets: list[int]) -> Iterator[str]:
    """A line for each budget."""
    for budget in sorted(budgets):
        begun = time.perf_counter()
        while loop.labelled < budget:
            loop.ask_and_import()
        taught = time.perf_counter()
        rows = loop.matches()
        ended = time.perf_counter()
        precision, recall, f1 = score([row["id"] for row in rows], [int(row["match_id"]) for row in rows], loop.truth)
        yield (
            f"{loop.labelled:4} rows  precision {precision:.4f}  recall {recall:.4f}  F1 {f1:.4f}  estimate {loop.estimate():.4f}  "
            f"ask and import {taught - begun:.1f} s  match {ended - taught:.1f} s"
        )


def main() -> None:
    """One loop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    data = Path(os.environ.get("LABELPORTAL_DATA", "../shared/data"))
    parser.add_argument("folder", type=Path, nargs="?", default=data / "musicbrainz_20k")
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200, 400], help="rows labelled")
    options = parser.parse_args()
    with serve() as server:
        for line in measure(Loop(server, options.folder), options.budgets):
            print(f"{options.folder.name}  {line}", flush=True)


if __name__ == "__main__":
    main()
