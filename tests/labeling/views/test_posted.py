"""What pages are sent and no form checks: it is kept, or refused as what it is, and never an error of the portal's own."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from labeling.models import Answer, Comment, GuidelineExample, Question, SavedView, Transform
from tests.labeling.builders import Cast, answer, grouping
from tests.labeling.views.conftest import ClientFor

NUL = "in\0between"


def test_texts_are_kept_without_nul_which_postgresql_refuses(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    answer(questions[0], people.colleague, "AAB")
    client = client_for(people.lead)
    for name, args, sent in (
        ("comment-add", [questions[0].pk], {"text": NUL}),
        ("panel-comment", [questions[0].pk], {"text": NUL}),
        ("example-add", [questions[0].pk], {"text": NUL}),
        ("run-view-save", [], {"name": NUL}),
    ):
        assert client.post(reverse(f"labeling:{name}", args=args), sent).status_code in (200, 302), name
    kept = {
        *Comment.objects.values_list("text", flat=True),
        *GuidelineExample.objects.values_list("text", flat=True),
        *SavedView.objects.values_list("name", flat=True),
    }
    assert kept == {"inbetween"}


@pytest.mark.parametrize("message", ["\0", "\ud800"])
@pytest.mark.parametrize("action", ["submit", "skip"])
def test_the_id_of_a_message_is_plain_text(
    people: Cast, questions: list[Question], client_for: ClientFor, action: str, message: str
) -> None:
    labels = {str(row): letter for row, letter in grouping(questions[0], "AAB").items()}
    url = reverse(f"labeling:question-{action}", args=[questions[0].pk])
    body = json.dumps({"labels": labels, "message": message})
    response = client_for(people.steward).post(url, body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert not Answer.objects.exists()


def test_a_form_with_files_is_no_grid(people: Cast, people_transform: Transform, questions: list[Question]) -> None:
    """Django has read its body by the time the view asks for it: to check the token, or which team was meant."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.lead)
    token = client.cookies["csrftoken"] = "a" * 32
    question, of = questions[0].pk, people_transform.pk
    for name, args in (
        ("question-draft", [question]),
        ("adjudication-draft", [question]),
        ("question-next", [of]),
        ("columns-save", [of]),
        ("keys-save", []),
    ):
        url = reverse(f"labeling:{name}", args=args)
        assert client.post(url, {"a": "b"}, headers={"X-CSRFToken": token}).status_code == 400, name


@pytest.mark.parametrize("name", ["columns-save", "keys-save"])
def test_brackets_without_end_are_malformed(
    people: Cast, people_transform: Transform, client_for: ClientFor, name: str
) -> None:
    url = reverse(f"labeling:{name}", args=[people_transform.pk] if name == "columns-save" else [])
    response = client_for(people.steward).post(url, "[" * 200_000, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
