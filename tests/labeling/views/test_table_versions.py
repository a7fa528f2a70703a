"""Newer rows for a table: upload, comparison, replacement."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from labeling.choices import RunKind
from labeling.exceptions import GlueError
from labeling.models import SourceFile, TaskRun, Transform
from labeling.services.sources import stage_source
from tests.labeling.builders import Cast, finished_run, question_set, transform
from tests.labeling.views.conftest import ClientFor

COLUMNS = [{"name": "id", "data_type": "string"}, {"name": "name", "data_type": "string"}]


@pytest.fixture
def uploaded(people: Cast, people_transform: Transform, s3_server: str) -> Transform:
    """A transform over four uploaded rows."""
    file = SimpleUploadedFile("may.csv", b"id,name\n1,Ann\n2,Bob\n3,Cy\n4,Di\n")
    source = stage_source(team=people.team, user=people.admin, file=file)
    Transform.objects.filter(pk=people_transform.pk).update(source_file=source, columns=COLUMNS)
    people_transform.refresh_from_db()
    return people_transform


@pytest.fixture
def at_glue(monkeypatch: pytest.MonkeyPatch) -> Mock:
    told = Mock()
    monkeypatch.setattr("labeling.services.table_versions.data_catalog.update_table", told)
    return told


def test_compared_and_then_replaced(people: Cast, uploaded: Transform, client_for: ClientFor, at_glue: Mock) -> None:
    [question] = question_set(uploaded, people.lead, [2])
    question.rows.update(key="4")
    transform(people.team, people.admin, "Same table", glue_transform_id="tfm-2")
    client = client_for(people.admin)
    of_transform = reverse("labeling:transform-detail", args=[uploaded.pk])
    upload = reverse("labeling:table-upload", args=[uploaded.pk])
    assert upload in client.get(of_transform).content.decode()
    assert upload not in client_for(people.lead).get(of_transform).content.decode()
    assert "may.csv" in client.get(upload).content.decode()

    file = SimpleUploadedFile("june.csv", b"name,id\nAnn,1\nBob,2\nEd,5\n")
    response = client.post(upload, {"file": file}, follow=True)
    page = " ".join(response.content.decode().split())
    for words in ("4 rows now", "→ 3 rows", "1 row that people were asked about is gone", "also read by: Same table"):
        assert words in page, words
    assert "Not one row of the table" not in page
    assert not at_glue.called
    place = response.redirect_chain[-1][0]
    done = client.post(place, follow=True).content.decode()
    assert "The table has its new rows." in done
    assert "june.csv" in done
    assert at_glue.call_count == 1
    assert client.post(place, follow=True).status_code == 200, "sent twice"
    assert at_glue.call_count == 1


def test_an_assumed_encoding_is_said(people: Cast, uploaded: Transform, client_for: ClientFor) -> None:
    client, upload = client_for(people.admin), reverse("labeling:table-upload", args=[uploaded.pk])
    for content, assumed in ("id,name\n1,Zoë\n".encode("cp1252"), True), ("id,name\n1,Zoë\n".encode(), False):
        page = client.post(upload, {"file": SimpleUploadedFile("june.csv", content)}, follow=True).content.decode()
        assert page.count("Zoë</td>") == 1 + assumed
        assert ("was read as Western European (Windows-1252)" in page) is assumed


def test_the_file_is_read_in_the_encoding_that_is_chosen(
    people: Cast, uploaded: Transform, client_for: ClientFor
) -> None:
    """Which of them a program would guess of so few letters is not what this is about."""
    client, upload = client_for(people.admin), reverse("labeling:table-upload", args=[uploaded.pk])
    file = SimpleUploadedFile("june.csv", "id,name\n1,Řehoř\n2,Ann\n".encode("cp1250"))
    response = client.post(upload, {"file": file}, follow=True)
    client.post(response.redirect_chain[-1][0], {"encoding": "cp1252"}, follow=True)
    before = SourceFile.objects.latest("created_at")
    place = reverse("labeling:table-replace", args=[uploaded.pk, before.pk])
    assert "Øehoø</td>" in client.get(place).content.decode()

    response = client.post(place, {"encoding": "cp1250"}, follow=True)
    page = response.content.decode()
    assert "was read as Central European (Windows-1250)" in page
    assert page.count("Řehoř</td>") == 2
    assert "june.csv" in page
    assert not SourceFile.objects.filter(pk=before.pk).exists(), "what was read wrongly is not kept"

    # Bytes that are no text in another leave it as it is.
    place = response.redirect_chain[-1][0]
    page = client.post(place, {"encoding": "cp949"}, follow=True).content.decode()
    assert "is no text in UTF-8 or cp949" in page
    assert page.count("Řehoř</td>") == 2
    uploaded.refresh_from_db()
    assert uploaded.source_file is not None
    assert uploaded.source_file.name == "may.csv", "nothing was replaced"


def test_newer_rows_are_read_as_the_table_was(people: Cast, uploaded: Transform, client_for: ClientFor) -> None:
    client, upload = client_for(people.admin), reverse("labeling:table-upload", args=[uploaded.pk])
    greek = SimpleUploadedFile("june.csv", "id,name\n1,Ζωή\n2,Ann\n".encode("cp1253"))
    source = stage_source(team=people.team, user=people.admin, file=greek, encoding="cp1253")
    Transform.objects.filter(pk=uploaded.pk).update(source_file=source)
    for content, said in (
        ("id,name\n1,Ζωή\n2,’\n".encode("cp1253"), "was read as Greek (Windows-1253)"),
        (b"id,name\n1,\xd2\n", "was read as Western European (Windows-1252)"),  # no text in the Greek one
    ):
        page = client.post(upload, {"file": SimpleUploadedFile("july.csv", content)}, follow=True).content.decode()
        assert said in page


def test_the_next_step_is_to_match_new_rows(people: Cast, uploaded: Transform, client_for: ClientFor) -> None:
    for kind in (RunKind.IMPORT_LABELS, RunKind.EVALUATION):
        finished_run(uploaded, people.lead, kind, completed_at=timezone.now())
    applied = finished_run(uploaded, people.lead, RunKind.FIND_MATCHES, result_uri="s3://b/r.csv")
    page = reverse("labeling:transform-detail", args=[uploaded.pk])
    words = "The table has new rows. Apply it to have them matched."
    assert words not in client_for(people.lead).get(page).content.decode()
    TaskRun.objects.filter(pk=applied.pk).update(created_at=timezone.now() - timedelta(days=1))
    assert words in client_for(people.lead).get(page).content.decode()


def test_another_table_is_warned_of(people: Cast, uploaded: Transform, client_for: ClientFor) -> None:
    file = SimpleUploadedFile("other.csv", b"id,name\nx,Ann\ny,Bob\n")
    upload = reverse("labeling:table-upload", args=[uploaded.pk])
    page = client_for(people.admin).post(upload, {"file": file}, follow=True).content.decode()
    assert "Not one row of the table is in this file." in page


def test_what_stands_in_the_way_is_said(
    people: Cast, uploaded: Transform, client_for: ClientFor, at_glue: Mock
) -> None:
    client, upload = client_for(people.admin), reverse("labeling:table-upload", args=[uploaded.pk])
    refused = client.post(upload, {"file": SimpleUploadedFile("june.csv", b"id,town\n1,Ulm\n")})
    assert refused.status_code == 422
    assert "The file lacks columns of the table: name. It has: id, town." in refused.content.decode()
    at_glue.side_effect = GlueError("Glue does not answer.", code="ServiceUnavailable", retryable=True)
    client.post(upload, {"file": SimpleUploadedFile("june.csv", b"id,name\n1,Ann\n")})
    newer = SourceFile.objects.latest("created_at")
    page = client.post(reverse("labeling:table-replace", args=[uploaded.pk, newer.pk]))
    assert page.status_code == 422
    assert "Glue does not answer." in page.content.decode()
    uploaded.refresh_from_db()
    assert uploaded.source_file != newer


def test_newer_rows_that_are_too_many_bytes(
    people: Cast, uploaded: Transform, client_for: ClientFor, settings: Settings
) -> None:
    """Another table of the catalog would be another transform: it is no way out here."""
    settings.MAX_SOURCE_BYTES = 5
    file = SimpleUploadedFile("june.csv", b"name,id\nAnn,1\nBob,2\n")
    page = client_for(people.admin).post(reverse("labeling:table-upload", args=[uploaded.pk]), {"file": file})
    assert "the portal accepts up to 5\xa0bytes." in page.content.decode()
    assert "catalog" not in page.content.decode()


def test_a_catalog_table_needs_no_upload(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    client, upload = client_for(people.admin), reverse("labeling:table-upload", args=[people_transform.pk])
    page = " ".join(client.get(upload).content.decode().split())
    assert f"{people_transform.database_name}.{people_transform.table_name}</strong>. Whatever is there counts" in page
    assert upload not in client.get(reverse("labeling:transform-detail", args=[people_transform.pk])).content.decode()


def test_files_of_another_team_are_not_there(people: Cast, uploaded: Transform, client_for: ClientFor) -> None:
    file = SimpleUploadedFile("theirs.csv", b"id,name\n1,Ann\n")
    theirs = stage_source(team=people.stranger.teams.get(), user=people.stranger, file=file)
    place = reverse("labeling:table-replace", args=[uploaded.pk, theirs.pk])
    assert client_for(people.admin).get(place).status_code == 404
