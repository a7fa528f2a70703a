"""The gateway to the Data Catalog of AWS Glue: databases and tables, as ``labeling.aws.glue`` is for transforms and runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling.aws import clients
from labeling.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef, TableTypeDef


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, with its type in the catalog's words."""

    name: str
    data_type: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the Data Catalog; ``parameters`` are its own and those of its storage and SerDe, the later before the earlier."""

    database: str
    name: str
    location: str
    columns: tuple[Column, ...]
    parameters: Mapping[str, str]
    input_format: str
    serde: str


def create_database(*, name: str) -> None:
    """Raises ``GlueError`` with code AlreadyExistsException if it exists."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_CreateDatabase.html
        clients.glue().create_database(DatabaseInput={"Name": name})


def get_databases() -> Iterator[str]:
    """The names of all databases."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabases.html
        for page in clients.glue().get_paginator("get_databases").paginate():
            yield from (database["Name"] for database in page["DatabaseList"])


def create_table(*, database: str, table: TableInputTypeDef) -> None:
    """Raises ``GlueError`` with code AlreadyExistsException if it exists."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTable.html
        clients.glue().create_table(DatabaseName=database, TableInput=table)


def update_table(*, database: str, table: TableInputTypeDef) -> None:
    """Put this definition in the place of the one that the table has."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
        clients.glue().update_table(DatabaseName=database, TableInput=table)


def get_table(*, database: str, name: str) -> Table:
    """One table."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
        return _table(clients.glue().get_table(DatabaseName=database, Name=name)["Table"], database)


def get_tables(*, database: str) -> Iterator[Table]:
    """Every table of a database."""
    with translated():
        # https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
        for page in clients.glue().get_paginator("get_tables").paginate(DatabaseName=database):
            yield from (_table(table, database) for table in page["TableList"])


def _table(table: TableTypeDef, database: str) -> Table:
    storage = table.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    return Table(
        database=table.get("DatabaseName", database),
        name=table["Name"],
        location=storage.get("Location", ""),
        columns=tuple(Column(column["Name"], column.get("Type", "")) for column in storage.get("Columns", [])),
        parameters={**table.get("Parameters", {}), **storage.get("Parameters", {}), **serde.get("Parameters", {})},
        input_format=storage.get("InputFormat", ""),
        serde=serde.get("SerializationLibrary", ""),
    )
