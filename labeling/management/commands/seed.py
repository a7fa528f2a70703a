"""``manage.py seed``: a team, four people and a transform to begin with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from labeling.exceptions import LabelportalError
from labeling.services.demo import TEAM, ensure_demo_team, ensure_demo_transform, keep_credentials


class Command(BaseCommand):
    """Makes what is missing and says so; a second run changes nothing and prints nothing."""

    help = "Create the demo team, its people and the demo transform, unless they are there."

    def handle(self, *args: Any, **options: Any) -> None:
        """The database, S3 and Glue must be up."""
        path = settings.VAR_DIR / "passwords"
        # The file is written before the people are committed, so that nobody is left whose password is lost.
        with transaction.atomic():
            team, credentials = ensure_demo_team(password=settings.DEMO_PASSWORD)
            if credentials:
                keep_credentials(credentials=credentials, path=path)
        if credentials:
            self.stdout.write(f"People of the {TEAM} (kept in {path}):")
            for item in credentials:
                self.stdout.write(f"  {item.username:<10} {item.role.label:<15} {item.password}")
        try:
            ensure_demo_transform(team=team)
        except LabelportalError as error:
            raise CommandError(f"The demo transform could not be created: {error}") from error
