"""The Makefile's own rules: about an environment that has been broken from outside, and benchmarks without data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labelportal.run.config import ROOT


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Makes environments without what takes seconds."""
    quick = tmp_path / "python"
    quick.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} -m venv --without-pip "$@"\n')
    quick.chmod(0o755)
    return quick


def make(environment: Path, python: Path | str) -> subprocess.CompletedProcess[str]:
    command = ["make", "environment", f"VENV={environment}", f"PYTHON={python}"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("broken", ["the system's Python is another version now", "its interpreter is gone"])
def test_an_environment_that_an_upgrade_has_broken_is_made_anew(tmp_path: Path, python: Path, broken: str) -> None:
    environment = tmp_path / "venv"
    assert make(environment, python).returncode == 0
    kept = environment / "kept"
    kept.touch()
    assert make(environment, python).returncode == 0
    assert kept.exists(), "one that works is left alone"
    if broken.startswith("its interpreter"):
        (environment / "bin" / "python").unlink()
        (environment / "bin" / "python").symlink_to(tmp_path / "gone")
    else:
        lib = next((environment / "lib").iterdir())
        lib.rename(lib.with_name("python3.0"))
    assert make(environment, python).returncode == 0
    assert not kept.exists()
    subprocess.run([environment / "bin" / "python", "-c", "pass"], check=True)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path, python: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    thesis = home / "thesis.txt"
    thesis.write_text("all of it")
    for maker in (python, "false"):
        refused = make(home, maker)
        assert refused.returncode != 0
        assert f"{home} holds other things than an environment of Python." in refused.stdout
        assert thesis.read_text() == "all of it"
    thesis.unlink()
    assert make(home, python).returncode == 0, "an empty folder will do"


def test_benchmarks_without_data_say_what_to_set_before_they_install_anything(tmp_path: Path) -> None:
    missing, environment = tmp_path / "data", tmp_path / "venv"
    for target in ("bench", "bench-speed", "bench-spark"):
        command = ["make", target, f"DATA={missing}", f"VENV={environment}", f"PEERS={tmp_path / 'peers'}"]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert run.returncode
        assert f"There are no data sets in {missing}: say DATA=folder." in run.stdout
    assert list(tmp_path.iterdir()) == []
