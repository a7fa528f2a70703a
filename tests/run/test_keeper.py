"""What keeps the log of a part does not hold up the part."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labelportal.run.keeper import Keeper
from tests.support.servers import wait_until

# Writes far more than a pipe holds, says so, and goes on when it is told to.
PART = """
import pathlib, sys, time
for _ in range(5000):
    print("x" * 99, flush=True)
here = pathlib.Path(sys.argv[1])
(here / "written").touch()
while not (here / "go").exists():
    time.sleep(0.02)
print("and on", flush=True)
"""


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Starts the part with its keeper, as the launcher does; its log is ``part.log``."""
    lifeline = os.pipe()
    command = (sys.executable, "-c", PART, str(tmp_path))
    made = Keeper(command, logs=tmp_path, lifeline=lifeline, name="part", quiet=True)
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=made.run, args=(fork.Queue(), True))
    yield process.start
    os.close(lifeline[1])  # the part ends with us
    os.close(lifeline[0])
    process.join(10)
    assert process.exitcode == 0


def goes_on(folder: Path) -> None:
    """Returns when the part has written all it had to."""
    wait_until((folder / "written").exists, what="a part that could write on")


def test_a_part_writes_on_while_its_log_cannot_be_written(tmp_path: Path, keep: Callable[[], None]) -> None:
    log = tmp_path / "part.log"
    log.mkdir()
    keep()
    goes_on(tmp_path)
    log.rmdir()
    (tmp_path / "go").touch()
    wait_until(lambda: log.is_file() and log.read_text().endswith("and on\n"), what="the log, once it can be written")
    # What stood in the pipe by then comes first; what could not be written is gone.
    assert len(log.read_text().splitlines()) < 2000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_part_writes_on_while_the_disk_is_full(tmp_path: Path, keep: Callable[[], None]) -> None:
    log = tmp_path / "part.log"
    log.symlink_to("/dev/full")
    keep()
    goes_on(tmp_path)
    assert log.is_symlink(), "the log was full all the while"
