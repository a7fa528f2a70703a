"""``python -m tests.support.suites``: all tests, in the runs they need, and one total.

1. everything with real servers and a browser, on SQLite
2. everything else that knows a database or the portal, on SQLite
3. the database tests again, on PostgreSQL, and with servers what rests on how a database locks and commits
4. what knows neither: in what the others, which wait for one another, leave of the cores

Every process of the first three has servers of its own, which need the cores too: a third process makes it slower.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree as ET

import psycopg

from labelportal.run.config import ROOT
from labelportal.run.lifeline import die_with_parent
from tests.support.environment import clean_environ
from tests.support.postgres import postgres
from tests.support.servers import COLLECTED


@dataclass(frozen=True, slots=True)
class Suite:
    """One call of pytest."""

    name: str
    arguments: tuple[str, ...]


# Tests of one module stay together, since they share what is slow to make; modules that take long come first.
BY_MODULE = ("--dist", "loadfile", "--no-loadscope-reorder")
# Tests of what knows neither database nor servers. None of them minds how long it takes.
LIBRARY_TESTS = tuple(f"tests/{name}" for name in ("findmatches", "labelfiles", "partitions", "tableformats"))
LIBRARIES = Suite("libraries", ("-n", "2", *BY_MODULE, *LIBRARY_TESTS))
OTHERS = ("-n", "2", *BY_MODULE, *(f"--ignore={place}" for place in LIBRARY_TESTS))
# What happens after each single step of an import is worked out once, on PostgreSQL; crashes, kills and outages are tried on SQLite.
ONCE = "--ignore=tests/faults/test_fault_table.py"
SERVED = Suite("real servers and browser, SQLite", (*OTHERS, ONCE, "-m", "services or e2e"))
ALONE = Suite("without servers, SQLite", (*OTHERS, "-m", "not services and not e2e"))
# With servers, what rests on how a database locks and commits: the rest, and pages, do not differ from the SQLite run.
ON_DATABASE = "database and not e2e and not pages and (locks or not services)"
DATABASE = Suite("database, PostgreSQL", (*OTHERS, "-m", ON_DATABASE))
# All cores are busy with processes, which threads would only disturb; memory that is given back is soon asked for again.
QUICK = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
}


PREPARE = ("-m", "labelportal.run.prepare")
MIGRATE = ("manage.py", "migrate", "--verbosity", "0")


def begin(command: tuple[str, ...], url: str, folder: Path) -> subprocess.Popen[bytes]:
    """Begins to make a database, or also the static files, of which every process of a run then takes copies."""
    names = {"DATABASE_URL": url, "LABELPORTAL_VAR": str(folder / "var"), "SECRET_KEY": secrets.token_urlsafe(60)}
    env = {**clean_environ(), **names}
    with_us = partial(die_with_parent, os.getpid(), signal.SIGTERM)
    quietly = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, *command], env=env, cwd=ROOT, stdout=quietly, preexec_fn=with_us)


class Run:
    """One suite, from its start to its end, on copies of a database."""

    def __init__(self, suite: Suite, folder: Path, copied: str, database_url: str = "", *, aside: bool = False) -> None:
        """``aside``: it takes what the others leave of the cores, and shows what it has to say at its end."""
        self._suite = suite
        self._report = folder / f"{suite.name}.xml"
        self._said = folder / f"{suite.name}.txt" if aside else None
        self._started = time.monotonic()
        # Importing our own packages has named the settings in this process; the tests choose theirs.
        # What one run has compiled, the next need not.
        ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE")
        env = {name: value for name, value in os.environ.items() if name not in ours}
        env |= {**QUICK, "MIGRATED_DATABASE": copied, COLLECTED: str(folder / "var" / "static")}
        if database_url:
            env["DATABASE_URL"] = database_url
        command = [sys.executable, "-m", "pytest", "-q", "--durations=5", f"--junit-xml={self._report}"]
        self._begin([*command, *suite.arguments], env)

    def _begin(self, command: list[str], env: dict[str, str]) -> None:
        with_us = partial(die_with_parent, os.getpid(), signal.SIGTERM)
        if self._said is None:
            print(f"\n=== {self._suite.name}", flush=True)
            self._process = subprocess.Popen(command, env=env, cwd=ROOT, preexec_fn=with_us)
            return
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                ["nice", "-n", "19", *command],
                env=env,
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=with_us,
            )
        # Linux shares the cores among sessions first, of which every server has one; ``nice`` counts within a session only (man 7 sched).
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._process.pid}/autogroup").write_text("19")

    def result(self) -> Counter[str]:
        """Waits for its end; tests by outcome. A run that found no test, or could not count, counts as one failure."""
        code = self._process.wait()
        if self._said is not None:
            print(f"\n=== {self._suite.name}\n{self._said.read_text(errors='replace')}", end="")
        print(f"=== {self._suite.name}: {time.monotonic() - self._started:.0f} s", flush=True)
        result = Counter({"failed": 0, "passed": 0, "skipped": 0})
        if self._report.exists():
            for element in ET.parse(self._report).getroot().iter("testsuite"):  # noqa: S314 - written by the run above
                counts = {name: int(element.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
                wrong = counts["failures"] + counts["errors"]
                passed = max(0, counts["tests"] - wrong - counts["skipped"])
                result.update(failed=wrong, skipped=counts["skipped"], passed=passed)
        if code != 0 and not result["failed"]:
            print(f"=== {self._suite.name}: pytest ended with exit code {code}")
            result["failed"] += 1
        return result


def main() -> int:
    """All suites, whatever fails on the way; the exit code tells whether anything did."""
    started = time.monotonic()
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="labelportal-suites-") as scratch, postgres() as url:
        folder = Path(scratch)
        file = folder / "migrated.sqlite3"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE migrated")
        begun = (
            begin(PREPARE, f"sqlite:///{file}", folder),
            begin(MIGRATE, urlunsplit(urlsplit(url)._replace(path="/migrated")), folder),
        )
        ends = [process.wait() for process in begun]
        if any(ends):
            return 1
        libraries = Run(LIBRARIES, folder, str(file), aside=True)
        for suite in (SERVED, ALONE):
            total += Run(suite, folder, str(file)).result()
        total += Run(DATABASE, folder, "migrated", url).result()
        total += libraries.result()
    print(f"\nAll tests took {(time.monotonic() - started) / 60:.1f} minutes.")
    print(f"total: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
