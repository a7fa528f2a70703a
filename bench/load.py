"""Two hundred stewards at work: ``python -m bench.load [--stewards 200] [--seconds 120] [--think 15] [--answers 2]``.

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
from collections import Counter
from pathlib import Path
from typing import Any

from bench.installation import ROOT, SourceRow, ask, environment, people, portal, prepare, session_key, transform_of

ROWS = 10


def fill(options: argparse.Namespace, report: Path) -> dict[str, Any]:
    """A team, its questions, and a session for each steward: what the stewards have to know."""
    from django.urls import reverse

    stewards = people(options.stewards)
    transform = transform_of(stewards[0], ("id", "name", "street", "city", "born", "email"))
    values = ["Margaret Oakfield", "12 Mill Lane", "Leeds", "1961-04-02", "m@example.org"]
    questions = [
        [SourceRow([f"{number}-{place}", *values], proposed="A") for place in range(1, ROWS + 1)]
        for number in range(1, options.questions + 1)
    ]
    question_set = ask(transform, questions, options.answers)
    return {
        "sessions": [{"name": user.username, "key": session_key(user)} for user in stewards],
        "next": reverse("labeling:question-next", args=[transform.pk]),
        "think": options.think,
        "drafts": options.drafts,
        "report": str(report),
        "set": str(question_set.pk),
    }


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
    parser.add_argument(
        "--questions", type=int, default=0, help="open ones at the start; 0: a third more than are needed"
    )
    parser.add_argument("--answers", type=int, default=2, help="people per question")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--think", type=float, default=15.0, help="seconds that a steward spends on a question")
    parser.add_argument("--drafts", type=int, default=2, help="drafts saved on the way")
    parser.add_argument("--workers", type=int, default=2, help="web processes, of four threads each")
    parser.add_argument("--port", type=int, default=18020)
    options = parser.parse_args()
    rounds = options.seconds / options.think + 3
    options.questions = options.questions or round(1.33 * options.stewards * rounds / options.answers)
    with tempfile.TemporaryDirectory(prefix="labelportal-bench-") as folder:
        var = Path(folder)
        env = environment(var)
        prepare(env)
        report_path, plan_path = var / "report.json", var / "plan.json"
        plan = fill(options, report_path)
        plan_path.touch(mode=0o600)
        plan_path.write_text(json.dumps(plan))
        with portal(env, port=options.port, workers=options.workers) as url:
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
    print(
        f"{options.stewards} stewards, {options.think:g} s a question, {options.questions} questions for {options.answers} people each, "
        f"{options.seconds} s, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':14} {'count':>7} {'failed':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for name, line in report["requests"].items():
        times = " ".join(f"{line[share]:8.0f}" for share in ("p50", "p95", "p99"))
        print(f"{name:14} {line['count']:7} {line['failures']:7} {times}")
    print(f"{len(report['given'])} times a question was given to a person; {len(problems)} problems")
    print(*problems[:20], sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
