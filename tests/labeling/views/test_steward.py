"""The workbench's addresses: pages for people, JSON for the grid."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeling.choices import AnswerStatus
from labeling.models import Answer, Question, Transform
from labeling.services.adjudication import submit_adjudication
from labeling.services.answers import reopen_answer
from labeling.services.assignment import assign_questions, clear_assignments
from labeling.services.comments import add_comment
from labeling.services.controls import mark_control
from tests.labeling.builders import Cast, answer, grouping, question_set, wanting
from tests.labeling.views.conftest import ClientFor


def send(client: Client, name: str, question: Question, letters: str = "", **more: Any) -> Any:
    rows = question.rows.order_by("position").values_list("pk", flat=True)
    labels = {str(row): letter for row, letter in zip(rows, letters, strict=False)}
    body = {"labels": labels, **more}
    return client.post(reverse(f"labeling:question-{name}", args=[question.pk]), body, content_type="application/json")


def test_the_next_question_opens_in_the_workbench(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    page = client_for(people.steward).get(reverse("labeling:question-next", args=[people_transform.pk]), follow=True)
    assert page.redirect_chain[-1][0] == reverse("labeling:question-detail", args=[questions[0].pk])
    config = page.context["workbench"]
    assert config["question"]["number"] == 1
    assert config["total"] == config["left"] == 3
    assert [row["key"] for row in config["question"]["rows"]] == ["0", "1", "2"]
    assert "Which rows are the same person?" in page.content.decode()
    assert config["isFirst"]
    answer(questions[0], people.steward, "AAB")
    page = client_for(people.steward).get(reverse("labeling:question-next", args=[people_transform.pk]), follow=True)
    assert not page.context["workbench"]["isFirst"]
    reopen_answer(answer=Answer.objects.get(), user=people.steward)
    page = client_for(people.steward).get(reverse("labeling:question-detail", args=[questions[0].pk]))
    assert not page.context["workbench"]["isFirst"], "they take it back, but have seen it all before"


def test_only_the_workbench_of_a_transform_that_shows_images_may_load_them(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    url = reverse("labeling:question-detail", args=[questions[0].pk])
    page = client.get(url)
    assert page.context["workbench"]["shows"] == {"links": False, "images": False}
    assert "https:" not in page.headers["Content-Security-Policy"]

    Transform.objects.filter(pk=people_transform.pk).update(images_in_cells=True, links_in_cells=True)
    page = client.get(url)
    assert page.context["workbench"]["shows"] == {"links": True, "images": True}
    policy = page.headers["Content-Security-Policy"]
    assert "img-src 'self' data: https:;" in policy
    assert policy.startswith("default-src 'self';")
    assert policy.count("https:") == 1
    assert "https:" not in client.get(reverse("labeling:home")).headers["Content-Security-Policy"]


def test_the_one_after_is_fetched_ahead_and_held(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    url = reverse("labeling:question-next", args=[people_transform.pk])
    mine, other = client_for(people.steward), client_for(people.colleague)
    mine.get(url, follow=True)
    ahead = mine.post(url, {"exclude": [str(questions[0].pk)]}, content_type="application/json").json()
    assert ahead["question"]["id"] == str(questions[1].pk)
    assert ahead["left"] == 3
    theirs = other.get(url, follow=True)
    assert theirs.context["question"] == questions[2]

    mine.post(reverse("labeling:question-release", args=[questions[1].pk]), {}, content_type="application/json")
    questions[1].refresh_from_db()
    assert questions[1].leased_to is None


def test_a_draft_outlives_a_reload(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    client = client_for(people.steward)
    assert send(client, "draft", questions[0], "AB").status_code == 200
    page = client.get(reverse("labeling:question-detail", args=[questions[0].pk]))
    assert sorted(page.context["workbench"]["question"]["labels"].values()) == ["A", "B"]


def test_a_draft_that_comes_late_does_not_replace_a_newer_one(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    for letters, stamp, standing in (
        ("AB", 2_000, "AB"),
        ("CC", 1_999, "AB"),
        ("CB", 2_001, "CB"),
        ("BA", 2_001, "BA"),
    ):
        assert send(client, "draft", questions[0], letters, stamp=stamp).status_code == 200
        shown = client.get(reverse("labeling:question-detail", args=[questions[0].pk])).context["workbench"]["question"]
        assert "".join(shown["labels"].values()) == standing
    assert shown["stamp"] == 2_001
    assert send(client, "draft", questions[0], "AB", stamp="soon").status_code == 422


def test_submitting_twice_is_submitting_once(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    client = client_for(people.steward)
    for _time in range(2):
        assert send(client, "submit", questions[0], "AAB", seconds=7, keys=4).json() == {"version": 1}
    given = Answer.objects.get()
    assert (given.status, given.seconds, given.keys) == (AnswerStatus.SUBMITTED, 7, 4)


def test_a_clock_that_is_wrong_spoils_no_figures(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    send(client_for(people.steward), "submit", questions[0], "AAB", seconds=-3, keys=10**12)
    given = Answer.objects.get()
    assert (given.seconds, given.keys) == (0, 86_400)


def test_what_a_page_of_somebody_else_sends_is_not_taken(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.colleague)
    for person, status, why in ((people.steward, 403, "somebody-else"), (people.colleague, 200, None)):
        client.defaults["HTTP_X_WORKBENCH_PERSON"] = str(person.pk)
        sent = send(client, "submit", questions[0], "AAB")
        assert (sent.status_code, sent.headers.get("X-Workbench-Cut-Off")) == (status, why)
    assert Answer.objects.get().steward == people.colleague


def test_another_answer_after_ones_own_is_refused_as_such(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    send(client, "submit", questions[0], "AAB", seconds=7, keys=4)
    for action in ("submit", "draft"):
        refused = send(client, action, questions[0], "ABB", seconds=7, keys=4)
        assert (refused.status_code, refused.json()["code"]) == (409, "answered")


def test_an_answer_that_is_older_than_ones_draft_is_refused_as_such(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    send(client, "draft", questions[0], "ABC", stamp=2_000)
    refused = send(client, "submit", questions[0], "AAA", stamp=1_000)
    assert (refused.status_code, refused.json()["code"]) == (409, "newer")
    assert send(client, "skip", questions[0], "AAA", stamp=1_000).status_code == 200
    assert Answer.objects.get().status == AnswerStatus.DRAFT


def test_an_incomplete_answer_is_refused_in_words(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    refused = send(client_for(people.steward), "submit", questions[0], "AA")
    assert refused.status_code == 422
    assert refused.json()["code"] == "invalid"
    assert "Every row needs a group" in refused.json()["message"]


def test_somebody_elses_question_is_refused_in_words(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    client_for(people.colleague).get(reverse("labeling:question-detail", args=[questions[0].pk]))
    refused = send(client_for(people.steward), "draft", questions[0], "A")
    assert refused.status_code == 409
    assert refused.json()["code"] == "taken"
    page = client_for(people.steward).get(reverse("labeling:question-detail", args=[questions[0].pk]))
    assert "You cannot answer this question now" in page.content.decode()
    assert "Someone else is working on this question now." in page.content.decode()


def test_a_question_that_was_assigned_to_others_is_refused_in_words_and_a_way_leads_on(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    made = questions[0].question_set
    assign_questions(question_set=made, user=people.lead, people=[people.colleague], split=True)
    url = reverse("labeling:question-detail", args=[questions[0].pk])
    page = client_for(people.steward).get(url).content.decode()
    assert "This question is assigned to other people" in page
    assert reverse("labeling:question-next", args=[people_transform.pk]) in page
    questions[0].refresh_from_db()
    assert questions[0].leased_to is None
    assert client_for(people.colleague).get(url).context["question"] == questions[0]


def test_drafts_and_answers_to_a_question_that_is_assigned_to_others_are_refused_in_the_same_words(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    made, client = questions[0].question_set, client_for(people.steward)
    assign_questions(question_set=made, user=people.lead, people=[people.colleague], split=True)
    for name in ("draft", "submit", "submit", "draft"):
        refused = send(client, name, questions[0], "AAB", stamp=7, message="m1")
        assert refused.status_code == 409, name
        assert refused.json()["code"] == "taken"
        assert "This question is assigned to other people" in refused.json()["message"]
    questions[0].refresh_from_db()
    assert (questions[0].leased_to, questions[0].answers_missing) == (None, 1)
    assert send(client_for(people.lead), "submit", questions[1], "AAB").status_code == 200, "leads may answer any"

    clear_assignments(question_set=made, user=people.lead)
    page = client.get(reverse("labeling:question-detail", args=[questions[0].pk]))
    kept = page.context["workbench"]["question"]["labels"]
    assert list(kept.values()) == ["A", "A", "B"], "what they sent is there once they may answer"


def test_work_that_somebody_began_is_taken_although_the_question_was_assigned_to_others_since(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    drafted, held = questions[:2]
    send(client, "draft", drafted, "AA")
    send(client, "release", drafted)
    client.get(reverse("labeling:question-detail", args=[held.pk]))
    Question.objects.filter(pk=held.pk).update(lease_expires_at=timezone.now() - timedelta(hours=2))
    assign_questions(question_set=held.question_set, user=people.lead, people=[people.colleague], split=True)
    for question in (drafted, held):
        assert send(client, "draft", question, "AAB").status_code == 200
        sent = send(client, "submit", question, "AAB", message=str(question.pk))
        assert sent.json() == {"version": 1}
        again = send(client, "submit", question, "AAB", message=str(question.pk))
        assert again.json() == {"version": 1}, "the same once more changes nothing"


def test_a_link_to_a_question_of_others_brings_a_lead_to_what_they_said(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    answered, held = questions[:2]
    answer(answered, people.colleague, "AAA")
    client_for(people.colleague).get(reverse("labeling:question-detail", args=[held.pk]))
    links = [reverse("labeling:question-detail", args=[question.pk]) for question in (answered, held)]
    histories = [reverse("labeling:question-history", args=[question.pk]) for question in (answered, held)]
    lead, steward = client_for(people.lead), client_for(people.steward)
    assert lead.get(links[0]).headers["Location"] == histories[0]
    assert histories[1] in lead.get(links[1]).content.decode()
    pages = [steward.get(link).content.decode() for link in links]
    assert "This question has been answered by others." in pages[0]
    assert "Someone else is working on this question now." in pages[1]
    assert not any(history in page for history, page in zip(histories, pages, strict=True))


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "{}", '{"labels": []}', '{"labels": {"x": "A"}}', '{"labels": {"1": 5}}'),
        pytest.param('{"labels": {}, "seconds": 1e999}', id="infinite"),
        pytest.param("[" * 100_000, id="nested"),
    ],
)
def test_nonsense_is_refused(people: Cast, questions: list[Question], client_for: ClientFor, body: str) -> None:
    url = reverse("labeling:question-draft", args=[questions[0].pk])
    assert client_for(people.steward).post(url, body, content_type="application/json").status_code == 422
    assert Answer.objects.count() == 0


def test_a_skipped_question_comes_last(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    client = client_for(people.steward)
    send(client, "skip", questions[0])
    assert send(client, "submit", questions[1], "AB").status_code == 200
    url = reverse("labeling:question-next", args=[people_transform.pk])
    assert client.get(url, follow=True).context["question"] == questions[2]


def test_ones_own_answer_is_shown_and_reopened(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    answer(questions[0], people.steward, "AAB")
    client = client_for(people.steward)
    detail = reverse("labeling:question-detail", args=[questions[0].pk])
    page = client.get(detail).content.decode()
    assert "Change my answer" in page
    assert page.count("badge-group") == 3
    assert reverse("labeling:question-history", args=[questions[0].pk]) in page

    reopened = client.post(reverse("labeling:question-reopen", args=[questions[0].pk]), follow=True)
    assert reopened.context["workbench"]["question"]["id"] == str(questions[0].pk)
    assert Answer.objects.get().status == AnswerStatus.DRAFT


def test_ones_own_answer_shows_what_was_said_about_its_rows(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    answer(questions[0], people.steward, "AAB")
    row = questions[0].rows.get(position=3)
    add_comment(question=questions[0], author=people.lead, text="Twins, I think", row=row)
    page = client_for(people.steward).get(reverse("labeling:question-detail", args=[questions[0].pk])).content.decode()
    assert "Twins, I think" in page
    assert "row 3" in page
    assert page.count('aria-label="1 open comment"') == 1


def test_undo_reopens_without_leaving_the_grid(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    answer(questions[0], people.steward, "AAB")
    url = reverse("labeling:question-reopen", args=[questions[0].pk])
    client = client_for(people.steward)
    for _time in range(2):
        assert client.post(url, {}, content_type="application/json").json() == {"reopened": True, "stamp": 0}


@pytest.mark.parametrize("relied_on", ["adjudicated", "control"])
def test_an_answer_that_others_rely_on_stays_and_its_person_is_told_why(
    people: Cast, questions: list[Question], client_for: ClientFor, relied_on: str
) -> None:
    question = questions[1]
    answer(question, people.steward, "AA")
    question.refresh_from_db()
    if relied_on == "control":
        mark_control(question=question, user=people.lead)
        words = "Others rely on this answer now"
    else:
        overruled: dict[str, Any] = {"seconds": 1, "keys": 1, "overrules": question.result_version}
        submit_adjudication(question=question, user=people.lead, labels=grouping(question, "AB"), **overruled)
        words = "This question has been adjudicated. Its answers can be changed once a team lead has reopened the adjudication."
    client, url = client_for(people.steward), reverse("labeling:question-reopen", args=[question.pk])

    refused = client.post(url, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert words in refused.json()["message"]
    told = client.post(url, follow=True)
    assert told.redirect_chain[-1][0] == reverse("labeling:question-history", args=[question.pk])
    page = told.content.decode()
    assert words in page
    assert "control question" not in page.lower()
    assert Answer.objects.get(steward=people.steward).status == AnswerStatus.SUBMITTED


def test_what_one_never_answered_cannot_be_reopened(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    answer(questions[0], people.colleague, "AAB")
    url = reverse("labeling:question-reopen", args=[questions[0].pk])
    assert client_for(people.steward).post(url).status_code == 404


def test_all_done_says_what_comes_next(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    url = reverse("labeling:question-next", args=[people_transform.pk])
    for question, letters in zip(questions, ("AAB", "AB", "AA"), strict=True):
        answer(question, people.steward, letters)
    page = client_for(people.steward).get(url).content.decode()
    assert "All done, thank you" in page
    assert "All 3 questions have been answered." in page
    assert page.count("Set 1, question") == 3
    assert reverse("labeling:import-create", args=[people_transform.pk]) not in page
    of_a_lead = client_for(people.lead).get(url).content.decode()
    assert "3 answers wait to be imported." in of_a_lead
    assert reverse("labeling:import-create", args=[people_transform.pk]) in of_a_lead


def test_a_lead_who_finds_no_questions_can_have_some(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    url = reverse("labeling:question-next", args=[people_transform.pk])
    generate = reverse("labeling:question-generate", args=[people_transform.pk])
    assert generate in client_for(people.lead).get(url).content.decode()
    page = client_for(people.steward).get(url).content.decode()
    assert "A team lead generates the first questions." in page
    assert generate not in page


def test_questions_in_other_hands_are_told_apart_from_done(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question = question_set(people_transform, people.lead, [2])[0]
    client_for(people.colleague).get(reverse("labeling:question-detail", args=[question.pk]))
    page = client_for(people.steward).get(reverse("labeling:question-next", args=[people_transform.pk]))
    assert "Others are working on 1 question." in page.content.decode()


def test_what_others_hold_and_this_person_cannot_take_is_not_promised(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    (answered,) = question_set(people_transform, people.lead, [2])
    wanting([answered], 2)
    answer(answered, people.steward, "AB")
    (assigned,) = question_set(people_transform, people.lead, [2])
    assign_questions(question_set=assigned.question_set, user=people.lead, people=[people.colleague], split=False)
    for question in (answered, assigned):
        client_for(people.colleague).get(reverse("labeling:question-detail", args=[question.pk]))
    response = client_for(people.steward).get(reverse("labeling:question-next", args=[people_transform.pk]))
    page = response.content.decode()
    assert "Others are working" not in page
    assert "2 questions still need an answer from somebody else." in page


def test_the_payload_is_small_and_holds_no_answer_of_others(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    send(client_for(people.colleague), "draft", questions[1], "AB")
    Question.objects.update(leased_to=None, lease_expires_at=None)
    page = client_for(people.steward).get(reverse("labeling:question-detail", args=[questions[1].pk]))
    assert page.context["workbench"]["question"]["labels"] == {}
    assert len(json.dumps(page.context["workbench"])) < 3000


def test_a_question_that_never_was(people: Cast, client_for: ClientFor) -> None:
    assert client_for(people.steward).get(reverse("labeling:question-detail", args=[uuid.uuid4()])).status_code == 404
