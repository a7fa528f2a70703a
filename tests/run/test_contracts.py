"""Each import contract in pyproject.toml can fail: one forbidden import, planted in a copy, breaks exactly the contract that forbids it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from labelportal.run.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = [contract["name"] for contract in PROJECT["tool"]["importlinter"]["contracts"]]

# contract → (module in which to plant, what to plant)
FORBIDDEN = {
    "Portal and localglue never import each other": ("labeling/choices.py", "import localglue.errors"),
    "The portal does not know the project that wires it": ("labeling/choices.py", "import labelportal.health"),
    "localglue does not know people or the portal": ("localglue/errors.py", "import accounts.models"),
    "Of labelportal, localglue uses the launcher, and only to run alone": (
        "localglue/errors.py",
        "import labelportal.run.ports",
    ),
    "labelfiles is standard library only": ("labelfiles/model.py", "import pyarrow"),
    "partitions is standard library only": ("partitions/planted.py", "import pyarrow"),
    "tableformats is standard library only": ("tableformats/planted.py", "import pyarrow"),
    "Spreadsheets are pure: rows and a key in, bytes or findings out": (
        "labeling/spreadsheets/planted.py",
        "import boto3",
    ),
    "Reports are pure: figures and tables in, a document out": ("labeling/reports/planted.py", "import boto3"),
    "Only the portal uses partitions": ("labelfiles/planted.py", "import partitions"),
    "Only those who read catalog tables use tableformats, the portal and localglue": (
        "labelfiles/planted.py",
        "import tableformats",
    ),
    "findmatches knows no web, queue or cloud": ("findmatches/__init__.py", "import boto3"),
    "accounts stands alone": ("accounts/models.py", "import labelfiles"),
    "Of findmatches the portal sees only the façade, and only in services/proposals.py, reasons.py and shadow.py": (
        "labeling/permissions.py",
        "import findmatches",
    ),
    "localglue uses only the façades of findmatches, that of one machine and that on Spark": (
        "localglue/errors.py",
        "import findmatches.planted",
    ),
    "Only labeling.aws imports boto3 in the portal": ("labeling/permissions.py", "import boto3"),
    "Layers inside labeling": ("labeling/models/planted.py", "import labeling.permissions"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and the configuration, as they are."""
    for package in PROJECT["tool"]["importlinter"]["root_packages"]:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "findmatches" / "planted.py").write_text("")
    return tmp_path


def broken(folder: Path) -> set[str]:
    """The names of the contracts that import-linter finds broken."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"COLUMNS": "400"})
    report = result.stdout.partition("---\nContracts\n")[2].partition("Broken contracts")[0]
    assert report, result.stdout + result.stderr
    found = {name for name in CONTRACTS if re.search(rf"{re.escape(name)}\s+BROKEN", re.sub(r"\s+", " ", report))}
    assert bool(found) == bool(result.returncode), result.stdout
    return found


def test_every_contract_has_its_case() -> None:
    assert set(FORBIDDEN) == set(CONTRACTS)


def test_the_code_as_it_is_keeps_all(copy: Path) -> None:
    assert broken(copy) == set()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_planted_import_breaks_it(copy: Path, contract: str) -> None:
    module, line = FORBIDDEN[contract]
    with (copy / module).open("a") as stream:
        stream.write(f"\n{line}\n")
    assert broken(copy) == {contract}
