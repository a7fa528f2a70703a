"""Signing in, the theme, the team."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services import create_team
from tests.accounts.conftest import PASSWORD


def test_signing_in_leads_where_one_wanted_to_go(client: Client) -> None:
    client.logout()
    wanted = reverse("labeling:transform-list")
    page = client.get(wanted, follow=True)
    assert b"Sign-in name" in page.content
    response = client.post(reverse("accounts:login"), {"username": "sam", "password": PASSWORD, "next": wanted})
    assert response.headers["Location"] == wanted


def test_a_wrong_password_is_told(client: Client) -> None:
    client.logout()
    page = client.post(reverse("accounts:login"), {"username": "sam", "password": "wrong"})
    assert b"Please enter a correct username and password" in page.content


def test_signing_out_needs_a_press(client: Client) -> None:
    assert client.get(reverse("accounts:logout")).status_code == 405
    client.post(reverse("accounts:logout"))
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_server_paints_the_chosen_theme(client: Client, theme: str) -> None:
    client.post(reverse("accounts:theme"), {"theme": theme, "next": "/"})
    assert f'data-theme="{theme}"'.encode() in client.get("/").content
    client.post(reverse("accounts:theme"), {"theme": "auto", "next": "/"})
    assert b"data-theme=" not in client.get("/").content.split(b">", 2)[1]


def test_no_theme_but_ours_and_no_way_out(client: Client) -> None:
    response = client.post(reverse("accounts:theme"), {"theme": '"><b>', "next": "https://example.org/"})
    assert response.headers["Location"] == "/"
    assert "theme" not in response.cookies


def test_one_looks_at_one_team_at_a_time(client: Client) -> None:
    products = client.get("/").wsgi_request.user.teams.get(name="Products")  # type: ignore[union-attr]
    assert b"Customers \xc2\xb7" in client.get("/").content
    client.post(reverse("accounts:team-switch", args=[products.pk]))
    assert b"Products \xc2\xb7" in client.get("/").content


def test_a_team_of_others_cannot_be_looked_at(client: Client) -> None:
    other = create_team(name="Others")
    assert client.post(reverse("accounts:team-switch", args=[other.pk])).status_code == 404
