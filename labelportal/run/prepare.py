"""``python -m labelportal.run.prepare``: brings the database and the static files to the state of the code. Does nothing that is done already.

``--scratch FOLDER``: also deletes what killed processes have left in a folder that holds nothing but temporary files.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError

from labelportal.run.config import REFUSED

FINGERPRINT = ".fingerprint"
LEFT_BEHIND = 7 * 24 * 3600  # seconds; whatever is still in use has been written to since


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


def empty_scratch(folder: Path) -> None:
    """Delete what nothing was written to for a week, files and folders; others may work here meanwhile."""
    for path in folder.iterdir():
        with suppress(OSError):  # gone meanwhile
            if max(one.lstat().st_mtime for one in (path, *path.rglob("*"))) > time.time() - LEFT_BEHIND:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def refuse(reason: str) -> NoReturn:
    """Ends the process; what it has said is for whoever set it up."""
    sys.stderr.write(f"{reason}\n")
    sys.exit(REFUSED)


def main() -> None:
    """Check, migrate, collect. Prints ``nobody`` if the database holds no accounts yet. Without the portal there are neither pages nor people."""
    parser = argparse.ArgumentParser(prog="python -m labelportal.run.prepare")
    parser.add_argument("--scratch", type=Path)
    scratch = parser.parse_args().scratch
    try:
        django.setup()
        call_command("check")
        call_command("migrate", interactive=False, verbosity=0)
    except (ImproperlyConfigured, SystemCheckError) as error:
        refuse(str(error))
    except OperationalError as error:
        refuse(f"The database cannot be used: {' '.join(str(error).split())}")
    if settings.ALONE:
        return
    collect_static()
    if scratch:
        empty_scratch(scratch)
    if not get_user_model().objects.exists():
        sys.stdout.write("nobody\n")


if __name__ == "__main__":
    main()
