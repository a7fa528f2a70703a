"""Names in the order in which people expect them: *Part 2* before *Part 10*, whatever the case of the letters."""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField
from django.db.models.sql.compiler import SQLCompiler

_DIGITS = 20
_NUMBER = re.compile("[0-9]+")
_ON_SQLITE = "NATURAL_KEY"
# All zeros are put before each number that make it long enough, then those taken away that it does not need.
_ON_POSTGRESQL = (
    f"REGEXP_REPLACE(REGEXP_REPLACE(LOWER(%(expressions)s), '([0-9]+)', '{'0' * _DIGITS}\\1', 'g'), "
    f"'0*([0-9]{{{_DIGITS},}})', '\\1', 'g')"
)


def natural_key(name: str) -> str:
    """Sorts as text where the name sorts naturally: in lower case, each number with zeros before it."""
    return _NUMBER.sub(lambda number: number[0].lstrip("0").rjust(_DIGITS, "0"), name.lower())


class NaturalKey(Func):
    """``natural_key`` of a column, as the database works it out."""

    output_field = TextField()
    arity = 1

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function=_ON_SQLITE, **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=_ON_POSTGRESQL, **context)


BY_NAME = (NaturalKey("name"), "name")
"""For ``order_by``; names that differ only in case or in zeros are in the same order everywhere."""


def give_to_sqlite(*, connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Teaches a new connection ``natural_key``, for SQLite cannot replace by a pattern."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(_ON_SQLITE, 1, natural_key, deterministic=True)
