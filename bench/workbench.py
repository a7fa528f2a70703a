"""What a question costs at the keyboard: ``python -m bench.workbench [--questions 50] [--seed 1]``.

A throw-away installation, a real browser, and somebody who knows the truth: for each question they look at the groups on the screen, jump to each row
that stands in a wrong one, press its letter, and press Enter. Counted are the keys per question, once for each share of rows that the engine's proposal
has wrong, and once without a proposal. Timed is Enter: from the moment the browser had the key to the first moment after the next question,
which was there already, has been painted.

Rows are those of ``samples/people.csv``, ten a question, people whole. The figures are in ``docs/benchmarks-portal.md``.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import BrowserContext, Page, Response, expect, sync_playwright

from bench.installation import ROOT, SourceRow, ask, environment, people, portal, prepare, session_key, transform_of

if TYPE_CHECKING:
    from labeling.models import Transform

ROWS = 10
LETTERS = "ABCDEFGHIJKLMNO"
NO_PROPOSAL = None
UNREAD_MS = 420  # for so long the workbench takes no Enter for a question that nothing was changed in
WRONG = (0.2, 0.1, 0.0, NO_PROPOSAL)
# Painted is painted: a message that is posted in an animation frame is handled after that frame is on the screen.
WATCH = """
  let pressed = 0;
  window.paints = [];
  addEventListener("keydown", (event) => { if (event.key === "Enter") pressed = event.timeStamp; }, true);
  addEventListener("DOMContentLoaded", () => {
    const title = document.querySelector("[data-title]");
    if (!title) return;
    new MutationObserver(() => {
      const since = pressed;
      pressed = 0;
      if (!since) return;
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.paints.push(performance.now() - since);
        port2.postMessage(0);
      });
    }).observe(title, { childList: true });
  });
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows by person, and which person a key belongs to."""

    columns: list[str]
    by_person: dict[str, list[list[str]]]
    person_of: dict[str, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run over the questions took: keys and milliseconds a question, and the questions that came out as something but the truth."""

    keys: list[int]
    paints: list[float]
    mistaken: int


def sample() -> Sample:
    """The people of the sample table."""
    with (ROOT / "samples" / "people-clusters.csv").open(newline="") as file:
        person_of = {row["id"]: row["cluster_id"] for row in csv.DictReader(file)}
    by_person: dict[str, list[list[str]]] = {}
    with (ROOT / "samples" / "people.csv").open(newline="") as file:
        columns, *rows = csv.reader(file)
    for row in rows:
        by_person.setdefault(person_of[row[0]], []).append(row)
    return Sample(columns, by_person, person_of)


def questions(known: Sample, count: int, wrong: float | None, chance: random.Random) -> list[list[SourceRow]]:
    """So many questions of ten rows with people whole; over all of them exactly that share of rows is proposed in a group that is wrong."""
    made: list[list[SourceRow]] = []
    by_chance = people_by_chance(known, chance)
    for _number in range(count):
        rows: list[list[str]] = []
        letters: list[str] = []
        while len(rows) < ROWS:
            person = next(by_chance)[: ROWS - len(rows)]
            letters += [LETTERS[len(set(letters))]] * len(person)
            rows += person
        together = list(zip(rows, letters, strict=True))
        chance.shuffle(together)
        made.append([SourceRow(row, letter if wrong is not None else "") for row, letter in together])
    every = [(question, place) for question in range(count) for place in range(ROWS)]
    for question, place in chance.sample(every, round(len(every) * (wrong or 0))):
        row = made[question][place]
        groups = sorted({other.proposed for other in made[question]})
        others = [letter for letter in (*groups, LETTERS[len(groups)]) if letter != row.proposed]
        made[question][place] = SourceRow(row.values, chance.choice(others), 0.6)
    return made


def people_by_chance(known: Sample, chance: random.Random) -> Iterator[list[list[str]]]:
    """All people, again and again, in an order that chance gives."""
    while True:
        order = sorted(known.by_person)
        chance.shuffle(order)
        yield from (known.by_person[person] for person in order)


def keys_for(shown: Sequence[str], truth: Sequence[str]) -> list[str]:
    """The keys of somebody who knows ``truth`` and sees the letters ``shown``, from the first row to the last; "" is no letter."""
    letters: dict[str, str] = {}
    pairs = Counter((person, letter) for person, letter in zip(truth, shown, strict=True) if letter)
    # Most rows of a person keep their letter; a letter belongs to the person who has most rows in it.
    for (person, letter), _count in pairs.most_common():
        if person not in letters and letter not in letters.values():
            letters[person] = letter
    for person in truth:
        free = (letter for letter in LETTERS if letter not in letters.values())
        letters.setdefault(person, next(free))
    keys: list[str] = []
    cursor = 0
    for place, person in enumerate(truth):
        if shown[place] == letters[person]:
            continue
        if place != cursor:
            keys.append(str((place + 1) % 10))
        keys.append(letters[person].lower())
        cursor = min(place + 1, len(truth) - 1)
    return [*keys, "Enter"]


def answer_all(page: Page, address: str, person_of: Mapping[str, str], transform: Transform, count: int) -> list[float]:
    """Answer the questions in the browser, each when the one after it is there; milliseconds from Enter to paint for each but the last."""
    ahead: list[str] = []

    def noticed(response: Response) -> None:
        if response.request.method == "POST" and response.url.endswith(address):
            ahead.append(response.url)

    page.on("response", noticed)
    page.goto(address)
    paints: list[float] = []
    for number in range(1, count + 1):
        expect(page.locator("[data-grid] tbody tr")).to_have_count(ROWS)
        expect(page.locator("[data-grid]")).to_be_focused()
        while len(ahead) < number:
            page.wait_for_timeout(10)
        page.wait_for_timeout(UNREAD_MS)
        paints = page.evaluate("window.paints")
        rows: list[list[str]] = page.locator("[data-grid] tbody tr").evaluate_all(
            "rows => rows.map((row) => [row.id.slice(4), row.querySelector('.badge-group').textContent])"
        )
        keys = keys_of_rows(transform, [int(row) for row, _letter in rows])
        before = page.url
        for key in keys_for([letter for _row, letter in rows], [person_of[key] for key in keys]):
            page.keyboard.press(key)
        page.wait_for_url(lambda url: url != before)  # noqa: B023 - asked at once
        if number < count:
            page.wait_for_function("(count) => window.paints.length >= count", arg=number)
    return paints


def keys_of_rows(transform: Transform, rows: Sequence[int]) -> list[str]:
    """The primary keys of rows, in their order."""
    from labeling.models import Row

    found = dict(Row.objects.filter(question__question_set__transform=transform, pk__in=rows).values_list("pk", "key"))
    return [found[row] for row in rows]


def measure(context: BrowserContext, known: Sample, options: argparse.Namespace, wrong: float | None) -> Figures:
    """One steward, one transform, all questions."""
    from django.urls import reverse

    from labeling.models import Answer
    from partitions import Grouping

    (steward,) = people(1)
    transform = transform_of(steward, known.columns)
    ask(transform, questions(known, options.questions, wrong, random.Random(options.seed)))  # noqa: S311 - no secret
    context.add_cookies([{"name": "sessionid", "value": session_key(steward), "url": options.url}])
    page = context.new_page()
    page.add_init_script(WATCH)
    address = reverse("labeling:question-next", args=[transform.pk])
    paints = answer_all(page, address, known.person_of, transform, options.questions)
    page.close()
    answers = list(Answer.objects.filter(steward=steward).prefetch_related("row_labels__row"))
    mistaken = sum(
        Grouping({label.row_id: label.label for label in answer.row_labels.all()})
        != Grouping({label.row_id: known.person_of[label.row.key] for label in answer.row_labels.all()})
        for answer in answers
    )
    return Figures([answer.keys or 0 for answer in answers], paints, mistaken)


def main() -> int:
    """Fill, answer, print."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's calls run inside an event loop; nothing else does
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=18021)
    options = parser.parse_args()
    options.url = f"http://127.0.0.1:{options.port}"
    known = sample()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    print(
        f"{options.questions} questions of {ROWS} rows each time, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':24} {'keys a question':>22} {'Enter to paint, ms':>22}")
    print(f"{'rows proposed wrong':24} {'mean':>10} {'median':>11} {'median':>10} {'p95':>11}")
    mistaken = 0
    with tempfile.TemporaryDirectory(prefix="labelportal-bench-") as folder:
        env = environment(Path(folder))
        prepare(env)
        with portal(env, port=options.port, workers=2), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--headless=new", "--no-sandbox"])
            for wrong in WRONG:
                context = browser.new_context(base_url=options.url, viewport={"width": 1440, "height": 900})
                figures = measure(context, known, options, wrong)
                context.close()
                share = "no proposal" if wrong is None else f"{wrong:.0%}"
                paints = statistics.quantiles(figures.paints, n=20)
                print(
                    f"{share:24} {statistics.mean(figures.keys):10.2f} {statistics.median(figures.keys):11g} "
                    f"{statistics.median(figures.paints):10.0f} {paints[-1]:11.0f}"
                )
                mistaken += figures.mistaken + options.questions - len(figures.keys)
            browser.close()
    print(f"{mistaken} questions were not answered with the truth")
    return 1 if mistaken else 0


if __name__ == "__main__":
    sys.exit(main())
