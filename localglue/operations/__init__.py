"""The operations: a function each, found by name. A request is valid by the service model before its function sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

Request = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the access key, by its id."""

    key_id: str


Handler = Callable[[Request, Caller], Result]


@dataclass(frozen=True, slots=True)
class Operation:
    """``writes``: not for keys that may only read."""

    handler: Handler
    writes: bool


_OPERATIONS: dict[str, Operation] = {}


def operation(*, writes: bool) -> Callable[[Handler], Handler]:
    """Register a function under its name in camel case, with AWS's spelling of ML."""

    def register(handler: Handler) -> Handler:
        name = "".join(part.capitalize() for part in handler.__name__.split("_")).replace("Ml", "ML")
        _OPERATIONS[name] = Operation(handler, writes)
        return handler

    return register


def find(name: str) -> Operation | None:
    """The operation of this name, or None if localglue does not have it."""
    return _OPERATIONS.get(name)


def supported() -> list[str]:
    """The names of all operations."""
    return sorted(_OPERATIONS)


def load() -> None:
    """Import the modules that hold operations; they register themselves."""
    for module in ("catalog", "jobs", "tags", "task_runs", "transforms"):
        import_module(f"{__name__}.{module}")
