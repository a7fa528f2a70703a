"""The Data Catalog: databases and tables, as much as a transform needs. Partitions, versions and federation are left out."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from localglue import paging
from localglue.errors import (
    AlreadyExistsException,
    ConcurrentModificationException,
    EntityNotFoundException,
    InvalidInputException,
)
from localglue.models import Database, Table, Tag
from localglue.operations import Caller, Request, Result, operation
from localglue.operations.tags import set_tags


def _check_catalog(request: Request) -> None:
    if request.get("CatalogId", settings.LOCALGLUE_ACCOUNT_ID) != settings.LOCALGLUE_ACCOUNT_ID:
        raise EntityNotFoundException(f"Catalog {request['CatalogId']} not found.")


def _refuse(request: Request, *names: str) -> None:
    given = [name for name in names if request.get(name)]
    if given:
        raise InvalidInputException(f"localglue does not support {', '.join(given)}.")


def _own(request: Request) -> bool:
    """Nothing is shared with this catalog, so only ALL (or no wish) finds something."""
    return bool(request.get("ResourceShareType", "ALL") == "ALL")


def _attributes(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """``AttributesToGet``: NAME and TABLE_TYPE as members; what the shape needs stays."""
    wanted = request.get("AttributesToGet")
    if not wanted:
        return shown
    names = {"Name"} | {name.title().replace("_", "") for name in wanted}
    return {name: value for name, value in shown.items() if name in names}


def fold(name: str) -> str:
    """Names of databases and tables are kept in lower case, as Glue does for Hive's sake."""
    return name.lower()


def find_database(name: str) -> Database:
    """Raises ``EntityNotFoundException``."""
    database = Database.objects.filter(name=fold(name)).first()
    if database is None:
        raise EntityNotFoundException(f"Database {fold(name)} not found.")
    return database


def find_table(database_name: str, name: str, *, lock: bool = False) -> Table:
    """Raises ``EntityNotFoundException`` for the database or the table. ``lock`` as for transforms."""
    tables = Table.objects.select_for_update() if lock else Table.objects.all()
    table = tables.filter(database=find_database(database_name), name=fold(name)).first()
    if table is None:
        raise EntityNotFoundException(f"Table {fold(name)} not found.")
    return table


def _show_database(database: Database) -> dict[str, Any]:
    return {
        **database.definition,
        "Name": database.name,
        "CreateTime": database.created_at,
        "CatalogId": settings.LOCALGLUE_ACCOUNT_ID,
    }


def _show_table(table: Table) -> dict[str, Any]:
    return {
        **table.definition,
        "Name": table.name,
        "DatabaseName": table.database.name,
        "CreateTime": table.created_at,
        "UpdateTime": table.updated_at,
        "IsRegisteredWithLakeFormation": False,
        "CatalogId": settings.LOCALGLUE_ACCOUNT_ID,
        "VersionId": str(table.version),
    }


def _database_definition(request: Request) -> dict[str, Any]:
    definition: dict[str, Any] = request["DatabaseInput"]
    _refuse(definition, "TargetDatabase", "FederatedDatabase")
    return definition


def _table_definition(request: Request) -> dict[str, Any]:
    _refuse(request, "PartitionIndexes", "OpenTableFormatInput", "UpdateOpenTableFormatInput", "ViewUpdateAction")
    definition: dict[str, Any] | None = request.get("TableInput")
    if definition is None:
        raise InvalidInputException("TableInput must be given.")
    _refuse(definition, "TargetTable", "ViewDefinition")
    names = [column["Name"].lower() for column in definition.get("StorageDescriptor", {}).get("Columns", [])]
    for name, count in Counter(names).items():
        if count > 1:
            raise InvalidInputException(f"The table has more than one column named {name}.")
    return definition


@operation(writes=True)
def create_database(request: Request, caller: Caller) -> Result:
    _check_catalog(request)
    definition = _database_definition(request)
    name = fold(definition["Name"])
    with transaction.atomic():
        _, created = Database.objects.get_or_create(name=name, defaults={"definition": definition})
        if not created:
            raise AlreadyExistsException("Database already exists.")
        set_tags(f"database/{name}", request.get("Tags", {}))
    return {}


@operation(writes=False)
def get_database(request: Request, caller: Caller) -> Result:
    _check_catalog(request)
    return {"Database": _show_database(find_database(request["Name"]))}


@operation(writes=False)
def get_databases(request: Request, caller: Caller) -> Result:
    _check_catalog(request)
    databases = Database.objects.all() if _own(request) else Database.objects.none()
    rows, token = paging.page(databases, request, order="name")
    return paging.result("DatabaseList", rows, token, lambda row: _attributes(request, _show_database(row)))


@operation(writes=True)
def update_database(request: Request, caller: Caller) -> Result:
    _check_catalog(request)
    definition = _database_definition(request)
    if fold(definition["Name"]) != fold(request["Name"]):
        raise InvalidInputException("A database cannot be renamed.")
    if not Database.objects.filter(name=fold(request["Name"])).update(definition=definition):
        raise EntityNotFoundException(f"Database {fold(request['Name'])} not found.")
    return {}


@operation(writes=True)
def delete_database(request: Request, caller: Caller) -> Result:
    """The tables of the database go with it, as on AWS."""
    _check_catalog(request)
    database = find_database(request["Name"])
    with transaction.atomic():
        Tag.objects.filter(resource=f"database/{database.name}").delete()
        database.delete()
    return {}


@operation(writes=True)
def create_table(request: Request, caller: Caller) -> Result:
    _check_catalog(request)
    definition = _table_definition(request)
    database = find_database(request["DatabaseName"])
    try:
        with transaction.atomic():
            Table.objects.create(database=database, name=fold(definition["Name"]), definition=definition)
    except IntegrityError:
        find_database(database.name)  # it may have been deleted between our look and our insert
        raise AlreadyExistsException("Table already exists.") from None
    return {}


@operation(writes=False)
def get_table(request: Request, caller: Caller) -> Result:
    _check_catalog(request)
    _refuse(request, "TransactionId", "QueryAsOfTime")
    return {"Table": _attributes(request, _show_table(find_table(request["DatabaseName"], request["Name"])))}


@operation(writes=False)
def get_tables(request: Request, caller: Caller) -> Result:
    _check_catalog(request)
    _refuse(request, "TransactionId", "QueryAsOfTime")
    tables = Table.objects.filter(database=find_database(request["DatabaseName"])).select_related("database")
    if expression := request.get("Expression"):
        pattern = _hive_pattern(expression)
        tables = tables.filter(
            name__in=[name for name in tables.values_list("name", flat=True) if pattern.fullmatch(name)]
        )
    rows, token = paging.page(tables if _own(request) else tables.none(), request, order="name")
    return paging.result("TableList", rows, token, lambda row: _attributes(request, _show_table(row)))


def _hive_pattern(expression: str) -> re.Pattern[str]:
    """Hive's patterns, which is what Glue takes: ``*`` (or ``.*``) for anything, ``|`` for or; all else stands for itself.

    Not any regular expression, which could keep the process busy for ever. Nor can many ``*``: each is content with the first place where
    what follows it stands (in an atomic group), and only the last one looks for the end.
    """
    return re.compile(
        "|".join(_wildcards(part) for part in expression.lower().replace(".*", "*").split("|")), re.DOTALL
    )


def _wildcards(text: str) -> str:
    first, *others = map(re.escape, text.split("*"))
    if not others:
        return first
    return first + "".join(f"(?>.*?{piece})" for piece in others[:-1]) + f".*{others[-1]}"


@operation(writes=False)
def get_partition_indexes(request: Request, caller: Caller) -> Result:
    """None: a table that would have some is refused. Terraform asks for them after each table."""
    _check_catalog(request)
    find_table(request["DatabaseName"], request["TableName"])
    return {"PartitionIndexDescriptorList": []}


@operation(writes=True)
def update_table(request: Request, caller: Caller) -> Result:
    """The new definition takes the place of the old one as a whole. ``VersionId`` counts, older versions are not kept."""
    _check_catalog(request)
    definition = _table_definition(request)
    name = fold(request.get("Name") or definition["Name"])
    with transaction.atomic():
        table = find_table(request["DatabaseName"], name, lock=True)
        wanted = request.get("VersionId")
        if wanted is not None and wanted != str(table.version):
            raise ConcurrentModificationException(f"The version of the table is {table.version}, not {wanted}.")
        if fold(definition["Name"]) != name:
            raise InvalidInputException("A table cannot be renamed.")
        table.definition = definition
        table.version += 1
        table.updated_at = timezone.now()
        table.save()
    return {}


@operation(writes=True)
def delete_table(request: Request, caller: Caller) -> Result:
    """The data in S3 stays, as on AWS."""
    _check_catalog(request)
    find_table(request["DatabaseName"], request["Name"]).delete()
    return {}
