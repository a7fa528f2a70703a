"""Lists come in pages."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Query, Schema

Item = TypeVar("Item")
Record = TypeVar("Record", bound=Model)

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many items.")]
After = Annotated[int, Query(ge=0, le=10**9, description="`next` of the page before.")]


class Page(Schema, Generic[Item]):
    """Some of a list. ``next`` goes into ``after`` of the request for what follows; null at the end."""

    items: list[Item]
    next: str | None


def page_of(records: QuerySet[Record], after: int, limit: int) -> tuple[list[Record], str | None]:
    """Up to ``limit`` records, and what to ask for next; None if that is all."""
    found = list(records[after : after + limit + 1])
    return found[:limit], str(after + limit) if len(found) > limit else None
