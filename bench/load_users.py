"""The stewards of ``bench.load``, as locust runs them: each takes a question, thinks, saves drafts, submits, and takes the next.

A steward does what the workbench in a browser does: while a question is on the screen the next one is fetched, so that a submission
and the fetch that follows it are what the server has to answer between two questions.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task
from locust.env import Environment

PLAN = json.loads(Path(os.environ["BENCH_LOAD_PLAN"]).read_text())
_sessions = itertools.cycle(PLAN["sessions"])
_given: set[tuple[str, str]] = set()
_refused: list[str] = []
_CSRF = "b" * 32


class Steward(FastHttpUser):
    """One person with a session of their own."""

    network_timeout = connection_timeout = 60.0

    def on_start(self) -> None:
        """Begin at a moment of one's own, as people do."""
        session = next(_sessions)
        self.name: str = session["name"]
        self.headers = {
            "Cookie": f"sessionid={session['key']}; csrftoken={_CSRF}",
            "X-CSRFToken": _CSRF,
            "Content-Type": "application/json",
            "Referer": self.host or "",
        }
        self.ahead: list[dict[str, Any]] = []
        self.finished = False
        time.sleep(random.uniform(0, PLAN["think"]))  # noqa: S311 - no secret

    @task
    def one_question(self) -> None:
        """Look, save drafts on the way, submit, and have the next one fetched."""
        if self.finished or (not self.ahead and not self._fetch([])):
            time.sleep(1)
            return
        question = self.ahead[0]
        pause = random.uniform(0.5, 1.5) * PLAN["think"] / (PLAN["drafts"] + 1)  # noqa: S311 - no secret
        labels = {str(row["id"]): "ABC"[place % 3] for place, row in enumerate(question["rows"])}
        for _draft in range(PLAN["drafts"]):
            time.sleep(pause)
            self._post("draft", question["urls"]["draft"], {"labels": labels})
        time.sleep(pause)
        began = time.perf_counter()
        sent = self._post("submit", question["urls"]["submit"], {"labels": labels, "seconds": 8, "keys": 5})
        self.ahead.pop(0)
        if self._fetch([question["id"], *(other["id"] for other in self.ahead)]) and sent is not None:
            took = (time.perf_counter() - began) * 1000
            events.request.fire(  # type: ignore[no-untyped-call]
                request_type="both",
                name="submit + next",
                response_time=took,
                response_length=0,
                exception=None,
                context={},
            )

    def _fetch(self, exclude: list[str]) -> bool:
        """Take one more question; False when none is left."""
        answer = self._post("next", PLAN["next"], {"exclude": exclude})
        question = answer and answer["question"]
        if question:
            self.ahead.append(question)
            _given.add((question["id"], self.name))
        self.finished = bool(answer) and not self.ahead
        return bool(question)

    def _post(self, name: str, url: str, body: dict[str, Any], again: bool = True) -> dict[str, Any] | None:
        """The answer, None if it is none. A kept connection that the server has just closed is opened again, as browsers do."""
        with self.client.post(url, name=name, json=body, headers=self.headers, catch_response=True) as response:
            if response.status_code == 0 and again:
                response.success()
                return self._post(name, url, body, again=False)
            if response.status_code != 200:
                response.failure(f"{response.status_code}")
                _refused.append(
                    f"{name}: {response.status_code} {response.text[:300] if response.text else response.error}"
                )
                return None
            answer: dict[str, Any] = json.loads(response.content)
            return answer


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def write_report(environment: Environment, **_kwargs: object) -> None:
    """Times in milliseconds by kind of request, and who was given what."""
    report = {
        name: {
            "count": entry.num_requests,
            "failures": entry.num_failures,
            **{f"p{share * 100:g}": entry.get_response_time_percentile(share) for share in (0.5, 0.95, 0.99)},
        }
        for (name, _method), entry in environment.stats.entries.items()
    }
    given = [list(pair) for pair in _given]
    Path(PLAN["report"]).write_text(json.dumps({"requests": report, "given": given, "refused": _refused}))
