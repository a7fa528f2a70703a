"""Slips of the hand in the workbench: keys held too long, pressed too early, pressed for another; none of them costs an answer."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from labeling.choices import AnswerStatus
from labeling.models import Answer
from tests.e2e.conftest import Portal, Visit
from tests.e2e.test_workbench import begin, groups, press, saved, stored


def test_what_is_done_before_the_next_question_is_there_changes_nothing(portal: Portal, visit: Visit) -> None:
    page = visit(portal.steward)
    first, second, third = begin(page, portal, rows=3)
    page.wait_for_load_state("networkidle")  # the second question is here
    waiting: list[Route] = []
    page.route(re.compile(r"/(draft|submit|next)/$"), lambda route: waiting.append(route))  # the network is slow, the person is not
    press(page, "t", "Enter")
    expect(page.get_by_role("heading", name="Question 2 of 3")).to_be_visible()
    press(page, "t", "Enter")
    press(page, "1", "c", "Enter", "s")
    while waiting:
        waiting.pop().continue_()
    page.unroute(re.compile(r"/(draft|submit|next)/$"))
    expect(page.get_by_role("heading", name="Question 3 of 3")).to_be_visible()
    expect(saved(page)).to_be_visible()
    assert groups(page) == "..."
    for question in (first, second):
        assert (stored(question), Answer.objects.get(question=question).status) == ("AAA", AnswerStatus.SUBMITTED)
    press(page, "c")
    expect(saved(page)).to_be_visible()
    assert stored(third) == "C"
