"""Who may open what: one table for all pages. 404 for strangers, 403 for the wrong role, sign-in for everybody else."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from labeling.choices import RunKind
from labeling.models import Question, TaskRun, Transform
from tests.labeling.builders import Cast, finished_run, question_set
from tests.labeling.views.conftest import ClientFor

EVERYBODY = {"steward", "lead", "admin"}
LEADS = {"lead", "admin"}
ADMINS = {"admin"}

TRANSFORM_PAGES = {
    "transform-detail": ("get", EVERYBODY),
    "transform-edit": ("get", ADMINS),
    "table-upload": ("get", ADMINS),
    "question-set-list": ("get", LEADS),
    "labeling-settings": ("get", LEADS),
    "answer-list": ("get", EVERYBODY),
    "question-next": ("get", EVERYBODY),
    "import-create": ("get", LEADS),
    "sheet-list": ("get", EVERYBODY),
    "label-upload-list": ("get", LEADS),
    "label-file-list": ("get", LEADS),
    "columns-save": ("post", EVERYBODY),
    "question-generate": ("post", LEADS),
    "evaluation-create": ("post", LEADS),
    "automation": ("get", LEADS),
    "apply-create": ("post", LEADS),
}
TEAM_PAGES = {
    "home": EVERYBODY,
    "transform-list": EVERYBODY,
    "transform-create": ADMINS,
    "run-list": LEADS,
}
RUN_PAGES = {"run-detail": ("get", LEADS), "run-cancel": ("post", LEADS), "run-retry": ("post", LEADS)}
QUESTION_PAGES = {
    "question-detail": ("get", EVERYBODY),
    "question-draft": ("post", EVERYBODY),
    "question-history": ("get", EVERYBODY),
    "question-panel": ("get", EVERYBODY),
    "panel-comment": ("post", EVERYBODY),
}
REFUSED = (403, 404)


@pytest.fixture
def run(people: Cast, people_transform: Transform) -> TaskRun:
    return finished_run(people_transform, people.lead, RunKind.EVALUATION)


@pytest.fixture
def question(people: Cast, people_transform: Transform) -> Question:
    return question_set(people_transform, people.lead, [3])[0]


def status(client: Client, method: str, url: str) -> int:
    code: int = getattr(client, method)(
        url, **({"content_type": "application/json"} if method == "post" else {})
    ).status_code
    return code


def check(people: Cast, client_for: ClientFor, method: str, url: str, allowed: set[str]) -> None:
    for role in ("steward", "lead", "admin"):
        code = status(client_for(getattr(people, role)), method, url)
        assert (code == 403) == (role not in allowed), (role, code, url)
    assert status(client_for(people.stranger), method, url) == 404
    anonymous = getattr(Client(), method)(url)
    assert anonymous.status_code == 302
    assert anonymous.url.startswith(reverse("accounts:login"))


@pytest.mark.parametrize("name", TRANSFORM_PAGES)
def test_pages_of_a_transform(people: Cast, people_transform: Transform, client_for: ClientFor, name: str) -> None:
    method, allowed = TRANSFORM_PAGES[name]
    check(people, client_for, method, reverse(f"labeling:{name}", args=[people_transform.pk]), allowed)


@pytest.mark.parametrize("name", RUN_PAGES)
def test_pages_of_a_run(people: Cast, run: TaskRun, client_for: ClientFor, name: str) -> None:
    method, allowed = RUN_PAGES[name]
    check(people, client_for, method, reverse(f"labeling:{name}", args=[run.pk]), allowed)


@pytest.mark.parametrize("name", QUESTION_PAGES)
def test_pages_of_a_question(people: Cast, question: Question, client_for: ClientFor, name: str) -> None:
    method, allowed = QUESTION_PAGES[name]
    check(people, client_for, method, reverse(f"labeling:{name}", args=[question.pk]), allowed)


@pytest.mark.parametrize("name", TEAM_PAGES)
def test_pages_of_the_team(people: Cast, client_for: ClientFor, name: str) -> None:
    for role in ("steward", "lead", "admin"):
        code = client_for(getattr(people, role)).get(reverse(f"labeling:{name}")).status_code
        assert code == (200 if role in TEAM_PAGES[name] else 403), (role, name)


def test_a_refusal_names_the_roles_that_may(people: Cast, client_for: ClientFor) -> None:
    page = client_for(people.steward).get(reverse("labeling:transform-create"))
    assert page.status_code == 403
    assert b"This can be done by: Administrator." in page.content
    runs = client_for(people.steward).get(reverse("labeling:run-list"))
    assert b"Team lead or Administrator" in runs.content


def test_an_address_that_never_was(people: Cast, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(reverse("labeling:run-detail", args=[uuid.uuid4()]))
    assert page.status_code == 404
    assert b"Page not found" in page.content


def test_every_page_carries_the_policy_and_nothing_inline(people: Cast, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(reverse("labeling:home"))
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert b" style=" not in page.content
    assert b"onclick" not in page.content
