"""What the settings make of an installation's folder."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from labelportal.run.config import ROOT
from tests.support.environment import clean_environ

SHOW = "from django.conf import settings; print(settings.SECRET_KEY)"


def test_a_secret_key_that_could_not_be_written_is_made_again(tmp_path: Path) -> None:
    kept = tmp_path / "secret_key"
    kept.touch(mode=0o600)  # as a full disk leaves it
    env = clean_environ() | {"LABELPORTAL_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "labelportal.settings"}
    keys = {
        subprocess.run(
            [sys.executable, "-c", SHOW], env=env, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.strip()
        for _start in range(2)
    }
    assert keys == {kept.read_text()}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
