"""Several answers are withdrawn at once: what the confirmation says, what goes and what stays."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from labeling.choices import AnswerStatus, ChangeAction, QuestionState
from labeling.models import Answer, AnswerChange, Question, RowLabel, Transform
from labeling.services.adjudication import submit_adjudication
from labeling.services.answers import next_question, reopen_answer
from labeling.services.controls import mark_control
from tests.labeling.builders import Cast, answer, grouping, question_set, wanting
from tests.labeling.views.conftest import ClientFor


@pytest.fixture
def url(people_transform: Transform) -> str:
    return reverse("labeling:answers-withdraw", args=[people_transform.pk])


def all_of(url: str, person: User) -> str:
    return f"{url}?{urlencode({'person': person.pk, 'all': 1})}"


def ticked(url: str, *answers: Answer) -> str:
    return f"{url}?{urlencode({'answer': [one.pk for one in answers]}, doseq=True)}"


def words(page: bytes) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page.decode()).split())


def confirm(client: Client, address: str, **also: str) -> str:
    """Look at what would happen, confirm it, and read what the portal says of it."""
    seen = client.get(address).context["found"].digest
    return words(client.post(address, {"seen": seen, **also}, follow=True).content)


def standing(person: User) -> int:
    return Answer.objects.filter(steward=person, status=AnswerStatus.SUBMITTED).count()


def test_a_lead_withdraws_all_answers_of_one_person_at_once(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor, url: str
) -> None:
    for question, letters in zip(questions, ("AAB", "AB", "AA"), strict=True):
        answer(question, people.steward, letters)
    (other,) = question_set(people_transform, people.lead, [2], first_key=100)
    answer(other, people.colleague, "AB")

    lead = client_for(people.lead)
    listed = f"{reverse('labeling:answer-list', args=[people_transform.pk])}?person={people.steward.pk}"
    assert "Withdraw all that these filters show" in words(lead.get(listed).content)
    page = words(lead.get(all_of(url, people.steward)).content)
    assert "3 answers will be withdrawn: Steward" in page
    assert "3 questions are asked again" in page
    assert "Glue has learned from" not in page

    assert "3 answers have been withdrawn." in confirm(lead, all_of(url, people.steward))
    assert "Before anything is withdrawn" not in words(lead.get(listed).content), "nothing is left to withdraw"
    assert (standing(people.steward), standing(people.colleague)) == (0, 1)
    assert set(Question.objects.values_list("state", flat=True)) == {QuestionState.OPEN, QuestionState.SETTLED}
    assert Question.objects.filter(state=QuestionState.OPEN, result__isnull=True, answers_missing=1).count() == 3
    assert RowLabel.objects.filter(answer__steward=people.steward).count() == 0
    assert next_question(transform=people_transform, steward=people.colleague) == questions[0]
    history_url = reverse("labeling:question-history", args=[questions[0].pk])
    history = words(client_for(people.steward).get(history_url).content)
    assert "Withdrawn by Lead (the answer of Steward)" in history
    change = AnswerChange.objects.filter(action=ChangeAction.WITHDRAWN, answer__question=questions[0]).get()
    assert change.before == {str(row): label for row, label in grouping(questions[0], "AAB").items()}


def test_only_the_ticked_answers_go(people: Cast, questions: list[Question], client_for: ClientFor, url: str) -> None:
    for question, letters in zip(questions, ("AAB", "AB", "AA"), strict=True):
        answer(question, people.steward, letters)
    lead = client_for(people.lead)
    assert "Tick some answers in the list first" in words(lead.get(url).content)
    one = questions[1].answers.get()
    assert "1 answer has been withdrawn." in confirm(lead, ticked(url, one))
    one.refresh_from_db()
    assert (one.status, standing(people.steward)) == (AnswerStatus.WITHDRAWN, 2)


def test_enough_other_answers_decide_without_those_that_go(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor, url: str
) -> None:
    first = questions[0]
    wanting(questions, 2)
    for person, letters in ((people.steward, "AAB"), (people.colleague, "ABB")):
        answer(first, person, letters)
    people_transform.question_sets.update(answers_wanted=1)  # what was given beyond that still counts
    lead = client_for(people.lead)
    page = words(lead.get(all_of(url, people.steward)).content)
    assert "1 question has enough other answers" in page
    assert "asked again" not in page
    confirm(lead, all_of(url, people.steward))
    first.refresh_from_db()
    assert (first.state, first.result_labels) == (QuestionState.SETTLED, grouping(first, "ABB"))


def test_what_glue_has_learned_from_stays_unless_that_is_wanted_too(
    people: Cast, questions: list[Question], client_for: ClientFor, url: str
) -> None:
    for question, letters in zip(questions[:2], ("AAB", "AB"), strict=True):
        answer(question, people.steward, letters)
    Question.objects.filter(pk=questions[0].pk).update(imported_version=1)
    lead, address = client_for(people.lead), all_of(url, people.steward)
    page = words(lead.get(address).content)
    assert "1 answer will be withdrawn: Steward" in page
    assert "Also 1 answer that Glue has learned from: Steward" in page
    assert "1 answer has been withdrawn." in confirm(lead, address)
    assert questions[0].answers.get().status == AnswerStatus.SUBMITTED

    assert "Nothing was withdrawn." in confirm(lead, address)
    assert "1 answer has been withdrawn." in confirm(lead, address, learned="yes")
    assert questions[0].answers.get().status == AnswerStatus.WITHDRAWN


def test_what_cannot_be_withdrawn_is_named_and_stays(
    people: Cast, questions: list[Question], client_for: ClientFor, url: str
) -> None:
    adjudicated, control, _plain = questions
    for question, letters in zip(questions, ("AAB", "AB", "AA"), strict=True):
        answer(question, people.steward, letters)
    labels = grouping(adjudicated, "ABB")
    submit_adjudication(question=adjudicated, user=people.lead, labels=labels, seconds=1, keys=1, overrules=1)
    control.refresh_from_db()
    mark_control(question=control, user=people.lead)
    lead = client_for(people.lead)
    page = words(lead.get(all_of(url, people.steward)).content)
    assert "1 answer will be withdrawn: Steward" in page
    assert "1 answer stays: This question has been adjudicated." in page
    assert "1 answer stays: This is the known answer of a control question." in page
    for question in (adjudicated, control):
        assert f"Set 1, question {question.position} · Steward" in page
    confirm(lead, all_of(url, people.steward))
    assert [question.answers.get(steward=people.steward).status for question in questions] == [
        AnswerStatus.SUBMITTED,
        AnswerStatus.SUBMITTED,
        AnswerStatus.WITHDRAWN,
    ]
    # Together with the decision, what it overruled can go.
    both = ticked(url, *adjudicated.answers.all())
    page = words(lead.get(both).content)
    assert "2 answers will be withdrawn: Lead (1), Steward (1)" in page
    assert "answer stays" not in page
    confirm(lead, both)
    adjudicated.refresh_from_db()
    assert (adjudicated.state, adjudicated.answers_missing) == (QuestionState.OPEN, 1)


def test_what_was_answered_in_the_meantime_is_looked_at_first(
    people: Cast, questions: list[Question], client_for: ClientFor, url: str
) -> None:
    answer(questions[0], people.steward, "AAB")
    lead, address = client_for(people.lead), all_of(url, people.steward)
    seen = lead.get(address).context["found"].digest
    answer(questions[1], people.steward, "AB")
    page = words(lead.post(address, {"seen": seen}, follow=True).content)
    assert "Nothing was withdrawn yet." in page
    assert "2 answers will be withdrawn: Steward" in page
    assert standing(people.steward) == 2
    seen = lead.get(address).context["found"].digest
    reopen_answer(answer=questions[1].answers.get(), user=people.steward)
    answer(questions[1], people.steward, "AA")
    assert "Nothing was withdrawn yet." in words(lead.post(address, {"seen": seen}, follow=True).content)


def test_stewards_withdraw_their_own_answers_and_nobody_elses(
    people: Cast, questions: list[Question], client_for: ClientFor, url: str
) -> None:
    answer(questions[0], people.steward, "AAB")
    answer(questions[1], people.colleague, "AB")
    steward = client_for(people.steward)
    for address in (all_of(url, people.colleague), ticked(url, *Answer.objects.all())):
        assert [one.steward for one in steward.get(address).context["found"].going] == [people.steward]
    confirm(steward, ticked(url, *Answer.objects.all()))
    assert (standing(people.steward), standing(people.colleague)) == (0, 1)


def test_many_answers_take_as_many_queries_as_few(
    people: Cast, people_transform: Transform, client_for: ClientFor, url: str
) -> None:
    lead, counts = client_for(people.lead), []
    for size in (2, 12):
        for made in question_set(people_transform, people.lead, [2] * size, first_key=100 * size):
            answer(made, people.steward, "AB")
        address = all_of(url, people.steward)
        with CaptureQueriesContext(connection) as queries:
            seen = lead.get(address).context["found"].digest
            lead.post(address, {"seen": seen})
        counts.append(len(queries))
        assert standing(people.steward) == 0
    assert counts[0] == counts[1]
