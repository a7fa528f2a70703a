"""Where a request without a session leads."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.middleware import SESSION_SINCE
from tests.accounts.conftest import PASSWORD

FORM = "/notifications/settings/?event=x"
SENT = "/notifications/read/"
HTML = {"Accept": "text/html,application/xhtml+xml"}


def way_back(location: str) -> str:
    return parse_qs(urlsplit(location).query)["next"][0]


def signed_out(client: Client) -> Client:
    client.logout()
    return client


def test_a_form_that_was_sent_too_late_leads_back_to_its_page_and_says_so(client: Client) -> None:
    sent = signed_out(client).post(SENT, headers={**HTML, "Referer": f"http://testserver{FORM}"})
    assert way_back(sent.headers["Location"]) == FORM
    page = client.post(sent.headers["Location"], {"username": "sam", "password": PASSWORD, "next": FORM}, follow=True)
    assert "You were signed out before this was sent" in page.content.decode()
    assert "data-unsent" in page.content.decode()


@pytest.mark.parametrize("page", ["https://elsewhere.example/x", "", "//elsewhere.example/"])
def test_a_form_of_somebody_else_leads_home(client: Client, page: str) -> None:
    sent = signed_out(client).post(SENT, headers={**HTML, "Referer": page})
    assert way_back(sent.headers["Location"]) == "/"


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(client: Client) -> None:
    asked = signed_out(client).get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/runs/?q=1"})
    assert asked.status_code == 200
    assert way_back(asked.headers["HX-Redirect"]) == "/runs/?q=1"


def test_what_scripts_send_says_nothing_later(client: Client) -> None:
    assert signed_out(client).post(SENT, headers={"Accept": "*/*"}).status_code == 302
    assert client.login(username="sam", password=PASSWORD)
    assert "signed out" not in client.get("/").content.decode()


def test_files_of_strangers_are_not_kept(client: Client) -> None:
    """Not even while the form is read, which it is before anybody asks who has sent it: a disk is soon full of them."""
    form = {"theme": "dark", "next": "/", "file": SimpleUploadedFile("large.csv", b"x" * 6_000_000)}
    read = client.post(reverse("accounts:theme"), form)
    assert list(read.wsgi_request.FILES) == ["file"]
    form["file"] = SimpleUploadedFile("large.csv", b"x" * 6_000_000)
    read = signed_out(client).post(reverse("accounts:theme"), form)
    assert not read.wsgi_request.FILES
    assert read.cookies["theme"].value == "dark"


def test_an_address_for_forms_says_so_when_it_is_opened(client: Client) -> None:
    opened = client.get(reverse("accounts:logout"), headers=HTML)
    assert (opened.status_code, opened.headers["Allow"]) == (405, "POST, OPTIONS")
    assert "only accepts forms" in opened.content.decode()
    assert client.get(reverse("accounts:logout")).content == b""


def half_used(client: Client) -> None:
    """Sign in with a password, eight days ago."""
    signed_out(client).post(reverse("accounts:login"), {"username": "sam", "password": PASSWORD})
    client.get("/")
    assert settings.SESSION_COOKIE_NAME not in client.get("/").cookies
    session = client.session
    session[SESSION_SINCE] -= timedelta(days=8).total_seconds()
    session.save()
    Session.objects.update(expire_date=timezone.now() + timedelta(days=6))


def test_whoever_works_stays_signed_in(client: Client) -> None:
    """A session by password is renewed once half of its two weeks is over, and not with each request."""
    half_used(client)
    key = settings.SESSION_COOKIE_NAME
    assert client.get("/").cookies[key]["max-age"] == settings.SESSION_COOKIE_AGE
    assert Session.objects.get(pk=client.session.session_key).expire_date > timezone.now() + timedelta(days=13)
    assert key not in client.get("/").cookies


def test_where_nobody_uses_passwords_any_more_a_session_by_password_ends(client: Client, settings: Settings) -> None:
    half_used(client)
    settings.OIDC_ONLY = True
    assert client.get("/").status_code == 200
    assert settings.SESSION_COOKIE_NAME not in client.get("/").cookies
    assert Session.objects.get(pk=client.session.session_key).expire_date < timezone.now() + timedelta(days=7)
