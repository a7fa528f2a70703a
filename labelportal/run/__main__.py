"""``python -m labelportal.run``: prepare, start, say when it is ready, keep it running, stop it in order."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from labelportal.run import ports, probes
from labelportal.run.config import REGION, ConfigError, Installation
from labelportal.run.credentials import AwsCredentials, write_aws_env
from labelportal.run.launcher import Launcher, StepError, sentence, short
from labelportal.run.lifeline import die_with_parent
from labelportal.run.lock import InstallationLock
from labelportal.run.parts import Part, all_parts
from labelportal.run.values import Values


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until a signal comes; returns the exit code: 0 after SIGINT or SIGTERM, 1 when something could not be started or kept running."""
    parser = argparse.ArgumentParser(
        prog="python -m labelportal.run", description="Runs all parts of labelportal on this machine."
    )
    parser.add_argument("--verbose", action="store_true", help="show what the parts write, not only keep it in var/log")
    parser.add_argument(
        "--stop-with-parent", action="store_true", help="stop when the process that started this one is gone"
    )
    options = parser.parse_args(arguments)
    if options.stop_with_parent:
        die_with_parent(os.getppid(), signal.SIGTERM)
    os.umask(0o077)  # records hold personal data: what the parts write is for this account alone
    multiprocessing.set_start_method("fork")  # the keepers inherit the lock and the lifeline
    try:
        installation = Installation.from_environ()
        lock = InstallationLock(installation.var / "run.lock")
        with lock.held():
            installation.var.chmod(0o700)
            mine = [(name, port) for name, port in installation.ports.items() if name not in installation.external]
            ports.require_free(mine, patience=5.0 if lock.previous_was_killed else 0.0)
            return Portal(installation, verbose=options.verbose).run()
    except (ConfigError, OSError) as error:
        print(f"labelportal: {sentence(error)}", file=sys.stderr)  # noqa: T201
        return 1


class Portal(Launcher):
    """All parts of the portal."""

    def __init__(self, installation: Installation, *, verbose: bool) -> None:
        self.credentials = AwsCredentials.load_or_create(installation.var / "aws.env")
        super().__init__(installation, installation.environment(self.credentials), verbose=verbose)
        self.bucket = Values(self.env).text("LABELPORTAL_BUCKET", "labelportal")

    def start(self) -> None:
        """Redis and S3 start while the database and the static files are brought up to date; the rest follows."""
        self._write_aws_env()
        self.supervisor.say(f"starting; state in {self.var}, logs in {self.installation.logs}")
        parts = all_parts(self.installation, self.env)
        first, rest = [part for part in parts if part.stage == 0], [part for part in parts if part.stage > 0]
        for part in first:
            self.supervisor.launch(part)
        empty = "nobody" in self.step("prepare", "-m", "labelportal.run.prepare")
        self.supervisor.wait(first)
        if "s3" not in self.installation.external:
            probes.ensure_bucket(self.env, self.bucket)
        for part in rest:
            self.supervisor.launch(part)
        if empty or not self._seeded.exists():
            self._seed(rest)
        self.supervisor.wait(rest)

    @property
    def _seeded(self) -> Path:
        """Stands once seeding has come to its end, so that later starts need not look; a start that was cut short seeds again."""
        return self.var / "seeded"

    def _seed(self, rest: Sequence[Part]) -> None:
        """Accounts and the demo transform, made through Glue and S3 as a person would make them. Shows what it says: the first passwords.

        A Glue or S3 of somebody else may refuse the transform. That is no reason not to start: the accounts are there, or there were some before.
        """
        self.supervisor.wait([part for part in rest if part.name == "glue"])
        try:
            printed = self.step("seed", "manage.py", "seed")
        except StepError as error:
            printed = error.printed
            self.supervisor.say(f"{str(error).strip()}\n{self.name}: the next start tries that again.")
        else:
            self._seeded.touch()
        if printed.strip():
            print(printed.strip(), flush=True)  # noqa: T201

    @property
    def _serves_aws_clients(self) -> bool:
        return not {"glue", "s3"} <= self.installation.external

    def _write_aws_env(self) -> None:
        if not self._serves_aws_clients:
            return
        glue_url, s3_url = self.installation.glue_url, self.installation.s3_url
        write_aws_env(self.var / "aws.env", self.credentials, region=REGION, glue_url=glue_url, s3_url=s3_url)

    def ready_text(self) -> str:
        addresses = {
            "Glue": self.installation.glue_url,
            "S3": self.installation.s3_url,
            "Redis": self.installation.redis_url,
        }
        others = [f"{name} {url}" for name, url in addresses.items() if name.lower() not in self.installation.external]
        said = [", ".join(others)] if others else []
        if self._serves_aws_clients:
            said.append(f"AWS clients: {short(self.var / 'aws.env')}")
        return f"{self.installation.web_url} ({'; '.join(said)})" if said else self.installation.web_url


if __name__ == "__main__":
    sys.exit(main())
