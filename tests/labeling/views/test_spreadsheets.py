"""Spreadsheets in the browser: who may see what, and that nothing is taken in before it is confirmed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from labeling.aws import storage
from labeling.choices import AnswerStatus
from labeling.models import Answer, Question, QuestionSet, SheetUpload, Transform
from labeling.selectors.claims import MAX_ATTEMPTS
from labeling.services import sheets
from labeling.services.answers import save_draft
from labeling.services.sheets import sweep_sheets
from labeling.views import spreadsheets
from tests.labeling.builders import Cast, answer, grouping, question_set
from tests.labeling.sheets import SET, Cells, as_csv, as_workbook, cells_of, filled, made_large
from tests.labeling.views.conftest import ClientFor


def downloaded(client: Client, of: Transform, kind: str = "xlsx", **query: int) -> Cells:
    response = client.get(reverse("labeling:sheet-download", args=[of.pk, kind]), query)
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="people-questions{"-set-" + str(query["set"]) if query else ""}.{kind}"'
    )
    return cells_of(response.getvalue())


def uploaded(client: Client, of: Transform, content: bytes) -> SheetUpload:
    response = client.post(
        reverse("labeling:sheet-list", args=[of.pk]), {"file": SimpleUploadedFile("Filled in.xlsx", content)}
    )
    upload = SheetUpload.objects.latest("created_at")
    assert response.headers["Location"] == reverse("labeling:sheet-detail", args=[upload.pk])
    return upload


def looked_at(client: Client, upload: SheetUpload) -> str:
    response = client.get(reverse("labeling:sheet-detail", args=[upload.pk]))
    assert response.status_code == 200
    return response.content.decode()


def confirm(client: Client, upload: SheetUpload, page: str, **choices: str) -> str:
    """Press the button of the page; the page that comes then."""
    seen = re.search(r'name="seen"\s+value="([^"]*)"', page)
    assert seen is not None
    response = client.post(
        reverse("labeling:sheet-confirm", args=[upload.pk]), {"seen": seen[1], **choices}, follow=True
    )
    return response.content.decode()


def test_download_fill_in_upload_look_confirm(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    page = client.get(reverse("labeling:sheet-list", args=[people_transform.pk])).content.decode()
    assert "All questions waiting for you" in page
    cells = filled(downloaded(client, people_transform), {questions[0]: "AAB", questions[1]: "AX"})
    upload = uploaded(client, people_transform, as_workbook(cells))
    page = looked_at(client, upload)
    assert "1 question is complete and will be submitted" in page
    assert "1 question is partly filled in" in page
    assert "“X” is not a label." in page
    assert not Answer.objects.exists()

    page = confirm(client, upload, page)
    assert "1 question submitted" in page
    assert "1 draft saved" in page
    statuses = Answer.objects.order_by("question__position").values_list("status", flat=True)
    assert list(statuses) == [AnswerStatus.SUBMITTED, AnswerStatus.DRAFT]
    assert 'name="seen"' not in page

    original = client.get(reverse("labeling:sheet-original", args=[upload.pk]))
    assert original.getvalue() == storage.read_uri(upload.uri)
    page = client.get(reverse("labeling:sheet-list", args=[people_transform.pk])).content.decode()
    assert "Filled in.xlsx" in page
    assert "Saved" in page


def test_rows_whose_labels_are_none_are_not_said_to_be_of_others(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {questions[0]: "112", questions[1]: "12"})
    page = looked_at(client, uploaded(client, people_transform, as_workbook(cells)))
    assert "Labels in this file cannot be used; the reasons are below." in page
    assert "“1” is not a label." in page
    assert "No row in this file belongs" not in page


def test_leads_get_every_question_of_a_set(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    answer(questions[0], people.steward, "AAB")
    sets = {row[SET] for row in downloaded(client_for(people.lead), people_transform, "csv", set=1)[1:]}
    assert sets == {question.labeling_set_id for question in questions}
    sets = {row[SET] for row in downloaded(client_for(people.colleague), people_transform, "csv", set=1)[1:]}
    assert sets == {question.labeling_set_id for question in questions[1:]}


def test_of_many_sets_a_page_offers_some(
    people: Cast,
    people_transform: Transform,
    questions: list[Question],
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """All open questions first, then the newest sets."""
    monkeypatch.setattr(spreadsheets, "CHOICES", 2)
    question_set(people_transform, people.lead, [2], first_key=100)
    client, url = client_for(people.steward), reverse("labeling:sheet-list", args=[people_transform.pk])
    with django_assert_num_queries(10):
        page = client.get(url).content.decode()
    assert [text in page for text in ("All questions waiting", "Set 2", "Set 1")] == [True, True, False]
    assert 'href="?sets=2#download-title"' in page
    page = client.get(url, {"sets": 2}).content.decode()
    assert [text in page for text in ("All questions waiting", "Set 2", "Set 1")] == [False, False, True]


@pytest.mark.parametrize(
    ("choices", "letters"),
    [
        ({}, "ABC"),
        ({"all_conflicts": "file"}, "AAA"),
        ({"all_conflicts": "portal", "one": "file"}, "ABC"),
        ({"one": "file"}, "AAA"),
        ({"one": "portal"}, "ABC"),
    ],
)
def test_conflicts_are_decided_by_the_person(
    s3_server: str,
    people: Cast,
    people_transform: Transform,
    questions: list[Question],
    client_for: ClientFor,
    choices: dict[str, str],
    letters: str,
) -> None:
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {questions[0]: "AAA"})
    answer(questions[0], people.steward, "ABC")
    upload = uploaded(client, people_transform, as_workbook(cells))
    page = looked_at(client, upload)
    assert "1 question was changed here and in the file" in page
    named = {f"conflict-{questions[0].pk}" if name == "one" else name: value for name, value in choices.items()}
    confirm(client, upload, page, **named)
    labels = Answer.objects.get(question=questions[0]).row_labels.order_by("row__position")
    assert "".join(labels.values_list("label", flat=True)) == letters


def test_a_conflict_shows_every_column(
    s3_server: str, people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    names = ["id", "first_name", "surname", "dob", "city", "email"]
    people_transform.columns = [{"name": name, "data_type": "string"} for name in names]
    people_transform.save()
    (question,) = question_set(people_transform, people.lead, [2])
    question.rows.update(values=["1", "Ann", "Lee", "1990-01-01", "Oslo", "ann@example.com"])
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {question: "AA"})
    answer(question, people.steward, "AB")
    page = looked_at(client, uploaded(client, people_transform, as_workbook(cells)))
    assert [f'<th scope="col">{name}</th>' in page for name in names] == [True] * 6
    assert page.count(">ann@example.com</td>") == 2


def test_what_was_not_on_the_page_is_not_taken_in(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {questions[0]: "AAA"})
    upload = uploaded(client, people_transform, as_workbook(cells))
    page = looked_at(client, upload)
    save_draft(question=questions[0], steward=people.steward, labels=grouping(questions[0], ["B", "", ""]))
    page = confirm(client, upload, page)
    assert "1 question changed in the meantime" in page
    assert "1 question was changed here and in the file" in page
    client.post(reverse("labeling:sheet-confirm", args=[upload.pk]))
    assert not Answer.objects.filter(status=AnswerStatus.SUBMITTED).exists()


def test_what_was_refused_is_named_as_everywhere(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {questions[0]: "AAA", questions[1]: "AB"})
    upload = uploaded(client, people_transform, as_workbook(cells))
    page = looked_at(client, upload)
    answer(questions[1], people.colleague, "AB")
    QuestionSet.objects.update(title="Old customers")
    page = " ".join(confirm(client, upload, page).split())
    assert "1 question not saved" in page
    assert re.search("Old customers, question 2 · It has been answered, and nobody else needs to answer it.", page)


def test_a_file_is_its_persons_own(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    upload = uploaded(client, people_transform, as_workbook(downloaded(client, people_transform)))
    assert "have the same labels as here" in looked_at(client, upload)
    for person in (people.admin, people.lead, people.colleague, people.stranger):
        for name in ("sheet-detail", "sheet-original"):
            assert client_for(person).get(reverse(f"labeling:{name}", args=[upload.pk])).status_code == 404
        assert client_for(person).post(reverse("labeling:sheet-confirm", args=[upload.pk])).status_code == 404
    url = reverse("labeling:sheet-list", args=[people_transform.pk])
    assert client_for(people.stranger).get(url).status_code == 404
    assert "Filled in.xlsx" not in client_for(people.lead).get(url).content.decode()
    url = reverse("labeling:sheet-download", args=[people_transform.pk, "xlsx"])
    assert client_for(people.stranger).get(url).status_code == 404


def test_what_cannot_be_downloaded_is_said(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    client = client_for(people.steward)
    page = client.get(reverse("labeling:sheet-download", args=[people_transform.pk, "xlsx"]), follow=True)
    assert "There are no questions for you to download." in page.content.decode()
    assert "No questions are waiting for you" in page.content.decode()
    for kind, query in (("pdf", {}), ("xlsx", {"set": "9"}), ("xlsx", {"set": "x"})):
        url = reverse("labeling:sheet-download", args=[people_transform.pk, kind])
        assert client.get(url, query).status_code == 404


def test_files_that_are_none(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    url = reverse("labeling:sheet-list", args=[people_transform.pk])
    assert "Choose a file first." in client.post(url).content.decode()
    assert client.post(url).status_code == 422
    upload = uploaded(client, people_transform, b"PK\x03\x04 broken")
    page = looked_at(client, upload)
    assert "There is nothing to save" in page
    assert "cannot be read as an Excel workbook" in page


def test_a_larger_file_is_read_while_its_page_waits(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {questions[0]: "AAB"})
    upload = uploaded(client, people_transform, as_csv(made_large(cells)))
    url = reverse("labeling:sheet-detail", args=[upload.pk])

    def asked() -> HttpResponseBase:
        return client.get(url, headers={"HX-Request": "true"})

    page = looked_at(client, upload)
    assert "The file is being read" in page
    assert f'hx-get="{url}"' in page
    assert asked().status_code == 204
    uploads = client.get(reverse("labeling:sheet-list", args=[people_transform.pk])).content.decode()
    assert "Not read yet" in uploads
    client.post(reverse("labeling:sheet-confirm", args=[upload.pk]), {"seen": ""})
    upload.refresh_from_db()
    assert not upload.outcomes  # nobody has seen anything that could be confirmed

    sweep_sheets()
    assert asked().headers["HX-Refresh"] == "true"
    page = looked_at(client, upload)
    assert "1 question is complete and will be submitted" in page
    assert "hx-get" not in page


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of more than two rows are large, and the worker takes in one question at a time."""
    monkeypatch.setattr(sheets, "LIVE_ROWS", 2)
    monkeypatch.setattr(sheets, "AT_A_TIME", 0)


@pytest.mark.usefixtures("few_are_many")
def test_what_a_large_file_would_change_is_kept_and_taken_in_by_the_worker(
    s3_server: str,
    people: Cast,
    people_transform: Transform,
    questions: list[Question],
    client_for: ClientFor,
) -> None:
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {questions[0]: "AAB", questions[1]: "AA", questions[2]: "AA"})
    save_draft(question=questions[2], steward=people.steward, labels=grouping(questions[2], "AB"))
    upload = uploaded(client, people_transform, as_csv(cells))
    assert "What the file would change is being worked out" in looked_at(client, upload)
    sweep_sheets()
    page = looked_at(client, upload)
    assert "2 questions are complete and will be submitted" in page
    assert "1 question was changed here and in the file" in page

    # What has become otherwise since the page was made is left for another look.
    save_draft(question=questions[1], steward=people.steward, labels=grouping(questions[1], "AB"))
    url = reverse("labeling:sheet-confirm", args=[upload.pk])
    client.post(url, {"seen": "another page", "all_conflicts": "file"})
    assert not waiting(upload)
    assert "Your answers are being saved" in confirm(client, upload, page, all_conflicts="file")
    assert not Answer.objects.filter(status=AnswerStatus.SUBMITTED).exists()
    sweeps = 0
    while waiting(upload):
        sweep_sheets()
        sweeps += 1
    assert sweeps == 3  # other files have their turn between its questions
    page = looked_at(client, upload)
    for words in ("2 questions submitted", "1 question changed in the meantime", "1 question was changed here and in"):
        assert words in page, words


@pytest.mark.usefixtures("few_are_many")
def test_a_kept_plan_is_worked_out_anew_when_answers_have_come_in(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    upload = uploaded(
        client, people_transform, as_csv(filled(downloaded(client, people_transform), {questions[0]: "AAB"}))
    )
    sweep_sheets()
    assert "1 question is complete" in looked_at(client, upload)
    for later, anew in ((timedelta(seconds=30), False), (timedelta(minutes=2), True)):
        upload.refresh_from_db()
        at = timezone.now() - later
        SheetUpload.objects.update(plan={**upload.plan, "at": at.isoformat()})
        Question.objects.update(changed_at=at - timedelta(days=1))
        assert "1 question is complete" in looked_at(client, upload)
        Question.objects.filter(pk=questions[1].pk).update(changed_at=timezone.now())
        assert ("being worked out" in looked_at(client, upload)) is anew


def waiting(upload: SheetUpload) -> bool:
    upload.refresh_from_db()
    return upload.waiting


def test_a_file_that_cannot_be_read_to_its_end_is_said(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    upload = uploaded(client, people_transform, as_csv(made_large(downloaded(client, people_transform))))
    SheetUpload.objects.update(attempts=MAX_ATTEMPTS, claimed_at=None)
    page = looked_at(client, upload)
    assert "The file could not be read." in page
    assert "hx-get" not in page
    url = reverse("labeling:sheet-detail", args=[upload.pk])
    assert client.get(url, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_more_conflicts_than_a_form_can_hold_are_decided_for_all(
    s3_server: str,
    people: Cast,
    people_transform: Transform,
    questions: list[Question],
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each conflict that is shown is a field, and Django refuses forms of more than a thousand: nothing could be saved any more."""
    client = client_for(people.steward)
    cells = filled(downloaded(client, people_transform), {questions[0]: "AAA", questions[1]: "AA", questions[2]: "AA"})
    for question in questions:
        answer(question, people.steward, "ABC"[: question.rows.count()])
    upload = uploaded(client, people_transform, as_workbook(cells))
    monkeypatch.setattr(spreadsheets, "SHOWN", 1)
    page = looked_at(client, upload)
    assert "3 questions were changed here and in the file" in page
    assert len(set(re.findall(r'name="(conflict-[^"]+)"', page))) == 1
    assert "2 more questions are not shown." in page
    confirm(client, upload, page)
    assert set(Answer.objects.values_list("version", flat=True)) == {1}
    confirm(client, upload, page, all_conflicts="file")
    assert set(Answer.objects.values_list("version", flat=True)) == {2}
