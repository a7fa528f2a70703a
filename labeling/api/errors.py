"""What goes out when something is not done. ``site.py`` says which error becomes which answer."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404
from ninja import Schema

from labelfiles import Problem
from labeling.exceptions import LabelportalError


class PlaceOut(Schema):
    """One thing that is wrong with what was sent, and where."""

    line: int | None = None
    column: str | None = None
    code: str
    message: str


class ErrorOut(Schema):
    """Why something was not done. ``code`` is for programs, ``message`` and ``advice`` are for people."""

    code: str
    message: str
    advice: str = ""
    problems: list[PlaceOut] = []


class NotYetError(Http404):
    """404 for what will be there: the message says what to wait for."""


class WrongFieldError(LabelportalError):
    """What was sent in a field names nothing that there is; the message says so."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


REFUSALS = dict.fromkeys((400, 401, 403, 404, 409, 422, 500, 502, 503), ErrorOut)
"""What every address may answer."""


def places(problems: Iterable[Problem]) -> list[PlaceOut]:
    """Findings of ``labelfiles`` as they go out."""
    return [
        PlaceOut(line=found.line, column=found.column, code=found.code, message=found.message) for found in problems
    ]
