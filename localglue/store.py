"""S3, as far as localglue needs it: find, read and write objects, in words that a run can report."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_PATH = re.compile(r"s3://([a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
PATIENT_SECONDS, HURRIED_SECONDS = 30, 10
_TEMPORARY = {"500", "502", "503", "504", "InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout"}


class StoreError(Exception):
    """S3 refuses. The message says at which path, if one was asked for, and why; ``reason`` only why."""

    def __init__(self, reason: str, path: S3Path | None = None) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.reason = reason


class StoreUnavailableError(StoreError):
    """S3 does not answer, or asks to come back later."""


@dataclass(frozen=True, slots=True)
class S3Path:
    """``s3://bucket/key``; the key may be empty or end with a slash."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def child(self, name: str) -> S3Path:
        """An object of this name in this folder, with or without a slash at its end. Every other slash is part of the key, also a first one."""
        folder = self.key if self.key.endswith("/") or not self.key else f"{self.key}/"
        return S3Path(self.bucket, f"{folder}{name}")


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object as a listing shows it."""

    path: S3Path
    size: int
    etag: str


def parse_path(text: str) -> S3Path:
    """Raises ``StoreError`` for anything that is not an ``s3://`` path to a bucket that runs may use."""
    match = _PATH.fullmatch(text)
    if match is None or len((match[2] or "").encode()) > 1024:
        raise StoreError("The path must have the form s3://bucket/key.")
    if not any(fnmatchcase(match[1], pattern) for pattern in settings.LOCALGLUE_BUCKETS):
        raise StoreError(f"The bucket {match[1]} is not one that localglue is allowed to use (LOCALGLUE_BUCKETS).")
    return S3Path(match[1], match[2] or "")


@lru_cache(maxsize=2)
def client(*, hurried: bool = False) -> S3Client:
    """One client a process, and one for requests that somebody waits for. Address and keys come from the environment, as for every AWS SDK.

    ``hurried``: two tries, of seconds. A start that took longer than the SDK waits would be sent again, and then start two runs.
    """
    return boto3.client(
        "s3",
        region_name=settings.LOCALGLUE_REGION,
        config=Config(
            connect_timeout=3,
            read_timeout=HURRIED_SECONDS if hurried else PATIENT_SECONDS,
            retries={"total_max_attempts": 2 if hurried else 3, "mode": "standard"},
            s3={"addressing_style": "path" if os.environ.get("AWS_ENDPOINT_URL_S3") else "auto"},
        ),
    )


@contextmanager
def _translated(path: S3Path) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        message = error.response["Error"].get("Message") or code
        if code == "404":
            message = "The object or bucket does not exist. The path of a folder ends with a slash."
        raise (StoreUnavailableError if code in _TEMPORARY else StoreError)(message, path) from error
    except (BotoCoreError, Boto3Error) as error:  # the second: an object that broke off at every try
        raise StoreUnavailableError(f"S3 does not answer ({type(error).__name__}).") from error


def bucket_region(path: S3Path) -> str:
    """The region of the path's bucket, in a hurry. Raises ``StoreError`` if there is no such bucket."""
    with _translated(path):
        location = client(hurried=True).get_bucket_location(Bucket=path.bucket).get("LocationConstraint")
    return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(location, str(location))


def check_bucket(path: S3Path) -> None:
    """Raises ``StoreError`` if the path's bucket does not exist. Whether it may be written to only shows in writing: who may write need not be
    allowed to look."""
    with _translated(path):
        try:
            client().head_bucket(Bucket=path.bucket)
        except ClientError as error:
            if error.response["Error"].get("Code") == "404":
                raise StoreError("The specified bucket does not exist", path) from None


def find(path: S3Path, *, hurried: bool = False) -> list[S3Object]:
    """The object at the path, or all objects under it that are not hidden if it ends with a slash or is a bucket; sorted."""
    if not path.key or path.key.endswith("/"):
        return [item for item in list_folder(path, hurried=hurried) if not is_hidden(item.path, path)]
    with _translated(path):
        head = client(hurried=hurried).head_object(Bucket=path.bucket, Key=path.key)
    return [S3Object(path, head["ContentLength"], head["ETag"])]


def list_folder(path: S3Path, *, hurried: bool = False) -> list[S3Object]:
    """All objects whose key begins with that of the path, sorted by key, without the marks that stand for folders."""
    found: list[S3Object] = []
    with _translated(path):
        pages = client(hurried=hurried).get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=path.bucket, Prefix=path.key):
            found.extend(
                S3Object(S3Path(path.bucket, item["Key"]), item["Size"], item["ETag"])
                for item in page.get("Contents", [])
                if not item["Key"].endswith("/")
            )
    return sorted(found, key=lambda item: item.path.key)


def is_hidden(path: S3Path, folder: S3Path) -> bool:
    """Whether Hive and Spark would not read it there: ``_SUCCESS``, ``.part.crc``, what is in a folder with such a name."""
    return any(part.startswith(("_", ".")) for part in path.key[len(folder.key) :].split("/"))


def is_read_from(path: S3Path, location: S3Path) -> bool:
    """Whether whoever reads a location, an object or a folder, would find an object of this path there."""
    folder = S3Path(location.bucket, location.key and f"{location.key.rstrip('/')}/")
    inside = path.bucket == folder.bucket and path.key.startswith(folder.key) and not is_hidden(path, folder)
    return inside or path == location


def read(path: S3Path, *, limit: int) -> bytes:
    """The object's bytes. Raises ``StoreError`` if there are more than ``limit``."""
    with _translated(path):
        response = client().get_object(Bucket=path.bucket, Key=path.key)
        data = response["Body"].read(limit + 1)
    if len(data) > limit:
        raise StoreError(f"The object has more than {limit} bytes.", path)
    return data


def write(path: S3Path, data: bytes, *, content_type: str) -> None:
    """Write an object, all of it or nothing."""
    with _translated(path):
        client().put_object(Bucket=path.bucket, Key=path.key, Body=data, ContentType=content_type)


def download(item: S3Object) -> Path:
    """A local copy of the object, taken from the cache if it did not change since.

    Raises ``StoreUnavailableError`` also where the disk has no room: the next attempt may find some.
    """
    name = hashlib.sha256(f"{item.path}\n{item.etag}\n{item.size}".encode()).hexdigest()
    target = Path(settings.LOCALGLUE_DIR) / "cache" / name
    if target.exists():
        os.utime(target)  # the least recently used copy goes first
        return target
    partial = target.with_name(f"{name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _translated(item.path):
            client().download_file(item.path.bucket, item.path.key, str(partial))
        partial.replace(target)
    except OSError as error:
        words = f"{item.path} could not be copied to this machine ({error.strerror})."
        raise StoreUnavailableError(words) from error
    finally:
        partial.unlink(missing_ok=True)
    prune_cache(keep=target)
    return target


def prune_cache(*, keep: Path) -> None:
    """Remove the copies that were not used for longest until the cache fits ``LOCALGLUE_CACHE_MB``; never ``keep``."""
    entries = []
    for path in keep.parent.iterdir():
        try:
            entries.append((path.stat(), path))
        except FileNotFoundError:  # another process was quicker
            continue
    total = sum(stat.st_size for stat, _ in entries)
    for stat, path in sorted(entries, key=lambda entry: entry[0].st_mtime):
        if total <= settings.LOCALGLUE_CACHE_MB * 1024 * 1024:
            return
        if path != keep:
            path.unlink(missing_ok=True)
            total -= stat.st_size
