"""A lead decides disputed questions without touching the mouse."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from accounts.models import Membership, Role
from labeling.choices import AnswerKind, QuestionState
from labeling.models import Answer, Question, QuestionSet, Row
from labeling.services.consensus import settle
from labeling.services.contradictions import check_contradictions
from tests.e2e.conftest import Portal, Visit, picture
from tests.e2e.data import people_transform
from tests.e2e.workbench import read
from tests.labeling.builders import answer


def test_one_key_takes_a_persons_grouping_and_enter_goes_on(portal: Portal, visit: Visit) -> None:
    transform, questions = people_transform(portal, questions=2, rows=4)
    QuestionSet.objects.update(answers_wanted=2)
    for question in questions:
        settle(question=question)
        answer(question, portal.steward, "AABC")
        answer(question, portal.colleague, "AAAC")
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/disputed/next/")
    grid = page.locator("[data-grid]")
    expect(grid).to_be_focused()
    expect(page.locator("tr.is-locked")).to_have_count(3)
    expect(page.locator("tr.is-cursor")).not_to_have_class(re.compile("is-locked"))
    read(page)
    page.keyboard.press("Enter")  # a gap: nothing is sent
    expect(page.get_by_text(re.compile(r"Row \d has no group yet")).first).to_be_visible()

    # People stand in the order of their names: 1 is Kim Larsen, 2 is Sam Rivera.
    # The settled rows are A, A, B, so Sam's third row, alone, is C.
    decision = page.locator("tr:not(.is-locked) td.cell-group")
    page.keyboard.press("2")
    expect(decision).to_have_text("C")
    page.keyboard.press("1")
    expect(decision).to_have_text("A")
    page.keyboard.press("z")
    expect(decision).to_have_text("C")
    expect(page.locator("[data-saved][data-state=saved]")).to_be_visible()
    page.reload()
    expect(decision).to_have_text("C")
    picture(page, "lead-adjudication")
    page.get_by_role("button", name="Take the grouping of Kim Larsen").click()
    expect(grid).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{questions[1].pk}/adjudicate/"))
    page.keyboard.press("z")  # back into what was just decided
    expect(page.get_by_text("Question 1 is open again").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{questions[1].pk}/adjudicate/"))
    for key in ("ArrowUp", "b"):  # a settled row stays as it is
        page.keyboard.press(key)
    page.keyboard.press("End")
    while "is-locked" in str(page.locator("tr.is-cursor").get_attribute("class")):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing is disputed")).to_be_visible()

    questions[0].refresh_from_db()
    questions[1].refresh_from_db()
    assert [question.state for question in questions] == [QuestionState.SETTLED] * 2
    assert list(questions[0].result_labels.values()) == ["A", "A", "A", "B"]
    assert list(questions[1].result_labels.values()) == ["A", "A", "?", "B"]
    decisions = Answer.objects.filter(kind=AnswerKind.ADJUDICATION).order_by("submitted_at")
    assert all(decision.keys for decision in decisions)


def test_who_is_no_longer_a_lead_hears_that_and_not_of_signing_in(portal: Portal, visit: Visit) -> None:
    transform, (question,) = people_transform(portal, questions=1, rows=4)
    QuestionSet.objects.update(answers_wanted=2)
    settle(question=question)
    answer(question, portal.steward, "AABC")
    answer(question, portal.colleague, "AAAC")
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/disputed/next/")
    expect(page.locator("[data-grid]")).to_be_focused()
    Membership.objects.filter(user=portal.lead).update(role=Role.STEWARD)
    page.keyboard.press("2")
    told = page.get_by_role("alert").filter(visible=True)
    expect(told).to_contain_text("Your role no longer allows this, so it was not saved.")
    expect(told).to_contain_text("This can be done by: Team lead or Administrator.")
    expect(page.locator("[data-saved]")).to_have_text("saved")  # nothing waits that would hold up other answers


def test_from_a_contradiction_to_the_answers_that_explain_it(portal: Portal, visit: Visit) -> None:
    transform, (one, two) = people_transform(portal, questions=2, rows=3)
    for row, other in zip(one.rows.order_by("position"), two.rows.order_by("position"), strict=True):
        Row.objects.filter(pk=other.pk).update(key=row.key, values=row.values)
    answer(one, portal.steward, "AAB")
    answer(two, portal.colleague, "ABC")
    check_contradictions(transform=transform)
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/contradictions/")
    picture(page, "lead-contradictions")
    page.get_by_role("link", name="Look again at what makes").click()
    why = page.locator("[data-why]")
    expect(why).to_contain_text("other")
    before = page.url
    page.keyboard.press("Enter")  # it has not been read yet
    read(page)
    expect(page).to_have_url(before)
    page.keyboard.press("Enter")  # the first of the two stands
    expect(page).not_to_have_url(before)
    picture(page, "lead-second-look")
    expect(why).to_contain_text("Rows 1 and 2 are different here; other answers make them the same.")
    page.keyboard.press("2")  # nobody is number two: nothing happens
    page.keyboard.press("a")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Contradictions", exact=True)).to_be_visible()
    decided = Question.objects.get(pk=two.pk)
    assert list(decided.result_labels.values())[:2] == ["A", "A"]
    transform.refresh_from_db()
    assert check_contradictions(transform=transform) == 0
