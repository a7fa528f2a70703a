"""Who gets in, how far, and what is said to those who do not."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Agent, ApiToken, Role, Team
from accounts.services import set_role
from labeling.choices import RunKind
from labeling.models import TaskRun, Transform
from tests.labeling.api.conftest import Program, ProgramOf
from tests.labeling.builders import Cast, answer, finished_run, question_set, transform, wanting

ROOT = Path(__file__).resolve().parents[3]


def test_a_token_says_whose_it_is(people: Cast, program_of: ProgramOf) -> None:
    me = program_of(people.lead).get("/me")
    assert (me["username"], me["team"], me["role"], me["may_write"]) == ("lead", "Team", "lead", False)
    assert me["token"] == "pipeline"
    assert ApiToken.objects.get().last_used_at is not None


def test_without_a_good_token_there_is_nothing(people: Cast, program_of: ProgramOf) -> None:
    program = program_of(people.lead)
    browser = Client()
    browser.force_login(people.lead)
    for response in (Client().get("/api/v1/me"), browser.get("/api/v1/me")):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.json()["code"] == "unauthorized"
    Program("lpt_made-up").get("/me", expect=401)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    program.get("/me", expect=401)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "", 404, "not_found"),
        ("GET", "me/", 404, "not_found"),
        ("POST", "transforms/1/runs", 404, "not_found"),
        ("POST", "me", 405, "method_not_allowed"),
        ("DELETE", "runs", 405, "method_not_allowed"),
    ],
)
def test_a_wrong_address_or_method_is_told_to_a_program(method: str, path: str, status: int, code: str) -> None:
    """Also to one without a token, in a browser's words, and where cookies are checked."""
    client = Client(enforce_csrf_checks=True)
    response = client.generic(method, f"/api/v1/{path}", headers={"Accept": "text/html"})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers.get("Allow") == ("GET" if status == 405 else None)


def test_what_nobody_expected_is_not_told(
    people: Cast, program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_kwargs: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("labeling.api.transforms.transforms_for_team", fail)
    said = program_of(people.lead).get("/transforms", expect=500)
    assert said["code"] == "error"
    assert "swordfish" not in str(said)
    assert "swordfish" in caplog.text


def test_what_cannot_be_read_is_refused(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    secret = program_of(people.lead, may_write=True).secret
    response = Client().post(
        f"/api/v1/transforms/{people_transform.pk}/label-files",
        b"no form",
        content_type="multipart/form-data",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


def test_a_token_is_as_good_as_the_membership(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    program = program_of(people.lead, may_write=True)
    program.get("/runs")
    set_role(team=people.team, user=people.lead, role=Role.STEWARD, by=Agent.COMMAND)
    refused = program.get("/runs", expect=403)
    assert refused["message"] == "This can be done by: Team lead or Administrator."
    people.lead.is_active = False
    people.lead.save()
    program.get("/me", expect=401)


def test_a_token_that_reads_changes_nothing(people: Cast, people_transform: Transform, program_of: ProgramOf) -> None:
    program, start = program_of(people.lead), {"kind": "EVALUATION"}
    refused = program.post(f"/transforms/{people_transform.pk}/runs", start, expect=403)
    assert (refused["code"], refused["message"]) == ("forbidden", "This token may only read.")
    failed = finished_run(people_transform, people.lead, RunKind.EVALUATION)
    for action in ("cancel", "retry"):
        program.post(f"/runs/{failed.pk}/{action}", expect=403)
    assert TaskRun.objects.get() == failed


def test_other_teams_have_nothing(people: Cast, program_of: ProgramOf) -> None:
    """Not even for somebody who belongs to both: a token is for one team."""
    other = Team.objects.get(memberships__user=people.stranger)
    theirs = transform(other, people.stranger, "Secret")
    (question,) = question_set(theirs, people.stranger, [2])
    run = finished_run(theirs, people.stranger, RunKind.EVALUATION)
    set_role(team=other, user=people.admin, role=Role.ADMIN, by=Agent.COMMAND)
    program = program_of(people.lead, may_write=True)
    ApiToken.objects.update(membership=people.team.memberships.get(user=people.admin))
    assert program.get("/transforms")["items"] == []
    assert program.get("/runs")["items"] == []
    file = question.question_set.label_file_id
    for path in (
        *(f"/transforms/{theirs.pk}{rest}" for rest in ("", "/questions", "/answers", "/label-files", "/matches")),
        *(f"/question-sets/{question.question_set_id}/questions", f"/questions/{question.pk}", f"/runs/{run.pk}"),
        *(f"/runs/{run.pk}/result", f"/label-files/{file}", f"/label-files/{file}/content"),
    ):
        assert program.get(path, expect=404)["code"] == "not_found", path
    program.get("/runs", expect=404, transform=theirs.pk)
    for path in (f"/transforms/{theirs.pk}/runs", f"/runs/{run.pk}/cancel", f"/runs/{run.pk}/retry"):
        program.post(path, {"kind": "EVALUATION"}, expect=404)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"kind": "GUESS"}, "kind"),
        ({}, "kind"),
        ({"kind": "EVALUATION", "replace_all": True}, "replace_all"),
        ({"kind": "IMPORT_LABELS", "then": ["FIND_MATCHES"]}, "then.0"),
    ],
)
def test_what_is_malformed_is_named(
    people: Cast, people_transform: Transform, program_of: ProgramOf, body: Any, place: str
) -> None:
    answer = program_of(people.admin, may_write=True).post(f"/transforms/{people_transform.pk}/runs", body, expect=422)
    assert answer["code"] == "malformed"
    assert [problem["column"] for problem in answer["problems"]] == [place]
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/transforms", True),
        ("/transforms/{}/rows", True),
        ("/transforms/{}/label-files", True),
        ("/transforms/{}/runs", False),
    ],
)
def test_json_where_a_form_is_wanted_is_told_so(
    people: Cast, people_transform: Transform, program_of: ProgramOf, path: str, told: bool
) -> None:
    program = program_of(people.admin, may_write=True)
    answer = program.post(path.format(people_transform.pk), {"name": "Customers"}, expect=422)
    assert ("multipart/form-data" in answer["advice"]) == told


def test_the_description_is_open_and_the_page_about_it_is_complete(client: Client) -> None:
    description = client.get("/api/v1/openapi.json").json()
    written = (ROOT / "docs/api.md").read_text()
    documented = set(re.findall(r"`(GET|POST) (/[^`?]*)", written))
    there = {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path.removeprefix("/api/v1")))
        for path, methods in description["paths"].items()
        for method in methods
    }
    assert documented == there
    for methods in description["paths"].values():
        for said in methods.values():
            assert {"401", "403", "404", "422"} < said["responses"].keys()
    (file,) = description["paths"]["/api/v1/label-files/{label_file_id}/content"]["get"]["responses"]["200"]["content"]
    assert file == "text/csv"


def test_answers_to_open_questions_are_their_peoples_own(
    people: Cast, people_transform: Transform, program_of: ProgramOf
) -> None:
    questions = question_set(people_transform, people.admin, [2, 2])
    wanting(questions, 2)
    answer(questions[0], people.steward, "AA")
    answer(questions[1], people.steward, "AB")
    answer(questions[1], people.colleague, "AB")
    path = f"/transforms/{people_transform.pk}/answers"
    found = program_of(people.lead).get(path)["items"]
    assert {(each["question"], each["person"]) for each in found} == {
        (str(questions[1].pk), "steward"),
        (str(questions[1].pk), "colleague"),
    }
    assert found[0]["groups"] == {"2": "A", "3": "B"}
    program_of(people.steward).get(path, expect=403)
    set_role(team=people.team, user=people.steward, role=Role.LEAD, by=Agent.COMMAND)
    assert len(program_of(people.steward).get(path, person="steward")["items"]) == 2
    assert program_of(people.lead).get(path, expect=422, person="\0")["problems"][0]["column"] == "person"
