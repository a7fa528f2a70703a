"""docs/localglue.md: its table of operations and exceptions is complete, and the tests that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

from labelportal.run.config import ROOT
from localglue import operations
from localglue.protocol import service_model

PAGE = (ROOT / "docs" / "localglue.md").read_text()
TESTS = {
    path.stem: path.read_text()
    for folder in ("localglue", "contract")
    for path in (ROOT / "tests" / folder).glob("test_*.py")
}


def rows(after: str) -> list[list[str]]:
    """The cells of the first table after a text."""
    table = re.search(r"(?:^\|.*\n)+", PAGE[PAGE.index(after) :], re.MULTILINE)
    assert table
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table[0].splitlines()[2:]]


def test_every_operation_that_there_is_is_on_the_page() -> None:
    operations.load()
    told = [name for cells in rows("## What it has") for name in re.findall(r"`(\w+)`", cells[1])]
    assert sorted(told) == operations.supported()


def test_every_exception_of_every_operation_is_in_the_table() -> None:
    told: dict[str, set[str]] = {}
    operation = ""
    for cells in rows("The 13 operations for ML transforms"):
        operation = cells[0] or operation
        told.setdefault(operation, set()).add(cells[1])
        assert cells[2] == "–" or "`test_" in cells[3], cells
    model = service_model()
    names = [name for name in model.operation_names if "ML" in name or "LabelsTaskRun" in name]
    assert len(names) == 13
    of_all = {"InternalService", "OperationTimeout"}  # of which the page speaks above the table
    assert all(f"`{name}Exception`" in PAGE for name in of_all)
    assert {name: found - of_all for name, found in told.items()} == {
        name: {shape.name.removesuffix("Exception") for shape in model.operation_model(name).error_shapes} - of_all
        for name in names
    }


def test_the_tests_that_the_page_names_exist() -> None:
    named = re.findall(r"`(test_\w+)(?:::(test_\w+))?`", PAGE)
    assert len(named) > 40
    for module, function in named:
        if function:
            assert f"def {function}(" in TESTS[module], f"{module}::{function}"
        else:
            assert module in TESTS or any(f"def {module}(" in text for text in TESTS.values()), module
    for path in re.findall(r"`(tests/[\w/.]+)`", PAGE):
        assert Path(ROOT / path).exists(), path
