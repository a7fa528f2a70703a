"""A lead withdraws answers from the list of all: two that are ticked, then all that a filter shows."""

from __future__ import annotations

from playwright.sync_api import expect

from labeling.choices import AnswerStatus
from labeling.models import Answer
from tests.e2e.conftest import Portal, Visit
from tests.e2e.data import people_transform
from tests.e2e.workbench import submit


def withdrawn(portal: Portal) -> list[int]:
    """How many answers of each of the two stewards are withdrawn."""
    gone = Answer.objects.filter(status=AnswerStatus.WITHDRAWN)
    return [gone.filter(steward=steward).count() for steward in (portal.steward, portal.colleague)]


def test_answers_are_withdrawn_after_a_look_at_what_goes(portal: Portal, visit: Visit) -> None:
    transform, questions = people_transform(portal, questions=4, rows=2)
    for question, steward in zip(
        questions, (portal.steward, portal.steward, portal.steward, portal.colleague), strict=True
    ):
        submit(question, steward, "AB")
    page = visit(portal.lead)
    page.goto(f"/transforms/{transform.pk}/answers/")
    boxes = page.get_by_role("checkbox", name="The answer of")
    expect(boxes).to_have_count(4)
    page.get_by_role("checkbox", name="The answer of Kim Larsen").check()
    page.get_by_role("checkbox", name="The answer of Sam Rivera").first.check()
    page.get_by_role("button", name="Withdraw the ticked answers").click()
    expect(page.get_by_text("2 answers will be withdrawn:")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(boxes).to_have_count(4)
    assert withdrawn(portal) == [0, 0]
    page.go_back()
    page.get_by_role("button", name="Withdraw the answers").click()
    expect(page.get_by_text("2 answers have been withdrawn.")).to_be_visible()
    expect(boxes).to_have_count(2)
    assert withdrawn(portal) == [1, 1]

    page.get_by_label("Person").select_option(label="Sam Rivera")
    page.get_by_role("button", name="Withdraw all that these filters show").click()
    expect(page.get_by_text("2 questions are asked again")).to_be_visible()
    page.get_by_role("button", name="Withdraw the answers").click()
    expect(page.get_by_text("2 answers have been withdrawn.")).to_be_visible()
    assert withdrawn(portal) == [3, 1]
