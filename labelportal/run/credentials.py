"""The key pair that this installation's Glue and S3 accept: random, made once, kept in ``var/aws.env`` (mode 0600)."""

from __future__ import annotations

import os
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

_KEY_ID = "AWS_ACCESS_KEY_ID"
_SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """An access key as AWS clients carry it; it opens nothing at AWS."""

    access_key_id: str
    secret_access_key: str

    @classmethod
    def random(cls) -> AwsCredentials:
        """A new pair in the shape of AWS's own: 20 and 40 characters, none of which a shell would interpret."""
        alphabet = string.ascii_uppercase + string.digits
        return cls("LP" + "".join(secrets.choice(alphabet) for _ in range(18)), secrets.token_urlsafe(30))

    @classmethod
    def load_or_create(cls, path: Path) -> AwsCredentials:
        """The pair in ``path``, or a new one if the file is missing or not whole."""
        values: dict[str, str] = {}
        if path.exists():
            pairs = (line.partition("=") for line in path.read_text().splitlines())
            values = {name.strip(): value.strip() for name, _, value in pairs}
        if values.get(_KEY_ID) and values.get(_SECRET):
            return cls(values[_KEY_ID], values[_SECRET])
        return cls.random()


def write_private(path: Path, text: str) -> None:
    """Replaces the file in one step; nobody but its owner can read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(path)


def write_aws_env(path: Path, credentials: AwsCredentials, *, region: str, glue_url: str, s3_url: str) -> None:
    """Writes what ``set -a; . var/aws.env`` needs for the aws command and every AWS SDK."""
    lines = {
        _KEY_ID: credentials.access_key_id,
        _SECRET: credentials.secret_access_key,
        "AWS_SESSION_TOKEN": "",  # that of other keys, which a shell may hold, would be sent with these
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,  # all that the SDKs for JavaScript and Java read
        "AWS_ENDPOINT_URL_GLUE": glue_url,
        "AWS_ENDPOINT_URL_S3": s3_url,
    }
    write_private(path, "".join(f"{name}={value}\n" for name, value in lines.items()))
