"""The Makefile's own rules: what it does about an environment that has been broken from outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labelportal.run.config import ROOT


@pytest.mark.parametrize("broken", ["the system's Python is another version now", "its interpreter is gone"])
def test_an_environment_that_an_upgrade_has_broken_is_made_anew(tmp_path: Path, broken: str) -> None:
    environment, quick = tmp_path / "venv", tmp_path / "python"
    quick.write_text(
        f'#!/bin/sh\nshift 2\nexec {sys.executable} -m venv --without-pip "$@"\n'
    )  # without what takes seconds
    quick.chmod(0o755)

    def make() -> None:
        subprocess.run(["make", "environment", f"VENV={environment}", f"PYTHON={quick}"], cwd=ROOT, check=True)

    make()
    kept = environment / "kept"
    kept.touch()
    make()
    assert kept.exists(), "one that works is left alone"
    if broken.startswith("its interpreter"):
        (environment / "bin" / "python").unlink()
        (environment / "bin" / "python").symlink_to(tmp_path / "gone")
    else:
        lib = next((environment / "lib").iterdir())
        lib.rename(lib.with_name("python3.0"))
    make()
    assert not kept.exists()
    subprocess.run([environment / "bin" / "python", "-c", "pass"], check=True)
