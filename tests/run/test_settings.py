"""What the settings make of an installation's folder."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from labelportal.run.config import ROOT, Installation
from labelportal.run.credentials import AwsCredentials
from tests.support.environment import clean_environ


def show(setting: str, env: dict[str, str]) -> str:
    """What a process with this environment finds in the settings."""
    code = f"from django.conf import settings; print(settings.{setting})"
    env = clean_environ() | {"DJANGO_SETTINGS_MODULE": "labelportal.settings"} | env
    run = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, check=True, capture_output=True, text=True)
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("url", "backend"), [("", "console.EmailBackend"), ("smtp://mail.example.org", "smtp.EmailBackend")]
)
def test_an_empty_address_of_the_mail_server_is_none(tmp_path: Path, url: str, backend: str) -> None:
    assert show("EMAIL_BACKEND", {"EMAIL_URL": url, "LABELPORTAL_VAR": str(tmp_path)}).endswith(backend)


def test_nothing_of_the_engines_work_need_be_kept(tmp_path: Path) -> None:
    env = {"LOCALGLUE_ENGINE_CACHE_MB": "0", "LABELPORTAL_VAR": str(tmp_path)}
    assert show("LOCALGLUE_ENGINE_CACHE_MB", env) == "0"


def test_an_empty_address_of_the_portal_is_its_own(tmp_path: Path) -> None:
    environ = {"LABELPORTAL_VAR": str(tmp_path), "WEB_PORT": "9001", "LABELPORTAL_URL": ""}
    env = Installation.from_environ(environ).environment(AwsCredentials("key", "secret"))
    assert show("PUBLIC_URL", env) == "http://127.0.0.1:9001"


def test_a_secret_key_that_could_not_be_written_is_made_again(tmp_path: Path) -> None:
    kept = tmp_path / "secret_key"
    kept.touch(mode=0o600)  # as a full disk leaves it
    keys = {show("SECRET_KEY", {"LABELPORTAL_VAR": str(tmp_path)}) for _start in range(2)}
    assert keys == {kept.read_text()}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
