"""Calls to addresses that people have typed in. They must not reach what only this machine or its network can reach.

Server-side request forgery is kept out as OWASP advises: the name is resolved once, every address is checked, the connection goes to the
address that was checked (so that a second answer of DNS changes nothing), and redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


class OutboundError(Exception):
    """The call was not made or had no answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The status, and the beginning of what was answered."""

    status: int
    text: str


def checked_url(url: str) -> SplitResult:
    """The parts of an http or https address with a host and nothing like a password. Raises ``OutboundError``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutboundError("This is no address.") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise OutboundError("The address must start with http:// or https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise OutboundError("The address must not hold a name or password.")
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, allow_private: bool) -> Reply:
    """Send the body. Raises ``OutboundError`` where the address is not to be called or nothing answers within ``timeout`` seconds a step."""
    parts = checked_url(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.sock = _connect(host, port, timeout, allow_private=allow_private, tls=parts.scheme == "https")
        try:
            connection.request("POST", target, body, {"Host": parts.netloc, **headers})
            response = connection.getresponse()
            return Reply(response.status, response.read1(500).decode("utf-8", "replace"))
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OutboundError(f"{type(error).__name__}: {error}"[:300]) from error


def _connect(host: str, port: int, timeout: float, *, allow_private: bool, tls: bool) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    if not allow_private and not all(_public(address) for address in addresses):
        raise OutboundError(
            "The address lies in a private network. LABELPORTAL_WEBHOOK_PRIVATE decides whether that is allowed."
        )
    plain = _first(addresses, port, timeout)
    if not tls:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _first(addresses: list[str], port: int, timeout: float) -> socket.socket:
    """The first address that takes the connection, such as that of IPv4 where there is no way for IPv6."""
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout)


def _public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not ip.is_multicast
