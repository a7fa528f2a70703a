"""``manage.py unused_tables``: how much room uploaded tables take that nothing reads any longer, and how to get it back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from labeling.exceptions import GlueError
from labeling.services.unused_tables import remove_unused_tables, unused_tables


class Command(BaseCommand):
    """Lists, and removes only if told to."""

    help = "List uploaded tables that no transform, no catalog table and no run reads; --remove deletes them from S3."
    requires_system_checks = []  # as for person

    def add_arguments(self, parser: CommandParser) -> None:
        """One: whether to remove."""
        parser.add_argument("--remove", action="store_true", help="delete these files for good")

    def handle(self, *args: Any, **options: Any) -> None:
        """The database, S3 and Glue must be up."""
        count = size = 0
        try:
            for source in remove_unused_tables() if options["remove"] else unused_tables():
                count, size = count + 1, size + source.size
                self.stdout.write(f"{source.team}\t{source.created_at:%Y-%m-%d}\t{_size(source.size)}\t{source.name}")
        except GlueError as error:
            raise CommandError(f"Stopped after {_tables(count)}: {error}") from error
        self.stdout.write(f"{_tables(count)} {'removed' if options['remove'] else 'found'}: {_size(size)}")


def _tables(count: int) -> str:
    return f"{count} unused table{'' if count == 1 else 's'}"


def _size(size: int) -> str:
    return filesizeformat(size).replace("\xa0", " ")
