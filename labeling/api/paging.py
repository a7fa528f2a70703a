"""Lists come in pages."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from ninja import Query, Schema

from labeling.exceptions import InvalidFilterError
from labeling.selectors.key_pages import KeyPage

Item = TypeVar("Item")
Record = TypeVar("Record", bound=Model)

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many items.")]
After = Annotated[int, Query(ge=0, le=10**9, description="`next` of the page before.")]


class Page(Schema, Generic[Item]):
    """Some of a list. ``next`` goes into ``after`` of the request for what follows; null at the end."""

    items: list[Item]
    next: str | None


def next_of(page: KeyPage[Record], after: str) -> str | None:
    """What to ask for after a page that follows a key; None if that is all. Raises ``InvalidFilterError`` if ``after`` is no key."""
    if after and page.records and not page.before:
        raise InvalidFilterError(_("“after” is not the “next” of an earlier page."))
    return page.after or None


def page_of(records: QuerySet[Record], after: int, limit: int) -> tuple[list[Record], str | None]:
    """Up to ``limit`` records, and what to ask for next; None if that is all."""
    found = list(records[after : after + limit + 1])
    return found[:limit], str(after + limit) if len(found) > limit else None
