"""Guidelines with examples: who writes, who reads."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from labeling.models import GuidelineExample, Question, Transform
from tests.labeling.builders import Cast, answer, question_set
from tests.labeling.views.conftest import ClientFor


@pytest.fixture
def url(people_transform: Transform) -> str:
    return reverse("labeling:guidelines", args=[people_transform.pk])


@pytest.fixture
def question(people: Cast, people_transform: Transform) -> Question:
    """Settled by the steward's answer."""
    made = question_set(people_transform, people.lead, [2], first_key=100)[0]
    answer(made, people.steward, "AB")
    return made


def test_leads_write_and_everybody_reads(people: Cast, client_for: ClientFor, url: str) -> None:
    assert client_for(people.steward).post(url, {"text": "x"}).status_code == 403
    assert client_for(people.stranger).get(url).status_code == 404
    page = client_for(people.lead).post(url, {"text": "**Twins** <script>alert(1)</script>"}, follow=True)
    assert b"The guidelines have been saved." in page.content
    read = client_for(people.steward).get(url).content.decode()
    assert "<strong>Twins</strong>" in read
    assert "<script>alert" not in read
    assert "<textarea" not in read
    for for_writers in ("Preview", "open it from the answers"):
        assert for_writers in client_for(people.lead).get(url).content.decode()
        assert for_writers not in read


def written_over(page: bytes) -> str:
    """What the form on this page says it was written over."""
    found = re.search('name="seen" value="([0-9a-f]{64})"', page.decode())
    assert found
    return found[1]


def test_of_two_who_write_at_once_the_later_one_is_told(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str
) -> None:
    lead, admin = client_for(people.lead), client_for(people.admin)
    before = written_over(lead.get(url).content)
    admin.post(url, {"text": "Twins are <two>", "seen": before})
    page = lead.post(url, {"text": "Twins are one", "seen": before})
    assert page.status_code == 422
    shown = " ".join(page.content.decode().split())
    assert "Admin has changed the guidelines while you were writing" in shown
    assert "Twins are one</textarea>" in shown
    assert "readonly>Twins are &lt;two&gt;</textarea>" in shown
    people_transform.refresh_from_db()
    assert people_transform.guidelines == "Twins are <two>"

    assert lead.post(url, {"text": "Twins are one", "seen": written_over(page.content)}).status_code == 302
    people_transform.refresh_from_db()
    assert people_transform.guidelines == "Twins are one"
    assert lead.post(url, {"text": "Twins are one", "seen": before}).status_code == 302  # nothing would be lost


def test_what_is_too_long_is_refused_and_kept_on_the_screen(people: Cast, client_for: ClientFor, url: str) -> None:
    page = client_for(people.lead).post(url, {"text": "x" * 50_001})
    assert page.status_code == 422
    assert b"50000 characters" in page.content.replace(b",", b"")
    assert b"x" * 50_001 in page.content


def test_a_settled_question_becomes_an_example(
    people: Cast, people_transform: Transform, question: Question, client_for: ClientFor, url: str
) -> None:
    add = reverse("labeling:example-add", args=[question.pk])
    lead = client_for(people.lead)
    assert add in lead.get(reverse("labeling:question-history", args=[question.pk])).content.decode()
    page = lead.post(add, {"text": "Different people of one name"}, follow=True).content.decode()
    assert "Different people of one name" in page
    assert "name 100" in page
    remove = reverse("labeling:example-remove", args=[people_transform.pk, GuidelineExample.objects.get().pk])
    steward = client_for(people.steward)
    assert "Different people of one name" in steward.get(url).content.decode()
    assert steward.post(remove).status_code == 403
    assert steward.post(add).status_code == 403
    assert client_for(people.stranger).post(add).status_code == 404
    lead.post(remove)
    assert not GuidelineExample.objects.exists()


def test_an_open_question_is_no_example(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    made = question_set(people_transform, people.lead, [2])[0]
    add = reverse("labeling:example-add", args=[made.pk])
    lead = client_for(people.lead)
    assert add not in lead.get(reverse("labeling:question-history", args=[made.pk])).content.decode()
    assert b"Only settled questions" in lead.post(add, follow=True).content
