"""Tables that newer rows have replaced can be seen, and removed, without anything that is read."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from labeling.aws import glue, storage
from labeling.choices import RunKind, RunStatus
from labeling.models import SourceFile, TaskRun
from labeling.services.catalog import catalog_table
from labeling.services.sources import preview_table, stage_source, staged_preview
from labeling.services.table_versions import replace_rows, stage_rows
from labeling.services.transforms import create_transform, table_input
from tests.labeling.builders import cast
from tests.support.servers import Services


def unused(*options: str) -> str:
    out = StringIO()
    call_command("unused_tables", *options, stdout=out)
    return out.getvalue()


def upload(name: str, last: str = "Cy") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, f"id,name\n1,Ann\n2,Bob\n3,{last}\n".encode())


def test_what_nothing_reads_is_listed_and_removed(services: Services) -> None:
    people = cast()
    before = stage_source(team=people.team, user=people.admin, file=upload("may.csv"))
    of = create_transform(
        team=people.team,
        user=people.admin,
        source=before,
        preview=staged_preview(source=before),
        name="Customers",
        thing="customer",
        primary_key="id",
        precision_recall=0.5,
        accuracy_cost=0.5,
        enforce_provided_labels=False,
    )
    now = stage_rows(transform=of, user=people.admin, file=upload("june.csv", "Di"))
    replace_rows(transform=of, user=people.admin, source=now)
    in_catalog = stage_source(team=people.team, user=people.admin, file=upload("picked.csv"))
    glue.create_table(database=of.database_name, table=table_input("picked", in_catalog))
    stage_source(team=people.team, user=people.admin, file=upload("given up.csv"))
    SourceFile.objects.update(created_at=timezone.now() - timedelta(days=2))
    stage_source(team=people.team, user=people.admin, file=upload("just uploaded.csv"))

    run = TaskRun.objects.create(transform=of, kind=RunKind.FIND_MATCHES, status=RunStatus.RUNNING)
    assert unused() == "0 unused tables found: 0 bytes\n", "a run may still read what was there when it began"
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.STOPPED)
    names = [line.rpartition("\t")[2] for line in unused().splitlines()]
    assert names[:2] == ["may.csv", "given up.csv"]
    assert names[2].startswith("2 unused tables found: ")
    assert SourceFile.objects.count() == 5, "listing removes nothing"

    assert "2 unused tables removed" in unused("--remove")
    left = {storage.our_uri(source.key) for source in SourceFile.objects.all()}
    there = {item.uri for item in storage.list_objects(storage.our_uri("sources/"))}
    assert left <= there
    assert storage.our_uri(before.key) not in there
    table = catalog_table(team=people.team, database=of.database_name, table=of.table_name)
    assert preview_table(table=table).rows[-1] == ("3", "Di")
