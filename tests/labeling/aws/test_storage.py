from __future__ import annotations

import hashlib
import io
import uuid

import pytest
from pytest_django import Settings

from labeling.aws import storage
from labeling.exceptions import GlueError


def test_addresses_are_split() -> None:
    assert storage.split_uri("s3://bucket/a/b c?d#e.csv") == ("bucket", "a/b c?d#e.csv")
    assert storage.split_uri("s3a://bucket/") == ("bucket", "")
    for wrong in ("https://bucket/key", "bucket/key", "s3:///key", ""):
        with pytest.raises(GlueError, match="Not an S3 address"):
            storage.split_uri(wrong)


def test_an_object_is_never_overwritten(s3_server: str) -> None:
    key = f"test/{uuid.uuid4()}.csv"
    first, second = storage.save_bytes(key, b"one"), storage.save_bytes(key, b"two")
    assert first.key == key
    assert second.key != key
    assert second.key.startswith(key.removesuffix(".csv"))
    assert storage.read_uri(first.uri) == b"one"
    assert storage.read_uri(second.uri) == b"two"
    assert (first.size, first.sha256) == (3, hashlib.sha256(b"one").hexdigest())


def test_a_file_is_saved_from_its_start(s3_server: str) -> None:
    content = bytes(range(256)) * 4000
    file = io.BytesIO(content)
    file.seek(17)
    saved = storage.save_file(f"test/{uuid.uuid4()}", file)
    assert (saved.size, saved.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    size, chunks = storage.stream_uri(saved.uri)
    assert (size, b"".join(chunks)) == (len(content), content)


def test_listing_leaves_markers_out(s3_server: str) -> None:
    folder = f"test/{uuid.uuid4()}"
    for name in ("b.csv", "a.csv", "_SUCCESS", ".hidden", "sub/"):
        storage.overwrite(f"{folder}/{name}", b"x")
    found = storage.list_objects(storage.our_uri(folder + "/"))
    assert [(item.name, item.size) for item in found] == [("a.csv", 1), ("b.csv", 1)]


def test_what_is_missing_is_a_glue_error(s3_server: str, settings: Settings) -> None:
    with pytest.raises(GlueError) as error:
        storage.stream_uri(storage.our_uri("nothing/here"))
    assert (error.value.code, error.value.retryable) == ("NoSuchKey", False)
    with pytest.raises(GlueError) as error:
        storage.list_objects("s3://no-such-bucket-anywhere/x/")
    assert error.value.code == "NoSuchBucket"


def test_the_bucket_is_made_once(s3_server: str, settings: Settings) -> None:
    settings.BUCKET = f"made-{uuid.uuid4()}"
    storage.ensure_bucket()
    storage.ensure_bucket()
    storage.overwrite("key", b"x")
    assert storage.read_uri(storage.our_uri("key")) == b"x"
