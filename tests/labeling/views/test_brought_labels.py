"""Labels of one's own in the browser: looked at in any reading, kept, imported."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Team
from labeling.aws import storage
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.models import LabelFile, LabelReplacement, LabelUpload, TaskRun, Transform
from labeling.services.sources import stage_source
from tests.labeling.builders import Cast, finished_run, transform
from tests.labeling.views.conftest import ClientFor

SOURCE = "id,name\n00123,Ann\n00124,Anne\nx1,Cy\nx2,Di\n"
PAIRS = "left,right,note,match\n123,00124,foo,1\n00123,x1,bar,0\nx1,nobody,baz,1\n"


@pytest.fixture
def with_table(s3_server: str, people: Cast) -> Transform:
    """A transform whose table can be read."""
    file = SimpleUploadedFile("people.csv", SOURCE.encode())
    source = stage_source(team=people.team, user=people.admin, file=file)
    return transform(people.team, people.admin, source_file=source, glue_transform_id="tfm-1", label_count=7)


def uploaded(client: Client, of: Transform, content: str = PAIRS) -> LabelUpload:
    file = SimpleUploadedFile("pairs.csv", content.encode())
    response = client.post(reverse("labeling:label-upload-list", args=[of.pk]), {"file": file})
    upload = LabelUpload.objects.latest("created_at")
    assert response.headers["Location"] == reverse("labeling:label-upload-detail", args=[upload.pk])
    return upload


def looked_at(client: Client, upload: LabelUpload, **reading: str) -> str:
    page = client.get(reverse("labeling:label-upload-detail", args=[upload.pk]), reading).content.decode()
    return " ".join(page.split())


def kept(client: Client, upload: LabelUpload, page: str) -> LabelFile:
    """Press the button of the page."""
    form = page[page.index("/keep/") : page.index("Create label file")]
    fields = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form))
    response = client.post(reverse("labeling:label-upload-keep", args=[upload.pk]), fields)
    label_file = LabelFile.objects.get()
    assert response.headers["Location"] == reverse("labeling:label-file-import", args=[label_file.pk])
    return label_file


def test_an_assumed_encoding_is_said_with_the_rows_that_tell(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    content = PAIRS + "x2,00124,plain,1\n" * 9 + "x1,x2,Zoë,1\n"
    file = SimpleUploadedFile("pairs.csv", content.encode("cp1252"))
    response = client.post(reverse("labeling:label-upload-list", args=[with_table.pk]), {"file": file}, follow=True)
    page = response.content.decode()
    assert "was read as Western European (Windows-1252)" in page
    assert page.count("Zoë</td>") == 1
    assert "was read as" not in looked_at(client, uploaded(client, with_table, content))


def test_brought_labels_are_read_in_the_encoding_that_is_chosen(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    content = "město;label;labeling_set_id;id\nŘehoř;A;s;x1\nx;A;s;x2\ny;B;s;00123\n"
    file = SimpleUploadedFile("labels.csv", content.encode("cp1250"))
    client.post(reverse("labeling:label-upload-list", args=[with_table.pk]), {"file": file})
    upload = LabelUpload.objects.get()
    place = reverse("labeling:label-upload-detail", args=[upload.pk])
    page = client.get(place, {"encoding": "cp1252"}).content.decode()
    assert "Øehoø</td>" in page
    # The choice of the encoding stays with the other choices, and with the button that keeps the labels.
    fields = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    assert fields["encoding"] == "cp1252"
    page = client.get(place, {**fields, "encoding": "cp1250"}).content.decode()
    assert "was read as Central European (Windows-1250)" in page
    assert page.count("Řehoř</td>") == 2
    assert "město</th>" in page
    page = client.get(place, {**fields, "encoding": "cp949"}, follow=True).content.decode()
    assert "is no text in UTF-8 or cp949" in page
    assert kept(client, upload, client.get(place, {"encoding": "cp1250"}).content.decode()).sets == 1


def test_errors_come_first_and_columns_that_are_not_there_in_one_line(
    s3_server: str, people: Cast, client_for: ClientFor
) -> None:
    """A file with the columns that the page asks for and no others."""
    source = "id,name,town,born\n" + "".join(f"{key},Ann,Ulm,1971\n" for key in range(4))
    made = stage_source(team=people.team, user=people.admin, file=SimpleUploadedFile("people.csv", source.encode()))
    columns = [{"name": name, "data_type": "string"} for name in ("id", "name", "town", "born")]
    of = transform(people.team, people.admin, source_file=made, glue_transform_id="tfm-1")
    Transform.objects.filter(pk=of.pk).update(columns=columns)
    client, head = client_for(people.lead), "labeling_set_id,label,id\n"
    good = "s,A,0\ns,A,1\ns,B,2\n"
    page = looked_at(client, uploaded(client, of, head + good + "s,B,nobody\n"))
    missing = "The source table has columns that the file does not have: name, town, born."
    assert page.count("that the file does not have") == page.count(missing) == 1
    assert page.index("no row with the key nobody") < page.index(missing)
    assert "1 error (not used), 1 note" in page
    page = looked_at(client, uploaded(client, of, head + good))
    assert "1 note" in page
    assert "error" not in page[page.index("What you get") :].lower()


def test_empty_rows_of_a_spreadsheet_are_told_and_not_sent(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    client, content = client_for(people.lead), "labeling_set_id,label,id,name\ns,A,x1,Cy\ns,A,x2,Di\ns,B,00123,Ann\n"
    upload = uploaded(client, with_table, content + ",,,\n" * 3)
    page = looked_at(client, upload)
    assert "3 rows are empty and left out." in page
    assert "1 note" in page
    assert storage.read_uri(kept(client, upload, page).uri).decode() == content


def test_bring_look_keep_import(people: Cast, with_table: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    upload = uploaded(client, with_table)
    page = looked_at(client, upload)
    assert "UTF-8" in page
    assert "commas" in page
    # The guess takes the first two columns for keys and "match" for the verdict.
    assert "The file says 123, the table has 00123" in page
    assert "The source table has no row with the key nobody." in page
    assert not LabelFile.objects.exists()

    label_file = kept(client, upload, page)
    assert (label_file.sets, label_file.matching_pairs, label_file.non_matching_pairs) == (2, 1, 1)
    assert client.get(reverse("labeling:label-upload-detail", args=[upload.pk])).status_code == 302
    url = reverse("labeling:label-file-import", args=[label_file.pk])
    page = client.get(url).content.decode()
    assert "pairs.csv" in page
    assert "Replace all labels" not in page

    response = client.post(url)
    run = TaskRun.objects.get()
    assert response.headers["Location"] == reverse("labeling:run-detail", args=[run.pk])
    assert (run.label_file, run.replace_all_labels, run.status) == (label_file, False, RunStatus.QUEUED)
    assert "already under way" in client.post(url).content.decode()
    assert "Ready to import" in client.get(reverse("labeling:label-upload-list", args=[with_table.pk])).content.decode()


def test_only_the_first_part_of_a_file_is_imported_by_itself(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    upload = uploaded(client, with_table)
    first = kept(client, upload, looked_at(client, upload))
    further = LabelFile.objects.get(pk=first.pk)
    further.pk, further.key, further.part, further.follows = None, "2.csv", 2, first
    further.save(force_insert=True)
    address = reverse("labeling:label-file-import", args=[further.pk])
    for asked in (client.get, client.post):
        assert asked(address).status_code == 404
    page = client.get(reverse("labeling:label-file-detail", args=[further.pk])).content.decode()
    assert "pairs.csv</a>" in page
    assert address not in page
    assert not TaskRun.objects.exists()


def test_admins_see_what_replacing_would_do_before_they_type_the_name(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.admin)
    upload = uploaded(client, with_table)
    label_file = kept(client, upload, looked_at(client, upload))
    page = client.get(reverse("labeling:label-file-import", args=[label_file.pk])).content.decode()
    assert "The 7 labels that Glue holds are replaced by this file." in page
    response = client.post(reverse("labeling:label-file-replace", args=[label_file.pk]))
    replacement = LabelReplacement.objects.get()
    detail = reverse("labeling:replacement-detail", args=[replacement.pk])
    assert response.headers["Location"] == detail
    assert (replacement.label_file, replacement.export_run.kind) == (label_file, RunKind.EXPORT_LABELS)
    assert "Glue is exporting its labels" in client.get(detail).content.decode()
    Team.objects.update(time_zone="Asia/Tokyo")
    LabelFile.objects.update(kind=LabelFileKind.EXPORTED, created_at=datetime(2026, 11, 27, 23, 5, tzinfo=UTC))
    assert "Glue held on 2026-11-28 08:05 JST" in client.get(detail).content.decode()
    LabelFile.objects.update(kind=LabelFileKind.UPLOADED)
    part = client.get(detail, headers={"HX-Request": "true"})
    assert part.status_code == 200
    seen = re.findall(r'name="seen" value="(\w+)"', part.content.decode())[0]
    assert client.get(detail, {"seen": seen}, headers={"HX-Request": "true"}).status_code == 204  # nothing moves

    # The export is refused in a way that waiting does not help with.
    TaskRun.objects.update(status=RunStatus.FAILED, error="Role without access", advice="Give it access.")
    living = client.get(detail, headers={"HX-Request": "true"})
    assert living.status_code == 286
    assert "HX-Request" in living["Vary"]
    assert "so nothing was replaced" in living.content.decode()
    assert "Give it access." in living.content.decode()
    confirm = reverse("labeling:replacement-confirm", args=[replacement.pk])
    refused = client.post(confirm, {"confirm_name": "people"})
    assert refused.status_code == 422
    client.post(confirm, {"confirm_name": "People"})
    assert not TaskRun.objects.filter(kind=RunKind.IMPORT_LABELS).exists()

    # Looking again asks for another export.
    client.post(reverse("labeling:replacement-again", args=[replacement.pk]))
    assert TaskRun.objects.filter(kind=RunKind.EXPORT_LABELS, status=RunStatus.QUEUED).count() == 1
    for person in (people.lead, people.steward):
        for name in ("replacement-confirm", "replacement-again"):
            assert client_for(person).post(reverse(f"labeling:{name}", args=[replacement.pk])).status_code == 403
        assert client_for(person).get(detail).status_code == 403
        assert client_for(person).post(reverse("labeling:label-file-replace", args=[label_file.pk])).status_code == 403
    assert client_for(people.stranger).get(detail).status_code == 404


def test_the_columns_can_be_read_otherwise(people: Cast, with_table: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    upload = uploaded(client, with_table, "note,a,b,same\nfoo,00123,00124,1\nbar,00123,x1,0\n")
    assert "No label file can be made from this" in looked_at(client, upload)
    reading = {"kind": "pairs", "header": "yes", "first": "a", "second": "b", "match": "same"}
    page = looked_at(client, upload, **reading)
    assert "Create label file" in page
    assert "No label file can be made" not in page
    label_file = kept(client, upload, page)
    assert label_file.sets == 2
    upload.refresh_from_db()
    assert upload.mapping == {
        "kind": "pairs",
        "has_header": True,
        "labels": None,
        "pairs": {"first": "a", "second": "b", "match": "same"},
    }


@pytest.mark.parametrize(
    "reading",
    [
        {"kind": "labels", "header": "yes", "labeling_set": "left", "label": "left", "key": "right"},
        {"kind": "labels", "header": "no", "labeling_set": "left", "label": "note", "key": "right"},
        {"kind": "nothing"},
        {"kind": "pairs", "header": "maybe"},
    ],
)
def test_readings_that_do_not_fit_are_said_or_guessed(
    people: Cast, with_table: Transform, client_for: ClientFor, reading: dict[str, str]
) -> None:
    client = client_for(people.lead)
    upload = uploaded(client, with_table)
    page = looked_at(client, upload, **reading)
    assert "pairs.csv" in page
    assert "Choose " in page or "How the file is read" in page
    client.post(reverse("labeling:label-upload-keep", args=[upload.pk]), reading | {"kind": "labels"})
    assert not LabelFile.objects.exists()


def test_label_files_are_known_by_their_columns(people: Cast, with_table: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    upload = uploaded(client, with_table, "id;labeling_set_id;label\n00123;s;a\n00124;s;A\nx1;s;b\n")
    page = looked_at(client, upload)
    assert "semicolons" in page
    assert "differ only in case" in page
    reading = {"kind": "labels", "header": "yes", "labeling_set": "labeling_set_id", "label": "label", "key": "id"}
    page = looked_at(client, upload, **reading, tidy="on")
    assert "differ only in case" not in page
    label_file = kept(client, upload, page)
    assert (label_file.matching_pairs, label_file.non_matching_pairs) == (1, 2)


def test_what_is_no_table_is_refused_with_the_reason(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    url = reverse("labeling:label-upload-list", args=[with_table.pk])
    response = client_for(people.lead).post(url, {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04...")})
    assert response.status_code == 422
    assert "Save the sheet with the labels as CSV UTF-8" in response.content.decode()


def test_a_table_that_is_gone_is_said(people: Cast, with_table: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    upload = uploaded(client, with_table)
    assert with_table.source_file is not None
    with_table.source_file.key = "sources/nothing/data.csv"
    with_table.source_file.save()
    page = looked_at(client, upload)
    assert 'role="alert"' in page
    assert "How the file is read" in page
    client.post(reverse("labeling:label-upload-keep", args=[upload.pk]))
    assert not LabelFile.objects.exists()


def test_stewards_and_strangers_stay_out(people: Cast, with_table: Transform, client_for: ClientFor) -> None:
    upload = uploaded(client_for(people.lead), with_table)
    label_file = kept(client_for(people.lead), upload, looked_at(client_for(people.lead), upload))
    pages = [
        ("get", reverse("labeling:label-upload-list", args=[with_table.pk])),
        ("get", reverse("labeling:label-upload-detail", args=[upload.pk])),
        ("get", reverse("labeling:label-upload-original", args=[upload.pk])),
        ("post", reverse("labeling:label-upload-keep", args=[upload.pk])),
        ("get", reverse("labeling:label-file-import", args=[label_file.pk])),
        ("post", reverse("labeling:label-file-import", args=[label_file.pk])),
    ]
    for method, url in pages:
        assert getattr(client_for(people.steward), method)(url).status_code == 403
        assert getattr(client_for(people.stranger), method)(url).status_code == 404
        assert getattr(client_for(people.admin), method)(url).status_code in (200, 302, 422)
    assert TaskRun.objects.count() == 1  # the admin's


def test_only_brought_files_are_imported_from_here(people: Cast, with_table: Transform, client_for: ClientFor) -> None:
    run = finished_run(with_table, people.lead, RunKind.IMPORT_LABELS)
    built = LabelFile.objects.create(
        transform=with_table, kind=LabelFileKind.BUILT, bucket="b", key=str(run.pk), size=1, sha256="0", sets=1, rows=2
    )
    assert client_for(people.admin).get(reverse("labeling:label-file-import", args=[built.pk])).status_code == 404


def test_what_glue_would_refuse_is_said_and_put_right_by_one_click(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    upload = uploaded(
        client, with_table, "\ufefflabeling_set_id;label;name;id\ns;A;Ann;00123\ns;a;Anne;00124\ns;B;Cy;x1\n"
    )
    page = looked_at(client, upload)
    assert "The file starts with a byte order mark" in page
    assert "The cells are separated by semicolons" in page
    assert "The columns are in a different order" in page
    assert page.count("rewritten in Glue's format") + page.count("rewritten in Glue&#x27;s format") == 3
    link = re.search(r'href="\?([^"]*tidy=on)"', page)
    assert link is not None
    address = reverse("labeling:label-upload-detail", args=[upload.pk])
    tidied = client.get(address + "?" + link[1].replace("&amp;", "&"))
    assert "differ only in case" not in tidied.content.decode()


def test_a_large_file_that_went_straight_to_s3_is_taken_in(
    people: Cast, with_table: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    url = reverse("labeling:label-upload-list", args=[with_table.pk])
    page = client.get(url)
    assert "connect-src 'self' http://127.0.0.1:" in page.headers["Content-Security-Policy"]
    token = json.loads(page.context["direct"])["token"]
    assert b"did not arrive" in client.post(url, {"direct": token, "direct_name": "pairs.csv"}).content
    key = signing.loads(token, salt="labeling.direct-upload")[1]
    storage.overwrite(key, PAIRS.encode())
    response = client.post(url, {"direct": token, "direct_name": "pairs.csv"})
    upload = LabelUpload.objects.get()
    assert response.headers["Location"] == reverse("labeling:label-upload-detail", args=[upload.pk])
    assert (upload.name, upload.size) == ("pairs.csv", len(PAIRS))
