"""The ready line names what there is, whatever somebody else runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labelportal.run.config import ROOT
from tests.run.launcher import Launcher

READY = """
from labelportal.run.__main__ import Portal
from labelportal.run.config import Installation

print(Portal(Installation.from_environ(), verbose=False).ready_text())
"""
URL = "http://127.0.0.1"


@pytest.mark.parametrize(
    ("external", "said"),
    [
        ("", f" (Glue {URL}:2, S3 {URL}:3, Redis redis://127.0.0.1:4/0; AWS clients: VAR/aws.env)"),
        ("glue", f" (S3 {URL}:3, Redis redis://127.0.0.1:4/0; AWS clients: VAR/aws.env)"),
        ("glue,s3", " (Redis redis://127.0.0.1:4/0)"),
        ("glue,redis,s3", ""),
    ],
)
def test_only_a_file_that_is_written_is_named(tmp_path: Path, external: str, said: str) -> None:
    launcher = Launcher(tmp_path, ports={"web": 1, "glue": 2, "s3": 3, "redis": 4})
    env = launcher.environment() | {"EXTERNAL": external, "REDIS_URL": "redis://theirs"}
    command = [sys.executable, "-c", READY]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"{URL}:1{said}".replace("VAR", str(tmp_path))
