"""Tables that Glue's Data Catalog knows."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Team
from labeling.aws import data_catalog, storage
from labeling.choices import SourceFormat
from labeling.exceptions import TableOfOthersError
from labeling.models import SourceFile
from tableformats import FormatError, TableFormat, table_format


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table of the Data Catalog; ``format`` is "" if it is neither CSV nor Parquet, ``location`` an s3:// address.

    ``layout`` is None if the table cannot be used, and ``problem`` then says why.
    """

    database: str
    name: str
    location: str
    format: str
    columns: tuple[data_catalog.Column, ...]
    layout: TableFormat | None
    problem: str = ""

    @property
    def full_name(self) -> str:
        """Database and table, as a query would name it."""
        return f"{self.database}.{self.name}"


def catalog_tables(*, team: Team) -> list[CatalogTable]:
    """Every table over CSV or Parquet files in S3 that the installation's credentials can see, by name, also those with a ``problem``.

    The catalog belongs to the AWS account, so teams see the same tables, except those made from other teams' uploads.
    Raises ``GlueError``.
    """
    own_folders = _own_folders(team)
    found = [
        table
        for database in data_catalog.get_databases()
        for table in map(_catalog_table, data_catalog.get_tables(database=database))
        if table.format and table.location.startswith("s3") and _belongs(table, own_folders)
    ]
    return sorted(found, key=lambda table: table.full_name)


def catalog_table(*, team: Team, database: str, table: str) -> CatalogTable:
    """One table that the team may use. Raises ``GlueError`` if there is none, ``TableOfOthersError`` for one that it may not use."""
    found = _catalog_table(data_catalog.get_table(database=database, name=table))
    if not _belongs(found, _own_folders(team)):
        message = _("There is no table %(name)s.") % {"name": found.full_name}
        raise TableOfOthersError(message, code="EntityNotFoundException")
    return found


def _own_folders(team: Team) -> set[str]:
    keys = SourceFile.objects.filter(team=team).values_list("key", flat=True)
    return {storage.our_uri(key).rsplit("/", 1)[0] for key in keys}


def _belongs(table: CatalogTable, own_folders: set[str]) -> bool:
    """Files that some team uploaded are for that team alone; all other tables are for everyone."""
    uploaded = table.location.startswith(storage.our_uri("sources/"))
    return not uploaded or table.location.rstrip("/") in own_folders


def _catalog_table(table: data_catalog.Table) -> CatalogTable:
    layout, problem = None, ""
    try:
        found = table_format(table.parameters, serde=table.serde, input_format=table.input_format)
    except FormatError as error:
        kind = "" if error.code == "kind" else SourceFormat.CSV
        problem = _problem(error.code, error.value)
    else:
        kind = found.kind if found.kind in SourceFormat.values else ""
        layout, problem = (found, "") if kind else (None, _problem("kind", found.kind))
    return CatalogTable(
        database=table.database,
        name=table.name,
        location=table.location,
        format=kind,
        columns=table.columns,
        layout=layout,
        problem=problem,
    )


def _problem(code: str, value: str) -> str:
    """A ``FormatError`` for people. What stands in the catalog is cut, and quoted so that blanks and tabs can be seen."""
    texts = {
        "kind": _("Only tables over CSV or Parquet files can be used."),
        "delimiter": _("The table's delimiter is %(value)s. Only one ASCII character can be used."),
        "quote": _(
            "The table's quoteChar is %(value)s. Only one ASCII character other than the delimiter can be used."
        ),
        "escape": _(
            "The table's escapeChar is %(value)s. Only one ASCII character other than the delimiter can be used."
        ),
        "header_lines": _("The table's skip.header.line.count is %(value)s, which is not a number of lines."),
    }
    return texts[code] % {"value": repr(value[:60])}
