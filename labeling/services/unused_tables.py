"""Uploaded tables that nothing reads any longer: newer rows have taken their place, or no transform was made of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from labeling.aws import data_catalog, storage
from labeling.choices import ACTIVE
from labeling.models import SourceFile, TaskRun

_AT_LEAST = timedelta(days=1)
"""So long ago the file was uploaded, wanted for a table, or replaced: a form over it, or a reader unknown to the portal, has come to its end."""


def unused_tables() -> list[SourceFile]:
    """By team and age. A file is used while a transform has it, while a table of the catalog lies where it does, or while its team has a run under way.

    Raises ``GlueError``.
    """
    found = list(_without_readers().select_related("team").order_by("team__name", "created_at"))
    if not found:
        return []
    places = [
        _place(table.location)
        for database in data_catalog.get_databases()
        for table in data_catalog.get_tables(database=database)
        if table.location
    ]
    return [source for source in found if not _lies_at(_place(storage.our_uri(source.key)), places)]


def remove_unused_tables() -> Iterator[SourceFile]:
    """Remove them for good, one by one, and give each that is gone. Raises ``GlueError``; the one that S3 kept is then still known.

    Whoever makes a table of a file says so before (``want_source``), and finds it gone, or it is not removed here.
    """
    for source in unused_tables():
        with transaction.atomic():
            if locked := _without_readers().select_for_update(of=("self",)).filter(pk=source.pk).first():
                locked.delete()
                storage.delete(source.key)
        if locked:
            yield source


def _without_readers() -> QuerySet[SourceFile]:
    busy = TaskRun.objects.filter(transform__team=OuterRef("team"), status__in=ACTIVE)
    return SourceFile.objects.filter(~Exists(busy), transforms=None, wanted_at__lt=timezone.now() - _AT_LEAST)


def _place(uri: str) -> str:
    """Bucket and path with a slash at the end, whatever the scheme: Spark writes ``s3a`` and ``s3n`` too."""
    return uri.partition("://")[2].rstrip("/") + "/"


def _lies_at(file: str, places: list[str]) -> bool:
    """Whether a table reads the file: it lies in its folder or in one above, or is the file."""
    return any(file.startswith(place) for place in places)
