"""How long the pre-flight of a label file takes and how much memory it needs, beside reading the same file with ``csv``.

``python -m bench.preflight [MB ...]``: files of these sizes (1 and 10 unless said), eight columns, sets of ten rows. Each figure is the median of five
runs in one process; memory is the peak above what was in use before, by ``tracemalloc`` in a run of its own. Keys are looked up in a set of all keys, which counts for neither.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import BinaryIO

from labelfiles import preflight

COLUMNS = ("id", "first_name", "surname", "dob", "city", "email", "phone", "note")
RUNS = 5


def write(file: BinaryIO, megabytes: float) -> int:
    """A label file of about this size without a fault; how many rows it has."""
    file.write(("labeling_set_id,label," + ",".join(COLUMNS) + "\n").encode())
    row = 0
    while file.tell() < megabytes * 1024 * 1024 - 200:
        letter = "AABBBCDDEF"[row % 10]
        cells = f'{row},Name {row},Surname {row},1971-06-24,Köln,name{row}@example.com,+49 221 {row},"a, b"'
        file.write(f"set-{row // 10},{letter},{cells}\n".encode())
        row += 1
    return row


def read_csv(file: BinaryIO) -> None:
    """The peer: decode and split into cells, nothing else."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    for _cells in csv.reader(text):
        pass
    text.detach()


def seconds(job: Callable[[], object]) -> float:
    """The median of some runs."""
    times = []
    for _run in range(RUNS):
        started = time.perf_counter()
        job()
        times.append(time.perf_counter() - started)
    return median(times)


def peak_mb(job: Callable[[], object]) -> float:
    """What a run needs at most, in MB."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    job()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - before) / 1024 / 1024


def main() -> None:
    """Print a line for each size."""
    for megabytes in [float(word) for word in sys.argv[1:]] or [1.0, 10.0]:
        with tempfile.TemporaryFile() as file:
            rows = write(file, megabytes)
            keys = {str(row) for row in range(rows)}

            def look(file: BinaryIO = file, keys: set[str] = keys) -> None:
                found = preflight(file, columns=COLUMNS, primary_key="id", known_keys=keys)
                assert not found.errors, found.errors

            def peer(file: BinaryIO = file) -> None:
                read_csv(file)

            ours, theirs = seconds(look), seconds(peer)
            print(
                f"{megabytes:g} MB, {rows:,} rows: pre-flight {ours:.2f} s, csv alone {theirs:.2f} s, ratio {ours / theirs:.1f}; "
                f"peak memory {peak_mb(look):.1f} MB, csv alone {peak_mb(peer):.1f} MB"
            )


if __name__ == "__main__":
    main()
