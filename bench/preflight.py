"""How long the pre-flight of a label file takes and how much memory it needs, beside reading the same file with ``csv``; then the pages of a brought file.

``python -m bench.preflight [MB ...]``: files of these sizes (1 and 10 unless said), eight columns, sets of ten rows. Each figure is the median of five
runs in one process; memory is the peak above what was in use before, by ``tracemalloc`` in a run of its own.

The pages are those of somebody who brings the file for a transform whose table has just as many rows: uploading it, looking at what would come of it, making
the label file of it. They are asked for through all of Django in this process; objects are kept in memory, so S3 counts for nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import IO, BinaryIO

from bench.installation import environment, people, prepare, transform_of
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


def keep_objects_in_memory() -> None:
    """In place of S3."""
    from labeling.aws import storage

    objects: dict[str, bytes] = {}

    def save_bytes(key: str, content: bytes) -> storage.StoredObject:
        objects[storage.our_uri(key)] = content
        return storage.StoredObject(
            storage.split_uri(storage.our_uri(key))[0], key, len(content), hashlib.sha256(content).hexdigest()
        )

    def save_file(key: str, file: IO[bytes]) -> storage.StoredObject:
        file.seek(0)
        return save_bytes(key, file.read())

    def stream_uri(uri: str) -> tuple[int, Iterator[bytes]]:
        return len(objects[uri]), iter([objects[uri]])

    storage.save_bytes, storage.save_file, storage.stream_uri = save_bytes, save_file, stream_uri
    storage.bucket_region = lambda: ""


def pages(file: BinaryIO) -> Iterator[tuple[str, Callable[[], object]]]:
    """What a person asks for, one after the other, as jobs."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import Client
    from django.urls import reverse

    from accounts.models import Membership, Role
    from labeling.services.sources import stage_source

    (user,) = people(1)
    Membership.objects.update(role=Role.ADMIN)
    of = transform_of(user, COLUMNS)
    file.seek(0)
    content = file.read()
    table = b"\n".join(line.split(b",", 2)[2] for line in content.splitlines())
    of.source_file = stage_source(team=of.team, user=user, file=SimpleUploadedFile("table.csv", table))
    of.save()
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    seen = {}

    def upload() -> None:
        brought = {"file": SimpleUploadedFile("labels.csv", content)}
        seen["address"] = client.post(reverse("labeling:label-upload-list", args=[of.pk]), brought).headers["Location"]

    def look() -> None:
        seen["page"] = client.get(seen["address"]).content.decode()

    def make() -> None:
        form = seen["page"][seen["page"].index("/keep/") : seen["page"].index("Create label file")]
        fields = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form))
        assert "/import/" in client.post(f"{seen['address']}keep/", fields).headers["Location"]

    yield from (("upload", upload), ("look", look), ("make the file", make))


def measure_pages(file: BinaryIO) -> None:
    """Print how long each page takes, and in a second round what it needs at most."""
    figures: dict[str, list[str]] = {}
    for name, job in pages(file):
        wall, work = time.perf_counter(), time.process_time()
        job()
        figures[name] = [f"{time.perf_counter() - wall:.2f} s ({time.process_time() - work:.2f} s of a core)"]
    for name, job in pages(file):
        figures[name].append(f"peak memory {peak_mb(job):.0f} MB")
    for name, found in figures.items():
        print(f"  {name}: {', '.join(found)}")


def main() -> None:
    """Print a line for each size, and one for each page."""
    with tempfile.TemporaryDirectory() as var:
        prepare(environment(Path(var)))
        keep_objects_in_memory()
        measure()


def measure() -> None:
    """All sizes."""
    for megabytes in [float(word) for word in sys.argv[1:]] or [1.0, 10.0]:
        with tempfile.TemporaryFile() as file:
            rows = write(file, megabytes)

            def look(file: BinaryIO = file) -> None:
                found = preflight(file, columns=COLUMNS, primary_key="id")
                assert not found.errors, found.errors

            def peer(file: BinaryIO = file) -> None:
                read_csv(file)

            ours, theirs = seconds(look), seconds(peer)
            print(
                f"{megabytes:g} MB, {rows:,} rows: pre-flight {ours:.2f} s, csv alone {theirs:.2f} s, ratio {ours / theirs:.1f}; "
                f"peak memory {peak_mb(look):.1f} MB, csv alone {peak_mb(peer):.1f} MB"
            )
            measure_pages(file)


if __name__ == "__main__":
    main()
