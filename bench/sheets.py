"""Questions as spreadsheets: ``python -m bench.sheets [--questions 10000]``. Seconds of a core to write a workbook and CSV, and to read them again; then what
a filled in file costs the web process (look, confirm) and the worker (work out the plan, take in).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bench.installation import SourceRow, ask, people, prepare, session_key, throw_away, transform_of
from bench.large_team import COLUMNS, ROWS

if TYPE_CHECKING:
    from labeling.models import SheetUpload
    from labeling.spreadsheets import QuestionSheet

KEY = b"k" * 32
T = TypeVar("T")


def made_up(questions: int) -> QuestionSheet:
    """So many questions of ten rows and eight columns."""
    from labeling.spreadsheets import QuestionSheet, SheetQuestion, SheetRow

    def row(number: int) -> SheetRow:
        return SheetRow(str(number), (f"k-{number}", *(f"{name} {number * 7 % 1000}" for name in COLUMNS[1:])))

    asked = (
        SheetQuestion(f"set-{place}", tuple(row(place * ROWS + number) for number in range(ROWS)))
        for place in range(questions)
    )
    return QuestionSheet(COLUMNS, "id", tuple(asked))


def timed(name: str, work: Callable[[], T]) -> T:
    """What comes of it; how long it took is printed."""
    started = time.process_time()
    made = work()
    size = f", {len(made) / 1e6:.1f} MB" if isinstance(made, bytes) else ""
    print(f"{name:<18}{time.process_time() - started:>6.1f} s{size}")
    return made


def filled_in(questions: int) -> SheetUpload:
    """A file that a steward has filled in, as it is when it has been read."""
    from django.utils import timezone

    from labeling.models import Row, SheetUpload

    [steward] = people(1)
    transform = transform_of(steward, COLUMNS)
    rows = [[f"{name} {number * 7 % 1000}" for name in COLUMNS[1:]] for number in range(questions * ROWS)]
    made = [SourceRow([f"k-{number}", *values], "A") for number, values in enumerate(rows)]
    ask(transform, [made[start : start + ROWS] for start in range(0, len(made), ROWS)])
    ids = Row.objects.order_by("question__position", "position").values_list("pk", flat=True)
    labels = [[row, "AABBCDEFGH"[place % ROWS], "", "Questions", place] for place, row in enumerate(ids)]
    return SheetUpload.objects.create(
        transform=transform,
        name="questions.xlsx",
        key="k",
        size=1,
        created_by=steward,
        labels=labels,
        read_at=timezone.now(),
        waiting=True,
    )


def taken_in(upload: SheetUpload) -> None:
    """The worker's plan, a look, the confirmation, and answers for as long as the worker takes them in at a time."""
    from django.test import Client

    from labeling.services.sheets import AT_A_TIME, sweep_sheets

    client, page = Client(), f"/spreadsheets/{upload.pk}/"
    client.cookies["sessionid"] = session_key(upload.created_by)
    timed("work out (worker)", sweep_sheets)
    client.get(page)
    timed("look", lambda: client.get(page))
    upload.refresh_from_db()
    timed("confirm", lambda: client.post(f"{page}confirm/", {"seen": upload.plan["at"]}))
    sweep_sheets()
    upload.refresh_from_db()
    done = upload.outcomes[-1]["submitted"] if upload.outcomes else upload.wanted["counts"]["submitted"]
    print(f"{done} questions taken in, in up to {AT_A_TIME:g} s of the worker")


def main() -> int:
    """Write, read, look, take in, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    options = parser.parse_args()
    with throw_away(postgres=options.postgres) as env:
        prepare(env)
        from labeling.spreadsheets import csv_bytes, open_file
        from labeling.spreadsheets.workbook import workbook_bytes

        sheet = made_up(options.questions)
        print(f"{options.questions:,} questions, load {os.getloadavg()[0]:.1f}")
        workbook = timed("write XLSX", lambda: workbook_bytes(sheet, title="Questions", key=KEY))
        table = timed("write CSV", lambda: csv_bytes(sheet, key=KEY))
        timed("read XLSX", lambda: open_file(workbook))
        timed("read CSV", lambda: open_file(table))
        taken_in(filled_in(options.questions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
