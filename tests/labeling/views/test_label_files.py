"""Pages of label files, and downloads."""

from __future__ import annotations

import csv
import socket
import time

import pytest
from django.urls import reverse

from labeling.aws import clients, storage
from labeling.choices import LabelFileKind, RunKind
from labeling.models import LabelFile, LabelReplacement, Transform
from labeling.services.label_files import build_answers_file
from tests.labeling.builders import Cast, answer, finished_run, question_set
from tests.labeling.views.conftest import ClientFor


def test_a_run_without_files_has_none(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = finished_run(people_transform, people.lead, RunKind.EVALUATION)
    for name in ("label-file-download", "result-download", "persistent-result-download"):
        assert client_for(people.lead).get(reverse(f"labeling:{name}", args=[run.pk])).status_code == 404


def test_stewards_take_no_files_out(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = finished_run(people_transform, people.lead, RunKind.FIND_MATCHES, result_uri="s3://bucket/result/")
    for name in ("label-file-download", "result-download", "persistent-result-download"):
        url = reverse(f"labeling:{name}", args=[run.pk])
        assert client_for(people.steward).get(url).status_code == 403
        assert client_for(people.stranger).get(url).status_code == 404


def test_a_label_file_says_where_it_comes_from_and_gives_its_exact_bytes(
    s3_server: str, people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    questions = question_set(people_transform, people.lead, [60, 50, 2])
    answer(questions[0], people.steward, "A" * 30 + "?" * 30)
    answer(questions[1], people.colleague, "A" * 40 + "?" * 10)
    answer(questions[2], people.colleague, "AB")
    label_file = build_answers_file(transform=people_transform, user=people.lead)
    lead = client_for(people.lead)
    listed = lead.get(reverse("labeling:label-file-list", args=[people_transform.pk])).content.decode()
    detail = reverse("labeling:label-file-detail", args=[label_file.pk])
    assert detail in listed
    page = lead.get(detail)
    text = " ".join(page.content.decode().split())
    assert [(c.person, c.questions) for c in page.context["provenance"].people] == [
        (people.colleague, 2),
        (people.steward, 1),
    ]
    assert "3 answered questions" in text
    assert "30 or fewer are recommended" in text  # the finding that was kept
    assert reverse("labeling:question-history", args=[questions[0].pk]) in text
    assert "checksum verified" in text
    assert len(page.context["rows"]) == 72
    assert "Replace all labels with these" not in text
    assert "Replace all labels with these" in client_for(people.admin).get(detail).content.decode()

    original = reverse("labeling:label-file-original", args=[label_file.pk])
    download = lead.get(original)
    assert download.getvalue() == storage.read_uri(label_file.uri)
    for url in (detail, original):
        assert client_for(people.steward).get(url).status_code == 403
        assert client_for(people.stranger).get(url).status_code == 404

    storage.overwrite(label_file.key, b"labeling_set_id,label,id,name\nx,A,1,evil\n")
    changed = lead.get(detail).content.decode()
    assert "not the one that was checked" in changed
    assert "evil" not in changed
    assert b"not the one that was checked" in lead.get(original, follow=True).content


def test_a_label_file_with_a_long_cell_is_shown_by_a_process_that_has_just_begun(
    s3_server: str, people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    (question,) = question_set(people_transform, people.lead, [2])
    question.rows.filter(position=1).update(values=["0", "x" * 200_000])
    answer(question, people.steward, "AA")
    label_file = build_answers_file(transform=people_transform, user=people.lead)
    csv.field_size_limit(128 * 1024)  # the pre-flight has raised it
    page = client_for(people.lead).get(reverse("labeling:label-file-detail", args=[label_file.pk]))
    assert len(page.context["rows"]) == 2


def test_an_s3_that_hangs_holds_the_page_for_seconds_only(
    people: Cast, people_transform: Transform, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    question_set(people_transform, people.lead, [2])
    monkeypatch.setattr(clients, "_HURRIED_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        started = time.monotonic()
        detail = reverse("labeling:label-file-detail", args=[LabelFile.objects.get().pk])
        page = client_for(people.lead).get(detail)
    assert time.monotonic() - started < 20
    assert "AWS did not answer" in page.content.decode()


def test_the_rows_of_a_label_file_are_paged(
    s3_server: str, people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    for question in question_set(people_transform, people.lead, [30] * 5):
        answer(question, people.steward, "AAB" * 10)
    label_file = build_answers_file(transform=people_transform, user=people.lead)
    url = reverse("labeling:label-file-detail", args=[label_file.pk])
    page = client_for(people.lead).get(url, {"page": "2"})
    assert len(page.context["rows"]) == 50
    assert page.context["rows"][0][1][2] == "100"


def test_a_further_part_alone_takes_the_place_of_nothing(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    first, second = (
        LabelFile(
            transform=people_transform,
            kind=LabelFileKind.UPLOADED,
            bucket="b",
            key=f"{part}",
            size=1,
            sha256=f"{part}",
            sets=1,
            rows=2,
            matching_pairs=1,
            part=part,
            parts=2,
        )
        for part in (1, 2)
    )
    first.save()
    second.follows = first
    second.save()
    replace = reverse("labeling:label-file-replace", args=[second.pk])
    page = client_for(people.admin).post(replace, follow=True).content.decode()
    assert "The file contains nothing that this transform could learn from." in page
    assert not LabelReplacement.objects.exists()
