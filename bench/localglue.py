"""How fast localglue answers operations that only read: ``python -m bench.localglue [--clients 20] [--rate 200] [--workers 1]``.

A throw-away installation with 100 transforms and 100,000 runs, one gunicorn as ``make run`` starts it, and clients that send
signed requests over kept connections as fast as they are answered. Requests are signed once and sent again and again,
so that the clients cost little: what is measured is the server, which checks every signature.

Three measurements: one client as fast as it is answered, many clients that together ask ``--rate`` times a second (a late answer
counts from the moment at which it was to be asked for), and the same clients as fast as they are answered.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TRANSFORMS, RUNS_EACH = 100, 1000
KEY, SECRET = "AKIABENCH", "bench-secret"
PORT = 18010


def environment(var: Path) -> dict[str, str]:
    """An installation of its own."""
    return {
        **os.environ,
        "LABELPORTAL_VAR": str(var),
        "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{var / 'bench.sqlite3'}"),
        "DJANGO_SETTINGS_MODULE": "labelportal.settings",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "LOG_LEVEL": "WARNING",
    }


def fill() -> list[str]:
    """100 transforms with 1,000 runs each; their ids."""
    import django

    django.setup()
    from django.core.management import call_command

    from localglue.models import Database, MLTransform, Table, TaskRun, task_run_id

    call_command("migrate", verbosity=0)
    columns = [{"Name": name, "Type": "string"} for name in ("id", "name", "street", "city", "born")]
    lab = Database.objects.create(name="lab", definition={"Name": "lab"})
    Table.objects.create(
        database=lab, name="people", definition={"Name": "people", "StorageDescriptor": {"Columns": columns}}
    )
    begun = datetime.now(UTC) - timedelta(days=90)
    handles = []
    for number in range(TRANSFORMS):
        transform = MLTransform.objects.create(
            name=f"transform {number}",
            database_name="lab",
            table_name="people",
            input_table={"DatabaseName": "lab", "TableName": "people"},
            parameters={"TransformType": "FIND_MATCHES", "FindMatchesParameters": {"PrimaryKeyColumnName": "id"}},
            schema=[{"Name": column["Name"], "DataType": "string"} for column in columns],
            schema_digest="",
            role="r",
            max_capacity=10.0,
            create_request={},
        )
        handles.append(transform.public_id)
        TaskRun.objects.bulk_create(
            TaskRun(
                transform=transform,
                public_id=task_run_id(),
                task_type="EVALUATION",
                status="SUCCEEDED",
                started_at=begun + timedelta(minutes=minute),
                completed_at=begun + timedelta(minutes=minute, seconds=30),
            )
            for minute in range(RUNS_EACH)
        )
    return handles


def requests(handles: list[str], run_of: dict[str, str]) -> dict[str, list[tuple[bytes, dict[str, str]]]]:
    """Signed requests by operation."""
    some = random.Random(0).sample(handles, 20)  # noqa: S311 - no secret
    bodies: dict[str, list[dict[str, Any]]] = {
        "GetMLTransform": [{"TransformId": handle} for handle in some],
        "GetMLTaskRun": [{"TransformId": handle, "TaskRunId": run_of[handle]} for handle in some],
        "GetMLTaskRuns": [{"TransformId": handle, "MaxResults": 20} for handle in some],
        "ListMLTransforms": [{}],
        "GetMLTransforms": [{"MaxResults": 100}],
        "GetTable": [{"DatabaseName": "lab", "Name": "people"}],
    }
    return {name: [signed(name, body) for body in found] for name, found in bodies.items()}


def signed(operation: str, body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one request."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    data = json.dumps(body).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AWSGlue.{operation}"}
    request = AWSRequest("POST", f"http://127.0.0.1:{PORT}/", headers=headers, data=data)
    SigV4Auth(Credentials(KEY, SECRET), "glue", "us-east-1").add_auth(request)
    return data, dict(request.headers.items())


def client(
    choices: list[tuple[str, bytes, dict[str, str]]],
    until: float,
    every: float,
    times: dict[str, list[float]],
    failures: list[int],
) -> None:
    """Send requests over one connection until the time is up, one in ``every`` seconds or as fast as they are answered (0)."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    due = time.perf_counter() + random.random() * every  # noqa: S311 - no secret
    while time.monotonic() < until:
        name, body, headers = random.choice(choices)  # noqa: S311 - no secret
        time.sleep(max(0.0, due - time.perf_counter()))
        begun = due if every else time.perf_counter()
        due += every
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        response.read()
        times[name].append(time.perf_counter() - begun)
        if response.status != 200:
            failures.append(response.status)
    connection.close()


def measure(
    prepared: dict[str, list[tuple[bytes, dict[str, str]]]], clients: int, seconds: float, rate: float
) -> tuple[dict[str, list[float]], int, float]:
    """Times by operation, the number of answers that were no 200, and how long it took."""
    choices = [
        (name, body, headers) for name, found in prepared.items() for body, headers in found * (20 // len(found))
    ]
    times: dict[str, list[float]] = {name: [] for name in prepared}
    failures: list[int] = []
    begun = time.monotonic()
    every = clients / rate if rate else 0.0
    threads = [
        threading.Thread(target=client, args=(choices, begun + seconds, every, times, failures)) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, len(failures), time.monotonic() - begun


def report(times: dict[str, list[float]], failures: int, took: float, clients: int) -> None:
    """One table."""
    everything = [time for found in times.values() for time in found]
    print(f"\n{clients} client(s): {len(everything) / took:.0f} requests a second, {failures} failures")
    print(f"{'operation':20} {'count':>7} {'median':>9} {'p95':>9}")
    for name, found in {**times, "all": everything}.items():
        ordered = sorted(found)
        if ordered:
            median, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
            print(f"{name:20} {len(ordered):7} {median * 1000:6.1f} ms {late * 1000:6.1f} ms")


def wait_for_server() -> None:
    """Until the server answers."""
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up")


def main() -> None:
    """Fill, serve, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=200, help="requests a second of all clients together")
    parser.add_argument("--workers", default="1", help="processes of the server, as GLUE_CONCURRENCY")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-localglue-") as folder:
        os.environ.update(environment(Path(folder)))
        handles = fill()
        from localglue.models import MLTransform, TaskRun

        keys = dict(MLTransform.objects.values_list("pk", "public_id"))
        run_of = {
            keys[pk]: run for pk, run in TaskRun.objects.values_list("transform_id", "public_id") if pk is not None
        }
        gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:labelportal.run.gunicorn_conf"]
        sizes = [
            "--workers",
            options.workers,
            "--threads",
            "8",
            "--bind",
            f"127.0.0.1:{PORT}",
            "localglue.wsgi:application",
        ]
        server = subprocess.Popen([*gunicorn, *sizes], env={**os.environ, "LABELPORTAL_PROCESS": "glue"})
        try:
            wait_for_server()
            prepared = requests(handles, run_of)
            for clients, rate in ((1, 0.0), (options.clients, options.rate), (options.clients, 0.0)):
                report(*measure(prepared, clients, options.seconds, rate), clients)
        finally:
            server.terminate()
            server.wait(10)


if __name__ == "__main__":
    main()
