"""Tables that newer rows have replaced can be seen, and removed, without anything that is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from labeling.aws import data_catalog, storage
from labeling.choices import RunKind, RunStatus
from labeling.exceptions import GlueError, InvalidSourceError
from labeling.models import SourceFile, TaskRun, Transform
from labeling.services.catalog import catalog_table
from labeling.services.sources import preview_table, stage_source, staged_preview
from labeling.services.table_versions import replace_rows, stage_rows
from labeling.services.transforms import create_transform, table_input
from tests.labeling.builders import cast
from tests.support.servers import Services

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef


def unused(*options: str) -> str:
    out = StringIO()
    call_command("unused_tables", *options, stdout=out)
    return out.getvalue()


def upload(name: str, last: str = "Cy") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, f"id,name\n1,Ann\n2,Bob\n3,{last}\n".encode())


@pytest.fixture
def customers(services: Services) -> Transform:
    people = cast()
    source = stage_source(team=people.team, user=people.admin, file=upload("may.csv"))
    return create_transform(
        team=people.team,
        user=people.admin,
        source=source,
        preview=staged_preview(source=source),
        name="Customers",
        thing="customer",
        primary_key="id",
        precision_recall=0.5,
        accuracy_cost=0.5,
        enforce_provided_labels=False,
    )


def two_days_later() -> None:
    SourceFile.objects.update(wanted_at=timezone.now() - timedelta(days=2))


def rows_at_glue(of: Transform) -> tuple[tuple[str, ...], ...]:
    return preview_table(table=catalog_table(team=of.team, database=of.database_name, table=of.table_name)).rows


def test_what_nothing_reads_is_listed_and_removed(customers: Transform) -> None:
    team, admin, before = customers.team, customers.created_by, customers.source_file
    assert before is not None
    now = stage_rows(transform=customers, user=admin, file=upload("june.csv", "Di"))
    replace_rows(transform=customers, user=admin, source=now)
    stage_source(team=team, user=admin, file=upload("given up.csv"))
    two_days_later()
    stage_source(team=team, user=admin, file=upload("just uploaded.csv"))

    run = TaskRun.objects.create(transform=customers, kind=RunKind.FIND_MATCHES, status=RunStatus.RUNNING)
    assert unused() == "0 unused tables found: 0 bytes\n", "a run may still read what was there when it began"
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.STOPPED)
    names = [line.rpartition("\t")[2] for line in unused().splitlines()]
    assert names[:2] == ["may.csv", "given up.csv"]
    assert names[2].startswith("2 unused tables found: ")
    assert SourceFile.objects.count() == 4, "listing removes nothing"

    assert "2 unused tables removed" in unused("--remove")
    left = {storage.our_uri(source.key) for source in SourceFile.objects.all()}
    there = {item.uri for item in storage.list_objects(storage.our_uri("sources/"))}
    assert left <= there
    assert storage.our_uri(before.key) not in there
    assert rows_at_glue(customers)[-1] == ("3", "Di")


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
@pytest.mark.parametrize("end", ["/", "", "/data.csv"])
def test_what_a_table_of_the_catalog_reads_stays(customers: Transform, scheme: str, end: str) -> None:
    picked = stage_source(team=customers.team, user=customers.created_by, file=upload("picked.csv"))
    table = table_input("picked", picked)
    location = storage.our_uri(picked.key).rpartition("/")[0].replace("s3:", f"{scheme}:") + end
    table["StorageDescriptor"]["Location"] = location
    data_catalog.create_table(database=customers.database_name, table=table)
    two_days_later()
    assert unused() == "0 unused tables found: 0 bytes\n"


def test_what_has_just_been_replaced_stays_a_day(customers: Transform) -> None:
    now = stage_rows(transform=customers, user=customers.created_by, file=upload("june.csv", "Di"))
    two_days_later()
    replace_rows(transform=customers, user=customers.created_by, source=now)
    assert unused("--remove") == "0 unused tables removed: 0 bytes\n", "other programs may still read it"


def test_rows_that_are_put_into_use_meanwhile_stay(customers: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody comes back to an old page, just as the command has seen the catalog."""
    now = stage_rows(transform=customers, user=customers.created_by, file=upload("june.csv", "Di"))
    two_days_later()
    get_tables = data_catalog.get_tables
    told: list[bool] = []

    def and_then_replace(*, database: str) -> Iterator[data_catalog.Table]:
        yield from list(get_tables(database=database))
        if not told:
            told.append(True)
            monkeypatch.setattr(data_catalog, "update_table", and_then_remove)
            replace_rows(transform=customers, user=customers.created_by, source=now)

    update_table = data_catalog.update_table
    removed: list[str] = []

    def and_then_remove(*, database: str, table: TableInputTypeDef) -> None:
        removed.append(unused("--remove"))
        update_table(database=database, table=table)

    monkeypatch.setattr(data_catalog, "get_tables", and_then_replace)
    removed.append(unused("--remove"))
    assert removed == ["0 unused tables removed: 0 bytes\n"] * 2
    assert rows_at_glue(customers)[-1] == ("3", "Di")


def test_rows_that_were_removed_meanwhile_are_not_put_into_use(customers: Transform) -> None:
    now = stage_rows(transform=customers, user=customers.created_by, file=upload("june.csv", "Di"))
    two_days_later()
    assert "1 unused table removed" in unused("--remove")
    with pytest.raises(InvalidSourceError, match="Upload it again"):
        replace_rows(transform=customers, user=customers.created_by, source=now)
    assert rows_at_glue(customers)[-1] == ("3", "Cy")


def test_what_s3_keeps_is_still_known(customers: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    """As at AWS, with a policy that does not let the portal delete tables."""
    stage_source(team=customers.team, user=customers.created_by, file=upload("given up.csv"))
    two_days_later()
    refused = GlueError("AccessDenied: not authorized to perform s3:DeleteObject", code="AccessDenied")
    with monkeypatch.context() as at_s3:
        at_s3.setattr(storage, "delete", Mock(side_effect=refused))
        with pytest.raises(CommandError, match="not authorized"):
            unused("--remove")
    assert "given up.csv" in unused()
