"""AWS Signature Version 4, the server's side: who sent this request, and is it what was signed?

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, quote

from localglue.errors import (
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    UnrecognizedClientException,
)
from localglue.protocol import SERVICE

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW = timedelta(minutes=15)
MAX_EXPIRES = 604_800
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)
_UNKNOWN_TOKEN = "The security token included in the request is invalid."  # noqa: S105  AWS's words, not a secret


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signature covers. ``headers`` has lower-case names; ``query`` is the raw query string."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key. The secret is kept recoverably, since both sides must compute with it."""

    key_id: str
    secret: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class _Signature:
    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    time: str
    expires: int | None
    token: str


def verify(
    request: SignedRequest, *, credentials: Callable[[str], Credential | None], region: str, now: datetime
) -> Credential:
    """The credential that signed this request, in its headers or (presigned) in its query.

    Raises the AWS error that fits: MissingAuthenticationToken, IncompleteSignature, UnrecognizedClient or InvalidSignature.
    """
    given = _from_query(request) if "X-Amz-Signature=" in request.query else _from_headers(request)
    credential = credentials(given.key_id)
    # A static key has no session token; AWS answers a token that it does not know in these words.
    if credential is None or given.token:
        raise UnrecognizedClientException(_UNKNOWN_TOKEN)
    _check_scope(given, region)
    _check_time(given, now)
    _check_headers(given, request)
    expected = _sign(credential.secret, given, _string_to_sign(given, request))
    if not hmac.compare_digest(expected.encode(), given.signature.encode()):
        raise InvalidSignatureException(_MISMATCH)
    return credential


def _from_headers(request: SignedRequest) -> _Signature:
    header = request.headers.get("authorization", "")
    if not header:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    if not header.startswith(ALGORITHM):
        raise IncompleteSignatureException(f"Unsupported AWS 'algorithm': '{header.split(' ')[0][:64]}'.")
    parts = dict(part.strip().split("=", 1) for part in header[len(ALGORITHM) :].split(",") if "=" in part)
    time = request.headers.get("x-amz-date", "")
    lacking = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    if not time:
        lacking.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if lacking:
        raise IncompleteSignatureException(" ".join(lacking))
    token = request.headers.get("x-amz-security-token", "")
    return _signature(parts["Credential"], parts["SignedHeaders"], parts["Signature"], time, None, token)


def _from_query(request: SignedRequest) -> _Signature:
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    names = ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires")
    lacking = [name for name in names if not query.get(f"X-Amz-{name}")]
    if lacking:
        raise IncompleteSignatureException(
            " ".join(f"AWS query-string parameters must include 'X-Amz-{name}'." for name in lacking)
        )
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignatureException(f"Unsupported AWS 'algorithm': '{query['X-Amz-Algorithm'][:64]}'.")
    expires = query["X-Amz-Expires"]
    if not re.fullmatch(r"\d{1,6}", expires, re.ASCII) or not 0 < int(expires) <= MAX_EXPIRES:
        raise IncompleteSignatureException(f"'X-Amz-Expires' must be a number of seconds from 1 to {MAX_EXPIRES}.")
    return _signature(
        query["X-Amz-Credential"],
        query["X-Amz-SignedHeaders"],
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        int(expires),
        query.get("X-Amz-Security-Token", ""),
    )


def _signature(credential: str, headers: str, signature: str, time: str, expires: int | None, token: str) -> _Signature:
    scope = credential.rsplit("/", 4)
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise IncompleteSignatureException(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    if not re.fullmatch(r"\d{8}T\d{6}Z", time, re.ASCII):
        raise IncompleteSignatureException("Date must be in ISO-8601 'basic format': yyyymmddThhmmssZ.")
    key_id, date, region, service, _ = scope
    return _Signature(key_id, date, region, service, tuple(headers.split(";")), signature, time, expires, token)


def _check_scope(given: _Signature, region: str) -> None:
    wrong = []
    if given.region != region:
        wrong.append(f"Credential should be scoped to a valid region, not '{given.region[:64]}'.")
    if given.service != SERVICE:
        wrong.append(f"Credential should be scoped to correct service: '{SERVICE}'.")
    if given.date != given.time[:8]:
        wrong.append(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{given.date[:16]}' != '{given.time[:8]}', from '{given.time}'."
        )
    if wrong:
        raise InvalidSignatureException(" ".join(wrong))


def _check_time(given: _Signature, now: datetime) -> None:
    try:
        time = datetime.strptime(given.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise IncompleteSignatureException("Date must be in ISO-8601 'basic format': yyyymmddThhmmssZ.") from None
    lifetime = MAX_SKEW if given.expires is None else timedelta(seconds=given.expires)
    stamp = "%Y%m%dT%H%M%SZ"
    if time < now - lifetime:
        ago = f"{MAX_SKEW.seconds // 60} min." if given.expires is None else f"{given.expires} s."
        raise InvalidSignatureException(
            f"Signature expired: {given.time} is now earlier than {now - lifetime:{stamp}} ({now:{stamp}} - {ago})"
        )
    if time > now + MAX_SKEW:
        raise InvalidSignatureException(
            f"Signature not yet current: {given.time} is still later than {now + MAX_SKEW:{stamp}} "
            f"({now:{stamp}} + {MAX_SKEW.seconds // 60} min.)"
        )


def _check_headers(given: _Signature, request: SignedRequest) -> None:
    """What an attacker could otherwise change must be signed: above all the operation that is asked for."""
    if "host" not in given.signed_headers:
        raise InvalidSignatureException("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    for name in sorted(request.headers):
        if name.startswith("x-amz-") and name not in given.signed_headers:
            raise InvalidSignatureException(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def _string_to_sign(given: _Signature, request: SignedRequest) -> str:
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in given.signed_headers)
    canonical = "\n".join(
        (
            request.method,
            quote(request.path or "/", safe="/-_.~"),
            _canonical_query(request.query),
            headers,
            ";".join(given.signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    scope = f"{given.date}/{given.region}/{given.service}/aws4_request"
    return "\n".join((ALGORITHM, given.time, scope, hashlib.sha256(canonical.encode()).hexdigest()))


def _canonical_query(query: str) -> str:
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _sign(secret: str, given: _Signature, text: str) -> str:
    key = _signing_key(secret, given.date, given.region, given.service)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=64)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
