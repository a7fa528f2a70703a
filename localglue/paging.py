"""Pages that stay right while rows are added: a token says after which row to go on, not how many to skip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

from localglue.errors import InvalidInputException

M = TypeVar("M", bound=Model)
DEFAULT_PAGE = 100
_SALT = "localglue.paging"


def page(
    queryset: QuerySet[M], request: dict[str, Any], *, order: str, descending: bool = False
) -> tuple[list[M], str | None]:
    """One page of ``queryset`` in the order of the field ``order`` (then of the primary key), and the token of the next page.

    A token is only good for the request that it came from: other filters or another order would make it point nowhere.
    Raises ``InvalidInputException`` for any other token.
    """
    scope = _scope(request, order)
    sign = "lt" if descending else "gt"
    if token := request.get("NextToken"):
        value, pk = _read(token, scope)
        queryset = queryset.filter(Q(**{f"{order}__{sign}": value}) | Q(**{order: value, f"pk__{sign}": pk}))
    minus = "-" if descending else ""
    size = min(request.get("MaxResults") or DEFAULT_PAGE, 1000)
    rows = list(queryset.order_by(f"{minus}{order}", f"{minus}pk")[: size + 1])
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    value = getattr(last, order)
    return rows[:size], signing.dumps(
        [scope, value.isoformat() if isinstance(value, datetime) else value, last.pk], salt=_SALT, compress=True
    )


def _scope(request: dict[str, Any], order: str) -> str:
    rest = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps([rest, order], sort_keys=True).encode()).hexdigest()[:16]


def _read(token: str, scope: str) -> tuple[Any, int]:
    try:
        given, value, pk = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise InvalidInputException("The NextToken was not issued by this service.") from None
    if given != scope:
        raise InvalidInputException("The NextToken belongs to a request with another filter or order.")
    return value, int(pk)


def result(name: str, rows: list[M], token: str | None, show: Callable[[M], Any]) -> dict[str, Any]:
    """The page as a response: ``{name: [...], "NextToken": ...}``."""
    return {name: [show(row) for row in rows], "NextToken": token}


def within(found: QuerySet[M], wanted: dict[str, Any], member: str, field: str) -> QuerySet[M]:
    """What the filter's ``{member}Before`` and ``{member}After`` leave. Moments count as they are shown, in whole milliseconds."""
    if (before := wanted.get(f"{member}Before")) is not None:
        found = found.filter(**{f"{field}__lt": _moment(before)})
    if (after := wanted.get(f"{member}After")) is not None:
        found = found.filter(**{f"{field}__gte": _moment(after) + timedelta(milliseconds=1)})
    return found


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), tz=UTC)
