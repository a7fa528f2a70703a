"""``python -m labelportal.run.prepare``: brings the database and the static files to the state of the code. Does nothing that is done already."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.management.base import SystemCheckError

FINGERPRINT = ".fingerprint"


def static_fingerprint() -> str:
    """Changes whenever a static file of any app is added, removed or edited."""
    made_by = settings.STORAGES["staticfiles"], settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS
    digest = hashlib.sha256(f"{django.get_version()} {made_by}\n".encode())
    for finder in finders.get_finders():
        for name, storage in sorted(finder.list([]), key=lambda entry: entry[0]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_static() -> bool:
    """Collects, hashes and compresses the static files if one has changed; returns whether it did."""
    marker = Path(settings.STATIC_ROOT) / FINGERPRINT
    current = static_fingerprint()
    if marker.exists() and marker.read_text() == current:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    marker.write_text(current)
    return True


def main() -> None:
    """Check, migrate, collect. Prints ``nobody`` if the database holds no accounts yet."""
    django.setup()
    try:
        call_command("check")
    except SystemCheckError as error:
        sys.exit(str(error))
    call_command("migrate", interactive=False, verbosity=0)
    collect_static()
    if not get_user_model().objects.exists():
        sys.stdout.write("nobody\n")


if __name__ == "__main__":
    main()
