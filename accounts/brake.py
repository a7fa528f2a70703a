"""A brake on guessing passwords: after some failures further attempts are refused unread, for a while.

Counted are the failures of a name from an address, which is how people mistype and most programs guess; of a name from everywhere, for guesses
from many addresses; and of an address with all names, for guesses at many people. The first is low and hits nobody else: others in the same
office, and the same person elsewhere, go on. The other two are far beyond what mistyping adds up to. Names that nobody has are counted like others, so
that a refusal does not tell who exists.
"""

from __future__ import annotations

import ipaddress
import logging
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import AttemptCount

logger = logging.getLogger(__name__)

PER_NAME_AND_ADDRESS = 5
PER_NAME = 50
PER_ADDRESS = 100
WINDOW = timedelta(minutes=15)
"""For so long failures are added up, and for so long attempts are refused once they are too many."""

UNKNOWN = "unknown"
_KEEP = timedelta(days=1)


class TooManyAttemptsError(Exception):
    """Refused; ``minutes`` says when to try again, at least 1."""

    def __init__(self, until: datetime, now: datetime) -> None:
        super().__init__("Too many failed attempts.")
        self.minutes = max(1, -(-int((until - now).total_seconds()) // 60))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that was let through and counts as failed until ``succeed`` says otherwise."""

    name: str
    address: str

    @property
    def keys(self) -> list[tuple[str, str, int]]:
        """What is counted, with how many are too many; always in the same order, in which the rows are locked."""
        keys = [(self.name, self.address, PER_NAME_AND_ADDRESS), (self.name, "", PER_NAME)]
        if self.address != _hashed("address", UNKNOWN):
            keys.append(("", self.address, PER_ADDRESS))
        return sorted(keys)


@transaction.atomic
def begin(*, name: str, address: str) -> Attempt:
    """Count an attempt before the password is looked at, so that many at a time are no way around. Raises ``TooManyAttemptsError``."""
    now = timezone.now()
    attempt = Attempt(_hashed("name", _folded(name)), _hashed("address", address))
    counts = []
    for of_name, of_address, limit in attempt.keys:
        AttemptCount.objects.get_or_create(name=of_name, address=of_address, defaults={"since": now})
        counts.append((AttemptCount.objects.select_for_update().get(name=of_name, address=of_address), limit))
    if refused := [
        count.refused_until for count, _limit in counts if count.refused_until and count.refused_until > now
    ]:
        raise TooManyAttemptsError(max(refused), now)
    for count, limit in counts:
        if count.refused_until or count.since <= now - WINDOW:
            count.failures, count.since, count.refused_until = 0, now, None
        count.failures += 1
        if count.failures >= limit:
            count.refused_until = now + WINDOW
        count.save()
    return attempt


@transaction.atomic
def succeed(attempt: Attempt) -> None:
    """It did not fail. The person's own failures from there are forgotten; those of others stay."""
    for name, address, limit in attempt.keys:
        count = AttemptCount.objects.select_for_update().filter(name=name, address=address).first()
        if count is None:
            continue
        count.failures = 0 if name and address else max(0, count.failures - 1)
        if count.failures < limit:
            count.refused_until = None
        count.save()


def forget(*, name: str) -> None:
    """Whoever has chosen a new password may sign in with it at once."""
    AttemptCount.objects.filter(name=_hashed("name", _folded(name))).delete()


def forget_old_attempts() -> None:
    """Counts that nobody has added to for long say nothing any more."""
    AttemptCount.objects.filter(since__lt=timezone.now() - _KEEP).delete()


def client_address(request: HttpRequest) -> str:
    """Where the request comes from, ``UNKNOWN`` if the proxy in front does not say.

    Each of ``settings.PROXIES`` adds whom it was called by to the end of ``X-Forwarded-For``; what stands before that anybody can make up.
    Whoever has one IPv6 address has the 2⁶⁴ of its network, so those count as one.
    """
    text = str(request.META.get("REMOTE_ADDR", ""))
    if settings.PROXIES:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        text = hops[-settings.PROXIES].strip() if len(hops) >= settings.PROXIES else ""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _hashed(kind: str, text: str) -> str:
    return salted_hmac(f"accounts.brake.{kind}", text, algorithm="sha256").hexdigest()
