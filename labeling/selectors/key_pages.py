"""Long lists, page by page.

Pages follow keys, not numbers: a page is what comes after (or before) the row at its edge, so that the hundred-thousandth row is as near as the
first, and a row that comes meanwhile moves nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime

Record = TypeVar("Record", bound=Model)


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """By a column with moments or whole numbers, then by id; ``falling``: the largest first."""

    column: str
    falling: bool
    moments: bool = True

    def names(self, *, back: bool = False) -> tuple[str, str]:
        """For ``order_by``."""
        sign = "-" if self.falling != back else ""
        return f"{sign}{self.column}", f"{sign}id"

    def key(self, record: Model) -> str:
        """Where the record stands in the order, for an address: without a plus, which would be a space there."""
        value = getattr(record, self.column)
        return f"{value.isoformat().replace('+00:00', 'Z') if self.moments else value}~{record.pk}"

    def read(self, key: str) -> tuple[Any, uuid.UUID] | None:
        """The other way round; None for a key that is none."""
        text, _tilde, pk = key.partition("~")
        try:
            value = _moment(text) if self.moments else int(text)
            known = uuid.UUID(pk)
        except (ValueError, OverflowError):
            return None
        if value is None or (isinstance(value, int) and not 0 <= value < 2**31):
            return None
        return value, known


def _moment(text: str) -> datetime | None:
    """In UTC, as databases are asked for it. Raises ``OverflowError`` at the ends of the calendar, where it has no such day."""
    moment = parse_datetime(text)
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


@dataclass(frozen=True, slots=True)
class KeyPage(Generic[Record]):
    """Some records, and the keys to what comes before and after them; an empty key means that there is nothing."""

    records: tuple[Record, ...]
    before: str
    after: str


def key_page(
    records: QuerySet[Record], *, order: KeyOrder, after: str = "", before: str = "", size: int = 25
) -> KeyPage[Record]:
    """The records after (or before) a key, else the first. A key that is none is ignored: addresses may be old. One or two queries."""
    if (edge := order.read(before)) and len(found := _beside(records, order, edge, size, back=True)) >= size:
        page = tuple(reversed(found[:size]))
        return KeyPage(page, order.key(page[0]) if len(found) > size else "", order.key(page[-1]))
    edge = None if before else order.read(after)  # fewer than a page lie before: that is the first page
    found = _beside(records, order, edge, size, back=False)
    page = tuple(found[:size])
    return KeyPage(
        page,
        order.key(page[0]) if edge and page else "",
        order.key(page[-1]) if len(found) > size else "",
    )


def _beside(
    records: QuerySet[Record], order: KeyOrder, edge: tuple[Any, uuid.UUID] | None, size: int, *, back: bool
) -> list[Record]:
    """Up to ``size + 1`` records from the edge on; going back, the nearest come first."""
    records = records.order_by(*order.names(back=back))
    if edge is not None:
        column, operator = order.column, "lt" if order.falling != back else "gt"
        value, pk = edge
        beyond = Q(**{f"{column}__{operator}": value}) | Q(**{column: value, f"pk__{operator}": pk})
        # The first condition follows from the second; it lets the database start reading at the edge.
        records = records.filter(beyond, **{f"{column}__{operator}e": value})
    return list(records[: size + 1])
