"""``python -m labelportal.run.clean``: forgets all data of an installation that is not running."""

from __future__ import annotations

import shutil
import sys

from labelportal.run.config import ConfigError, Installation
from labelportal.run.lock import InstallationLock

# All that a run makes; anything else in the folder was put there by somebody and stays.
OURS = (
    "aws.env",
    "labelportal.sqlite3*",
    "localglue",
    "log",
    "passwords",
    "redis",
    "s3",
    "secret_key",
    "seeded",
    "static",
)


def main() -> int:
    """Deletes what runs have made; refuses while one is running."""
    try:
        installation = Installation.from_environ()
        lock = InstallationLock(installation.var / "run.lock")
        lock.acquire(patience=5.0)
    except ConfigError as error:
        print(f"labelportal: {error}", file=sys.stderr)  # noqa: T201
        return 1
    for pattern in OURS:
        for path in installation.var.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    lock.release()
    lock.path.unlink()
    print(f"labelportal: {installation.var} is empty; a database named by DATABASE_URL is not touched.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
