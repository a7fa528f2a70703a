"""docker-compose.yml, checked without a container engine: its schema, its references, its secrets, and its commands run by hand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from labelportal.run import probes
from labelportal.run.config import ROOT
from tests.support.environment import clean_environ, free_port
from tests.support.postgres import postgres
from tests.support.servers import wait_until

FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<operator>:?[?-])?(?P<rest>[^{}]*)\}")


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """As compose does it; KeyError for a required variable that is missing."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match["name"], match["operator"] or "", match["rest"]
        given = env.get(name)
        missing = given is None or (operator.startswith(":") and given == "")
        if missing and operator.endswith("?"):
            raise KeyError(rest)
        return (rest if operator.endswith("-") else "") if missing or given is None else given

    while (inner := VARIABLE.sub(value, text)) != text:
        text = inner
    return text


def example_env() -> dict[str, str]:
    """The .env that docs/operations.md proposes, as a shell would write it."""
    script = re.search(r"```sh\n(random\(\).*?\nEOF)\n", (ROOT / "docs/operations.md").read_text(), re.DOTALL)
    assert script, "docs/operations.md has no .env to start from"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", "-euc", script[1]], cwd=folder, check=True)
        lines = (Path(folder) / ".env").read_text().splitlines()
    return {
        name: value for name, _, value in (line.partition("=") for line in lines if line and not line.startswith("#"))
    }


def test_the_file_is_what_compose_expects() -> None:
    command = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_points_to_what_is_not_there(name: str) -> None:
    service = SERVICES[name]
    assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for other, condition in service.get("depends_on", {}).items():
        assert other in SERVICES
        if not condition.get("required", True):
            continue
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        needed, mine = set(SERVICES[other].get("profiles", [])), set(service.get("profiles", []))
        assert needed <= mine, f"{name} would wait for {other}, which its profiles do not start"


def test_everything_that_is_declared_is_used() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert {network for service in SERVICES.values() for network in service["networks"]} == set(COMPOSE["networks"])


def test_hosts_in_addresses_are_services() -> None:
    env = example_env()
    for service in SERVICES.values():
        for value in service.get("environment", {}).values():
            for host in re.findall(r"\w+://(?:[^/@\s]*@)?([a-z0-9-]+):\d+", interpolate(value, env)):
                assert host in SERVICES


def test_only_the_portal_is_reachable_and_only_from_the_host_itself() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:${WEB_PORT:-8000}:8000"]}


def test_a_database_of_ones_own_is_reached_by_every_part_that_asks_it() -> None:
    documented = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL)
    assert documented, "docs/operations.md has no docker-compose.override.yml"
    override = yaml.safe_load(documented[1])["services"]
    env = example_env() | {"DATABASE_URL": "postgres://portal:secret@db.example.com/portal?sslmode=require"}
    asking = {name for name, service in SERVICES.items() if "DATABASE_URL" in service.get("environment", {})}
    for name in asking - {"bucket"}:  # it asks S3 alone
        assert interpolate(SERVICES[name]["environment"]["DATABASE_URL"], env) == env["DATABASE_URL"]
        assert "outside" in (override.get(name) or SERVICES[name])["networks"], name
    assert override["postgres"] == {"scale": 0}
    assert "@postgres:5432/" in interpolate(SERVICES["web"]["environment"]["DATABASE_URL"], example_env())


# With no LABELPORTAL_URL, links in invitations would lead to the reader's own machine.
@pytest.mark.parametrize("needed", ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY", "LABELPORTAL_URL"])
def test_what_is_needed_and_not_set_stops_everything(needed: str) -> None:
    env = example_env()
    interpolate(TEXT, env)
    for value in ({needed: ""}, {}):
        with pytest.raises(KeyError, match=needed):
            interpolate(TEXT, {name: given for name, given in env.items() if name != needed} | value)


def test_the_file_itself_holds_no_secret() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|AUTH$|KEY_ID", name) and name != "AUTH":
                assert "?" in value or value.endswith(":-}"), name
    assert all("-" not in (match["operator"] or "") for match in VARIABLE.finditer(TEXT) if "PASSWORD" in match["name"])


def test_every_variable_is_documented() -> None:
    documented = (ROOT / "docs/operations.md").read_text()
    names = set(re.findall(r"\$\{(\w+)", TEXT))
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_no_log_fills_the_disk() -> None:
    for name, service in SERVICES.items():
        assert service["logging"]["options"].keys() >= {"max-size", "max-file"}, name


def test_the_image_gets_what_its_recipe_copies() -> None:
    recipe = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", recipe, re.MULTILINE):
        for path in source.split():
            assert (ROOT / path).exists(), path
            assert f"!{path}" in ignored, path
    assert "USER labelportal" in recipe
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages <= set(re.findall(r"^COPY (\w+) ", recipe, re.MULTILINE))


class Compose:
    """Runs the commands of the services as processes, each with its own environment, on local addresses."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        (folder / "tmp").mkdir()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {name: free_port() for name in ("web", "glue", "s3", "redis")}
        self.env = example_env() | {"COMPOSE_PROFILES": "glue,s3", "WEB_CONCURRENCY": "1", "WORKER_CONCURRENCY": "1"}
        self.database_url = database_url

    def local(self, text: str) -> str:
        """The text with the containers' addresses and folders replaced by ours."""
        text = interpolate(text, self.env)
        if text.startswith("postgres://"):
            return self.database_url
        for pattern, port in {"glue:8010": "glue", "s3:8020": "s3", "redis:6379": "redis"}.items():
            text = text.replace(pattern, f"127.0.0.1:{self.ports[port]}")
        text = text.replace("0.0.0.0:8000", f"127.0.0.1:{self.ports['web']}").replace(
            "0.0.0.0:8010", f"127.0.0.1:{self.ports['glue']}"
        )
        return text.replace("/var/lib/labelportal", str(self.folder)).replace("/var/tmp", str(self.folder / "tmp"))

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """The command of the service."""
        service = SERVICES[name]
        command = [self.local(word) for word in service["command"]]
        if name == "s3":
            command[-2:] = [str(self.ports["s3"]), "127.0.0.1"]
        if name == "redis":
            from labelportal.run.parts import find_redis_server  # the server that this machine has

            command = [find_redis_server(), *command[1:], "--port", str(self.ports["redis"]), "--dir", str(self.folder)]
        programs = Path(sys.executable).parent
        env = clean_environ() | {key: self.local(value) for key, value in service.get("environment", {}).items()}
        env |= {"LABELPORTAL_PULSE": str(self.pulse(name))}
        env |= {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}  # as in the image
        with (self.folder / f"{name}.out").open("ab") as log:
            process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        self.running[name] = process
        return process

    def pulse(self, name: str) -> Path:
        """Its ``/tmp/pulse``: each container has a folder of its own."""
        return self.folder / f"{name}.pulse"

    def is_healthy(self, name: str, *, of: Path | None = None) -> bool:
        """What the health check of a service without an address says, of its pulse or of another file."""
        _cmd, program, *words = SERVICES[name]["healthcheck"]["test"]
        words = [word.replace("/tmp/pulse", str(of or self.pulse(name))) for word in words]
        return subprocess.run([program, *words], check=False, capture_output=True).returncode == 0

    def output(self, name: str) -> str:
        """What the service has written."""
        return (self.folder / f"{name}.out").read_text(errors="replace")

    def stop(self) -> None:
        """Ends everything that runs."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + 10
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def compose(tmp_path: Path) -> Iterator[Compose]:
    with postgres() as url:
        compose = Compose(tmp_path, url)
        try:
            yield compose
        finally:
            compose.stop()


@pytest.mark.services
@pytest.mark.slow
def test_the_commands_run_with_the_environment_that_the_file_gives_them(compose: Compose) -> None:
    redis_url = compose.local(COMPOSE["x-environment"]["REDIS_URL"])
    compose.start("redis")
    wait_until(lambda: probes.redis_answers(redis_url), what="redis")
    scratch, week_ago = compose.folder / "tmp", time.time() - 8 * 24 * 3600
    (scratch / "folder").mkdir()
    for name in ("a.upload.csv", "b.upload.csv", "folder/c"):
        (scratch / name).touch()
    for name in ("a.upload.csv", "folder/c", "folder"):
        os.utime(scratch / name, (week_ago, week_ago))
    prepare = compose.start("prepare")
    assert prepare.wait(120) == 0, compose.output("prepare")
    compose.running.pop("prepare")
    assert [path.name for path in scratch.iterdir()] == ["b.upload.csv"], "what a killed process has left goes"
    env = {key: compose.local(value) for key, value in COMPOSE["x-environment"].items()}
    compose.start("s3")
    wait_until(lambda: probes.s3_answers(env), what="s3")
    for _ in ("the first start", "a later one"):
        assert compose.start("bucket").wait(60) == 0, compose.output("bucket")
    compose.running.pop("bucket")
    probes.s3_client(env).put_object(Bucket=env["LABELPORTAL_BUCKET"], Key="sources/a.csv", Body=b"id\n1\n")
    for name in ("glue", "web", "worker", "engine-worker", "beat"):
        compose.start(name)
    host = os.uname().nodename
    checks = {
        "glue": lambda: probes.http_answers(f"http://127.0.0.1:{compose.ports['glue']}/health"),
        "web": lambda: probes.http_answers(f"http://127.0.0.1:{compose.ports['web']}/health"),
        "worker": lambda: probes.worker_answers(redis_url, f"portal@{host}"),
        "engine-worker": lambda: probes.worker_answers(redis_url, f"engine@{host}"),
        "beat": lambda: "Configuration ->" in compose.output("beat"),
    }
    for name, check in checks.items():
        try:
            wait_until(check, seconds=60, what=name)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{compose.output(name)}") from None
    stale = compose.folder / "stale.pulse"
    stale.touch()
    os.utime(stale, (week_ago, week_ago))
    for name in ("worker", "engine-worker", "beat"):
        assert compose.is_healthy(name), name
        assert not compose.is_healthy(name, of=stale), name
        os.utime(compose.pulse(name), (week_ago, week_ago))
    for name in ("worker", "engine-worker", "beat"):
        wait_until(partial(compose.is_healthy, name), seconds=30, what=f"the pulse of {name}")
    assert json.loads((compose.folder / "static" / "staticfiles.json").read_text())["paths"]
