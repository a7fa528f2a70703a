"""Calls to addresses that people have typed in. They must not reach what only this machine or its network can reach.

Server-side request forgery is kept out as OWASP advises: the name is resolved once, every address is checked, the connection goes to the
address that was checked (so that a second answer of DNS changes nothing), and redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

_PORTS = {"http": 80, "https": 443}
_COMPATIBLE, _NAT64 = ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96")
# Where a network translates to IPv4 by rules of its own (RFC 8215).
_LOCAL_TRANSLATION = ipaddress.IPv6Network("64:ff9b:1::/48")


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
        raise OutboundError(_("This is not an address.")) from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise OutboundError(_("The address must start with http:// or https:// and name a host."))
    if parts.username is not None or parts.password is not None:
        raise OutboundError(_("The address must not contain a name or password."))
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, allow_private: bool) -> Reply:
    """Send the body. Raises ``OutboundError`` where the address is not to be called or has not answered within ``timeout`` seconds in all."""
    parts = checked_url(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    end = time.monotonic() + timeout
    try:
        connection = http.client.HTTPConnection(host, port)
        plain = _first(_allowed(host, port, allow_private=allow_private), port, end)
        with plain, _cut_at(end, plain):
            connection.sock = plain
            if parts.scheme == "https":
                connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
            try:
                connection.request("POST", target, body, {"Host": parts.netloc, **headers})
                response = connection.getresponse()
                return Reply(response.status, response.read1(500).decode("utf-8", "replace"))
            finally:
                connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OutboundError(_in_words(error, host)[:300]) from error


def _in_words(error: Exception, host: str) -> str:
    """What stood in the way, for whoever typed the address in."""
    match error:
        case TimeoutError():
            return _("There was no answer in time.")
        case socket.gaierror() | UnicodeError():
            return _("No address was found for the name %(host)s.") % {"host": host}
        case ConnectionRefusedError():
            return _("The connection was refused: nothing listens at this address and port.")
        case ssl.SSLCertVerificationError():
            return _("The certificate was not accepted: %(why)s.") % {"why": error.verify_message}
        case ssl.SSLError():
            why = (error.reason or str(error)).replace("_", " ").lower()
            return _("There is no encrypted connection (https) at this address and port: %(why)s.") % {"why": why}
        case http.client.HTTPException():
            return _("What came back is not HTTP.")
        case OSError(strerror=str() as why) if why:
            return _("The connection failed: %(why)s.") % {"why": why}
    return _("The connection failed: %(why)s.") % {"why": error}


@contextmanager
def _cut_at(end: float, connected: socket.socket) -> Iterator[None]:
    """Cut the connection when the time is over. A socket's own timeout begins anew with every byte, so a slow receiver could hold a worker for good."""
    same, over = connected.dup(), threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(end - time.monotonic(), 0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        same.close()


def _allowed(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses that the name stands for, none of them private unless that is allowed."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    if not allow_private and not all(_public(address) for address in addresses):
        raise OutboundError(
            _(
                "The address is in a private network. The setting LABELPORTAL_WEBHOOK_PRIVATE decides whether that is allowed."
            )
        )
    return addresses


def _first(addresses: list[str], port: int, end: float) -> socket.socket:
    """The first address that takes the connection, such as that of IPv4 where there is no way for IPv6."""
    for address in addresses[:-1]:
        try:
            return _connected(address, port, end)
        except OSError:
            continue
    return _connected(addresses[-1], port, end)


def _connected(address: str, port: int, end: float) -> socket.socket:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return socket.create_connection((address, port), left)


def _public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _LOCAL_TRANSLATION or ip.is_site_local:
            return False
        ip = _embedded(ip) or ip
    return ip.is_global and not ip.is_multicast


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a router may make of one of IPv6: mapped or compatible (RFC 4291), NAT64 (RFC 6052) or 6to4 (RFC 3056)."""
    if ip.ipv4_mapped is not None or ip in _COMPATIBLE or ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[12:])
    return ip.sixtofour
