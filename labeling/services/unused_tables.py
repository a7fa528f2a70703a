"""Uploaded tables that nothing reads any longer: newer rows have taken their place, or no transform was made of them."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from labeling.aws import glue, storage
from labeling.choices import ACTIVE
from labeling.models import SourceFile, TaskRun
from labeling.services.sources import discard_source

_AT_LEAST = timedelta(days=1)
"""Younger files may have a form before them from which a transform will be made."""


def unused_tables() -> list[SourceFile]:
    """By team and age. A file is used while a transform has it, while a table of the catalog lies in its folder, or while its team has a run under way.

    Raises ``GlueError``.
    """
    busy = TaskRun.objects.filter(transform__team=OuterRef("team"), status__in=ACTIVE)
    old = SourceFile.objects.filter(~Exists(busy), transforms=None, created_at__lt=timezone.now() - _AT_LEAST)
    found = list(old.select_related("team").order_by("team__name", "created_at"))
    locations = {
        table.location.rstrip("/")
        for database in glue.get_databases()
        for table in glue.get_tables(database=database)
        if found
    }
    return [source for source in found if storage.our_uri(source.key).rsplit("/", 1)[0] not in locations]


def remove_unused_tables() -> list[SourceFile]:
    """Remove them for good, and give those that were removed. Raises ``GlueError``."""
    found = unused_tables()
    for source in found:
        discard_source(source=source)
    return found
