"""Objects: our own bucket through django-storages, and s3:// addresses that Glue wrote."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from labeling.aws import clients
from labeling.aws.errors import MISSING, translated
from labeling.exceptions import GlueError

logger = logging.getLogger(__name__)

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object in our bucket: its key, size in bytes, and SHA-256 in hex."""

    bucket: str
    key: str
    size: int
    sha256: str

    @property
    def uri(self) -> str:
        """The s3:// address."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object below an address."""

    uri: str
    size: int
    modified: datetime

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.uri.rsplit("/", 1)[-1]


def our_uri(key: str) -> str:
    """The s3:// address of a key in our bucket."""
    return f"s3://{settings.BUCKET}/{key}"


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// address. Raises ``GlueError`` for any other address."""
    scheme, _separator, rest = uri.partition("://")
    bucket, _slash, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise GlueError(f"Not an S3 address: {uri}")
    return bucket, key


def ensure_bucket() -> None:
    """Create our bucket if it is missing."""
    with translated():
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        try:
            clients.s3().head_bucket(Bucket=settings.BUCKET)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code", "") not in MISSING:
                raise
            _create_bucket()


def bucket_region() -> str:
    """The region of our bucket; empty where the server names none. Raises ``GlueError`` if it is missing or may not be used."""
    with translated():
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        answer = clients.s3().head_bucket(Bucket=settings.BUCKET)
    return answer.get("BucketRegion") or answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", "")


def _create_bucket() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 must not be named as a constraint.
    client = clients.s3()
    region = client.meta.region_name
    if region == "us-east-1":
        client.create_bucket(Bucket=settings.BUCKET)
    else:
        client.create_bucket(
            Bucket=settings.BUCKET,
            CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]  # any region
        )


def save_bytes(key: str, content: bytes) -> StoredObject:
    """Write a new object to our bucket. An existing one is never overwritten: the key then gets a suffix."""
    with translated():
        saved = default_storage.save(key, ContentFile(content))
    return StoredObject(settings.BUCKET, saved, len(content), hashlib.sha256(content).hexdigest())


def save_file(key: str, file: IO[bytes]) -> StoredObject:
    """Write a new object from a seekable file, from its start, without holding it in memory."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    with translated():
        saved = default_storage.save(key, File(file))
    return StoredObject(settings.BUCKET, saved, size, digest.hexdigest())


def overwrite(key: str, content: bytes) -> None:
    """Write an object of our own that may change, such as a script."""
    with translated():
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        clients.s3().put_object(Bucket=settings.BUCKET, Key=key, Body=content)


def presigned_post(key: str, *, content_type: str, max_bytes: int, seconds: int) -> dict[str, Any]:
    """``{"url", "fields"}`` with which a browser may write this one object, of this type, of up to so many bytes, for so long."""
    with translated():
        # https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
        return clients.s3_for_browsers().generate_presigned_post(
            settings.BUCKET,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=seconds,
        )


def delete(key: str) -> None:
    """Remove an object of our own that was only on its way."""
    with translated():
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
        clients.s3().delete_object(Bucket=settings.BUCKET, Key=key)


def discard(key: str) -> None:
    """As ``delete``, where nothing depends on it: an object that cannot be removed now stays, and is logged."""
    try:
        delete(key)
    except GlueError as error:
        logger.warning("%s stays in S3: %s", key, error)


def list_objects(prefix_uri: str) -> list[ListedObject]:
    """The objects below an address, by name; markers of empty folders and hidden files (``_SUCCESS``) are left out."""
    bucket, prefix = split_uri(prefix_uri)
    found: list[ListedObject] = []
    with translated():
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
        for page in clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            found.extend(
                ListedObject(f"s3://{bucket}/{item['Key']}", item["Size"], item["LastModified"])
                for item in page.get("Contents", [])
                if not item["Key"].endswith("/") and item["Key"].rsplit("/", 1)[-1][:1] not in ("_", ".")
            )
    return found


def read_uri(uri: str) -> bytes:
    """A whole object."""
    _size, chunks = stream_uri(uri)
    return b"".join(chunks)


def stream_uri(uri: str) -> tuple[int, Iterator[bytes]]:
    """The size of an object and its bytes in chunks. A missing object raises ``GlueError`` at once."""
    bucket, key = split_uri(uri)
    with translated():
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        answer = clients.s3().get_object(Bucket=bucket, Key=key)
    body = answer["Body"]

    def chunks() -> Iterator[bytes]:
        with translated():
            yield from body.iter_chunks(_CHUNK)

    return answer["ContentLength"], chunks()


def download_uri(uri: str, file: IO[bytes]) -> None:
    """Append an object to an open file."""
    _size, chunks = stream_uri(uri)
    for chunk in chunks:
        file.write(chunk)
