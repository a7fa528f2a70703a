"""``python -m labelportal.run.clean``: forgets all data of an installation that is not running."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from labelportal.run.config import ConfigError, Installation
from labelportal.run.launcher import sentence
from labelportal.run.lock import InstallationLock

# All that a run makes, by its whole name; anything else in the folder was put there by somebody and stays.
OURS = (
    "aws.env",
    *(f"labelportal.sqlite3{ending}" for ending in ("", "-journal", "-shm", "-wal")),
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
        if found := _made_by_runs(installation.var, lock.path):
            with lock.held(patience=5.0):
                _delete(found)
            lock.path.unlink()
    except (ConfigError, OSError) as error:
        print(f"labelportal: {sentence(error)}", file=sys.stderr)  # noqa: T201
        return 1
    done = "The data is deleted from" if found else "There was no data in"
    print(f"labelportal: {done} {installation.var}; a database named by DATABASE_URL is not touched.")  # noqa: T201
    return 0


def _made_by_runs(var: Path, lock: Path) -> list[Path]:
    """What there is to delete. Raises ``ConfigError`` if no run has ever been there: other folders have a ``log`` or ``static`` too."""
    found = [path for path in (var / name for name in OURS) if path.exists() or path.is_symlink()]
    if found and not lock.exists():
        names = ", ".join(path.name for path in found)
        raise ConfigError(
            f"{var} is no folder of an installation: it has no {lock.name}. Nothing was deleted ({names})."
        )
    return found


def _delete(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
