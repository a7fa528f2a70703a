"""``python -m localglue``: the Glue API with its engine and nothing else, for people who test their own code against it.

The parts and how they are kept are those of ``make run``. This module, and in localglue only this one, knows the launcher.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from labelportal.run import ports, probes
from labelportal.run.config import HOST, REGION, REGION_NAME, ConfigError, Installation, Ports
from labelportal.run.credentials import AwsCredentials, write_aws_env
from labelportal.run.launcher import Launcher, sentence, short
from labelportal.run.lifeline import die_with_parent
from labelportal.run.lock import InstallationLock
from labelportal.run.parts import all_parts

PARTS = ("redis", "s3", "glue", "engine-worker", "beat")
BUCKET = "localglue"
# What the environment of another project may hold for its own Django, Celery or database: none of it is meant for us.
_FOREIGN = (
    *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "DEBUG", "DJANGO_SETTINGS_MODULE", "EMAIL_URL"),
    *("EXTERNAL", "GUNICORN_CMD_ARGS", "HTTPS", "LABELPORTAL_PROCESS", "LABELPORTAL_URL", "LOG_LEVEL"),
    *("REDIS_URL", "SECRET_KEY", "WEB_CONCURRENCY", "WORKER_CONCURRENCY"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until a signal comes; returns the exit code: 0 after SIGINT or SIGTERM, 1 when something could not be started or kept running."""
    options = _parser().parse_args(arguments)
    if options.stop_with_parent:
        die_with_parent(os.getppid(), signal.SIGTERM)
    os.umask(0o077)  # records hold personal data: what the parts write is for this account alone
    multiprocessing.set_start_method("fork")  # the keepers inherit the lock and the lifeline
    with contextlib.ExitStack() as stack:
        state = options.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="localglue-")))
        try:
            installation = _installation(options, state.resolve(), os.environ)
            lock = InstallationLock(installation.var / "run.lock", name="localglue", advice="choose another --state")
            with lock.held():
                installation.var.chmod(0o700)
                _require_free(installation, patience=5.0 if lock.previous_was_killed else 0.0)
                return Alone(installation, _credentials(installation), options).run()
        except (ConfigError, OSError) as error:
            print(f"localglue: {sentence(error)}", file=sys.stderr)  # noqa: T201
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localglue",
        description="Runs the Glue API for ML transforms on this machine, with the S3 and Redis that it needs.",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        help="keeps everything here; without it, everything is deleted at the end",
    )
    for name, port in _default_ports().items():
        option = "--port" if name == "glue" else f"--{name}-port"
        parser.add_argument(option, type=_port, default=port, metavar="PORT", help=f"default {port}; 0 for a free one")
    parser.add_argument("--region", type=_region, default=REGION, help=f"default {REGION}")
    parser.add_argument("--bucket", default=BUCKET, help=f"created in the S3 that is started; default {BUCKET}")
    parser.add_argument(
        "--s3-endpoint",
        metavar="URL",
        help="your own S3; its keys, from the environment, are then also the keys of Glue",
    )
    parser.add_argument("--redis-url", metavar="URL", help="your own Redis database, used by nothing else")
    parser.add_argument("--database-url", metavar="URL", help="postgres://…; default: SQLite in the state folder")
    parser.add_argument("--verbose", action="store_true", help="show what the parts write, not only keep it in log/")
    parser.add_argument(
        "--stop-with-parent", action="store_true", help="stop when the process that started this one is gone"
    )
    return parser


def _default_ports() -> dict[str, int]:
    return {name: port for name, port in Ports().items() if name in PARTS}


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is not a port number (0 to 65535)")
    return int(text)


def _region(text: str) -> str:
    if not REGION_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a region, such as {REGION}")
    return text


def _installation(options: argparse.Namespace, state: Path, environ: Mapping[str, str]) -> Installation:
    """The installation that the options describe. Raises ``ConfigError`` for one port named twice."""
    given = {"glue": options.port, "s3": options.s3_port, "redis": options.redis_port}
    fixed = [port for port in given.values() if port]
    if len(set(fixed)) < len(fixed):
        raise ConfigError("--port, --s3-port and --redis-port must differ.")
    chosen = {name: port or _free_port(avoid=fixed) for name, port in given.items()}
    base = {
        name: value
        for name, value in environ.items()
        if name not in _FOREIGN and not name.startswith(("CELERY_", "GUNICORN_"))
    }
    base.pop("AWS_ENDPOINT_URL_S3", None)
    external = set()
    if options.s3_endpoint:
        external.add("s3")
        base["AWS_ENDPOINT_URL_S3"] = options.s3_endpoint
    if options.redis_url:
        external.add("redis")
        base["REDIS_URL"] = options.redis_url
    base["DATABASE_URL"] = options.database_url or f"sqlite:///{state / 'localglue.sqlite3'}"
    base["LOCALGLUE_ALONE"] = "true"
    return Installation(state, Ports(web=0, **chosen), base, frozenset(external))


def _free_port(avoid: list[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port not in avoid:
            avoid.append(port)
            return port


def _require_free(installation: Installation, *, patience: float) -> None:
    mine = [(name, port) for name, port in installation.ports.items() if name in PARTS]
    options = {name: "--port" if name == "glue" else f"--{name}-port" for name, _ in mine}
    ports.require_free(
        [entry for entry in mine if entry[0] not in installation.external],
        patience=patience,
        advice=lambda name, port: f"{options[name]} {port + 1}",
    )


def _credentials(installation: Installation) -> AwsCredentials:
    """Those of the caller's S3, or a pair of our own: the caller's keys for AWS are no business of an emulator."""
    if "s3" not in installation.external:
        return AwsCredentials.load_or_create(installation.var / "aws.env")
    key, secret = (installation.base.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    if not (key and secret):
        raise ConfigError("--s3-endpoint needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.")
    return AwsCredentials(key, secret)


class Alone(Launcher):
    """localglue, its engine and its sweep, with an S3 and a Redis unless they are somebody else's."""

    name = "localglue"
    options = {
        "DATABASE_URL": "--database-url",
        "REDIS_URL": "--redis-url",
        "AWS_ENDPOINT_URL_S3": "--s3-endpoint",
    }

    def __init__(self, installation: Installation, credentials: AwsCredentials, options: argparse.Namespace) -> None:
        env = installation.environment(credentials) | {"AWS_DEFAULT_REGION": options.region}
        super().__init__(installation, env, verbose=options.verbose)
        self.bucket = options.bucket
        self.s3_url = self.env["AWS_ENDPOINT_URL_S3"]
        self.aws_env = self.var / "aws.env"
        write_aws_env(
            self.aws_env, credentials, region=options.region, glue_url=installation.glue_url, s3_url=self.s3_url
        )

    def start(self) -> None:
        """Redis and S3 start while the tables are made; the rest follows."""
        parts = [part for part in all_parts(self.installation, self.env) if part.name in PARTS]
        first, rest = [part for part in parts if part.stage == 0], [part for part in parts if part.stage > 0]
        for part in first:
            self.supervisor.launch(part)
        self.step("prepare", "-m", "labelportal.run.prepare")
        self.supervisor.wait(first)
        if "s3" not in self.installation.external:
            probes.ensure_bucket(self.env, self.bucket)
        for part in rest:
            self.supervisor.launch(part)
        self.supervisor.wait(rest)

    def ready_text(self) -> str:
        """Addresses, and how a shell gets the environment for any AWS client."""
        return f"Glue {self.installation.glue_url}, S3 {self.s3_url}; set -a; . {short(self.aws_env)}; set +a"
