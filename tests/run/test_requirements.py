"""The lock files say the same as the lists that people edit."""

from __future__ import annotations

import re
import tomllib

import pytest

from labelportal.run.config import ROOT
from tests.support.environment import clean_environ


def names_in(path: str) -> set[str]:
    """Normalised names of the direct dependencies in a .in file."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / path).read_text().splitlines()]
    return {normal(re.split(r"[\[<>=~! ]", line)[0]) for line in lines if line and not line.startswith("-")}


def pins_in(path: str) -> dict[str, set[str]]:
    """name → pinned versions (more than one where they depend on the platform) of a compiled file."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / path).read_text(), re.MULTILINE):
        pins.setdefault(normal(name), set()).add(version)
    return pins


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("stem", ["requirements", "requirements-dev", "requirements-spark"])
def test_every_direct_dependency_is_locked_with_hashes(stem: str) -> None:
    text = (ROOT / f"{stem}.txt").read_text()
    assert names_in(f"{stem}.in") <= set(pins_in(f"{stem}.txt"))
    assert text.count("--hash=sha256:") >= len(pins_in(f"{stem}.txt"))
    assert "://" not in "".join(line for line in text.splitlines() if not line.startswith("#")), (
        "no addresses of indexes"
    )


def test_development_and_production_run_the_same_versions() -> None:
    development = pins_in("requirements-dev.txt")
    spark = pins_in("requirements-spark.txt")
    assert [name for name in spark if name in development and not spark[name] & development[name]] == []
    assert {name: development.get(name) for name in pins_in("requirements.txt")} == pins_in("requirements.txt")


def test_the_documentation_explains_every_direct_dependency() -> None:
    explained = {
        normal(name) for name in re.findall(r"^\| `([^`]+)`", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    }
    assert (
        names_in("requirements.in") | names_in("requirements-dev.in") | names_in("requirements-spark.in") <= explained
    )


def test_the_python_that_is_promised_is_the_python_that_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["ruff"]["target-version"] == "py311"
    assert "python_version" not in project["tool"]["mypy"], (
        "newer ones get a NumPy whose types are not written for 3.11"
    )


def settings_read() -> list[str]:
    """The variables that ``labelportal/settings.py`` asks for."""
    return re.findall(r'env\.\w+\(\s*"([A-Z_0-9]+)"', (ROOT / "labelportal/settings.py").read_text())


def test_every_setting_is_documented() -> None:
    documented = (ROOT / "docs/operations.md").read_text()
    assert len(settings_read()) > 20
    assert [name for name in settings_read() if f"`{name}`" not in documented] == []


def test_no_setting_of_the_shell_reaches_the_servers_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings_read():
        monkeypatch.setenv(name, "from the shell")
    assert "from the shell" not in clean_environ().values()
