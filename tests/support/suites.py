"""``python -m tests.support.suites``: all tests, in the runs they need, and one total.

1. everything with real servers and a browser, on SQLite
2. what needs no server, on SQLite: all that needs no database, pages, and what rests on how a database locks and commits
3. services and selectors, on PostgreSQL, and again, with servers too, what rests on how a database locks and commits

Pages and servers ask the same services on SQLite, so these are not tested there once more by themselves.

Every process has servers of its own, which need the cores too: a third process makes it slower.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree as ET

import psycopg

from labelportal.run.config import ROOT
from labelportal.run.lifeline import die_with_parent
from tests.support.environment import clean_environ, own_folder
from tests.support.places import PAGES
from tests.support.places import SERVED as SERVED_PLACES
from tests.support.postgres import postgres
from tests.support.servers import COLLECTED


@dataclass(frozen=True, slots=True)
class Suite:
    """One call of pytest."""

    name: str
    arguments: tuple[str, ...]


# Tests of one module stay together, since they share what is slow to make, but for those of ``places.SINGLY``; modules that take long come first.
BY_MODULE = ("--dist", "loadfile", "--no-loadscope-reorder")
# Tests of what knows neither database nor servers: to read them takes as long as many tests.
LIBRARIES = tuple(f"--ignore=tests/{name}" for name in ("findmatches", "labelfiles", "partitions", "tableformats"))
# What happens after each single step of an import is worked out once, on PostgreSQL; crashes, kills and outages are tried on SQLite.
ONCE = "--ignore=tests/faults/test_fault_table.py"
SERVED = Suite("real servers and browser, SQLite", ("-n", "2", *BY_MODULE, *LIBRARIES, ONCE, "-m", "services or e2e"))
# Of what is in these places none is for the run: to read it and to put it aside takes seconds of each process. So does what drives a browser.
NOT_SERVED = (*(f"--ignore=tests/{place}" for place in SERVED_PLACES), "-p", "no:playwright")
ON_FILE = "not services and not e2e and (pages or locks or not database)"
ALONE = Suite("without servers, SQLite", ("-n", "2", *BY_MODULE, *NOT_SERVED, "-m", ON_FILE))
# With servers, what rests on how a database locks and commits: the rest, and pages, do not differ from the SQLite run.
ON_DATABASE = "database and not e2e and not pages and (locks or not services)"
NOT_PAGES = tuple(f"--ignore=tests/{place}" for place in PAGES)
DATABASE = Suite(
    "database, PostgreSQL", ("-n", "2", *BY_MODULE, *LIBRARIES, *NOT_SERVED, *NOT_PAGES, "-m", ON_DATABASE)
)
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


def run(suite: Suite, folder: Path, copied: str, database_url: str = "") -> Counter[str]:
    """Runs it to its end, on copies of a database; tests by outcome. A run that found no test, or could not count, counts as one failure."""
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    # Importing our own packages has named the settings in this process; the tests choose theirs.
    # What one run has compiled, the next need not.
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if name not in ours}
    env |= {**QUICK, "MIGRATED_DATABASE": copied, COLLECTED: str(folder / "var" / "static")}
    if database_url:
        env["DATABASE_URL"] = database_url
    print(f"\n=== {suite.name}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--durations=5", f"--junit-xml={report}", *suite.arguments]
    code = _end(subprocess.Popen(command, env=env, cwd=ROOT, preexec_fn=partial(_begin_pytest, os.getpid())))
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


def _begin_pytest(parent: int) -> None:
    """Runs in the child before pytest does: it goes with us, and can be interrupted even where we were started so that we cannot, as by ``&``."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent(parent, signal.SIGTERM)


def _end(pytest: subprocess.Popen[bytes]) -> int:
    """Its exit code. If somebody ends us, it gets the time to end its servers and to remove its folders."""
    try:
        return pytest.wait()
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):  # which came to it as well
            pytest.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            pytest.wait(30)
        pytest.kill()
        raise


def main() -> int:
    """All suites, whatever fails on the way; the exit code tells whether anything did."""
    # Through every ``finally``, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    started = time.monotonic()
    total: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = own_folder("suites")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = stack.enter_context(postgres())
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
        for suite in (SERVED, ALONE):
            total += run(suite, folder, str(file))
        total += run(DATABASE, folder, "migrated", url)
    print(f"\nAll tests took {(time.monotonic() - started) / 60:.1f} minutes.")
    print(f"total: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
