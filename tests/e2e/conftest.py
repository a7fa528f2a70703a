"""A browser before the whole portal: real web server, workers, localglue, S3 and Redis."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, ViewportSize, expect

from accounts.models import Agent, Role, Team, User
from accounts.services import create_team, set_role
from tests.support.servers import Services

# Playwright's synchronous calls run inside an event loop, where Django refuses its ORM; nothing else runs in that loop.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "docs" / "screenshots"
PASSWORD = "correct horse battery"
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}

expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Portal:
    """The running portal with a team in it: one admin, one lead, two stewards."""

    url: str
    team: Team
    admin: User
    lead: User
    steward: User
    colleague: User


# What the workbench and single pages show waits for no tick of the clock, and each tick takes as much of the processor as a click.
WITHOUT_CLOCK = {
    *("accessibility", "adjudication", "drafts", "first_question", "layout", "people", "quality", "slips"),
    *("withdrawal", "workbench"),
}


@pytest.fixture
def portal(services: Services, request: pytest.FixtureRequest) -> Portal:
    """Everything runs, the clock where a test may wait for it, and the people can sign in."""
    services.start("web")
    if request.path.stem.removeprefix("test_") in WITHOUT_CLOCK:
        services.suspend("beat")
    else:
        services.start("beat")
        services.resume("beat")
    team = create_team(name="Customer data")
    people = {
        username: User.objects.create(username=username, password=_hashed(), first_name=first, last_name=last)
        for username, first, last in (
            ("ada", "Ada", "Okafor"),
            ("lea", "Lea", "Brandt"),
            ("sam", "Sam", "Rivera"),
            ("kim", "Kim", "Larsen"),
        )
    }
    set_role(team=team, user=people["ada"], role=Role.ADMIN, by=Agent.COMMAND)
    for username, role in (("lea", Role.LEAD), ("sam", Role.STEWARD), ("kim", Role.STEWARD)):
        set_role(team=team, user=people[username], role=role, by=people["ada"])
    return Portal(services.web_url, team, people["ada"], people["lea"], people["sam"], people["kim"])


@cache
def _hashed() -> str:
    """Worked out once, as the portal's own people have it: that is meant to take a while."""
    return PBKDF2PasswordHasher().encode(PASSWORD, PBKDF2PasswordHasher().salt())


def _session(person: User) -> str:
    """What the browser of somebody who has signed in holds."""
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, portal: Portal) -> Iterator[Visit]:
    """``visit(person)``: that person's own browser, signed in and with nothing open yet; with ``by_hand`` by the form, and then at home. The test
    fails if a page logs an error or breaks the policy."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def noticed(message: ConsoleMessage) -> None:
        # Requests that were refused or cut off are part of some tests; what broke on the server is caught below.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            wrong.append(message.text)

    def answered(response: Response) -> None:
        if response.status >= 500:
            wrong.append(f"{response.status} {response.url}")

    def open_browser(person: User, *, theme: str = "light", narrow: bool = False, by_hand: bool = False) -> Page:
        context = browser.new_context(
            base_url=portal.url,
            viewport=NARROW if narrow else WIDE,
            color_scheme=theme,  # type: ignore[arg-type]
            has_touch=narrow,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", noticed)
        page.on("response", answered)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if by_hand:
            page.goto("/")
            page.get_by_label("Sign-in name").fill(person.username)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_be_visible()
        else:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": _session(person), "url": portal.url}])
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert not wrong, wrong


def picture(page: Page, name: str, *, full: bool = False) -> None:
    """A screenshot for the documentation, taken only when asked for: UPDATE_SCREENSHOTS=1."""
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full)
