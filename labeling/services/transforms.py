"""Transforms: created at Glue over a table of the catalog, changed, and looked at again.

Each step at Glue can be repeated: database and table are found again if they exist, and CreateMLTransform answers the same name and
parameters with the same id. So the row is saved last, and whoever is interrupted presses the button again.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record, record_changes
from accounts.models import AuditAction, Team, User
from labeling.aws import data_catalog, glue, storage
from labeling.aws.parameters import FindMatchesSettings
from labeling.choices import SourceFormat
from labeling.exceptions import GlueError, InvalidSourceError
from labeling.models import SourceFile, Transform
from labeling.services.catalog import CatalogTable, catalog_table
from labeling.services.sources import SourcePreview, want_source
from tableformats import ESCAPED_CSV

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef

logger = logging.getLogger(__name__)

_EXISTS = "AlreadyExistsException"
_TAKEN = frozenset({_EXISTS, "IdempotentParameterMismatchException"})
_CHANGEABLE = ("name", "thing", "precision_recall", "accuracy_cost", "enforce_provided_labels")

# What a Glue crawler writes for such files; https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
_CSV_STORAGE = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {
            "separatorChar": ESCAPED_CSV.delimiter,
            "quoteChar": ESCAPED_CSV.quote,
            "escapeChar": ESCAPED_CSV.escape,
        },
    },
}
_CSV_PARAMETERS = {
    "classification": "csv",
    "columnsOrdered": "true",
    "delimiter": ESCAPED_CSV.delimiter,
    "skip.header.line.count": str(ESCAPED_CSV.header_lines),
    "typeOfData": "file",
}
_PARQUET_STORAGE = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
_PARQUET_PARAMETERS = {"classification": "parquet", "typeOfData": "file"}


def create_transform(
    *,
    team: Team,
    user: User,
    name: str,
    source: SourceFile | CatalogTable,
    preview: SourcePreview,
    primary_key: str,
    precision_recall: float,
    accuracy_cost: float,
    enforce_provided_labels: bool = False,
    thing: str = "thing",
) -> Transform:
    """Create the table if the source is a file, the transform at Glue, and the row. ``preview`` is that of the source.

    Raises ``InvalidSourceError`` if the key cannot be one or the name is taken, ``GlueError`` if Glue refuses. In each case the
    staged file stays, and the same call can be made again.
    """
    name = name.strip()
    if Transform.objects.filter(team=team, name=name).exists():
        raise _name_taken(name)
    _check_source(source, preview, primary_key)
    table = _ensure_table(team, source) if isinstance(source, SourceFile) else source
    parameters = FindMatchesSettings(primary_key, precision_recall, accuracy_cost, enforce_provided_labels)
    transform_id = _create_at_glue(name, table, parameters)
    seen = glue.get_ml_transform(transform_id=transform_id)
    try:
        with transaction.atomic():
            transform = Transform.objects.create(
                team=team,
                name=name,
                thing=thing.strip() or "thing",
                glue_transform_id=transform_id,
                database_name=table.database,
                table_name=table.name,
                source_file=source if isinstance(source, SourceFile) else None,
                primary_key=primary_key,
                # The schema that Glue took from the table: label files must follow it.
                columns=[asdict(column) for column in seen.schema or table.columns],
                precision_recall=precision_recall,
                accuracy_cost=accuracy_cost,
                enforce_provided_labels=enforce_provided_labels,
                glue_status=seen.status,
                label_count=seen.label_count,
                created_by=user,
            )
            record(
                team=team,
                by=user,
                action=AuditAction.TRANSFORM_CREATED,
                subject=name,
                details={"table": f"{table.database}.{table.name}", "primary_key": primary_key},
            )
    except IntegrityError as error:
        raise _name_taken(name) from error
    logger.info("transform %s (%s) created by user %s", transform.pk, transform_id, user.pk)
    return transform


def _check_source(source: SourceFile | CatalogTable, preview: SourcePreview, primary_key: str) -> None:
    if isinstance(source, SourceFile) and source.format == SourceFormat.CSV and not source.escaped:
        raise InvalidSourceError(_("This file was uploaded to an earlier version of the portal. Upload it again."))
    if problem := preview.problem_with_key(primary_key):
        message = _("%(column)s cannot be the primary key. %(problem)s")
        raise InvalidSourceError(message % {"column": primary_key, "problem": problem})


def _create_at_glue(name: str, table: CatalogTable, parameters: FindMatchesSettings) -> str:
    """Its id there. Raises ``InvalidSourceError`` if the name is taken, else ``GlueError``."""
    try:
        return glue.create_ml_transform(
            name=name, database=table.database, table=table.name, role=settings.GLUE_ROLE, parameters=parameters
        )
    except GlueError as error:
        if error.code in _TAKEN:
            raise _name_taken(name) from error
        raise


def update_transform(
    *,
    transform: Transform,
    user: User,
    name: str,
    precision_recall: float,
    accuracy_cost: float,
    enforce_provided_labels: bool,
    thing: str | None = None,
) -> Transform:
    """Change name and trade-offs, at Glue first. Raises ``InvalidSourceError`` if the name is taken, ``GlueError``."""
    name = name.strip()
    if Transform.objects.filter(team=transform.team, name=name).exclude(pk=transform.pk).exists():
        raise _name_taken(name)
    glue.update_ml_transform(
        transform_id=transform.glue_transform_id,
        name=name,
        parameters=FindMatchesSettings(transform.primary_key, precision_recall, accuracy_cost, enforce_provided_labels),
    )
    before = {field: getattr(transform, field) for field in _CHANGEABLE}
    transform.name = name
    transform.precision_recall = precision_recall
    transform.accuracy_cost = accuracy_cost
    transform.enforce_provided_labels = enforce_provided_labels
    if thing is not None:
        transform.thing = thing.strip() or "thing"
    try:
        with transaction.atomic():
            transform.save(update_fields=(*_CHANGEABLE, "updated_at"))
            record_changes(
                team=transform.team,
                by=user,
                action=AuditAction.TRANSFORM_CHANGED,
                subject=before["name"],
                before=before,
                after={field: getattr(transform, field) for field in _CHANGEABLE},
            )
    except IntegrityError as error:
        raise _name_taken(name) from error
    logger.info("transform %s changed by user %s", transform.pk, user.pk)
    _take_what_glue_holds(transform)
    return transform


def _take_what_glue_holds(transform: Transform) -> None:
    """Let the row say what Glue says, also if two people saved at once and Glue heard them in another order than the database.

    Everybody tells Glue, then saves, then asks Glue. So whoever saves last asks when Glue has heard all.
    """
    while True:
        try:
            seen = glue.get_ml_transform(transform_id=transform.glue_transform_id)
        except GlueError as error:
            logger.warning("transform %s: not compared with Glue after its change: %s", transform.pk, error.code)
            return
        held = {
            "name": seen.name,
            "precision_recall": seen.parameters.precision_recall,
            "accuracy_cost": seen.parameters.accuracy_cost,
            "enforce_provided_labels": seen.parameters.enforce_provided_labels,
        }
        if all(getattr(transform, field) == value for field, value in held.items()):
            return
        Transform.objects.filter(pk=transform.pk).update(**held, updated_at=timezone.now())
        for field, value in held.items():
            setattr(transform, field, value)


def _ensure_table(team: Team, source: SourceFile) -> CatalogTable:
    """The catalog table over the staged file, made if it is missing; its Location is the file's own folder."""
    want_source(source=source)
    database = settings.CATALOG_DATABASE
    name = table_name(source)
    try:
        data_catalog.create_database(name=database)
    except GlueError as error:
        if error.code != _EXISTS:
            raise
    try:
        data_catalog.create_table(database=database, table=table_input(name, source))
    except GlueError as error:
        if error.code != _EXISTS:
            raise
    return catalog_table(team=team, database=database, table=name)


def table_name(source: SourceFile) -> str:
    """A name that people recognise in the catalog and that is always the same for a file: its own name and part of its id."""
    plain = unicodedata.normalize("NFKD", PurePosixPath(source.name).stem).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40] or "table"
    return f"{words}_{source.pk.hex[:8]}"


def table_input(name: str, source: SourceFile) -> TableInputTypeDef:
    """The definition of a catalog table over a staged file."""
    csv = source.format == SourceFormat.CSV
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": _CSV_PARAMETERS if csv else _PARQUET_PARAMETERS,
        "StorageDescriptor": {
            "Columns": [{"Name": column["name"], "Type": column["data_type"]} for column in source.columns],
            "Location": storage.our_uri(source.key.rsplit("/", 1)[0]) + "/",
            **(_CSV_STORAGE if csv else _PARQUET_STORAGE),  # type: ignore[typeddict-item]  # literal constants above
        },
    }


def _name_taken(name: str) -> InvalidSourceError:
    return InvalidSourceError(_("There is already a transform called %(name)s. Choose another name.") % {"name": name})
