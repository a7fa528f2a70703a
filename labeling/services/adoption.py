"""Transforms that exist at Glue already, made in the console or by programs, come into the portal with their labels and their history."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import AuditAction, Team, User
from labeling.aws import data_catalog, glue
from labeling.choices import TransformStatus
from labeling.exceptions import (
    GlueError,
    InvalidSourceError,
    TableOfOthersError,
    TransformTakenError,
    UnknownTransformError,
)
from labeling.models import Transform
from labeling.selectors.natural_order import natural_key
from labeling.services.catalog import CatalogTable, catalog_table
from labeling.services.sources import SourcePreview, preview_table
from labeling.services.tables import find_columns
from labeling.services.task_runs import request_label_export
from labeling.tasks import take_in_foreign_runs

logger = logging.getLogger(__name__)

_NOT_FOUND = "EntityNotFoundException"


@dataclass(frozen=True, slots=True)
class GlueTransform:
    """A transform that Glue has and the portal has not. ``columns`` are those of label files, in their order.

    ``problem`` says why it cannot be added; ``table`` may then be None.
    """

    seen: glue.MLTransform
    table: CatalogTable | None
    problem: str = ""

    @property
    def columns(self) -> tuple[data_catalog.Column, ...]:
        """The schema that Glue took from the table."""
        return self.seen.schema or (self.table.columns if self.table else ())

    @property
    def primary_key(self) -> str:
        """As the schema writes it; "" if it has no such column."""
        wanted = self.seen.parameters.primary_key.lower()
        return next((column.name for column in self.columns if column.name.lower() == wanted), "")

    @property
    def table_name(self) -> str:
        """Database and table, of each table that Glue names."""
        return ", ".join(f"{table.database}.{table.name}" for table in self.seen.tables)


def glue_transforms(*, team: Team) -> list[GlueTransform]:
    """The transforms that Glue has and no team of the portal, by name, also those with a ``problem``.

    They belong to the AWS account, so teams see the same ones, except those over other teams' uploads. Raises ``GlueError``.
    """
    listed = list(glue.get_ml_transforms())
    known = set(_known_ids())
    names = _names(team)
    found = [_described(team, seen, names) for seen in listed if seen.transform_id not in known]
    return sorted(filter(None, found), key=lambda one: natural_key(one.seen.name))


def glue_transform(*, team: Team, glue_transform_id: str) -> GlueTransform:
    """One of these. Raises ``TransformTakenError`` if the portal has it, ``UnknownTransformError`` if Glue has none that the team may use,
    ``GlueError``."""
    gone = UnknownTransformError(
        _("Glue has no such transform. It was deleted, or is in another account or region."), code=_NOT_FOUND
    )
    try:
        seen = glue.get_ml_transform(transform_id=glue_transform_id)
    except GlueError as error:
        raise gone if error.code == _NOT_FOUND else error from None
    found = _described(team, seen, _names(team))
    if found is None:
        raise gone
    if glue_transform_id in _known_ids():
        raise _taken(seen.name)
    return found


def preview_of(*, found: GlueTransform) -> SourcePreview:
    """The rows that it reads, with its columns. Raises ``InvalidSourceError`` if it cannot be added as it is, ``GlueError``."""
    if found.problem or found.table is None:
        raise InvalidSourceError(found.problem)
    preview = preview_table(table=found.table)
    names = [column.name for column in found.columns]
    places = [place for place in find_columns(preview.column_names, names) if place is not None]
    preview = preview.select(places, names)
    if problem := preview.problem_with_key(found.primary_key):
        message = _("%(column)s, the primary key of %(name)s, is none in the table as it is now. %(problem)s")
        words = {"column": found.primary_key, "name": found.seen.name, "problem": problem}
        raise InvalidSourceError(message % words)
    return preview


def adopt_transform(*, team: Team, user: User, found: GlueTransform, thing: str = "thing") -> Transform:
    """Let the team work with a transform whose rows have been looked at (``preview_of``). Nothing changes at Glue.

    Its runs come into the history. If it has labels they are exported at once, so that the portal knows what Glue has learned.
    Raises ``TransformTakenError`` if somebody was faster, ``InvalidSourceError`` if the team has another one of its name.
    """
    seen, table = found.seen, found.table
    assert table is not None
    try:
        with transaction.atomic():
            transform = Transform.objects.create(
                team=team,
                name=seen.name,
                thing=thing.strip() or "thing",
                glue_transform_id=seen.transform_id,
                database_name=table.database,
                table_name=table.name,
                primary_key=found.primary_key,
                columns=[asdict(column) for column in found.columns],
                precision_recall=seen.parameters.precision_recall,
                accuracy_cost=seen.parameters.accuracy_cost,
                enforce_provided_labels=seen.parameters.enforce_provided_labels,
                glue_status=seen.status,
                label_count=seen.label_count,
                created_by=user,
            )
            record(
                team=team,
                by=user,
                action=AuditAction.TRANSFORM_ADDED,
                subject=seen.name,
                details={
                    "table": table.full_name,
                    "primary_key": found.primary_key,
                    "glue_transform_id": seen.transform_id,
                    "rows": seen.label_count,
                },
            )
            if seen.label_count:
                request_label_export(transform=transform, user=user)
            # robust: with the broker down the sweep finds the history a minute later.
            message = str(transform.pk)
            transaction.on_commit(lambda: take_in_foreign_runs.delay(transform_id=message), robust=True)
    except IntegrityError as error:
        if seen.transform_id in _known_ids():
            raise _taken(seen.name) from error
        raise InvalidSourceError(_name_problem(seen.name)) from error
    logger.info("transform %s (%s) added from Glue by user %s", transform.pk, seen.transform_id, user.pk)
    return transform


def _known_ids() -> Collection[str]:
    return Transform.objects.values_list("glue_transform_id", flat=True)


def _names(team: Team) -> set[str]:
    return set(Transform.objects.filter(team=team).values_list("name", flat=True))


def _described(team: Team, seen: glue.MLTransform, names: Collection[str]) -> GlueTransform | None:
    """None for a transform over what another team has uploaded. Raises ``GlueError`` if waiting can help."""
    if problem := _problem_of_input(seen):
        return GlueTransform(seen, None, problem)
    (wanted,) = seen.tables
    try:
        table = catalog_table(team=team, database=wanted.database, table=wanted.name)
    except TableOfOthersError:
        return None
    except GlueError as error:
        if error.retryable:
            raise
        return GlueTransform(seen, None, _("Its table cannot be read: %(error)s") % {"error": error})
    found = GlueTransform(seen, table)
    problem = _problem_of_table(found, table)
    if not problem and seen.name in names:
        problem = _name_problem(seen.name)
    return replace(found, problem=problem)


def _problem_of_input(seen: glue.MLTransform) -> str:
    if seen.status == TransformStatus.DELETING:
        return _("It is being deleted.")
    if not seen.tables:
        return _("It has no input table.")
    if len(seen.tables) > 1:
        return _("It has several input tables; the portal works with one.")
    if seen.tables[0].in_part:
        return _("It reads a part of its table only (AdditionalOptions); the portal would read all of it.")
    return ""


def _problem_of_table(found: GlueTransform, table: CatalogTable) -> str:
    if table.problem:
        return table.problem
    if not table.location.startswith("s3"):
        return _("The files of its table are not in S3.")
    header, names = [column.name for column in table.columns], [column.name for column in found.columns]
    places = find_columns(header, names)
    if missing := [name for name, place in zip(names, places, strict=True) if place is None]:
        return _("Its table has other columns now; it lacks: %(missing)s.") % {"missing": ", ".join(missing)}
    if not found.primary_key:
        message = _("Its table has no column %(name)s, which is its primary key.")
        return message % {"name": found.seen.parameters.primary_key or "–"}
    return ""


def _name_problem(name: str) -> str:
    return _(
        "The team has another transform called %(name)s. Give that one, or this one at Glue, another name first."
    ) % {"name": name}


def _taken(name: str) -> TransformTakenError:
    return TransformTakenError(_("%(name)s is in the portal already.") % {"name": name})
