"""Addresses that somebody has typed in: whether they are any, and whether a Redis or an S3 answers there.

What is wrong is said without the address itself, which may hold a password.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import environ
import redis
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured

from labelportal.run.config import ConfigError
from labelportal.run.probes import s3_client

_ENGINES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")


def _database(url: str) -> bool:
    with warnings.catch_warnings(action="ignore"):
        return environ.Env.db_url_config(url).get("ENGINE") in _ENGINES


def _redis(url: str) -> bool:
    return url.startswith(("redis://", "rediss://")) and redis.Redis.from_url(url) is not None


def _mail(url: str) -> bool:
    return bool(environ.Env.email_url_config(url))


def _server(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0


_ADDRESSES: dict[str, tuple[Callable[[str], bool], str]] = {
    "DATABASE_URL": (
        _database,
        "a database, such as postgres://user:password@host:5432/name or sqlite:////folder/file",
    ),
    "REDIS_URL": (_redis, "a Redis database, such as redis://host:6379/0"),
    "EMAIL_URL": (_mail, "a mail server, such as smtp+tls://user:password@host:587"),
    "LABELPORTAL_URL": (_server, "the portal as people have it, such as https://portal.example.com"),
    "AWS_ENDPOINT_URL_S3": (_server, "an S3 server, such as https://host:9000"),
    "AWS_ENDPOINT_URL_GLUE": (_server, "a Glue server, such as https://host:8010"),
}


def require_addresses(env: Mapping[str, str], *, options: Mapping[str, str] | None = None) -> None:
    """Raises ``ConfigError`` for the first variable that holds something else than an address of its kind; ``options`` names it otherwise."""
    for variable, (is_one, example) in _ADDRESSES.items():
        try:
            good = not env.get(variable) or is_one(env[variable])
        except (ValueError, ImproperlyConfigured):  # a port that is no number, or no kind that is known
            good = False
        if not good:
            raise ConfigError(f"{(options or {}).get(variable, variable)} is not the address of {example}.")


def require_redis(url: str, *, name: str) -> None:
    """Raises ``ConfigError``, after five seconds at most, if no Redis lets us in; one that still loads its file is one."""
    client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, retry=None)
    try:
        client.ping()
    except redis.BusyLoadingError:
        return
    except redis.RedisError as error:
        reason = str(error).rstrip(".")
        raise ConfigError(f"{name}: no Redis answers there ({reason}). Start it, or name another one.") from error
    finally:
        client.close()


_BAD_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthFailure"})


def require_s3(env: Mapping[str, str], bucket: str, *, name: str) -> None:
    """Raises ``ConfigError``, after some seconds at most, if no S3 answers or if it knows nothing of the credentials.

    What else it refuses it may refuse by right: those who may write to a bucket need not be allowed to list it.
    """
    try:
        s3_client(env, connect_timeout=5).list_objects_v2(Bucket=bucket, MaxKeys=1)
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code in _BAD_KEYS:
            message = f"{name}: the S3 there refuses the credentials ({code}). AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name them."
            raise ConfigError(message) from error
    except BotoCoreError as error:
        reason = str(error).rstrip(".")
        raise ConfigError(f"{name}: no S3 answers there ({reason}). Start it, or name another one.") from error
