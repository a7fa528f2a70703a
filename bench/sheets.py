"""Questions as spreadsheets: ``python -m bench.sheets [--questions 10000]``. Seconds of a core to write a workbook and CSV, and to read them again."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bench.installation import environment
from bench.large_team import COLUMNS, ROWS

if TYPE_CHECKING:
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
    print(f"{name:<16}{time.process_time() - started:>6.1f} s{size}")
    return made


def main() -> int:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as var:
        os.environ.update(environment(Path(var)))
        import django

        django.setup()
        from labeling.spreadsheets import csv_bytes, open_file, workbook_bytes

        sheet = made_up(options.questions)
        print(f"{options.questions:,} questions, load {os.getloadavg()[0]:.1f}")
        workbook = timed("write XLSX", lambda: workbook_bytes(sheet, title="Questions", key=KEY))
        table = timed("write CSV", lambda: csv_bytes(sheet, key=KEY))
        timed("read XLSX", lambda: open_file(workbook))
        timed("read CSV", lambda: open_file(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
