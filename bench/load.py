"""Two hundred stewards at work: ``python -m bench.load [--stewards 200] [--seconds 120] [--think 8] [--answers 2]``.

A throw-away installation, the portal's web process as ``make run`` starts it, and locust with that many signed-in stewards who each answer a question of
ten rows about every ``--think`` seconds. What is measured is how long submitting and fetching the next question take; what is checked is that no
question was ever given to more people than it asks for, and that what the people were told is what the database says.

DATABASE_URL names a PostgreSQL with an empty database for the run; without it the run uses SQLite. The figures are in ``docs/benchmarks-portal.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROWS = 10
ROOT = Path(__file__).resolve().parent.parent


def environment(var: Path) -> dict[str, str]:
    """An installation of its own."""
    return {
        **os.environ,
        "LABELPORTAL_VAR": str(var),
        "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{var / 'bench.sqlite3'}"),
        "DJANGO_SETTINGS_MODULE": "labelportal.settings",
        "LABELPORTAL_PROCESS": "web",
        "SECRET_KEY": "bench" * 10,
        "LOG_LEVEL": "WARNING",
    }


def fill(options: argparse.Namespace, report: Path) -> dict[str, Any]:
    """A team, its questions, and a session for each steward: what the stewards have to know."""
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.urls import reverse

    from accounts.models import Membership, Team, User
    from labeling.choices import LabelFileKind, RunKind, RunStatus
    from labeling.models import LabelFile, Question, QuestionSet, Row, TaskRun, Transform

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    team = Team.objects.create(name=f"Load {uuid.uuid4()}")
    stewards = [User(username=f"steward-{team.pk}-{number}", password="!") for number in range(options.stewards)]  # noqa: S106
    User.objects.bulk_create(stewards)
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in stewards])
    columns = [{"name": name, "data_type": "string"} for name in ("id", "name", "street", "city", "born", "email")]
    transform = Transform.objects.create(
        team=team,
        name="Load",
        database_name="d",
        table_name="t",
        primary_key="id",
        columns=columns,
        created_by=stewards[0],
    )
    run = TaskRun.objects.create(
        transform=transform, kind=RunKind.LABELING_SET_GENERATION, status=RunStatus.SUCCEEDED, path=f"s3://b/{team.pk}/"
    )
    label_file = LabelFile.objects.create(
        transform=transform,
        kind=LabelFileKind.GENERATED,
        bucket="b",
        key=str(team.pk),
        size=1,
        sha256="",
        sets=1,
        rows=1,
    )
    question_set = QuestionSet.objects.create(
        transform=transform, number=1, task_run=run, label_file=label_file, answers_wanted=options.answers
    )
    questions = [
        Question(
            question_set=question_set,
            labeling_set_id=f"s{number}",
            position=number,
            answers_missing=options.answers,
        )
        for number in range(1, options.questions + 1)
    ]
    Question.objects.bulk_create(questions, batch_size=1000)
    Row.objects.bulk_create(
        [
            Row(
                question=question,
                position=place,
                key=f"{question.position}-{place}",
                values=[
                    f"{question.position}-{place}",
                    "Margaret Oakfield",
                    "12 Mill Lane",
                    "Leeds",
                    "1961-04-02",
                    "m@example.org",
                ],
                proposed="A",
                proposed_confidence=0.9,
            )
            for question in questions
            for place in range(1, ROWS + 1)
        ],
        batch_size=2000,
    )
    sessions = []
    for user in stewards:
        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.create()
        sessions.append({"name": user.username, "key": store.session_key})
    return {
        "sessions": sessions,
        "next": reverse("labeling:question-next", args=[transform.pk]),
        "think": options.think,
        "drafts": options.drafts,
        "report": str(report),
        "set": str(question_set.pk),
    }


@contextmanager
def portal(env: dict[str, str], options: argparse.Namespace) -> Iterator[str]:
    """The web process while it is needed; its address."""
    url = f"http://127.0.0.1:{options.port}"
    command = [
        *(
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "python:labelportal.run.gunicorn_conf",
            "labelportal.wsgi:application",
        ),
        *("--bind", f"127.0.0.1:{options.port}", "--workers", str(options.workers), "--threads", "4"),
    ]
    process = subprocess.Popen(command, env=env, cwd=ROOT)
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


def wrong_counts(plan: dict[str, Any], report: dict[str, Any], wanted: int) -> list[str]:
    """What is wrong with who was given and who has answered what; nothing, if all is well."""
    from labeling.choices import AnswerStatus, QuestionState
    from labeling.models import Question

    given = Counter(question for question, _name in report["given"])
    problems = [f"question {pk} was given to {count} people" for pk, count in given.items() if count > wanted]
    for question in Question.objects.filter(question_set=plan["set"]).prefetch_related("answers"):
        answers = [answer for answer in question.answers.all() if answer.status == AnswerStatus.SUBMITTED]
        if len(answers) + question.answers_missing != wanted:
            problems.append(f"question {question.pk}: {len(answers)} answers, {question.answers_missing} missing")
        if (question.state == QuestionState.OPEN) != (question.answers_missing > 0):
            problems.append(f"question {question.pk} is {question.state}")
    return [*problems, *report["refused"]]


def main() -> int:
    """Fill, run, check, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stewards", type=int, default=200)
    parser.add_argument("--questions", type=int, default=4000)
    parser.add_argument("--answers", type=int, default=2, help="people per question")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--think", type=float, default=8.0, help="seconds that a steward spends on a question")
    parser.add_argument("--drafts", type=int, default=2, help="drafts saved on the way")
    parser.add_argument("--workers", type=int, default=2, help="web processes, of four threads each")
    parser.add_argument("--port", type=int, default=18020)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labelportal-bench-") as folder:
        var = Path(folder)
        env = environment(var)
        os.environ.update(env)
        report_path, plan_path = var / "report.json", var / "plan.json"
        plan = fill(options, report_path)
        plan_path.touch(mode=0o600)
        plan_path.write_text(json.dumps(plan))
        with portal(env, options) as url:
            command = [
                *(
                    sys.executable,
                    "-m",
                    "locust",
                    "-f",
                    str(ROOT / "bench" / "load_users.py"),
                    "--headless",
                    "--only-summary",
                ),
                *("--users", str(options.stewards), "--spawn-rate", str(max(1, options.stewards // 5))),
                *("--run-time", f"{options.seconds}s", "--stop-timeout", "30", "--host", url),
            ]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(command, env={**env, "BENCH_LOAD_PLAN": str(plan_path)}, cwd=ROOT, check=False, **quiet)  # type: ignore[call-overload]
        report = json.loads(report_path.read_text())
        problems = wrong_counts(plan, report, options.answers)
    print(f"{options.stewards} stewards, {options.seconds} s, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':14} {'count':>7} {'failed':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for name, line in report["requests"].items():
        times = " ".join(f"{line[share]:8.0f}" for share in ("p50", "p95", "p99"))
        print(f"{name:14} {line['count']:7} {line['failures']:7} {times}")
    print(f"{len(report['given'])} times a question was given to a person; {len(problems)} problems")
    print(*problems[:20], sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
