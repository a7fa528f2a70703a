"""ML transforms: create, read, list, update, delete."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from labelfiles import LABEL_COLUMN, SET_ID_COLUMN
from localglue import deletion, paging, runs
from localglue.cell_types import is_plain
from localglue.choices import ACTIVE, TaskType, TransformStatus
from localglue.errors import (
    AlreadyExistsException,
    EntityNotFoundException,
    GlueError,
    IdempotentParameterMismatchException,
    InvalidInputException,
    ResourceNumberLimitExceededException,
)
from localglue.models import MLTransform, Tag, TaskRun
from localglue.operations import Caller, Request, Result, operation
from localglue.operations.capacity import capacity
from localglue.operations.catalog import find_table, fold
from localglue.operations.tags import set_tags
from localglue.tables import MAX_COLUMNS

_ORDER = {
    "NAME": "name",
    "TRANSFORM_TYPE": "id",  # there is only one type
    "STATUS": "status",
    "CREATED": "created_at",
    "LAST_MODIFIED": "modified_at",
}
# The engine neither asks nor learns where a table has one of these.
_TAKEN_NAMES = {
    SET_ID_COLUMN: "every label file",
    LABEL_COLUMN: "every label file",
    "match_id": "every result",
    "match_confidence_score": "every result",
}


def find_transform(handle: str, *, stop: str = ".", lock: bool = False) -> MLTransform:
    """Raises ``EntityNotFoundException`` in AWS's words. With ``lock`` nobody changes or deletes it until the transaction ends."""
    transforms = MLTransform.objects.select_for_update() if lock else MLTransform.objects.all()
    transform = transforms.filter(public_id=handle).first()
    if transform is None:
        raise EntityNotFoundException(runs.cannot_find(handle, stop=stop))
    return transform


@operation(writes=True)
def create_ml_transform(request: Request, caller: Caller) -> Result:
    """The same request again returns the same id as long as the transform was not updated.

    The name of a transform that was made by another request is refused as an idempotent request with other parameters; the name
    of one that has been updated since, or is being deleted, as taken.
    """
    if not request["Name"].strip():
        raise InvalidInputException("Transform name cannot be blank.")
    _check_role(request)
    parameters = _checked_parameters(request["Parameters"])
    sizes = capacity(request)
    retries = _checked_retries(request)
    try:
        return {"TransformId": _create(request, parameters, sizes, retries)}
    except IntegrityError:  # somebody took the name between our look and our insert
        # That transform, or what ours refers to, may be gone again by now; then a second look says what is not there.
        return {"TransformId": _create(request, parameters, sizes, retries)}


def _create(request: Request, parameters: dict[str, Any], sizes: dict[str, Any], retries: int | None) -> str:
    with transaction.atomic():
        if existing := MLTransform.objects.filter(name=request["Name"]).first():
            return _idempotent(existing, request)
        table = _input_table(request)
        schema = _schema(table)
        _check_key(parameters, schema)
        count, limit = MLTransform.objects.count(), settings.LOCALGLUE_MAX_TRANSFORMS
        if count >= limit:
            raise ResourceNumberLimitExceededException(
                f"ML Transforms count ({count}) has exceeded the limit of {limit} transforms."
            )
        transform = MLTransform.objects.create(
            name=request["Name"],
            description=request.get("Description", ""),
            database_name=fold(table["DatabaseName"]),
            table_name=fold(table["TableName"]),
            input_table=table,
            parameters=parameters,
            schema=schema,
            schema_digest=schema_digest(schema),
            role=request["Role"],
            glue_version=request.get("GlueVersion", "0.9"),
            timeout=request.get("Timeout", 2880),
            max_retries=retries,
            encryption=request.get("TransformEncryption"),
            create_request=request,
            **(sizes or {"max_capacity": 10.0}),
        )
        set_tags(deletion.resource(transform), request.get("Tags", {}))
    return transform.public_id


def _idempotent(existing: MLTransform, request: Request) -> str:
    if existing.status == TransformStatus.DELETING or existing.revision:
        raise AlreadyExistsException(f"Transform with name {existing.name} already exists.")
    if existing.create_request != request:
        raise IdempotentParameterMismatchException(
            f"Idempotent create request for transform {existing.name} had mismatching parameters."
        )
    return existing.public_id


def _checked_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    find_matches = parameters.get("FindMatchesParameters")
    if find_matches is None:
        raise InvalidInputException("Find Matches parameters have not been set.")
    if not find_matches.get("PrimaryKeyColumnName", "").strip():
        raise InvalidInputException("A primary key must be specified in Find Matches parameters.")
    return parameters


def _check_role(request: Request) -> None:
    if not request.get("Role", "given before").strip():
        raise InvalidInputException("Role must be given.")


def _checked_retries(request: Request) -> int | None:
    retries: int | None = request.get("MaxRetries")
    if retries is not None and retries < 0:
        raise InvalidInputException("Max retries should be non-negative.")
    return retries


def _input_table(request: Request) -> dict[str, Any]:
    tables: list[dict[str, Any]] = request["InputRecordTables"]
    if len(tables) != 1:
        raise InvalidInputException("Exactly one input record table must be provided.")
    table = tables[0]
    if not table["DatabaseName"].strip():
        raise InvalidInputException("Should specify database name.")
    if not table["TableName"].strip():
        raise InvalidInputException("Should specify table name.")
    if table.get("ConnectionName") or table.get("AdditionalOptions"):
        raise InvalidInputException("localglue does not support ConnectionName and AdditionalOptions.")
    if table.get("CatalogId", settings.LOCALGLUE_ACCOUNT_ID) != settings.LOCALGLUE_ACCOUNT_ID:
        raise InvalidInputException(
            f"Problem fetching the data catalog schema: Catalog {table['CatalogId']} not found."
        )
    return table


def _schema(input_table: dict[str, Any]) -> list[dict[str, str]]:
    """Names and types of the columns that the catalog knows now. Raises ``InvalidInputException`` if they will not do."""
    try:
        table = find_table(input_table["DatabaseName"], input_table["TableName"])
    except GlueError as error:
        raise InvalidInputException(f"Problem fetching the data catalog schema: {error.message}") from None
    columns = table.definition.get("StorageDescriptor", {}).get("Columns", [])
    if not columns:
        raise InvalidInputException("Schema is not defined on the transform.")
    if len(columns) > MAX_COLUMNS:
        raise InvalidInputException(
            f"Problem fetching the data catalog schema: The table has {len(columns)} columns; {MAX_COLUMNS} are allowed."
        )
    for column in columns:
        if owner := _TAKEN_NAMES.get(column["Name"].lower()):
            raise InvalidInputException(
                f"The table has a column {column['Name']}, and so has {owner}, of its own. Give it another name in the table."
            )
        if not is_plain(column.get("Type", "string")):
            raise InvalidInputException(
                f"Input source column {column['Name']} has an invalid data type defined in the catalog."
            )
    return [{"Name": column["Name"], "DataType": column.get("Type", "string")} for column in columns]


def _check_key(parameters: dict[str, Any], schema: list[dict[str, str]]) -> None:
    key = parameters["FindMatchesParameters"]["PrimaryKeyColumnName"]
    if key.lower() not in {column["Name"].lower() for column in schema}:
        raise InvalidInputException(f"Schema should contain given primary key: {key}.")


def schema_digest(schema: list[dict[str, str]]) -> str:
    """The same for schemas with the same columns and types in any order: what the filter by schema compares."""
    pairs = sorted((column["Name"].lower(), column.get("DataType", "").lower()) for column in schema)
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()


def show(transform: MLTransform) -> dict[str, Any]:
    """The transform as MLTransform, which is also the answer of GetMLTransform."""
    return {
        "TransformId": transform.public_id,
        "Name": transform.name,
        "Description": transform.description or "",
        "Status": transform.status,
        "CreatedOn": transform.created_at,
        "LastModifiedOn": transform.modified_at,
        "InputRecordTables": [transform.input_table],
        "Parameters": transform.parameters,
        "EvaluationMetrics": transform.metrics,
        "LabelCount": transform.label_count,
        "Schema": transform.schema,
        "Role": transform.role,
        "GlueVersion": transform.glue_version,
        "MaxCapacity": transform.max_capacity,
        "WorkerType": transform.worker_type or None,
        "NumberOfWorkers": transform.number_of_workers,
        "Timeout": transform.timeout,
        "MaxRetries": transform.max_retries,
        "TransformEncryption": transform.encryption,
    }


@operation(writes=False)
def get_ml_transform(request: Request, caller: Caller) -> Result:
    return show(find_transform(request["TransformId"]))


@operation(writes=False)
def get_ml_transforms(request: Request, caller: Caller) -> Result:
    rows, token = _page(request)
    return paging.result("Transforms", rows, token, show)


@operation(writes=False)
def list_ml_transforms(request: Request, caller: Caller) -> Result:
    rows, token = _page(request, "public_id")
    return paging.result("TransformIds", rows, token, lambda row: row.public_id)


def _page(request: Request, *fields: str) -> tuple[list[MLTransform], str | None]:
    """Without a wish, in the order of creation. With ``fields`` only these are read."""
    sort = request.get("Sort", {"Column": "CREATED", "SortDirection": "ASCENDING"})
    order = _ORDER[sort["Column"]]
    found = _filtered(request)
    return paging.page(
        found.only(*fields, order) if fields else found.defer("create_request"),
        request,
        order=order,
        descending=sort["SortDirection"] == "DESCENDING",
    )


def _filtered(request: Request) -> QuerySet[MLTransform]:
    wanted = request.get("Filter", {})
    transforms = MLTransform.objects.all()
    for member, lookup in (("Name", "name"), ("Status", "status"), ("GlueVersion", "glue_version")):
        if member in wanted:
            transforms = transforms.filter(**{lookup: wanted[member]})
    transforms = paging.within(transforms, wanted, "Created", "created_at")
    transforms = paging.within(transforms, wanted, "LastModified", "modified_at")
    if "Schema" in wanted:
        transforms = transforms.filter(schema_digest=schema_digest(_whole(wanted["Schema"])))
    for key, value in request.get("Tags", {}).items():
        own = Tag.objects.filter(resource=Concat(Value("mlTransform/"), OuterRef("public_id")), key=key, value=value)
        transforms = transforms.filter(Exists(own))
    return transforms


def _whole(schema: list[dict[str, str]]) -> list[dict[str, str]]:
    for column in schema:
        if "Name" not in column:
            raise InvalidInputException("Name can't be blank.")
    return schema


@operation(writes=True)
def update_ml_transform(request: Request, caller: Caller) -> Result:
    """Members that are not given stay. New parameters make the model learn again when it is next needed; labels stay."""
    with transaction.atomic():
        transform = find_transform(request["TransformId"], lock=True)
        if transform.status == TransformStatus.DELETING:
            raise InvalidInputException("The transform is being deleted.")
        _rename(transform, request)
        _check_role(request)
        if "Parameters" in request:
            _set_parameters(transform, _checked_parameters(request["Parameters"]))
        for name, value in capacity(request).items():
            setattr(transform, name, value)
        for member, field in (
            ("Description", "description"),
            ("Role", "role"),
            ("GlueVersion", "glue_version"),
            ("Timeout", "timeout"),
        ):
            if member in request:
                setattr(transform, field, request[member])
        if "MaxRetries" in request:
            transform.max_retries = _checked_retries(request)
        transform.modified_at = timezone.now()
        transform.revision += 1
        try:
            transform.save()
        except IntegrityError:  # somebody took the name between our look and our update
            raise InvalidInputException(_taken(transform.name)) from None
    return {"TransformId": transform.public_id}


def _set_parameters(transform: MLTransform, parameters: dict[str, Any]) -> None:
    """Labels are of the rows that the key identifies: it stays while there are some, or while some are being imported."""
    _check_key(parameters, transform.schema)
    key = transform.primary_key
    transform.parameters = parameters
    if transform.primary_key == key:
        return
    if transform.label_count:
        raise InvalidInputException(
            f"The transform has labels of rows that {key} identifies, so its primary key cannot change. "
            "Make another transform, and import the labels there."
        )
    if TaskRun.objects.filter(transform=transform, task_type=TaskType.IMPORT_LABELS, status__in=ACTIVE).exists():
        raise InvalidInputException(
            f"Labels of rows that {key} identifies are being imported, so the primary key cannot change now."
        )


def _rename(transform: MLTransform, request: Request) -> None:
    name = request.get("Name")
    if name is None:
        return
    if not name.strip():
        raise InvalidInputException("Transform name cannot be blank.")
    if MLTransform.objects.filter(name=name).exclude(pk=transform.pk).exists():
        raise InvalidInputException(_taken(name))
    transform.name = name


def _taken(name: str) -> str:
    return f"Another transform with name {name} already exists."


@operation(writes=True)
def delete_ml_transform(request: Request, caller: Caller) -> Result:
    """Gone at once if no run is active; else DELETING until its runs are stopped."""
    with transaction.atomic():
        transform = find_transform(request["TransformId"], stop="", lock=True)
        MLTransform.objects.filter(pk=transform.pk).update(status=TransformStatus.DELETING, modified_at=timezone.now())
        active = TaskRun.objects.filter(transform=transform, status__in=ACTIVE).order_by("pk")
        for pk in list(active.values_list("pk", flat=True)):
            runs.stop(pk, now=timezone.now())
    deletion.purge(transform.pk)
    return {"TransformId": transform.public_id}
