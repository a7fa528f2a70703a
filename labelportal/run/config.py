"""Where one installation keeps its state and on which ports it answers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from labelportal.run.credentials import AwsCredentials

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
REGION = "us-east-1"
REGION_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
EXTERNAL_PARTS = ("glue", "redis", "s3")
REFUSED = 2  # the exit code of a step that has said all there is to say of why it could not be done

# What a developer's own shell may carry and what would send our requests elsewhere.
_FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ENDPOINT_URL")


class ConfigError(ImproperlyConfigured):
    """The environment asks for something that cannot be; the message is for the person at the terminal. Django's own, so that its commands say it too."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The four ports of one installation, all on the loopback address."""

    web: int = 8000
    glue: int = 8010
    s3: int = 8020
    redis: int = 8030

    @staticmethod
    def variable(name: str) -> str:
        """The environment variable that moves the port of a part."""
        return f"{name.upper()}_PORT"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Ports:
        """WEB_PORT, GLUE_PORT, S3_PORT, REDIS_PORT; raises ConfigError for what is no port, or one port named twice."""
        chosen: dict[str, int] = {}
        for field in fields(cls):
            variable = cls.variable(field.name)
            text = environ.get(variable, "").strip() or str(field.default)
            if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
                raise ConfigError(f"{variable}={text} is not a port number (1 to 65535).")
            for other, port in chosen.items():
                if port == int(text):
                    raise ConfigError(f"{cls.variable(other)} and {variable} are both {port}; each part needs its own.")
            chosen[field.name] = int(text)
        return cls(**chosen)

    def items(self) -> list[tuple[str, int]]:
        """(part, port) in the order in which they are reported."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class Installation:
    """One var directory, its ports and the environment in which all of its processes run.

    ``external`` names the parts that somebody else runs (``EXTERNAL=glue,s3`` with the addresses in the environment).
    """

    var: Path
    ports: Ports
    base: Mapping[str, str]
    external: frozenset[str] = frozenset()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Installation:
        """The installation that the environment describes; raises ConfigError."""
        environ = dict(os.environ if environ is None else environ)
        external = frozenset(filter(None, (part.strip() for part in environ.get("EXTERNAL", "").split(","))))
        if unknown := external.difference(EXTERNAL_PARTS):
            raise ConfigError(f"EXTERNAL names {', '.join(sorted(unknown))}; it takes {', '.join(EXTERNAL_PARTS)}.")
        if "redis" in external and not environ.get("REDIS_URL"):
            raise ConfigError("EXTERNAL=redis needs REDIS_URL, the address of your Redis.")
        var = Path(environ.get("LABELPORTAL_VAR") or ROOT / "var").resolve()
        return cls(var=var, ports=Ports.from_environ(environ), base=environ, external=external)

    @property
    def logs(self) -> Path:
        """The folder with one log per part."""
        return self.var / "log"

    @property
    def web_url(self) -> str:
        """The address for people."""
        return f"http://{HOST}:{self.ports.web}"

    @property
    def glue_url(self) -> str:
        """The address for the AWS Glue API."""
        return f"http://{HOST}:{self.ports.glue}"

    @property
    def s3_url(self) -> str:
        """The address for the S3 API."""
        return f"http://{HOST}:{self.ports.s3}"

    @property
    def redis_url(self) -> str:
        """The address of the broker."""
        return self.base["REDIS_URL"] if "redis" in self.external else f"redis://{HOST}:{self.ports.redis}/0"

    def environment(self, credentials: AwsCredentials) -> dict[str, str]:
        """The variables that every process gets; what stands in ``external`` keeps the caller's own AWS settings."""
        env = dict(self.base)
        if not {"glue", "s3"} <= self.external:
            for name in _FOREIGN:
                env.pop(name, None)
            env.update(
                AWS_ACCESS_KEY_ID=credentials.access_key_id,
                AWS_SECRET_ACCESS_KEY=credentials.secret_access_key,
                AWS_DEFAULT_REGION=REGION,
            )
        if "glue" not in self.external:
            env["AWS_ENDPOINT_URL_GLUE"] = self.glue_url
        env["LOCALGLUE_HERE"] = "false" if "glue" in self.external else "true"
        if "s3" not in self.external:
            env["AWS_ENDPOINT_URL_S3"] = self.s3_url
        if self.ports.web and not env.get("LABELPORTAL_URL", "").strip():
            env["LABELPORTAL_URL"] = self.web_url
        bypass = [*filter(None, env.get("NO_PROXY", env.get("no_proxy", "")).split(",")), HOST, "localhost"]
        env["NO_PROXY"] = env["no_proxy"] = ",".join(dict.fromkeys(bypass))
        env.update(
            DJANGO_SETTINGS_MODULE="labelportal.settings",
            LABELPORTAL_VAR=str(self.var),
            REDIS_URL=self.redis_url,
            PYTHONUNBUFFERED="1",
        )
        return env
