"""A Redis that is installed later: it cannot read what Valkey has written, and must start all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import redis

from labelportal.run.config import Installation, Ports
from labelportal.run.credentials import AwsCredentials
from labelportal.run.parts import all_parts, find_redis_server
from tests.support.environment import clean_environ, free_port
from tests.support.servers import Server

pytestmark = pytest.mark.services

# As Redis does with the files of Valkey 9, whatever stands behind it.
REDIS = """#!/bin/sh
for word; do [ "$before" = --dir ] && folder=$word; before=$word; done
if grep -rqs "^VALKEY" "$folder"; then echo "Bad file format reading the append only file"; exit 1; fi
exec {} "$@"
"""


def server(installation: Installation) -> Server:
    """The Redis that this installation would start now."""
    parts = all_parts(installation, installation.environment(AwsCredentials.random()))
    return Server(next(part for part in parts if part.name == "redis"))


def test_a_redis_that_is_installed_later_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(tmp_path / "var", Ports(redis=free_port()), clean_environ())
    monkeypatch.setenv("PATH", "/nowhere")
    valkey = find_redis_server()
    before = server(installation)
    before.launch()
    before.wait()
    with redis.Redis.from_url(installation.redis_url) as client:
        client.set("kept", "yes")
    before.kill()

    installed = tmp_path / "redis-server"
    installed.write_text(REDIS.format(valkey))
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    after = server(installation)
    assert after.part.command[0] == str(installed)
    after.env["PATH"] = os.environ["PATH"]
    after.launch()
    try:
        after.wait()
    finally:
        after.kill()

    monkeypatch.setenv("PATH", "/nowhere")
    again = server(installation)
    again.launch()
    try:
        again.wait()
        with redis.Redis.from_url(installation.redis_url) as client:
            assert client.get("kept") == b"yes"
    finally:
        again.kill()
