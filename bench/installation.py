"""A throw-away installation for benchmarks: settings of its own, a transform with open questions, people who are signed in, the web process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import User
    from labeling.models import QuestionSet, Transform

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a question: its key, its values in the order of the columns (the key first), and the group that the engine would give it."""

    values: list[str]
    proposed: str
    confidence: float = 0.9


def environment(var: Path) -> dict[str, str]:
    """The environment of an installation whose data is in ``var``; DATABASE_URL, if set, stays."""
    return {
        **os.environ,
        "LABELPORTAL_VAR": str(var),
        "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{var / 'bench.sqlite3'}"),
        "DJANGO_SETTINGS_MODULE": "labelportal.settings",
        "LABELPORTAL_PROCESS": "web",
        "SECRET_KEY": "bench" * 10,
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def throw_away(*, postgres: bool, database: str | None = None) -> Iterator[dict[str, str]]:
    """The environment of an installation that Django's test client asks, with a database of its own: SQLite, PostgreSQL, or the one at an address, which stays."""
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = database or f"sqlite:///{var / 'bench.sqlite3'}"
        if postgres:
            from tests.support.postgres import postgres as server  # only where one is wanted

            url = stack.enter_context(server())
        yield environment(var) | {"DATABASE_URL": url, "ALLOWED_HOSTS": "testserver"}


def prepare(env: dict[str, str]) -> None:
    """Django in this process, tables in the database, files for the web process."""
    os.environ.update(env)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def people(count: int) -> list[User]:
    """So many stewards without a password, in a team of their own."""
    from accounts.models import Membership, Team, User

    team = Team.objects.create(name=f"Bench {uuid.uuid4()}")
    made = [User(username=f"steward-{team.pk}-{number}", password="!") for number in range(count)]  # noqa: S106
    User.objects.bulk_create(made)
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in made])
    return made


def transform_of(user: User, columns: Sequence[str]) -> Transform:
    """A transform of the person's team that only the portal knows; the first column is the key."""
    from labeling.models import Transform

    return Transform.objects.create(
        team=user.memberships.get().team,
        name="Bench",
        database_name="d",
        table_name="t",
        primary_key=columns[0],
        columns=[{"name": name, "data_type": "string"} for name in columns],
        created_by=user,
    )


def ask(transform: Transform, questions: Sequence[Sequence[SourceRow]], answers_wanted: int = 1) -> QuestionSet:
    """One more question set, as a generation run would have left it."""
    from labeling.choices import LabelFileKind, RunKind, RunStatus
    from labeling.models import LabelFile, Question, QuestionSet, Row, TaskRun

    place = f"{uuid.uuid4()}"
    run = TaskRun.objects.create(
        transform=transform,
        kind=RunKind.LABELING_SET_GENERATION,
        status=RunStatus.SUCCEEDED,
        path=f"s3://bench/{place}/",
    )
    label_file = LabelFile.objects.create(
        transform=transform,
        kind=LabelFileKind.GENERATED,
        bucket="bench",
        key=place,
        size=1,
        sha256="",
        sets=1,
        rows=1,
    )
    number = transform.question_sets.count() + 1
    made = QuestionSet.objects.create(
        transform=transform, number=number, task_run=run, label_file=label_file, answers_wanted=answers_wanted
    )
    asked = [
        Question(
            question_set=made,
            labeling_set_id=f"{number}-{position}",
            position=position,
            answers_missing=answers_wanted,
        )
        for position in range(1, len(questions) + 1)
    ]
    Question.objects.bulk_create(asked, batch_size=1000)
    Row.objects.bulk_create(
        [
            Row(
                question=question,
                position=position,
                key=row.values[0],
                values=row.values,
                proposed=row.proposed,
                proposed_confidence=row.confidence if row.proposed else None,
            )
            for question, rows in zip(asked, questions, strict=True)
            for position, row in enumerate(rows, start=1)
        ],
        batch_size=2000,
    )
    return made


def session_key(user: User) -> str:
    """The value of a ``sessionid`` cookie with which the person is signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


@contextmanager
def portal(env: dict[str, str], *, port: int, workers: int) -> Iterator[str]:
    """The web process as ``make run`` starts it, for as long as it is needed; its address."""
    url = f"http://127.0.0.1:{port}"
    server = ("-m", "gunicorn", "--config", "python:labelportal.run.gunicorn_conf", "labelportal.wsgi:application")
    size = ("--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", "4")
    process = subprocess.Popen([sys.executable, *server, *size], env=env, cwd=ROOT)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)
