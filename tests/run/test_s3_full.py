"""The embedded S3 on a disk that takes no more: it says so, and what it has said it keeps is there after the next start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from labelportal.run import probes
from labelportal.run.config import HOST, Installation, Ports
from labelportal.run.credentials import AwsCredentials
from labelportal.run.parts import all_parts
from tests.support.environment import clean_environ, free_port
from tests.support.servers import Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.services

BUCKET = "labels"
LARGE = b"x" * 3_000_000
# 2048 blocks of 512 or of 1024 bytes, as the shell counts them: what is larger than this the disk "does not take".
LIMITED = ("sh", "-c", 'ulimit -f 2048; exec "$@"', "sh")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """An S3 of this test's own, whose files cannot grow large."""
    installation = Installation(tmp_path, Ports(s3=free_port()), clean_environ())
    part = next(
        part for part in all_parts(installation, installation.environment(AwsCredentials.random())) if part.name == "s3"
    )
    server = Server(replace(part, command=(*LIMITED, *part.command)))
    server.launch()
    server.wait()
    yield server
    server.kill()


@pytest.fixture
def s3(server: Server) -> S3Client:
    """A client that asks once."""
    assert HOST in server.env["AWS_ENDPOINT_URL_S3"]
    client = probes.s3_client(server.env)
    client.create_bucket(Bucket=BUCKET)
    return client


def status(error: pytest.ExceptionInfo[ClientError]) -> int:
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def keys(s3: S3Client) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def body(s3: S3Client, key: str) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_what_cannot_be_written_is_refused_and_what_was_there_stays(server: Server, s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"earlier", Metadata={"run": "7"})
    for key in ("kept", "folder/new"):
        with pytest.raises(ClientError) as refused:
            s3.put_object(Bucket=BUCKET, Key=key, Body=LARGE)
        assert status(refused) == 500
        assert "File too large" in str(refused.value)
    for _start in range(2):
        assert keys(s3) == ["kept"]
        assert body(s3, "kept") == b"earlier"
        assert s3.head_object(Bucket=BUCKET, Key="kept")["Metadata"] == {"run": "7"}
        server.kill()
        server.launch()
        server.wait()
    s3.put_object(Bucket=BUCKET, Key="folder/new", Body=b"small")
    assert body(s3, "folder/new") == b"small"
    assert not list(server.part.folders[0].rglob("*.tmp"))


def test_a_sidecar_that_cannot_be_written_leaves_the_object_as_it_was(server: Server, s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"earlier")
    sidecar = next(server.part.folders[0].rglob("kept.meta.json"))
    for name in (".tmp", ".tmp.tmp"):  # stands for a disk that fills up between the two files
        sidecar.with_name(f"{sidecar.name}{name}").mkdir()
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="kept", Body=b"the later one")
    assert status(refused) == 500
    assert body(s3, "kept") == b"earlier"


def test_an_upload_in_parts_that_cannot_be_written_is_not_completed(s3: S3Client) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    etag = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=1, Body=LARGE)["ETag"]
    for _attempt in range(2):  # it is still there to be completed, once there is room
        with pytest.raises(ClientError) as refused:
            s3.complete_multipart_upload(
                Bucket=BUCKET,
                Key="parts",
                UploadId=upload,
                MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]},
            )
        assert status(refused) == 500
        assert keys(s3) == []


def test_versions_are_those_that_were_written(s3: S3Client) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"earlier")
    before = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    with pytest.raises(ClientError):
        s3.put_object(Bucket=BUCKET, Key="kept", Body=LARGE)
    assert s3.list_object_versions(Bucket=BUCKET)["Versions"] == before
    assert body(s3, "kept") == b"earlier"
