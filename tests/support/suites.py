"""``python -m tests.support.suites``: all tests, in the three runs they need, and one total.

1. everything that needs no server, on SQLite, two processes
2. everything with real servers and a browser, on SQLite, two processes with servers of their own
3. the database tests again, on PostgreSQL
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

from labelportal.run.config import ROOT
from labelportal.run.lifeline import die_with_parent
from tests.support.postgres import postgres


@dataclass(frozen=True, slots=True)
class Suite:
    """One call of pytest."""

    name: str
    arguments: tuple[str, ...]


# Each process has servers of its own. Tests of one module stay together: they share what is slow to start.
TWO_WITH_SERVERS = ("-n", "2", "--dist", "loadfile")

# Tests of one group stay together: Spark is slow to start.
ALONE = Suite("without servers, SQLite", ("-n", "2", "--dist", "loadgroup", "-m", "not services and not e2e"))
SERVED = Suite("real servers and browser, SQLite", (*TWO_WITH_SERVERS, "-m", "services or e2e"))
DATABASE = Suite("database, PostgreSQL", ("-n", "2", "-m", "database and not services and not e2e"))
# With servers, what rests on how a database locks and commits: the rest does not differ from the SQLite run.
SERVED_DATABASE = Suite(
    "real servers, PostgreSQL",
    (
        *(*TWO_WITH_SERVERS, "-m", "database and services and not e2e"),
        *("tests/faults/test_fault_table.py", "tests/contract/test_faults.py", "tests/contract/test_main_loop.py"),
        *("tests/labeling/services", "tests/localglue"),
    ),
)


def run(suite: Suite, folder: Path, database_url: str = "") -> Counter[str]:
    """Runs it to its end; tests by outcome. A run that found no test, or could not count, counts as one failure."""
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    # Importing our own packages has named the settings in this process; the tests choose theirs.
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")}
    if database_url:
        env["DATABASE_URL"] = database_url
    print(f"\n=== {suite.name}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--durations=5", f"--junit-xml={report}", *suite.arguments]
    with_us = partial(die_with_parent, os.getpid(), signal.SIGTERM)
    code = subprocess.run(command, env=env, cwd=ROOT, check=False, preexec_fn=with_us).returncode
    print(f"=== {suite.name}: {time.monotonic() - started:.0f} s", flush=True)
    result = Counter({"failed": 0, "passed": 0, "skipped": 0})
    if report.exists():
        for element in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - written by the run above
            counts = {name: int(element.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
            wrong = counts["failures"] + counts["errors"]
            result.update(
                failed=wrong, skipped=counts["skipped"], passed=max(0, counts["tests"] - wrong - counts["skipped"])
            )
    if code != 0 and not result["failed"]:
        print(f"=== {suite.name}: pytest ended with exit code {code}")
        result["failed"] += 1
    return result


def main() -> int:
    """All suites, whatever fails on the way; the exit code tells whether anything did."""
    started = time.monotonic()
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="labelportal-suites-") as scratch:
        folder = Path(scratch)
        total += run(ALONE, folder)
        total += run(SERVED, folder)
        with postgres() as url:
            total += run(DATABASE, folder, url)
            total += run(SERVED_DATABASE, folder, url)
    print(f"\nAll tests took {(time.monotonic() - started) / 60:.1f} minutes.")
    print(f"total: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
