"""Hands and eyes for the tests of the workbench."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Response, Route, expect

from accounts.models import User
from labeling.models import Question, QuestionSet, Row, RowLabel
from labeling.services.answers import submit_answer
from tests.e2e.conftest import Portal
from tests.e2e.data import people_transform
from tests.labeling.builders import grouping

# For as long, and a little, a question takes no answer of somebody who has changed nothing in it.
UNREAD_MS = 420


def groups(page: Page) -> str:
    """The groups from the first row to the last, a dot for none."""
    texts = page.locator("[data-grid] tbody .badge-group").all_text_contents()
    return "".join(text or "." for text in texts)


def cursor(page: Page) -> str:
    """The number of the row that the keys work on."""
    return page.locator("tr.is-cursor .cell-no").inner_text()


def saved(page: Page) -> Locator:
    return page.locator("[data-saved][data-state=saved]")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def read(page: Page) -> None:
    """Until the press is not one for the question before."""
    page.wait_for_timeout(UNREAD_MS)


def begin(page: Page, portal: Portal, **shape: int) -> list[Question]:
    transform, questions = people_transform(portal, **shape)
    page.goto(f"/transforms/{transform.pk}/questions/next/")
    expect(page.locator("[data-grid] tbody tr")).to_have_count(questions[0].rows.count())
    expect(page.locator("[data-grid]")).to_be_focused()
    return questions


def fetched_ahead(response: Response) -> bool:
    """Whether it brings the question after the one on the screen."""
    return response.request.method == "POST" and response.url.endswith("/next/")


def begin_with_next(page: Page, portal: Portal, **shape: int) -> list[Question]:
    """As ``begin``, and the question after the first is here too."""
    with page.expect_response(fetched_ahead) as following:
        questions = begin(page, portal, **shape)
    following.value.finished()
    return questions


class Network:
    """The way of a page's requests to the addresses, from before the page is opened; they pass until it is told otherwise.

    What a browser is told of routes while a page is open, it may follow a few requests late.
    """

    def __init__(self, page: Page, addresses: str) -> None:
        self.waiting: list[Route] = []
        self._treat: Callable[[Route], object] = Route.continue_
        page.route(re.compile(addresses), lambda route: self._treat(route))

    def hold(self) -> None:
        self._treat = self.waiting.append

    def cut(self) -> None:
        self._treat = Route.abort

    def release(self) -> None:
        self._treat = Route.continue_
        while self.waiting:
            self.waiting.pop().continue_()


def propose(page: Page, letters: str) -> None:
    """The engine's groups for the rows of the question on the screen, from the first to the last; seen at once."""
    QuestionSet.objects.update(show_proposals=True)
    rows = page.locator("[data-grid] tbody tr")
    for row_id, letter in zip(rows.evaluate_all("rows => rows.map(row => row.id)"), letters, strict=True):
        Row.objects.filter(pk=row_id.removeprefix("row-")).update(proposed=letter, proposed_confidence=0.87)
    page.reload()
    expect(page.locator("tr.is-proposed")).to_have_count(len(letters))
    expect(page.locator("[data-grid]")).to_be_focused()


def submit(question: Question, steward: User, letters: str) -> None:
    """As another tab of the same person would, behind the back of this one."""
    submit_answer(question=question, steward=steward, labels=grouping(question, letters), seconds=1, keys=1)


def stored(question: Question) -> str:
    labels = dict(RowLabel.objects.filter(answer__question=question).values_list("row_id", "label"))
    return "".join(sorted(labels.values()))
