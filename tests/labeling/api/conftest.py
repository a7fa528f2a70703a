"""Programs that act for the cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, User
from accounts.tokens import create_token


@dataclass(frozen=True)
class Program:
    """Something with a token; every answer is JSON."""

    secret: str

    def get(self, path: str, expect: int = 200, **query: Any) -> Any:
        """GET, and the answer if it has the status that is expected."""
        response = Client().get(f"/api/v1{path}", query, headers={"Authorization": f"Bearer {self.secret}"})
        assert response.status_code == expect, response.content
        return response.json()

    def fetch(self, path: str, **query: Any) -> bytes:
        """A file."""
        response = Client().get(f"/api/v1{path}", query, headers={"Authorization": f"Bearer {self.secret}"})
        assert response.status_code == 200, response.content
        assert response.headers["Content-Disposition"].startswith("attachment")
        return response.getvalue()

    def post(self, path: str, body: Any = None, expect: int = 201, *, form: bool = False) -> Any:
        """POST; a ``dict`` with a file goes as a form, everything else as JSON."""
        kind = {} if form or (isinstance(body, dict) and "file" in body) else {"content_type": "application/json"}
        response = Client().post(
            f"/api/v1{path}",
            {} if body is None else body,
            headers={"Authorization": f"Bearer {self.secret}"},
            **kind,  # type: ignore[arg-type]
        )
        assert response.status_code == expect, response.content
        return response.json()


ProgramOf = Callable[..., Program]


@pytest.fixture
def program_of() -> ProgramOf:
    """``program_of(person)``: a program of that person's, which may only read unless it is said to write."""

    def made(person: User, *, may_write: bool = False) -> Program:
        membership = Membership.objects.get(user=person)
        _token, secret = create_token(membership=membership, name="pipeline", days=30, may_write=may_write)
        return Program(secret)

    return made
