"""The launcher from outside: one start with everything, the ways it can end, and the second start with all data."""

from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
import redis

from labelportal.run import probes
from tests.run.launcher import Launcher
from tests.support.servers import wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

PARTS = ("redis", "s3", "glue", "worker", "engine-worker", "beat", "web")


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """A first start on an empty folder, up to the ready line. The tests below run in order and share it."""
    launcher = Launcher(tmp_path_factory.mktemp("run") / "var")
    try:
        launcher.start()
        launcher.wait_for("ready after")
        yield launcher
    finally:
        launcher.end()


def read_env(path: Path) -> dict[str, str]:
    """The file as ``set -a; . file`` would read it."""
    script = f"set -a; . {path}; env"
    output = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True).stdout
    return {
        name: value
        for name, _, value in (line.partition("=") for line in output.splitlines())
        if name.startswith("AWS_")
    }


def aws_client(launcher: Launcher, service: str) -> object:
    """A client that knows nothing but var/aws.env."""
    env = read_env(launcher.var / "aws.env")
    return boto3.session.Session(
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        region_name=env["AWS_DEFAULT_REGION"],
    ).client(service, endpoint_url=env[f"AWS_ENDPOINT_URL_{service.upper()}"])  # type: ignore[call-overload]


def test_the_ready_line_names_addresses_that_answer(launcher: Launcher) -> None:
    ready = [line for line in launcher.printed().splitlines() if "ready after" in line]
    assert len(ready) == 1
    urls = re.findall(r"\w+://[\d.:/]+", ready[0])
    assert [int(url.split(":")[2].split("/")[0]) for url in urls] == list(launcher.ports.values())
    assert probes.http_answers(f"{urls[0]}/health")
    assert probes.http_answers(f"{urls[1]}/health")
    assert probes.redis_answers(urls[3])
    assert {path.stem for path in (launcher.var / "log").glob("*.log")} >= set(PARTS)


def test_aws_clients_work_with_the_file_alone(launcher: Launcher) -> None:
    assert sorted(read_env(launcher.var / "aws.env")) == [
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL_GLUE",
        "AWS_ENDPOINT_URL_S3",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ]
    s3 = aws_client(launcher, "s3")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["labelportal"]  # type: ignore[attr-defined]
    glue = aws_client(launcher, "glue")
    assert "TransformIds" in glue.list_ml_transforms()  # type: ignore[attr-defined]


def test_only_this_account_can_read_the_state(launcher: Launcher) -> None:
    for name in ("aws.env", "secret_key", "labelportal.sqlite3", "passwords"):
        path = launcher.var / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(launcher.var.stat().st_mode) == 0o700


def opened_by(pid: int) -> Iterator[str]:
    """What the files of a process are, as far as neither they nor it are gone meanwhile."""
    with suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield str(file.readlink())


def test_everything_listens_on_loopback_only(launcher: Launcher) -> None:
    sockets = {opened for pid in launcher.processes() for opened in opened_by(pid)}
    listening = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _number, local, _remote, state, *_rest = line.split()
            address, _, port = local.rpartition(":")
            ours = f"socket:[{line.split()[9]}]" in sockets or int(port, 16) in launcher.ports.values()
            if state == "0A" and ours:
                listening[int(port, 16)] = address
    assert listening == dict.fromkeys(launcher.ports.values(), "0100007F")


def test_a_second_launcher_on_the_same_folder_refuses(launcher: Launcher) -> None:
    assert launcher.process is not None
    second = Launcher(launcher.var)
    second.output = launcher.var.parent / "second.out"
    second.starts = 100
    second.start()
    assert second.process is not None
    assert second.process.wait(20) == 1
    assert f"is already running on {launcher.var} (pid {launcher.process.pid})" in second.printed()
    assert probes.http_answers(f"http://127.0.0.1:{launcher.ports['web']}/health")


def test_a_taken_port_is_named_before_anything_starts(launcher: Launcher, tmp_path: Path) -> None:
    other = Launcher(tmp_path / "var", ports={**Launcher(tmp_path / "var").ports, "web": launcher.ports["web"]})
    other.start()
    assert other.process is not None
    assert other.process.wait(20) == 1
    port = launcher.ports["web"]
    assert re.search(rf"Port {port} for web is taken by .*gunicorn.* \(pid \d+\)\. .*WEB_PORT", other.printed())
    assert other.processes() == {}
    assert not (other.var / "aws.env").exists()


def test_a_worker_that_is_killed_comes_back(launcher: Launcher) -> None:
    url = f"redis://127.0.0.1:{launcher.ports['redis']}/0"
    victims = [pid for pid, command in launcher.processes().items() if "--queues portal" in command]
    assert victims
    subprocess.run(["kill", "-9", *map(str, victims)], check=True)
    launcher.wait_for("worker ended (by SIGKILL); it will be started again in 1 s", 10)
    launcher.wait_for("worker answers again", 30)
    assert probes.worker_answers(url, "portal@localhost")


def test_a_killed_launcher_leaves_no_process_and_the_next_start_has_all_data(launcher: Launcher) -> None:
    s3 = aws_client(launcher, "s3")
    s3.put_object(Bucket="labelportal", Key="kept/labels.csv", Body=b"labeling_set_id,label\n")  # type: ignore[attr-defined]
    with redis.Redis(port=launcher.ports["redis"]) as client:
        client.set("kept", "yes")
    keys = read_env(launcher.var / "aws.env")

    launcher.signal(signal.SIGKILL)
    launcher.start()
    launcher.wait_for("ready after")

    assert len([line for line in launcher.printed().splitlines() if "ready after" in line]) == 1
    body = aws_client(launcher, "s3").get_object(Bucket="labelportal", Key="kept/labels.csv")["Body"].read()  # type: ignore[attr-defined]
    assert body == b"labeling_set_id,label\n"
    with redis.Redis(port=launcher.ports["redis"]) as client:
        assert client.get("kept") == b"yes"
    assert read_env(launcher.var / "aws.env") == keys
    assert "assword" not in launcher.printed(), "passwords are shown once"


def test_sigterm_stops_every_child(launcher: Launcher) -> None:
    assert len(launcher.processes()) >= len(PARTS)
    assert launcher.signal(signal.SIGTERM) == 0
    assert launcher.processes() == {}
    for port in launcher.ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_ports_that_move_are_written_and_what_is_there_stays(launcher: Launcher) -> None:
    before = read_env(launcher.var / "aws.env")
    manifest = launcher.var / "static" / "staticfiles.json"
    collected = manifest.stat().st_mtime_ns
    moved = Launcher(launcher.var, env={"DEMO_PASSWORD": "not-used-on-a-second-start"})
    moved.starts = 200
    moved.start()
    try:
        moved.wait_for("ready after")
        after = read_env(launcher.var / "aws.env")
        assert after["AWS_ENDPOINT_URL_S3"] == f"http://127.0.0.1:{moved.ports['s3']}"
        assert after["AWS_SECRET_ACCESS_KEY"] == before["AWS_SECRET_ACCESS_KEY"]
        assert manifest.stat().st_mtime_ns == collected, "static files that have not changed are not collected again"
        assert moved.process is not None
        # A whole group killed at once, as a terminal that closes or a machine short of memory may do it.
        keepers = [pid for pid, command in moved.processes().items() if command.endswith("-m labelportal.run")]
        subprocess.run(["kill", "-9", str(moved.process.pid), *map(str, keepers)], check=False, capture_output=True)
        moved.process.wait(10)
        wait_until(lambda: not moved.processes(), seconds=10, what=f"the end of all processes ({keepers} killed)")
    finally:
        moved.end()
