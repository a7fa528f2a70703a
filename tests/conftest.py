"""Fixtures for all tests.

Importing this file gives the test process an environment of its own (``tests/support/environment.py``) before Django reads its settings.
Django, boto3 and Celery in the test process, and every server that a fixture starts, then share one database, broker, S3 and Glue address.

- ``redis_server``, ``s3_server``: one real server each.
- ``services``: Redis, S3, localglue, engine worker and portal worker; the test's database is theirs. ``services.start("web", "beat")`` adds the rest;
  ``services.kill(name)`` and ``services.restart(name)`` are for tests of faults. Runs before and after such a test leave no rows behind.
- ``page`` and the other Playwright fixtures use the Chromium of the machine.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django
import hypothesis
import pytest
from botocore.retries.standard import ExponentialBackoff
from django.conf import settings
from django.contrib.contenttypes.management import create_contenttypes
from django.db.models.signals import post_migrate
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support.environment import TestEnvironment
from tests.support.places import LOCKS, PAGES, SERVED, SINGLY
from tests.support.servers import Services, services_for

# To look for garbage among all modules and tests again and again takes a fifth of the time of a process; see ``pytest_collection_finish``.
gc.disable()

if settings.configured:
    raise pytest.UsageError(
        "Django's settings are loaded already: unset DJANGO_SETTINGS_MODULE, the tests choose their own."
    )
TEST_ENVIRONMENT = TestEnvironment.create(
    os.environ["DATABASE_URL"] if os.environ.get("DATABASE_URL", "").startswith("postgres") else ""
)
TEST_ENVIRONMENT.apply()
# Hashed names need collected files; those are what the web process of ``services`` serves. In the test process pages name the files as they are.
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# Passwords are meant to take half a second each; what signs in at a web process has one of its own making.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
django.setup()
# Django makes the rows of permissions and content types anew whenever a database has been emptied, after each test that commits: nothing here reads them,
# and they take fifteen times as long as all the rest of it.
post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
post_migrate.disconnect(create_contenttypes)
# A Glue or S3 that is away is asked as often as ever, but without the seconds in between, in which here nobody brings it back.
ExponentialBackoff.delay_amount = lambda self, context: 0.05  # type: ignore[method-assign]

# The same examples every time, however long a busy machine takes for one: what fails, fails for who changed something. Others: --hypothesis-profile=default
hypothesis.settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

_TESTS = Path(__file__).parent
_BACKEND = ("redis", "s3", "glue", "engine-worker", "worker")
_DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "services", "client_for"}
_DAY, _NIGHT = 24 * 60 * 60, 20  # seconds; as long as a test without servers takes on a busy machine, many times over
_MIGRATED = os.environ.get("MIGRATED_DATABASE", "")
_services: Services | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker that the database runs select by, and lets the processes of ``-n`` choose settings and folders of their own."""
    if config.getoption("numprocesses", None):
        os.environ.pop("DJANGO_SETTINGS_MODULE")
        os.environ["TMPDIR"] = tempfile.gettempdir()  # as it was: not inside of ours
    config.addinivalue_line("markers", "database: reads or writes the database (set by the fixtures that a test uses)")


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """``loadfile``, but for what is ``SINGLY``."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.removeprefix("tests/").startswith(SINGLY) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Deals the tests out to the processes of ``-n``; any other ``--dist`` than ``loadfile`` is left alone."""
    return _Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes the throw-away folder; KEEP_TEST_VAR=1 keeps it for a look."""
    if os.environ.get("KEEP_TEST_VAR"):
        print(f"kept {TEST_ENVIRONMENT.installation.var}")
    else:
        shutil.rmtree(TEST_ENVIRONMENT.installation.var, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they use, and puts those last that leave an empty database, as Django does, and then those that need servers: an open
    transaction of another test would block the workers.

    Of either kind those that take long come first, so that no process is left with one when the others have nothing to do.
    """
    order: dict[pytest.Item, tuple[bool, bool, int, bool]] = {}
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        place = item.path.relative_to(_TESTS).as_posix() if item.path.is_relative_to(_TESTS) else ""
        if names & {"redis_server", "s3_server", "services", "beat", "web"} or place.startswith(SERVED):
            item.add_marker("services")
        if "page" in names or "browser" in names or "context" in names:
            item.add_marker("e2e")
            # What a browser and a busy machine do to each other is not all in our hands; ``pytest_terminal_summary`` tells of it.
            item.add_marker(pytest.mark.flaky(reruns=1))
        marker = item.get_closest_marker("django_db")
        if names & _DATABASE_FIXTURES or marker:
            item.add_marker("database")
            if place.startswith(LOCKS):
                item.add_marker("locks")
            if place.startswith(PAGES):
                item.add_marker("pages")
        kind = 2 if item.get_closest_marker("e2e") else 1 if item.get_closest_marker("services") else 0
        empties = bool(names & {"transactional_db", "live_server"} or (marker and marker.kwargs.get("transaction")))
        slow = item.get_closest_marker("slow") is not None
        order[item] = (item.get_closest_marker("database") is not None, empties, kind, not slow)
    items.sort(key=order.__getitem__)


def pytest_collection_finish() -> None:
    """From here on there is garbage, but none among what has been imported and collected."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells what a test failed with that was run again: whoever sees that looks for the reason, passed or not."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first attempt: {report.nodeid}", sep="_")
        terminalreporter.write_line(report.longreprtext)


def pytest_runtest_setup() -> None:
    """Begins no test in the last seconds of a day: what it has just done would be yesterday's, or last week's."""
    left = _DAY - time.time() % _DAY
    if left < _NIGHT:
        time.sleep(left)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the end of every server's log to the report of a test that failed while servers ran."""
    report = yield
    if report.failed and _services is not None and item.get_closest_marker("services"):
        for name, server in _services.servers.items():
            if tail := server.log_tail():
                report.sections.append((f"log of {name}", tail))
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A file instead of SQLite's memory, so that other processes can share the test database; a name per process at PostgreSQL.

    With ``MIGRATED_DATABASE`` (a file or a name) it begins as a copy of that: migrating takes longer than most modules of tests.
    """
    database: dict[str, Any] = settings.DATABASES["default"]
    is_file = database["ENGINE"].endswith("sqlite3")
    name = str(TEST_ENVIRONMENT.installation.var / "test.sqlite3") if is_file else f"test_labelportal_{os.getpid()}"
    database.setdefault("TEST", {})["NAME"] = name
    if _MIGRATED and is_file:
        shutil.copyfile(_MIGRATED, name)
    elif _MIGRATED:
        import psycopg  # only where PostgreSQL is tested
        from psycopg import sql

        with psycopg.connect(TEST_ENVIRONMENT.env["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, _MIGRATED)))
            )


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The copy is not made anew, and goes with its server or folder; what it lacks is migrated."""
    return bool(_MIGRATED)


@pytest.fixture(scope="session")
def _all_services() -> Iterator[Services]:
    """Every part, none started; whatever a test starts ends with the session."""
    global _services
    services = services_for(TEST_ENVIRONMENT.installation, dict(TEST_ENVIRONMENT.env))
    _services = services
    yield services
    services.stop_all()
    _services = None


@pytest.fixture(scope="session")
def redis_server(_all_services: Services) -> str:
    """A running Redis; its URL."""
    _all_services.start("redis")
    return _all_services.redis_url


@pytest.fixture(scope="session")
def s3_server(_all_services: Services) -> str:
    """A running S3 server with the portal's bucket; its URL. boto3 finds it by itself."""
    _all_services.start("s3")
    _all_services.make_bucket()
    return _all_services.s3_url


@pytest.fixture(scope="session")
def _backend(
    _all_services: Services,
    redis_server: str,
    s3_server: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Services:
    from django.db import connection  # after the settings

    with django_db_blocker.unblock():
        name = str(connection.settings_dict["NAME"])
    url = TEST_ENVIRONMENT.env["DATABASE_URL"]
    parts = urlsplit(url)
    shared = f"sqlite:///{name}" if parts.scheme == "sqlite" else urlunsplit(parts._replace(path=f"/{name}"))
    for server in _all_services.servers.values():
        server.env["DATABASE_URL"] = shared
    return _all_services


def _win_deadlocks() -> None:
    """Where the emptying of all tables after a test and a worker's query wait for each other, PostgreSQL ends the worker's query.

    It ends that of whoever first looks what it waits for. Only a superuser may say when; the user of the tests' own server is one.
    """
    from django.db import connection  # after the settings

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('deadlock_timeout', '1min', false) WHERE current_setting('is_superuser') = 'on'"
            )


@pytest.fixture
def services(request: pytest.FixtureRequest, _backend: Services, transactional_db: None) -> Iterator[Services]:
    """The running back end on this test's database; parts that a test killed or suspended are back for the next one, its messages are not."""
    import redis  # only where a server runs

    if "portal" not in request.fixturenames:  # tests in the browser all want it, one after the other
        _backend.kill("beat")  # it may be suspended
    _backend.start(*_BACKEND)
    yield _backend
    for name in _BACKEND:
        _backend.resume(name)
    _backend.start(*_BACKEND)
    with redis.Redis.from_url(_backend.redis_url) as broker:
        broker.delete("portal", "engine", "unacked", "unacked_index")
    _win_deadlocks()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Chromium as the machine has it (else the one Playwright has downloaded), without calls to anywhere."""
    names = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
    found = next(filter(None, map(shutil.which, names)), None)
    options = dict(browser_type_launch_args)
    if found:
        options["executable_path"] = str(Path(found))
    quiet = (
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--no-first-run",
    )
    shared_memory = Path("/dev/shm")  # a few megabytes in containers: then files are used instead
    if shared_memory.exists() and shutil.disk_usage(shared_memory).free > 2**30:
        options["ignore_default_args"] = ["--disable-dev-shm-usage"]
    return {**options, "args": ["--headless=new", "--no-sandbox", "--disable-gpu", *quiet]}
