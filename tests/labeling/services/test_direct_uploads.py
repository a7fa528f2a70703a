"""Files that go straight to S3: the real server enforces the policy, the portal takes in only what is its person's own."""

from __future__ import annotations

import uuid
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from labeling.aws import storage
from labeling.exceptions import GlueError, InvalidSourceError
from labeling.services import direct_uploads
from labeling.services.direct_uploads import DirectUpload, offer_upload, remove_leftovers, take_upload
from tests.labeling.builders import Cast

LIMIT = 1000


def posted(offer: DirectUpload, content: bytes, ending: str = "csv", **changed: str) -> int:
    """What a browser sends; S3's status."""
    post = offer.posts[ending]
    boundary = uuid.uuid4().hex
    fields = {**post["fields"], **changed}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body = ("".join(parts) + head).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    address = urlsplit(post["url"])
    connection = HTTPConnection(address.netloc, timeout=30)
    connection.request("POST", address.path or "/", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    return connection.getresponse().status


def test_what_was_put_there_is_taken_in_once(s3_server: str, people: Cast) -> None:
    offer = offer_upload(user=people.lead, endings=("csv", "parquet"), max_bytes=LIMIT)
    assert offer.origin == s3_server
    assert posted(offer, b"id,name\n1,x\n") == 204
    with pytest.raises(InvalidSourceError, match="someone else"):
        take_upload(user=people.steward, token=offer.token, name="x.csv", max_bytes=LIMIT)
    file = take_upload(user=people.lead, token=offer.token, name="peo\0ple.c\0sv", max_bytes=LIMIT)
    assert (file.name, file.size, file.read()) == ("people.csv", 12, b"id,name\n1,x\n")
    with pytest.raises(InvalidSourceError, match="did not arrive"):
        take_upload(user=people.lead, token=offer.token, name="people.csv", max_bytes=LIMIT)


def test_s3_refuses_other_sizes_types_and_keys(s3_server: str, people: Cast) -> None:
    offer = offer_upload(user=people.lead, endings=("csv",), max_bytes=LIMIT)
    assert posted(offer, b"x" * (LIMIT + 1)) >= 400
    assert posted(offer, b"x", **{"Content-Type": "text/html"}) >= 400
    assert posted(offer, b"x", key="label-files/mine.csv") >= 400
    with pytest.raises(GlueError):
        storage.read_uri(storage.our_uri("label-files/mine.csv"))
    with pytest.raises(InvalidSourceError, match="did not arrive"):
        take_upload(user=people.lead, token=offer.token, name="x.csv", max_bytes=LIMIT)


def test_a_made_up_token_opens_nothing(s3_server: str, people: Cast) -> None:
    with pytest.raises(InvalidSourceError, match="expired"):
        take_upload(user=people.lead, token="made:up", name="x.csv", max_bytes=LIMIT)


def test_what_is_never_taken_in_goes_after_a_day(s3_server: str, people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offer_upload(user=people.lead, endings=("csv",), max_bytes=LIMIT)
    kept = storage.save_bytes(f"sources/{uuid.uuid4()}/data.csv", b"x")
    assert posted(offer, b"x") == 204
    remove_leftovers()
    assert storage.list_objects(storage.our_uri("incoming/")), "somebody may still fill in the form"
    monkeypatch.setattr(direct_uploads, "_LEFT_BEHIND", timedelta(seconds=-1))
    remove_leftovers()
    assert not storage.list_objects(storage.our_uri("incoming/"))
    assert storage.read_uri(kept.uri) == b"x"


def test_a_bucket_that_cannot_be_looked_into_is_no_failure(
    s3_server: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BUCKET = "not-there-today"
    remove_leftovers()
    assert "stay in S3" in caplog.text
