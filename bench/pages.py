"""Every page and API address of a large team: ``python -m bench.pages [--questions 50000] [--runs 20000] [--postgres] [--only TEXT]``.

A throw-away database, SQLite or (``--postgres``) PostgreSQL, is filled as ``bench.large_team`` says. Each page that can be looked at is asked for as each
role that may, through all of Django in this process. Printed are its queries, its bytes and, of the best of three, milliseconds: those that passed, and
those of this process' core. S3 and Glue are not there, so pages that ask them are left out. ``--database URL`` uses a database and keeps it, ``--over``
leaves out what is quick. The figures are in ``docs/benchmarks-portal.md``.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench.installation import prepare, throw_away

LIMIT_MS = 1000.0
ROLES = ("admin", "lead", "steward-0")
ASKS_AWS = re.compile(r"catalog|file-original|result|oidc|texts|label-file-(download|original|detail)|javascript")
"""Names of addresses that cannot answer without S3 or Glue, or that are no pages."""


def addresses() -> Iterator[tuple[str, str]]:
    """Name and path of everything that can be asked for, with an object of each kind."""
    from django.urls import NoReverseMatch, get_resolver, reverse

    values = _objects()
    for namespace, resolver in (("labeling:", "labeling.urls"), ("", "accounts.urls")):
        for name in sorted(key for key in get_resolver(resolver).reverse_dict if isinstance(key, str)):
            if ASKS_AWS.search(name):
                continue
            wanted = get_resolver(resolver).reverse_dict.getlist(name)[0][0][0][1]
            try:
                yield name, reverse(f"{namespace}{name}", kwargs={key: values[key] for key in wanted})
            except (KeyError, NoReverseMatch):
                continue
    yield from _with_queries(values)
    yield from _api(values)


def _objects() -> dict[str, Any]:
    """An object of the large transform for each name that stands in addresses."""
    from accounts.models import Membership
    from labeling.models import Answer, LabelFile, Question, QuestionSet, TaskRun, Transform

    transform = Transform.objects.order_by("question_sets__number").filter(question_sets__isnull=False)[0]
    sets = QuestionSet.objects.filter(transform=transform).order_by("number")
    question_set = sets[sets.count() // 2]
    question = Question.objects.filter(question_set=question_set, state="settled")[7]
    return {
        "transform_id": transform.pk,
        "set_id": question_set.pk,
        "question_id": question.pk,
        "answer_id": Answer.objects.filter(question=question)[0].pk,
        "member_id": Membership.objects.get(user__username="steward-0").pk,
        "run_id": TaskRun.objects.filter(transform=transform, kind="IMPORT_LABELS")[0].pk,
        "label_file_id": LabelFile.objects.filter(transform=transform, kind="built")[0].pk,
        "week": "2026-W46",
        "table": "history",
        "kind": "xlsx",
    }


def _with_queries(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pages deep in a list, and filters."""
    from django.urls import reverse

    of_transform, of_set = {"transform_id": values["transform_id"]}, {"set_id": values["set_id"]}
    for name, kwargs, query in (
        ("question-set-list", of_transform, "page=10"),
        ("question-set-detail", of_set, "page=2"),
        ("answer-list", of_transform, "q=street"),
        ("answer-list", of_transform, "status=submitted"),
        ("run-list", {}, "kind=EVALUATION"),
        ("adjudication-list", of_transform, "page=2"),
        ("second-look", of_transform, "page=2"),
    ):
        yield f"{name}?{query}", f"{reverse(f'labeling:{name}', kwargs=kwargs)}?{query}"
    sheet = reverse("labeling:sheet-download", kwargs={**of_transform, "kind": "csv"})
    yield "sheet-download csv", sheet


def _api(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from labeling.api.site import api

    for path, methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        if "get" in methods and not re.search(r"/(file|table|result)$", path):
            try:
                yield f"API {path.removeprefix('/api/v1')}", path.format(**values)
            except KeyError:
                continue
    transform = f"/api/v1/transforms/{values['transform_id']}"
    yield "API questions, deep", f"{transform}/questions?after=45000"
    yield "API questions, state, deep", f"{transform}/questions?after=38000&state=settled"
    yield "API answers, since", f"{transform}/answers?changed_since=2026-11-01T00:00:00Z"


def token_of(user: Any) -> str:
    """An API token of the person."""
    from accounts.tokens import create_token

    return create_token(membership=user.memberships.get(), name="bench", days=1, may_write=False)[1]


def measure(client: Any, path: str, headers: dict[str, str]) -> tuple[int, int, int, float, float]:
    """Status, queries, bytes and, of the best of three, milliseconds and those of this process' core; of what takes very long, of one."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    best = core = float("inf")
    for _attempt in range(3):
        with CaptureQueriesContext(connection) as queries:
            started, began = time.perf_counter(), time.process_time()
            response = client.get(path, headers=headers)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            best = min(best, (time.perf_counter() - started) * 1000)
            core = min(core, (time.process_time() - began) * 1000)
        if response.status_code != 200 or best > 3 * LIMIT_MS:
            break
    return response.status_code, len(queries), len(content), best, core


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--database", help="URL of a database to use and to keep")
    parser.add_argument("--only", default="", help="a part of the names of pages")
    parser.add_argument("--roles", nargs="+", default=ROLES)
    parser.add_argument("--over", type=float, default=0, help="print pages that take longer, in milliseconds")
    options = parser.parse_args()
    with throw_away(postgres=options.postgres, database=options.database) as env:
        prepare(env | {"LOG_LEVEL": "ERROR"})
        run(options)
    return 0


def run(options: argparse.Namespace) -> None:
    """All pages of all roles."""
    logging.getLogger("django.request").setLevel(logging.CRITICAL)  # roles are refused pages
    from django.db import connection, connections
    from django.test import Client

    from accounts.models import Team, User
    from bench.large_team import Size, fill

    if not Team.objects.filter(name="Large").exists():
        started = time.perf_counter()
        fill(Size(options.questions, options.runs))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
    print(
        f"{connection.vendor}, load {os.getloadavg()[0]:.1f}\n{'page':<48}{'as':<10}{'queries':>8}{'kB':>8}{'ms':>8}{'core':>8}"
    )
    for role in options.roles:
        user = User.objects.get(username=role)
        client, token = Client(raise_request_exception=False), token_of(user)
        client.force_login(user)
        for name, path in addresses():
            if options.only not in name:
                continue
            headers = {"Authorization": f"Bearer {token}"} if name.startswith("API") else {}
            status, queries, size, ms, core = measure(client, path, headers)
            if status not in (302, 403, 404, 405) and ms > options.over:
                slow = " *" if ms > LIMIT_MS else ""
                odd = "" if status == 200 else f" {status}"
                print(
                    f"{name:<48}{role:<10}{queries:>8}{size / 1000:>8.0f}{ms:>8.0f}{core:>8.0f}{slow}{odd}", flush=True
                )
    connections.close_all()


if __name__ == "__main__":
    sys.exit(main())
