from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Agent, Membership, User
from accounts.services import set_skills
from labeling.exceptions import InvalidCommentError, InvalidSettingError
from labeling.models import Comment, Question, Transform
from labeling.selectors.comments import comments_on, open_comments_for
from labeling.selectors.guidelines import guidelines_for, rendered
from labeling.selectors.preferences import ColumnPreference, Keys, columns_for, keys_for
from labeling.services.answers import reopen_answer
from labeling.services.comments import add_comment, mentions_in, reopen_comment, resolve_comment
from labeling.services.controls import mark_control
from labeling.services.guidelines import add_example, remove_example, save_guidelines
from labeling.services.preferences import save_columns, save_keys
from tests.labeling.builders import Cast, answer, question_set
from tests.labeling.builders import transform as make_transform

pytestmark = pytest.mark.django_db


def for_me(user: User) -> list[Comment]:
    return list(open_comments_for(reader=Membership.objects.get(user=user)))


@pytest.fixture
def of(people: Cast) -> Transform:
    return make_transform(people.team, people.admin)


@pytest.fixture
def question(people: Cast, of: Transform) -> Question:
    return question_set(of, people.admin, [3, 2])[0]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@lead, look. Or @colleague.", {"lead", "colleague"}),
        ("mail a@lead and @stranger and @nobody", set()),
        ("(@steward)", {"steward"}),
        ("@@lead", set()),
    ],
)
def test_mentions_are_members(people: Cast, question: Question, text: str, names: set[str]) -> None:
    comment = add_comment(question=question, author=people.steward, text=text)
    assert set(comment.mentions.values_list("username", flat=True)) == names


@pytest.mark.parametrize(
    ("text", "names", "untold"),
    [
        ("@Mira please look", {"steward"}, []),
        ("@mira's row; @Mira.", {"steward"}, []),
        ("@Mira Oakfield look", {"steward"}, []),
        (
            "@Miranda, @Mira-Lou",
            set(),
            ["Nobody in the team is called “Miranda”.", "Nobody in the team is called “Mira-Lou”."],
        ),
        ("@STEWARD", {"steward"}, []),
        ("@Ben Ash", {"lead"}, []),
        ("@Ben", set(), ["“Ben” could be Ben Ash (@lead), Ben Birch (@colleague): nobody was notified."]),
        ("@Admin knows, @Mirra and @Mirra too", {"admin"}, ["Nobody in the team is called “Mirra”."]),
        ("x@gone.example @. @-", set(), []),
    ],
)
def test_mentions_by_the_names_that_people_see(
    people: Cast, question: Question, text: str, names: set[str], untold: list[str]
) -> None:
    for person, first, last in (
        (people.steward, "Mira", "Oakfield"),
        (people.lead, "Ben", "Ash"),
        (people.colleague, "Ben", "Birch"),
    ):
        User.objects.filter(pk=person.pk).update(first_name=first, last_name=last)
    found = mentions_in(question=question, text=text)
    assert ({person.username for person in found.people}, found.untold) == (names, untold)


def test_comments_on_questions_and_rows(
    people: Cast, question: Question, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row = question.rows.get(position=2)
    add_comment(question=question, author=people.steward, text=" Twins? ")
    second = add_comment(question=question, author=people.lead, text="@steward yes", row=row)
    resolve_comment(comment=second, user=people.steward)
    with django_assert_num_queries(2):
        first, other = comments_on(question=question, reader=people.steward)
        assert (first.text, first.row, first.resolved_by) == ("Twins?", None, None)
        assert (other.row, other.resolved_by, [str(user) for user in other.mentions.all()]) == (
            row,
            people.steward,
            ["steward"],
        )
    resolved = resolve_comment(comment=second, user=people.admin)
    assert resolved.resolved_by == people.steward
    assert reopen_comment(comment=second).resolved_at is None


def test_malformed_comments_are_refused(people: Cast, question: Question) -> None:
    foreign = Question.objects.exclude(pk=question.pk).get().rows.get(position=1)
    for text, row in ((" ", None), ("x" * 5001, None), ("x", foreign)):
        with pytest.raises(InvalidCommentError):
            add_comment(question=question, author=people.steward, text=text, row=row)
    comment = add_comment(question=question, author=people.steward, text="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(resolved_by=people.lead)


def test_open_comments_that_concern_me(people: Cast, question: Question) -> None:
    mentioned = add_comment(question=question, author=people.lead, text="@colleague?")
    other = Question.objects.exclude(pk=question.pk).get()
    answer(other, people.colleague, "AB")
    answered = add_comment(question=other, author=people.steward, text="really?")
    assert for_me(people.colleague) == [answered, mentioned]
    assert for_me(people.admin) == for_me(people.lead) == []
    resolve_comment(comment=mentioned, user=people.lead)
    assert for_me(people.colleague) == [answered]
    Transform.objects.update(archived_at=timezone.now())
    assert for_me(people.colleague) == []


def test_a_remark_on_a_control_question_does_not_bring_what_was_said_of_its_answer(
    people: Cast, question: Question
) -> None:
    answer(question, people.steward, "AAB")
    told = add_comment(question=question, author=people.admin, text="rows 1 and 2 are the same")
    mark_control(question=question, user=people.lead)
    for asked in (people.colleague, people.lead):
        add_comment(question=question, author=asked, text="unsure")
    since = add_comment(question=question, author=people.admin, text="why?")
    seen = comments_on(question=Question.objects.get(pk=question.pk), reader=people.colleague)
    assert told not in seen
    assert set(for_me(people.colleague)) <= set(seen)
    assert since in for_me(people.colleague)
    assert told in for_me(people.lead)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Title\n\nTwo *words*", "<h3>Title</h3>\n<p>Two <em>words</em></p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        (
            "[x](https://example.org)",
            '<p><a href="https://example.org" target="_blank" rel="noopener noreferrer">x</a></p>\n',
        ),
        ("![x](https://example.org/x.png)", "<p></p>\n"),
        ("a <b onclick='x'>b</b>", "<p>a &lt;b onclick='x'&gt;b&lt;/b&gt;</p>\n"),
    ],
    ids=["heading", "script", "javascript link", "link", "image", "raw html"],
)
def test_guidelines_can_do_nothing(markdown: str, html: str) -> None:
    assert rendered(markdown) == html


def test_tables_in_guidelines() -> None:
    assert "<td>x</td>" in rendered("| a |\n|---|\n| x |\n")


def test_guidelines_with_examples(
    people: Cast, of: Transform, question: Question, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert not guidelines_for(transform=of)
    with pytest.raises(InvalidSettingError):
        add_example(question=question, user=people.lead)
    answer(question, people.steward, "AAB")
    example = add_example(question=question, user=people.lead, text="Typos happen")
    assert add_example(question=question, user=people.admin, text="Typos") == example
    save_guidelines(transform=of, user=people.lead, text="Be kind\r\n")
    reopen_answer(answer=question.answers.get(), user=people.steward)
    with django_assert_num_queries(2):
        found = guidelines_for(transform=of)
        assert found.html == "<p>Be kind</p>\n"
        (shown,) = found.examples
        assert ("".join(label for _row, label in shown.rows), shown.example.text) == ("AAB", "Typos")
    with pytest.raises(InvalidSettingError):
        save_guidelines(transform=of, user=people.lead, text="x" * 50_001)
    remove_example(example=example, user=people.lead)
    assert guidelines_for(transform=of).examples == ()


def test_columns_of_one_person(people: Cast, of: Transform) -> None:
    assert columns_for(user=people.steward, transform=of) == ColumnPreference()
    save_columns(user=people.steward, transform=of, hidden=["id", "gone"], pinned=[], order=["name", "id", "name"])
    wanted = ColumnPreference(hidden=["id"], pinned=[], order=["name", "id"])
    assert columns_for(user=people.steward, transform=of) == wanted
    assert columns_for(user=people.colleague, transform=of) == ColumnPreference()
    with pytest.raises(InvalidSettingError):
        save_columns(user=people.steward, transform=of, hidden=["id", "name"], pinned=[], order=[])


def test_keys_of_one_person(people: Cast) -> None:
    assert keys_for(user=people.steward) == Keys(enabled=True, keymap={})
    save_keys(user=people.steward, enabled=False, keymap={"undo": "x", "same-as-above": " "})
    assert keys_for(user=people.steward) == Keys(enabled=False, keymap={"undo": "x", "same-as-above": " "})
    for wrong in ({"undo": "x", "redo": "x"}, {"un do": "x"}, {"undo": ""}, {"undo": "\x00"}, {"undo": "x" * 21}):
        with pytest.raises(InvalidSettingError):
            save_keys(user=people.steward, enabled=True, keymap=wrong)


def test_skills_are_tags(people: Cast) -> None:
    membership = Membership.objects.get(user=people.steward)
    set_skills(membership=membership, skills=" Tax  law, polish,, Polish ", by=Agent.COMMAND)
    assert (membership.skills, membership.skill_tags) == ("Tax law, polish", frozenset({"tax law", "polish"}))
    with pytest.raises(ValidationError):
        set_skills(membership=membership, skills="x" * 501, by=Agent.COMMAND)
