"""All tests, ended from outside before their end: their servers and databases go with them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from labelportal.run.config import ROOT
from tests.support.environment import clean_environ, own_folder
from tests.support.servers import wait_until

pytestmark = pytest.mark.services

SUITES = """
import sys
from tests.support import suites

suites.PREPARE = suites.MIGRATE = ("-c", "")
suites.SERVED = suites.Suite("one", ("-n0", "-p", "no:django", "-p", "no:cacheprovider", sys.argv[1]))
sys.exit(suites.main())
"""
SLOW = """
import pathlib, tempfile, time

def test_slow():
    folder = pathlib.Path(tempfile.gettempdir())
    (folder / "begun").touch()
    try:
        time.sleep(60)
    finally:
        (folder / "cleared").touch()
"""


@dataclass(frozen=True, slots=True)
class Run:
    """All tests on their way; ``folder`` is where they keep what is temporary."""

    process: subprocess.Popen[bytes]
    folder: Path

    def servers(self) -> str:
        """Command lines of the PostgreSQL that has its data in the folder."""
        lines = subprocess.run(["ps", "-A", "-ww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        return "\n".join(line for line in lines.splitlines() if f"-D {self.folder}/" in line)

    def left_by_the_next(self) -> list[Path]:
        """What the beginning of another run leaves of this one's folders."""
        for kind in ("suites", "pg", "tests"):
            shutil.rmtree(own_folder(kind))
        return list(self.folder.glob("labelportal-*"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """In the middle of a test; started as a script starts what it does not wait for, which Ctrl-C is not to reach."""
    (tmp_path / "test_slow.py").write_text(SLOW)
    # Short, since a socket's path must be, and open to the account that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="suites-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        command = [sys.executable, "-c", SUITES, str(tmp_path / "test_slow.py")]
        deaf = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
        env = clean_environ() | {"TMPDIR": name}
        made = Run(subprocess.Popen(command, cwd=ROOT, env=env, preexec_fn=deaf), folder)
        try:
            wait_until(lambda: (folder / "begun").exists(), what="a test that runs")
            assert made.servers()
            yield made
        finally:
            made.process.kill()
            made.process.wait()


def test_a_run_that_is_told_to_end_leaves_no_data_and_no_server_behind(run: Run) -> None:
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(60) == 128 + signal.SIGTERM
    assert (run.folder / "cleared").exists(), "the test that ran was interrupted, not killed"
    assert list(run.folder.glob("labelportal-*")) == []
    assert not run.servers()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel ends what is left")
def test_a_run_that_is_killed_leaves_no_server_behind_and_the_next_removes_its_folders(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.process.kill()
    run.process.wait()
    wait_until(lambda: not run.servers(), seconds=10, what="the end of PostgreSQL")
    assert not run.servers(), "nor has another taken its place"
    monkeypatch.setattr(tempfile, "tempdir", str(run.folder))
    wait_until(lambda: run.left_by_the_next() == [], seconds=10, what="the end of the processes that had the folders")
