"""What stands beside the grid: guidelines to read, comments to write, resolve and open again."""

from __future__ import annotations

import re
import uuid

import pytest
from django.urls import reverse

from accounts.models import User
from labeling.models import Comment, Question, Transform
from labeling.services.comments import add_comment
from labeling.services.guidelines import save_guidelines
from tests.labeling.builders import Cast
from tests.labeling.views.conftest import ClientFor


def test_guidelines_and_comments_are_shown_safely(
    people: Cast, people_transform: Transform, questions: list[Question], client_for: ClientFor
) -> None:
    save_guidelines(transform=people_transform, user=people.lead, text="**Twins** are <script>two</script>.")
    add_comment(question=questions[0], author=people.lead, text="Mind <b>this</b>")
    html = client_for(people.steward).get(reverse("labeling:question-panel", args=[questions[0].pk])).content.decode()
    assert "<strong>Twins</strong>" in html
    assert "Mind &lt;b&gt;this&lt;/b&gt;" in html
    assert "<script" not in html
    assert 'data-open-comments="1"' in html


def test_a_remark_on_a_row_reaches_whom_it_mentions(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    row = questions[0].rows.first()
    assert row is not None
    url = reverse("labeling:panel-comment", args=[questions[0].pk])
    answer = client_for(people.steward).post(url, {"row": row.pk, "text": f"@{people.lead.username} look"})
    assert answer.status_code == 200
    comment = Comment.objects.get()
    assert (comment.row, list(comment.mentions.all())) == (row, [people.lead])


def test_a_mention_that_reaches_nobody_is_told(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    client, words = client_for(people.steward), "Nobody in the team is called “Mirra”."
    panel = client.post(reverse("labeling:panel-comment", args=[questions[0].pk]), {"text": "@Mirra look"})
    assert panel.status_code == 200
    assert words in panel.content.decode()
    page = client.post(reverse("labeling:comment-add", args=[questions[0].pk]), {"text": "@Mirra look"}, follow=True)
    assert words in page.content.decode()
    assert Comment.objects.count() == 2


def test_nothing_written_is_refused_in_words(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    answer = client_for(people.steward).post(reverse("labeling:panel-comment", args=[questions[0].pk]), {"text": " "})
    assert answer.status_code == 422
    assert "Enter a comment first." in answer.content.decode()


@pytest.mark.parametrize("row", ["other", "-1", "9" * 30])
def test_a_row_of_another_question_is_not_there(
    people: Cast, questions: list[Question], client_for: ClientFor, row: str
) -> None:
    wanted = str(questions[1].rows.values_list("pk", flat=True)[0]) if row == "other" else row
    url = reverse("labeling:panel-comment", args=[questions[0].pk])
    assert client_for(people.steward).post(url, {"row": wanted, "text": "look"}).status_code == 404
    assert not Comment.objects.exists()


def test_resolving_twice_is_resolving_once(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    comment = add_comment(question=questions[0], author=people.lead, text="look")
    client = client_for(people.steward)
    url = reverse("labeling:panel-resolve", args=[questions[0].pk, comment.pk])
    for wanted, resolved in (("yes", True), ("yes", True), ("no", False)):
        html = client.post(url, {"resolved": wanted}).content.decode()
        comment.refresh_from_db()
        assert (comment.resolved_at is not None) is resolved
        assert f'data-open-comments="{int(not resolved)}"' in html
    elsewhere = reverse("labeling:panel-resolve", args=[questions[1].pk, comment.pk])
    assert client.post(elsewhere).status_code == 404
    assert client.post(reverse("labeling:panel-resolve", args=[questions[0].pk, uuid.uuid4()])).status_code == 404


def test_the_workbench_says_how_many_are_open(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    add_comment(question=questions[0], author=people.lead, text="look")
    page = client_for(people.steward).get(reverse("labeling:question-detail", args=[questions[0].pk]))
    assert page.context["workbench"]["question"]["commentsOpen"] == 1


def test_who_is_mentioned_finds_the_comment_at_home(
    people: Cast, questions: list[Question], client_for: ClientFor
) -> None:
    question, home_url = questions[0], reverse("labeling:home")
    add = reverse("labeling:comment-add", args=[question.pk])
    page = client_for(people.lead).post(add, {"text": "@colleague is this the father?"}, follow=True)
    assert b"is this the father?" in page.content
    home = client_for(people.colleague).get(home_url).content.decode()
    assert "is this the father?" in home
    assert f"{reverse('labeling:question-history', args=[question.pk])}#comments" in home
    assert b"is this the father?" not in client_for(people.admin).get(home_url).content
    assert b"is this the father?" not in client_for(people.lead).get(home_url).content  # one's own

    resolve = reverse("labeling:comment-resolve", args=[question.pk, Comment.objects.get().pk])

    def press(person: User) -> str:
        (value,) = re.findall(r'name="resolved"\s+value="(\w+)"', open_page)
        return client_for(person).post(resolve, {"resolved": value}, follow=True).content.decode()

    open_page = page.content.decode()
    assert "resolved by Colleague" in press(people.colleague)
    assert b"is this the father?" not in client_for(people.colleague).get(home_url).content
    open_page = press(people.lead)  # whose page still offered to resolve it
    assert "resolved by Colleague" in open_page
    press(people.lead)
    assert Comment.objects.get().resolved_at is None


def test_comments_are_for_the_team(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    question = questions[0]
    add = reverse("labeling:comment-add", args=[question.pk])
    assert client_for(people.stranger).post(add, {"text": "x"}).status_code == 404
    assert b"Enter a comment first." in client_for(people.steward).post(add, {"text": " "}, follow=True).content
    assert not Comment.objects.exists()
