"""What people dispute: the queue, the page that decides, whose letters are whose."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question, QuestionSet, Transform
from labeling.services.adjudication import open_adjudication
from labeling.services.consensus import settle
from labeling.views.payloads import comparable_labels, fitting_labels
from partitions import LABELS
from tests.labeling.builders import Cast, answer, question_set
from tests.labeling.views.conftest import ClientFor


def disputed(people: Cast, of: Transform, count: int = 1) -> list[Question]:
    """Questions of four rows: the first two are the same, the third is disputed, the last is alone."""
    questions = question_set(of, people.lead, [4] * count, first_key=100)
    QuestionSet.objects.update(answers_wanted=2)
    for question in questions:
        settle(question=question)
        answer(question, people.steward, "AAAB")
        answer(question, people.colleague, "CCDE")
        question.refresh_from_db()
        assert question.state == QuestionState.DISPUTED
    return questions


@pytest.fixture
def question(people: Cast, people_transform: Transform) -> Question:
    return disputed(people, people_transform)[0]


def page_of(question: Question) -> str:
    return reverse("labeling:question-adjudicate", args=[question.pk])


def config_of(page: Any) -> dict[str, Any]:
    """What the workbench is told, as JSON gives it."""
    found = re.search(r'<script id="workbench-config" type="application/json">(.*?)</script>', page.content.decode())
    assert found
    config: dict[str, Any] = json.loads(found[1])
    return config


def send(client: Client, url: str, labels: dict[int, str], **took: int | str) -> Any:
    return client.post(url, {"labels": labels, **took}, content_type="application/json")


def decided(shown: dict[str, Any], letter: str) -> dict[int, str]:
    """The question as shown, with one letter for each open row."""
    return {row["id"]: shown["settled"].get(str(row["id"]), letter) for row in shown["rows"]}


def test_only_leads_decide(
    people: Cast, people_transform: Transform, question: Question, client_for: ClientFor
) -> None:
    for url in (
        page_of(question),
        reverse("labeling:adjudication-list", args=[people_transform.pk]),
        reverse("labeling:adjudication-next", args=[people_transform.pk]),
    ):
        assert client_for(people.steward).get(url).status_code == 403
        assert client_for(people.stranger).get(url).status_code == 404
        assert client_for(people.lead).get(url, follow=True).status_code == 200


def test_only_disputed_rows_are_open(people: Cast, question: Question, client_for: ClientFor) -> None:
    config = config_of(client_for(people.lead).get(page_of(question)))
    shown, rows = config["question"], [row["id"] for row in config["question"]["rows"]]
    assert (config["decides"], config["left"], config["total"]) == (True, 1, 1)
    assert shown["settled"] == {str(rows[0]): "A", str(rows[1]): "A", str(rows[3]): "B"}
    said = {person["name"]: "".join(person["labels"][str(row)] for row in rows) for person in shown["people"]}
    assert said == {"Steward": "AAAB", "Colleague": "AADB"}


def test_a_decision_settles_and_the_next_is_ahead(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    first, second = disputed(people, people_transform, 2)
    lead = client_for(people.lead)
    config = config_of(lead.get(page_of(first)))
    ahead = lead.post(
        config["urls"]["next"], json.dumps({"exclude": [str(first.pk)]}), content_type="application/json"
    ).json()
    assert ahead["question"]["id"] == str(second.pk)
    shown = config["question"]
    for _again in range(2):
        assert send(lead, shown["urls"]["submit"], decided(shown, "N"), seconds=12, keys=2).status_code == 200
    first.refresh_from_db()
    assert first.state == QuestionState.SETTLED
    assert list(first.result_labels.values()) == ["A", "A", "N", "B"]
    given = Answer.objects.get(kind=AnswerKind.ADJUDICATION)
    assert (given.steward, given.seconds, given.keys, given.version) == (people.lead, 12, 2, 1)

    assert lead.post(shown["urls"]["reopen"], content_type="application/json").json()["reopened"]
    assert Question.objects.get(pk=first.pk).state == QuestionState.DISPUTED
    for question in (shown, ahead["question"]):
        send(lead, question["urls"]["submit"], decided(question, "O"))
    done = lead.get(config["urls"]["next"], follow=True).content.decode()
    assert "Nothing is disputed" in done
    assert reverse("labeling:import-create", args=[people_transform.pk]) in done
    assert Answer.objects.get(question=first, kind=AnswerKind.ADJUDICATION).version == 2


def test_what_does_not_fit_is_refused(people: Cast, question: Question, client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    shown = config_of(lead.get(page_of(question)))["question"]
    gap = send(lead, shown["urls"]["submit"], decided(shown, ""))
    assert (gap.status_code, gap.json()["code"]) == (422, "invalid")
    # Another letter for a settled row, or settled rows that have other letters by now: what the open rows say is not known.
    first, *_others = shown["rows"]
    for url in (shown["urls"]["submit"], shown["urls"]["draft"]):
        assert send(lead, url, decided(shown, "N") | {first["id"]: "O"}).status_code == 422
    assert send(lead, shown["urls"]["draft"], {}).status_code == 422
    assert lead.post(shown["urls"]["draft"], b"{", content_type="application/json").status_code == 422
    question.refresh_from_db()
    assert question.state == QuestionState.DISPUTED
    assert not Answer.objects.filter(kind=AnswerKind.ADJUDICATION, status=AnswerStatus.SUBMITTED).exists()


def test_a_draft_is_kept_and_a_skipped_question_given_back(
    people: Cast, question: Question, client_for: ClientFor
) -> None:
    lead = client_for(people.lead)
    shown = config_of(lead.get(page_of(question)))["question"]
    send(lead, shown["urls"]["draft"], decided(shown, "F"), stamp=1_000)
    assert Question.objects.get(pk=question.pk).leased_to == people.lead
    skipped: dict[str, Any] = {"labels": decided(shown, "G"), "stamp": 1_001, "message": "one"}
    send(lead, shown["urls"]["skip"], **skipped)
    assert Answer.objects.get(kind=AnswerKind.ADJUDICATION).status == AnswerStatus.DRAFT
    assert Question.objects.get(pk=question.pk).leased_to is None
    send(lead, shown["urls"]["draft"], decided(shown, "F"), stamp=999)  # sent before, and long on its way
    assert config_of(lead.get(page_of(question)))["question"]["labels"][str(shown["rows"][2]["id"])] == "G"

    # A closed page leaves what it sent to the next one, which sends it once more.
    assert send(lead, shown["urls"]["skip"], **skipped).status_code == 200
    assert Question.objects.get(pk=question.pk).leased_to == people.lead
    older = send(lead, shown["urls"]["submit"], decided(shown, "F"), stamp=1_000)
    assert (older.status_code, older.json()["code"]) == (409, "newer")
    assert send(lead, shown["urls"]["submit"], decided(shown, "H"), stamp=1_002, message="two").status_code == 200
    assert send(lead, shown["urls"]["skip"], **skipped).status_code == 200
    assert Answer.objects.get(kind=AnswerKind.ADJUDICATION).status == AnswerStatus.SUBMITTED


def test_somebody_else_holds_it(
    people: Cast, people_transform: Transform, question: Question, client_for: ClientFor
) -> None:
    lead = client_for(people.lead)
    shown = config_of(lead.get(page_of(question)))["question"]
    Question.objects.update(leased_to=None)
    open_adjudication(question=question, user=people.admin)
    assert send(lead, shown["urls"]["draft"], decided(shown, "F")).status_code == 409
    page = lead.get(page_of(question), follow=True)
    assert b"someone else is working on it" in page.content
    queue = lead.get(reverse("labeling:adjudication-list", args=[people_transform.pk]))
    assert b"Admin" in queue.content


def test_a_settled_question_can_be_overruled(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    settled = question_set(people_transform, people.lead, [2])[0]
    answer(settled, people.steward, "AB")
    lead = client_for(people.lead)
    history = reverse("labeling:question-history", args=[settled.pk])
    assert page_of(settled) in lead.get(history).content.decode()
    shown = config_of(lead.get(page_of(settled)))["question"]
    assert shown["urls"]["after"] == history
    send(lead, shown["urls"]["submit"], decided(shown, "A"))
    settled.refresh_from_db()
    assert set(settled.result_labels.values()) == {"A"}
    # One's own decision can be replaced, but only by somebody who has seen it: not from the page as it was before.
    assert page_of(settled) in lead.get(history).content.decode()
    seen = config_of(lead.get(page_of(settled)))["question"]
    assert (seen["overrules"], seen["urls"]["draft"]) == (2, "")
    assert send(lead, shown["urls"]["submit"], decided(seen, "A"), overrules=shown["overrules"]).status_code == 200
    again = {row["id"]: letter for row, letter in zip(seen["rows"], "AB", strict=True)}
    assert send(lead, shown["urls"]["submit"], again, overrules=shown["overrules"]).status_code == 409
    assert send(lead, shown["urls"]["submit"], again, overrules=seen["overrules"]).status_code == 200
    settled.refresh_from_db()
    assert "".join(settled.result_labels.values()) == "AB"


def test_who_overrules_a_result_sees_in_its_letters_what_people_said(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    settled = question_set(people_transform, people.lead, [3])[0]
    QuestionSet.objects.update(answers_wanted=2)
    answer(settled, people.steward, "BBA")
    answer(settled, people.colleague, "CCD")
    settled.refresh_from_db()
    shown = config_of(client_for(people.lead).get(page_of(settled)))["question"]
    assert [list(person["labels"].values()) for person in shown["people"]] == [list(shown["labels"].values())] * 2


@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_asks_as_often_for_three_as_for_one(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    questions = disputed(people, people_transform, count)
    client = client_for(people.lead)
    with django_assert_num_queries(8):
        page = client.get(reverse("labeling:adjudication-list", args=[people_transform.pk])).content.decode()
    assert all(page_of(question) in page for question in questions)


def test_letters_of_a_person_fit_the_settled_rows() -> None:
    settled = {1: "A", 2: "A", 4: "B"}
    assert fitting_labels({1: "C", 2: "C", 3: "D", 4: "E"}, settled) == {1: "A", 2: "A", 3: "D", 4: "B"}
    assert fitting_labels({1: "B", 2: "B", 3: "A", 4: "?"}, settled) == {1: "A", 2: "A", 3: "C", 4: "?"}
    assert fitting_labels({1: "A", 2: "A", 3: "B"}, {}) == {1: "A", 2: "A", 3: "B"}
    letters = dict(enumerate("ABCDEFGHIJKLMNO", start=10))
    assert fitting_labels({1: "A", **dict.fromkeys(letters, "B")}, letters)[1] == "AA"
    full = dict(enumerate(LABELS, start=10))
    assert fitting_labels({1: "A", **dict.fromkeys(full, "B")}, full)[1] == ""


def test_where_nothing_is_settled_people_are_compared_with_who_comes_first() -> None:
    said = [{1: "A", 2: "A", 3: "B"}, {1: "B", 2: "B", 3: "A"}, {1: "C", 2: "?", 3: "D"}]
    assert comparable_labels(said, {}) == [said[0], said[0], {1: "A", 2: "?", 3: "B"}]
    assert comparable_labels(said, {3: "D"})[1:] == [{1: "A", 2: "A", 3: "D"}, {1: "A", 2: "?", 3: "D"}]
    assert comparable_labels([], {1: "A"}) == []
