"""Questions that tell whether a part does its work. None of them raises; each takes about a second at most.

``ensure_bucket`` is no question, and raises ``ConfigError``.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, cast

import boto3
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from celery import Celery
from kombu.exceptions import OperationalError

from labelportal.run.config import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType

_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_answers(url: str) -> bool:
    """Whether GET brings 200."""
    try:
        with _NO_PROXY.open(url, timeout=1) as response:
            return bool(response.status == 200)
    except (OSError, HTTPException):  # a refusal, silence, or an answer that is no HTTP
        return False


def redis_answers(url: str) -> bool:
    """Whether PING brings PONG; a server that still loads its file does not count."""
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def s3_client(env: Mapping[str, str], *, connect_timeout: int = 1) -> S3Client:
    """A client for the S3 that ``env`` names; without an endpoint there it is AWS's own."""
    session = boto3.session.Session(
        aws_access_key_id=env.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=env.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=env.get("AWS_SESSION_TOKEN"),
        region_name=env.get("AWS_DEFAULT_REGION"),
    )
    endpoint = env.get("AWS_ENDPOINT_URL_S3")
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=5,
        retries={"total_max_attempts": 1},
        proxies={} if endpoint else None,
        s3={"addressing_style": "path"} if endpoint else None,
    )
    return session.client("s3", endpoint_url=endpoint, config=config)


@lru_cache(maxsize=1)
def _prober(endpoint: str, key: str, secret: str, region: str) -> S3Client:
    return s3_client(
        {
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": region,
        }
    )


def s3_answers(env: Mapping[str, str]) -> bool:
    """Whether ListBuckets succeeds with the installation's own key."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    try:
        _prober(*(env[name] for name in names)).list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True


def ensure_bucket(env: Mapping[str, str], bucket: str) -> None:
    """Makes the bucket if it is missing."""
    try:
        _make_unless_there(s3_client(env), bucket)
    except (BotoCoreError, ClientError) as error:
        raise ConfigError(f"The bucket {bucket} could be neither found nor made: {error}") from error


def _make_unless_there(client: S3Client, bucket: str) -> None:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        region = client.meta.region_name
        if region == "us-east-1":  # the one region that must not be named
            client.create_bucket(Bucket=bucket)
        else:
            constraint = cast("BucketLocationConstraintType", region)
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": constraint})


def worker_answers(broker: str, node: str) -> bool:
    """Whether the Celery worker ``node`` replies to a ping over the broker."""
    app = Celery(broker=broker, set_as_current=False)
    try:
        return bool(app.control.ping(destination=[node], timeout=1.0, limit=1))
    except (OSError, redis.RedisError, OperationalError):
        return False
    finally:
        app.close()


def log_says(path: Path, text: str) -> bool:
    """Whether the part has written ``text``; for beat, which listens nowhere."""
    try:
        return text in path.read_text(errors="replace")
    except OSError:
        return False
