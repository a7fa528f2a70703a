"""Who may come in, and the AWS error for whoever may not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localglue import errors
from localglue.signing import Credential, SignedRequest, verify
from tests.localglue.conftest import text

KEYS = {
    "AKIAOWN": Credential("AKIAOWN", "secret/with+signs="),
    "AKIAREAD": Credential("AKIAREAD", "other", read_only=True),
}
BODY = b'{"Name": "caf\xc3\xa9"}'


def signed(
    *,
    key_id: str = "AKIAOWN",
    secret: str = "secret/with+signs=",
    region: str = "us-east-1",
    service: str = "glue",
    token: str | None = None,
    url: str = "http://glue.test:8010/",
    headers: Mapping[str, str] | None = None,
    presigned: bool = False,
    expires: int = 300,
) -> SignedRequest:
    """A request as botocore signs it, now."""
    request = AWSRequest(
        "POST",
        url,
        headers={
            "X-Amz-Target": "AWSGlue.GetDatabases",
            "Content-Type": "application/x-amz-json-1.1",
            **(headers or {}),
        },
        data=b"" if presigned else BODY,  # botocore would move it into the query
    )
    credentials = Credentials(key_id, secret, token)
    auth = (
        SigV4QueryAuth(credentials, service, region, expires) if presigned else SigV4Auth(credentials, service, region)
    )
    auth.add_auth(request)
    prepared = request.prepare()
    path, _, query = prepared.url.removeprefix("http://glue.test:8010").partition("?")
    names = {name.lower(): text(value) for name, value in prepared.headers.items()}
    return SignedRequest("POST", path, query, {"host": "glue.test:8010", **names}, b"" if presigned else BODY)


def check(request: SignedRequest, *, now: datetime | None = None) -> Credential:
    return verify(request, credentials=KEYS.get, region="us-east-1", now=now or datetime.now(UTC))


def changed(request: SignedRequest, *, headers: Mapping[str, str | None] | None = None, **fields: Any) -> SignedRequest:
    merged = {**request.headers, **(headers or {})}
    values = {name: getattr(request, name) for name in ("method", "path", "query", "body")} | fields
    return SignedRequest(headers={name: value for name, value in merged.items() if value is not None}, **values)


def test_a_signed_request_is_whose_it_says() -> None:
    assert check(signed()).key_id == "AKIAOWN"
    assert check(signed(key_id="AKIAREAD", secret="other")).read_only


def test_query_parameters_are_signed_in_any_order() -> None:
    assert check(signed(url="http://glue.test:8010/?b=2&a=%2F&a=&c=%20x"))


def test_spaces_in_headers_do_not_count() -> None:
    request = signed(headers={"X-Note": "a  b"})
    assert check(changed(request, headers={"x-note": " a b "}))


def test_a_presigned_request_is_good_until_it_expires() -> None:
    request = signed(presigned=True, expires=60)
    assert check(request).key_id == "AKIAOWN"
    with pytest.raises(errors.InvalidSignatureException, match="Signature expired"):
        check(request, now=datetime.now(UTC) + timedelta(seconds=90))
    with pytest.raises(errors.IncompleteSignatureException, match="X-Amz-Expires"):
        check(changed(request, query=request.query.replace("X-Amz-Expires=60", "X-Amz-Expires=9999999")))
    with pytest.raises(errors.InvalidSignatureException, match="does not match"):
        check(changed(request, query=request.query.replace("X-Amz-Expires=60", "X-Amz-Expires=61")))
    with pytest.raises(errors.IncompleteSignatureException, match="X-Amz-Credential"):
        check(changed(request, query=request.query.replace("X-Amz-Credential", "Credential")))


def test_an_unsigned_request_lacks_its_token() -> None:
    with pytest.raises(errors.MissingAuthenticationTokenException, match="Missing Authentication Token"):
        check(changed(signed(), headers={"authorization": None}))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Basic YTpi", "Unsupported AWS 'algorithm'"),
        ("AWS4-HMAC-SHA256", "requires 'Credential'.*requires 'Signature'.*requires 'SignedHeaders'"),
        ("AWS4-HMAC-SHA256 Credential=AKIAOWN, SignedHeaders=host, Signature=00", "exactly 5 slash-delimited"),
        (
            "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/glue/x, SignedHeaders=host, Signature=00",
            "exactly 5 slash-delimited",
        ),
    ],
)
def test_half_a_signature_is_incomplete(header: str, message: str) -> None:
    with pytest.raises(errors.IncompleteSignatureException, match=message):
        check(changed(signed(), headers={"authorization": header}))


def test_a_date_at_the_end_of_the_calendar_is_still_later() -> None:
    scope = signed().headers["authorization"].replace(f"{datetime.now(UTC):%Y%m%d}/", "99991231/")
    with pytest.raises(errors.InvalidSignatureException, match="not yet current"):
        check(changed(signed(), headers={"x-amz-date": "99991231T235959Z", "authorization": scope}))


@pytest.mark.parametrize("date", [None, "yesterday", "20261399T000000Z", "2026-01-01T00:00:00Z"])
def test_a_date_that_is_none_is_incomplete(date: str | None) -> None:
    with pytest.raises((errors.IncompleteSignatureException, errors.InvalidSignatureException)):
        check(changed(signed(), headers={"x-amz-date": date}))


def test_an_unknown_key_and_a_session_token_are_not_recognised() -> None:
    with pytest.raises(errors.UnrecognizedClientException, match="security token included in the request is invalid"):
        check(signed(key_id="AKIANOBODY"))
    with pytest.raises(errors.UnrecognizedClientException):
        check(signed(token="session"))


def test_a_wrong_secret_does_not_match() -> None:
    with pytest.raises(errors.InvalidSignatureException, match="does not match the signature you provided"):
        check(signed(secret="wrong"))


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"Name": "other"}'},
        {"path": "/other"},
        {"query": "a=1"},
        {"method": "PUT"},
        {"headers": {"x-amz-target": "AWSGlue.DeleteDatabase"}},
        {"headers": {"host": "evil.test"}},
    ],
)
def test_whatever_was_tampered_with_does_not_match(change: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidSignatureException, match="does not match"):
        check(changed(signed(), **change))


def test_aws_headers_must_be_signed() -> None:
    with pytest.raises(errors.InvalidSignatureException, match="'x-amz-extra' must be a 'SignedHeader'"):
        check(changed(signed(), headers={"x-amz-extra": "1"}))
    header = signed().headers["authorization"].replace("host;", "")
    with pytest.raises(errors.InvalidSignatureException, match="'Host' must be a 'SignedHeader'"):
        check(changed(signed(), headers={"authorization": header}))


def test_another_region_or_service_is_out_of_scope() -> None:
    with pytest.raises(errors.InvalidSignatureException, match="scoped to a valid region"):
        check(signed(region="eu-central-1"))
    with pytest.raises(errors.InvalidSignatureException, match="scoped to correct service: 'glue'"):
        check(signed(service="s3"))


def test_a_clock_may_be_off_by_a_quarter_of_an_hour() -> None:
    request, now = signed(), datetime.now(UTC)
    assert check(request, now=now + timedelta(minutes=14))
    assert check(request, now=now - timedelta(minutes=14))
    with pytest.raises(
        errors.InvalidSignatureException, match=r"Signature expired: \d{8}T\d{6}Z is now earlier than .* - 15 min"
    ):
        check(request, now=now + timedelta(minutes=16))
    with pytest.raises(errors.InvalidSignatureException, match=r"Signature not yet current: .* \+ 15 min"):
        check(request, now=now - timedelta(minutes=16))


def test_the_scope_has_the_date_of_the_request() -> None:
    request = signed()
    day = request.headers["x-amz-date"][:8]
    with pytest.raises(errors.InvalidSignatureException, match="Date in Credential scope does not match"):
        check(changed(request, headers={"authorization": request.headers["authorization"].replace(day, "20200101")}))
