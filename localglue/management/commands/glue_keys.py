"""``manage.py glue_keys``: access keys for localglue beside the installation's own."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from localglue.keys import create_key
from localglue.models import AccessKey


class Command(BaseCommand):
    help = "Create, list and revoke access keys of localglue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create a key and print it in a form that a shell can source")
        create.add_argument("name")
        create.add_argument("--read-only", action="store_true", help="for a key that cannot change anything")
        actions.add_parser("list", help="show names and ids, never secrets")
        revoke = actions.add_parser("revoke", help="revoke a key")
        revoke.add_argument("name")

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "create":
            self._create(options["name"], read_only=options["read_only"])
        elif action == "revoke":
            self._revoke(options["name"])
        else:
            for key in AccessKey.objects.order_by("name"):
                rights = "read only" if key.read_only else "all"
                state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "valid"
                self.stdout.write(f"{key.name}\t{key.key_id}\t{rights}\t{state}")

    def _create(self, name: str, *, read_only: bool) -> None:
        try:
            with transaction.atomic():
                key = create_key(name=name, read_only=read_only)
        except IntegrityError:
            raise CommandError(f"There is already a key named {name}.") from None
        self.stdout.write(f"AWS_ACCESS_KEY_ID={key.key_id}")
        self.stdout.write(f"AWS_SECRET_ACCESS_KEY={key.secret}")

    def _revoke(self, name: str) -> None:
        if not AccessKey.objects.filter(name=name, revoked_at=None).update(revoked_at=timezone.now()):
            raise CommandError(f"There is no key named {name} that is still valid.")
        self.stdout.write(f"{name} is revoked.")
