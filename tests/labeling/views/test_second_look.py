"""A second look at settled questions: from a contradiction, from all of them, from comments, from a list of one's own."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from labeling.models import Contradiction, Question, Row, Transform
from labeling.selectors.second_look import LookAt
from labeling.services.comments import add_comment
from labeling.services.contradictions import check_contradictions
from tests.labeling.builders import Cast, answer, question_set
from tests.labeling.views.conftest import ClientFor
from tests.labeling.views.test_adjudication import config_of, send


@pytest.fixture
def chain(people: Cast, people_transform: Transform) -> list[Question]:
    """a = b, b = c, and a ≠ c, which also says c ≠ d where another says c = d: the third takes part in both contradictions."""
    questions = question_set(people_transform, people.lead, [2, 2, 3, 2, 2], first_key=100)
    for question, keys, letters in zip(
        questions, ("ab", "bc", "acd", "cd", "xy"), ("AA", "AA", "ABC", "AA", "AA"), strict=True
    ):
        for row, key in zip(question.rows.order_by("position"), keys, strict=True):
            Row.objects.filter(pk=row.pk).update(key=key, values=[key, f"name {key}"])
        answer(question, people.steward, letters)
    check_contradictions(transform=people_transform)
    return questions


def walk(client_for: ClientFor, people: Cast, of: Transform, look: str) -> list[str]:
    """The ids of the questions in the order in which they come, each skipped."""
    lead = client_for(people.lead)
    page = lead.get(reverse("labeling:second-look", args=[of.pk]), {"look": look}, follow=True)
    config = config_of(page)
    seen = [config["question"]["id"]]
    while (more := lead.post(config["urls"]["next"], {"exclude": seen}, content_type="application/json").json())[
        "question"
    ]:
        seen.append(more["question"]["id"])
    return seen


def test_suspects_come_in_order(
    people: Cast, people_transform: Transform, chain: list[Question], client_for: ClientFor
) -> None:
    seen = walk(client_for, people, people_transform, "contradictions")
    assert seen[0] == str(chain[2].pk)
    assert set(seen) == {str(question.pk) for question in chain[:4]}
    short = next(item for item in Contradiction.objects.all() if len(item.steps) == 1)
    assert set(walk(client_for, people, people_transform, f"contradiction:{short.pk}")) == {
        str(chain[2].pk),
        str(chain[3].pk),
    }
    page = client_for(people.lead).get(reverse("labeling:contradictions", args=[people_transform.pk]))
    assert f"look=contradiction:{short.pk}" in page.content.decode()
    assert "Look again at 4 questions" in page.content.decode()


def test_one_look_puts_it_right(
    people: Cast, people_transform: Transform, chain: list[Question], client_for: ClientFor
) -> None:
    lead = client_for(people.lead)
    url = reverse("labeling:second-look", args=[people_transform.pk])
    config = config_of(lead.get(url, {"look": "contradictions"}, follow=True))
    shown = config["question"]
    assert {(claim["first"], claim["second"], claim["same"]) for claim in shown["claims"]} == {
        ("a", "c", False),
        ("a", "d", False),
        ("c", "d", False),
    }
    assert "after" not in shown["urls"]
    labels = {row["id"]: "A" for row in shown["rows"]}
    assert send(lead, shown["urls"]["submit"], labels, overrules=shown["overrules"]).status_code == 200
    people_transform.refresh_from_db()
    check_contradictions(transform=people_transform)
    done = lead.get(url, {"look": "contradictions"}, follow=True)
    assert b"There is nothing to look at again" in done.content
    assert b"No contradictions" in done.content


def test_comments_and_chosen_questions(
    people: Cast, people_transform: Transform, chain: list[Question], client_for: ClientFor
) -> None:
    add_comment(question=chain[4], author=people.steward, text="Twins?")
    assert walk(client_for, people, people_transform, "comments") == [str(chain[4].pk)]
    answers = client_for(people.lead).get(reverse("labeling:answer-list", args=[people_transform.pk]))
    assert "1 with open comments" in answers.content.decode()
    chosen = [str(chain[4].pk), str(chain[0].pk)]
    assert walk(client_for, people, people_transform, f"questions:{','.join(chosen)}") == chosen


def test_only_leads_look_and_nonsense_leads_to_the_list(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    url = reverse("labeling:second-look", args=[people_transform.pk])
    assert client_for(people.steward).get(url, {"look": "comments"}).status_code == 403
    assert client_for(people.stranger).get(url, {"look": "comments"}).status_code == 404
    page = client_for(people.lead).get(url, {"look": "moon"}, follow=True)
    assert b"Contradictions" in page.content


@pytest.mark.parametrize(
    "text", ["", "moon", "contradiction", "contradiction:x", "questions:", "comments:1", "questions:1,2"]
)
def test_what_is_no_look(text: str) -> None:
    assert LookAt.read(text) is None


def test_a_look_is_read_as_it_is_written() -> None:
    one, two = uuid.uuid4(), uuid.uuid4()
    for look in (LookAt(), LookAt(comments=True), LookAt(contradiction=one), LookAt(chosen=(one, two))):
        assert LookAt.read(look.text) == look
