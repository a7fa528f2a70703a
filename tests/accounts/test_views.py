"""Signing in, passwords, the theme, the team."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import brake
from accounts.links import make_link
from accounts.models import Agent, Membership, Role, User
from accounts.services import create_person, create_team, deactivate_member, invite_person, reactivate_member
from accounts.tasks import mail_new_links
from tests.accounts.conftest import PASSWORD, Waiting
from tests.support.servers import Services


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
    assert b"The sign-in name or the password is wrong." in page.content


def test_who_was_deactivated_is_told_so_and_nobody_else_is(client: Client) -> None:
    for membership in Membership.objects.filter(user__username="sam"):
        deactivate_member(membership=membership, by=Agent.COMMAND)
    url, told, wrong = (
        reverse("accounts:login"),
        b"Your account here has been deactivated.",
        b"or the password is wrong.",
    )
    page = client.post(url, {"username": "sam", "password": PASSWORD})
    assert (told in page.content, wrong in page.content) == (True, False)
    page = client.post(url, {"username": "sam", "password": "wrong"})
    assert (told in page.content, wrong in page.content) == (False, True)
    assert client.get("/").status_code == 302


def test_a_name_is_the_same_however_its_letters_are_composed(client: Client) -> None:
    """Names are kept composed; some keyboards, and what is copied from names of files, put the accent behind the letter."""
    client.logout()
    create_person(username="zoë", password=PASSWORD)
    typed = {"username": "zoe\u0308", "password": PASSWORD}
    assert client.post(reverse("accounts:login"), typed).status_code == 302


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


def test_a_team_that_one_has_left_cannot_be_looked_at(client: Client) -> None:
    membership = Membership.objects.get(team__name="Products")
    deactivate_member(membership=membership, by=Agent.COMMAND)
    assert client.post(reverse("accounts:team-switch", args=[membership.team_id])).status_code == 404


NEW = "a horse of another colour"
ACCOUNT = reverse("accounts:account")


def choose(link: str, password: str = NEW) -> tuple[Client, str]:
    """What somebody does with a link in a browser of their own; the browser, and the page that follows."""
    browser = Client()
    form = browser.get(link, follow=True)
    place = form.redirect_chain[-1][0] if form.redirect_chain else link
    answer = browser.post(place, {"new_password1": password, "new_password2": password}, follow=True)
    return browser, answer.content.decode()


@pytest.fixture
def invited(db: None) -> User:
    team = create_team(name="Team")
    return invite_person(team=team, username="eve", role=Role.STEWARD, email="eve@example.org", by=Agent.COMMAND).user


def test_an_invited_person_chooses_a_password_and_signs_in(invited: User) -> None:
    link = make_link(user=invited)
    browser, page = choose(link)
    assert "Your password has been set. Your sign-in name is eve." in page
    assert browser.get("/").status_code == 302, "nobody is signed in by a link alone"
    signed_in = browser.post(reverse("accounts:login"), {"username": "eve", "password": NEW}, follow=True)
    assert b"Sign out" in signed_in.content


def test_the_form_shows_whose_password_it_is_and_refuses_bad_ones(invited: User) -> None:
    link = make_link(user=invited)
    assert b"<strong>eve</strong>" in Client().get(link, follow=True).content
    _browser, page = choose(link, "12345678")
    assert "too common" in page
    assert not User.objects.get(pk=invited.pk).has_usable_password()


def test_a_link_works_once_and_the_newest_alone(invited: User) -> None:
    first = make_link(user=invited)
    second = make_link(user=invited)
    gone = "This link no longer works"
    assert gone in Client().get(first, follow=True).content.decode()
    choose(second)
    assert gone in Client().get(second, follow=True).content.decode()
    assert gone in choose(second, "something else entirely")[1]
    assert Client().login(username="eve", password=NEW)


def test_a_link_expires(invited: User, settings: Settings) -> None:
    link = make_link(user=invited)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert b"This link no longer works" in Client().get(link, follow=True).content


def test_whoever_is_deactivated_cannot_use_a_link_and_has_none_on_coming_back(invited: User) -> None:
    link = make_link(user=invited)
    membership = invited.memberships.get()
    deactivate_member(membership=membership, by=Agent.COMMAND)
    assert b"This link no longer works" in Client().get(make_link(user=invited), follow=True).content
    reactivate_member(membership=membership, by=Agent.COMMAND)
    assert b"This link no longer works" in Client().get(link, follow=True).content


@pytest.mark.parametrize("path", ["MQ/abc-def/", "%00/x-y/", "Zm9v/set-password/"])
def test_what_is_no_link(db: None, path: str) -> None:
    answer = Client().get(f"/accounts/password/{path}")
    assert b"This link no longer works" in answer.content


def test_people_change_their_own_password(client: Client) -> None:
    other = Client()
    other.login(username="sam", password=PASSWORD)
    url = reverse("accounts:password-change")
    assert url.encode() in client.get("/").content
    sent = {"new_password1": NEW, "new_password2": NEW}
    assert b"This is not your password." in client.post(url, {"old_password": "wrong", **sent}).content
    done = client.post(url, {"old_password": PASSWORD, **sent}, follow=True)
    assert b"Your password has been changed." in done.content
    assert client.get("/").status_code == 200, "this browser stays signed in"
    assert other.get("/").status_code == 302
    assert not Client().login(username="sam", password=PASSWORD)
    assert Client().login(username="sam", password=NEW)


def test_changing_a_password_needs_a_person(client: Client) -> None:
    assert Client().get(reverse("accounts:password-change")).headers["Location"].startswith(reverse("accounts:login"))


def test_the_own_password_is_no_easier_to_guess_than_the_sign_in(client: Client) -> None:
    url = reverse("accounts:password-change")
    new = {"new_password1": NEW, "new_password2": NEW}
    for _attempt in range(brake.PER_NAME_AND_ADDRESS):
        assert b"This is not your password." in client.post(url, {"old_password": "wrong", **new}).content
    assert b"Too many failed attempts" in client.post(url, {"old_password": PASSWORD, **new}).content
    assert b"Too many failed attempts" in client.post(ACCOUNT, {"email": "sam@new.org", "password": PASSWORD}).content
    assert User.objects.get(username="sam").check_password(PASSWORD)


def test_people_change_their_own_name(client: Client) -> None:
    User.objects.filter(username="sam").update(email="sam@example.org")
    page = client.get(ACCOUNT).content.decode()
    assert ACCOUNT in client.get("/").content.decode()
    assert "You sign in as sam." in page
    assert 'value="sam@example.org"' in page
    sent = {"first_name": "Samira", "last_name": "Rivera", "email": "sam@example.org", "password": ""}
    done = client.post(ACCOUNT, sent, follow=True)
    assert b"Your name and e-mail address have been saved." in done.content
    assert b"Samira Rivera" in done.content


def test_what_an_administrator_puts_right_meanwhile_stays_when_people_change_their_own_name(client: Client) -> None:
    User.objects.filter(username="sam").update(email="sma@example.org", last_name="Rivera")
    page = client.get(ACCOUNT).content.decode()
    shown = dict(re.findall(r'name="(initial-[a-z_]+)" value="([^"]*)"', page))
    assert shown == {
        "initial-first_name": "Sam",
        "initial-last_name": "Rivera",
        "initial-email": "sma@example.org",
    }, "and nothing of a password"
    User.objects.filter(username="sam").update(email="sam@example.org", last_name="Rivers")
    sent = {**shown, "first_name": "Samira", "last_name": "Rivera"}
    done = client.post(ACCOUNT, {**sent, "email": "sma@example.org", "password": ""}, follow=True)
    assert b"Your name and e-mail address have been saved." in done.content, "they changed no address"
    sam = User.objects.get(username="sam")
    assert (sam.first_name, sam.last_name, sam.email) == ("Samira", "Rivers", "sam@example.org")


def test_an_address_is_not_taken_away_without_the_password(client: Client) -> None:
    User.objects.filter(username="sam").update(email="sam@example.org")
    for seen in ({}, {"initial-email": "sam@example.org"}):
        assert client.post(ACCOUNT, {"first_name": "Sam", "email": "", **seen}).status_code == 422
    assert User.objects.get(username="sam").email == "sam@example.org"


def test_another_address_needs_the_password(client: Client) -> None:
    sent = {"first_name": "Sam", "last_name": "Rivera", "email": "sam@NEW.org"}
    for password in ("", "wrong"):
        refused = client.post(ACCOUNT, {**sent, "password": password})
        assert (refused.status_code, b"This is not your password." in refused.content) == (422, True)
    assert User.objects.get(username="sam").email == ""
    link = make_link(user=User.objects.get(username="sam"))
    client.post(ACCOUNT, {**sent, "password": PASSWORD})
    assert User.objects.get(username="sam").email == "sam@new.org"
    assert b"This link no longer works" in Client().get(link, follow=True).content
    assert client.post(ACCOUNT, {"email": "no address"}).status_code == 422


def test_nobody_takes_the_address_of_somebody_else(client: Client, invited: User) -> None:
    sent = {"first_name": "Not", "last_name": "Me", "email": "Eve@Example.org", "password": PASSWORD}
    refused = client.post(ACCOUNT, sent)
    assert refused.status_code == 422
    assert b"Someone already has this e-mail address." in refused.content
    assert b"Not Me" not in refused.content, "what was refused is not the name of anybody"
    assert User.objects.get(username="sam").email == ""
    with pytest.raises(ValidationError, match="already"):
        create_person(username="second", password=PASSWORD, email="EVE@example.org")
    create_person(username="third", password=PASSWORD)
    create_person(username="fourth", password=PASSWORD)  # to have no address is no address


def test_ones_own_account_needs_a_person(db: None) -> None:
    assert Client().get(ACCOUNT).headers["Location"].startswith(reverse("accounts:login"))


def test_a_forgotten_password_is_renewed_by_mail(client: Client, waiting: Waiting) -> None:
    User.objects.filter(username="sam").update(email="Sam@example.org")
    stranger = Client()
    url = reverse("accounts:password-forgotten")
    assert url.encode() in stranger.get(reverse("accounts:login")).content
    for address in ("sam@example.org", "nobody@example.org"):
        assert b"is on its way" in stranger.post(url, {"email": address}, follow=True).content
    assert not mail.outbox, "the time that the answer takes tells nobody who is here"
    told = waiting()
    assert [arguments["email"] for arguments in told] == ["sam@example.org", "nobody@example.org"]
    for arguments in told:
        mail_new_links(**arguments)
    (message,) = mail.outbox
    assert message.to == ["Sam@example.org"]
    assert "Someone, probably you, asked for a new password for sam" in message.body
    link = next(line for line in message.body.splitlines() if line.startswith("http://127.0.0.1"))
    assert "Your password has been set." in choose(link.split(":", 2)[2].partition("/")[1] + link.split("/", 3)[3])[1]
    assert Client().login(username="sam", password=NEW)


def test_who_forgot_a_password_is_told_when_no_mail_can_be_sent(services: Services) -> None:
    services.kill("redis")
    answer = Client().post(reverse("accounts:password-forgotten"), {"email": "sam@example.org"})
    assert answer.status_code == 503
    assert b"No e-mail can be sent at the moment." in answer.content


def test_mail_goes_to_nobody_who_left(client: Client) -> None:
    User.objects.filter(username="sam").update(email="sam@example.org", is_active=False)
    mail_new_links(email="sam@example.org")
    assert not mail.outbox


def test_without_mail_the_page_says_who_makes_a_link(client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = Client().get(reverse("accounts:password-forgotten")).content.decode()
    assert "Ask an administrator of your team" in page
    assert "<form" not in page
