"""Signing in with OpenID Connect, at a real provider on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
import oidc_provider_mock
import pytest
import requests
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import RSAKey
from oidc_provider_mock._server import _threaded_server
from pytest_django import Settings

from accounts.checks import check_single_sign_on
from accounts.exceptions import LastAdminError
from accounts.links import make_link
from accounts.models import Agent, AuditAction, AuditEntry, Membership, Role, Team, User
from accounts.services import (
    create_person,
    create_team,
    deactivate_member,
    invite_person,
    reactivate_member,
    set_role,
)
from tests.accounts.conftest import PASSWORD
from tests.support.environment import free_port

PORTAL = "https://portal.example.com"
EVE = {"email": "eve@example.org", "email_verified": True, "preferred_username": "eve.moss", "given_name": "Eve"}
START = reverse("accounts:oidc-start")
LOGIN = reverse("accounts:login")
METADATA, KEYS = "/.well-known/openid-configuration", "/jwks"
AUTH_METHODS = ["client_secret_post", "client_secret_basic"]
NOT_VERIFIED = "The answer of Okta could not be verified"
Make = Callable[[dict[str, Any], RSAKey], str]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib")  # the provider's business


class Provider:
    """Issues tokens to whoever names themselves; insists on PKCE, which the package does not.

    What ``make_token`` makes of the claims and the provider's key takes the place of the token; ``metadata`` goes into what it says of itself, ``keys``
    take the place of its own. ``asked`` has each address that the portal asked for either.
    """

    def __init__(self) -> None:
        self.url = ""
        self.secret = "s3cret"
        self.make_token: Make | None = None
        self.metadata: dict[str, Any] = {}
        self.keys: list[RSAKey] = []
        self.asked: list[str] = []
        self.app = oidc_provider_mock.app(require_nonce=True)
        self._challenges: dict[str, str] = {}
        self.app.before_request(self._check)
        self.app.after_request(self._alter)

    def knows(self, subject: str, claims: dict[str, Any]) -> None:
        requests.put(f"{self.url}/users/{subject}", json=claims, timeout=5).raise_for_status()

    def _check(self) -> flask.Response | None:
        if flask.request.path != "/oauth2/token":
            return None
        form, login = flask.request.form, flask.request.authorization
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        basic = "client_secret_basic" in self.metadata.get("token_endpoint_auth_methods_supported", AUTH_METHODS)
        given = (login.password if login else None) if basic else form.get("client_secret")
        if self._challenges.pop(form["code"], "") == challenge and given == self.secret:
            return None
        return flask.make_response({"error": "invalid_client"}, 401)

    def _alter(self, response: flask.Response) -> flask.Response:
        if flask.request.path == "/oauth2/authorize" and response.status_code == 302:
            assert flask.request.args["code_challenge_method"] == "S256"
            for code in parse_qs(urlsplit(response.headers["Location"]).query).get("code", []):
                self._challenges[code] = flask.request.args["code_challenge"]
        if flask.request.path == "/oauth2/token" and response.status_code == 200 and self.make_token:
            answer = json.loads(response.get_data())
            payload = answer["id_token"].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            own = flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True)
            response.set_data(json.dumps({**answer, "id_token": self.make_token(claims, RSAKey.import_key(own))}))
        if flask.request.path in (METADATA, KEYS):
            self.asked.append(flask.request.path)
        if flask.request.path == KEYS and self.keys:
            response.set_data(json.dumps({"keys": [key.as_dict(is_private=False) for key in self.keys]}))
        if flask.request.path == METADATA:
            response.set_data(json.dumps({**json.loads(response.get_data()), **self.metadata}))
        return response


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    provider = Provider()
    with _threaded_server(provider.app, poll_interval=0.02) as server:
        provider.url = f"http://localhost:{server.server_port}"
        yield provider


@pytest.fixture
def provider(running: Provider, settings: Settings, db: None) -> Iterator[Provider]:
    """One that the portal knows, and at which Eve has an account."""
    settings.OIDC_ISSUER, settings.OIDC_NAME = running.url, "Okta"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "portal", running.secret
    settings.PUBLIC_URL = PORTAL
    running.knows("eve-1", EVE)
    running.asked.clear()
    cache.clear()
    yield running
    running.make_token, running.metadata, running.keys = None, {}, []


@pytest.fixture
def team(db: None) -> Team:
    return create_team(name="Customers")


@pytest.fixture
def eve(team: Team) -> User:
    """Invited, without a password so far."""
    return invite_person(team=team, username="eve", role=Role.STEWARD, email="Eve@Example.org", by=Agent.COMMAND).user


def at_provider(client: Client, subject: str, address: str = START, **form: str) -> str:
    """What somebody does in a browser until the provider sends them back; where to, without the host."""
    start = client.get(address)
    assert start.status_code == 302, start.content.decode()
    sent = requests.post(start.headers["Location"], data={"sub": subject, **form}, allow_redirects=False, timeout=5)
    back = urlsplit(sent.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{PORTAL}{reverse('accounts:oidc-callback')}"
    return f"{back.path}?{back.query}"


def sign_in(subject: str = "eve-1", address: str = START) -> tuple[Client, HttpResponse]:
    """A browser of its own, and what the portal answers in the end."""
    client = Client()
    return client, client.get(at_provider(client, subject, address))  # type: ignore[return-value]


def who(client: Client) -> str:
    """The name of whoever is signed in there."""
    user = client.get("/").wsgi_request.user
    return str(user.get_username())


def assert_refused(subject: str, words: str) -> None:
    client, answer = sign_in(subject)
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (403, True), page
    assert LOGIN in page
    assert who(client) == ""


def test_an_invited_person_comes_in_and_lands_where_they_wanted_to_go(provider: Provider, eve: User) -> None:
    client = Client()
    wanted = f"{reverse('labeling:transform-list')}?state=archived&q=a%26b"
    page = client.get(wanted, follow=True).content.decode()
    assert "Sign in with Okta" in page
    address = page.split(f'href="{START}')[1].split('"')[0].replace("&amp;", "&")
    answer = client.get(at_provider(client, "eve-1", START + address))
    assert answer.headers["Location"] == wanted
    assert who(client) == "eve"
    account = client.get(reverse("accounts:account")).content.decode()
    assert "You are called eve here, and sign in at Okta." in account
    assert reverse("accounts:password-change") not in account
    assert client.get(reverse("accounts:password-change")).headers["Location"] == reverse("accounts:account")
    sent = {"first_name": "Eva", "last_name": "", "email": "other@example.org"}
    client.post(reverse("accounts:account"), sent)
    eve.refresh_from_db()
    assert (eve.first_name, eve.email) == ("Eva", "Eve@example.org")


def test_who_came_once_is_the_same_person_with_another_address(provider: Provider, eve: User, team: Team) -> None:
    sign_in()
    invite_person(team=team, username="other", role=Role.ADMIN, email="moved@example.org", by=Agent.COMMAND)
    provider.knows("eve-1", {"email": "moved@example.org", "email_verified": False})
    assert who(sign_in()[0]) == "eve"


def test_another_account_with_the_same_address_is_somebody_else(provider: Provider, eve: User) -> None:
    sign_in()
    provider.knows("eve-2", EVE)
    assert_refused("eve-2", "has signed in here with another account of Okta before")
    output = StringIO()
    call_command("person", "eve", "--forget-single-sign-on", stdout=output)
    assert "forgotten: 1" in output.getvalue()
    assert who(sign_in("eve-2")[0]) == "eve"


def test_addresses_need_somebody_who_vouches_for_them(provider: Provider, eve: User, settings: Settings) -> None:
    unproven = {"email": "eve@example.org"}
    provider.knows("liar", {**unproven, "email_verified": False})
    provider.knows("silent", unproven)
    for subject in ("liar", "silent"):
        assert_refused(subject, "Okta has not confirmed which e-mail address is yours")
    settings.OIDC_TRUST_EMAIL = True
    assert_refused("liar", "Okta has not confirmed which e-mail address is yours")
    assert who(sign_in("silent")[0]) == "eve"


def test_strangers_come_in_only_where_there_is_a_team_for_them(
    provider: Provider, team: Team, settings: Settings
) -> None:
    assert_refused("eve-1", "Nobody here has the e-mail address eve@example.org. Ask an administrator")
    settings.OIDC_TEAM = "Nowhere"
    assert_refused("eve-1", "Nobody here has the e-mail address")
    assert not User.objects.exists()
    settings.OIDC_TEAM = "Customers"
    create_person(username="Eve.Moss", password=PASSWORD)
    for _time in range(2):
        assert who(sign_in()[0]) == "eve.moss2"
    eve = User.objects.get(username="eve.moss2")
    assert (eve.email, eve.first_name, eve.has_usable_password()) == ("eve@example.org", "Eve", False)
    assert list(eve.memberships.values_list("team__name", "role")) == [("Customers", Role.STEWARD)]
    entries = AuditEntry.objects.filter(team=team, agent=Agent.SINGLE_SIGN_ON, about=eve)
    assert [entry.action for entry in entries] == [AuditAction.IDENTITY_TIED, AuditAction.PERSON_ADDED]


@pytest.mark.parametrize(
    ("claims", "username"),
    [
        ({"preferred_username": "Zoë Ångström"}, "Zoë.Ångström"),
        ({"preferred_username": "STEWÄRD"}, "STEWÄRD2"),
        ({"preferred_username": "<>"}, "person"),
        ({"preferred_username": "x" * 300, "given_name": "y" * 300}, "x" * 140),
    ],
)
def test_new_people_get_a_name_that_can_be_one(
    provider: Provider, team: Team, settings: Settings, claims: dict[str, str], username: str
) -> None:
    settings.OIDC_TEAM = "Customers"
    create_person(username="stewärd", password=PASSWORD)
    provider.knows("new", {"email": "new@example.org", "email_verified": True, **claims})
    client, _answer = sign_in("new")
    assert who(client) == username


def test_nobody_is_made_of_an_address_that_is_none(provider: Provider, team: Team, settings: Settings) -> None:
    settings.OIDC_TEAM = "Customers"
    provider.knows("new", {"email": "a b'c@example.org", "email_verified": True})
    assert_refused("new", "An account for you could not be created")


def test_who_has_left_stays_out(provider: Provider, eve: User) -> None:
    membership = eve.memberships.get()
    deactivate_member(membership=membership, by=Agent.COMMAND)
    assert_refused("eve-1", "Your account here has been deactivated. Ask an administrator")
    reactivate_member(membership=membership, by=Agent.COMMAND)
    client, _answer = sign_in()
    assert who(client) == "eve"
    deactivate_member(membership=membership, by=Agent.COMMAND)
    assert who(client) == ""
    assert_refused("eve-1", "Your account here has been deactivated. Ask an administrator")
    User.objects.update(is_active=True)
    assert_refused("eve-1", "You are not a member of any team. Ask an administrator")


def test_what_did_not_begin_in_this_browser_ends_nowhere(provider: Provider, eve: User) -> None:
    back = at_provider(Client(), "eve-1")
    victim = Client()
    own = at_provider(victim, "eve-1")
    for address in (back, f"{own}x", own.partition("?")[0]):
        answer = victim.get(address)
        assert (answer.status_code, b"was not begun in this browser" in answer.content) == (403, True)
    assert who(victim) == ""
    assert victim.get(own).status_code == 302
    assert b"was not begun in this browser" in victim.get(own).content, "once is enough"


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://elsewhere.example.com"},
        {"aud": "another", "azp": "portal"},
        {"exp": 1},
        {"nonce": "replayed"},
        {"sub": ""},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_not_believed(
    provider: Provider, eve: User, lie: dict[str, Any]
) -> None:
    provider.make_token = lambda claims, key: jwt.encode({"alg": "RS256"}, {**claims, **lie}, key)
    assert_refused("eve-1", NOT_VERIFIED)


def test_a_token_that_the_provider_has_not_signed_is_not_believed(provider: Provider, eve: User) -> None:
    other = RSAKey.generate_key(2048)
    provider.make_token = lambda claims, _key: jwt.encode({"alg": "RS256"}, claims, other)
    assert_refused("eve-1", NOT_VERIFIED)
    provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "none"]}
    provider.make_token = lambda claims, _key: ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") if part else ""
        for part in ({"alg": "none"}, claims, None)
    )
    assert_refused("eve-1", NOT_VERIFIED)


def test_the_provider_is_asked_once_for_its_addresses_and_keys(provider: Provider, eve: User) -> None:
    for _time in range(2):
        assert who(sign_in()[0]) == "eve"
    assert provider.asked == [METADATA, KEYS]


@pytest.mark.parametrize("named", [True, False], ids=["with ids", "without"])
def test_keys_may_change_at_any_time(provider: Provider, eve: User, named: bool) -> None:
    def rotate(published: bool = True) -> None:
        key = RSAKey.generate_key(2048, {"kid": f"key {len(provider.asked)}"} if named else None)
        header = {"alg": "RS256", **({"kid": key.kid} if named else {})}
        provider.make_token = lambda claims, _key: jwt.encode(header, claims, key)
        if published:
            provider.keys = [key]

    sign_in()
    rotate()
    assert who(sign_in()[0]) == "eve"
    assert provider.asked == [METADATA, KEYS, KEYS]
    rotate(published=False)
    provider.asked.clear()
    assert_refused("eve-1", NOT_VERIFIED)
    assert provider.asked == [KEYS]


def test_the_address_may_come_from_the_userinfo_endpoint(provider: Provider, eve: User) -> None:
    provider.make_token = lambda claims, key: jwt.encode(
        {"alg": "RS256"}, {name: value for name, value in claims.items() if name not in EVE}, key
    )
    assert who(sign_in()[0]) == "eve"


def test_a_provider_that_says_no(provider: Provider, eve: User, settings: Settings) -> None:
    client = Client()
    answer = client.get(at_provider(client, "eve-1", action="deny"))
    assert (answer.status_code, b"Okta did not let you in" in answer.content) == (403, True)
    settings.OIDC_CLIENT_SECRET = "wrong"
    assert_refused("eve-1", "Okta did not let you in")


def test_a_provider_that_does_not_answer(provider: Provider, eve: User, settings: Settings) -> None:
    client = Client()
    back = at_provider(client, "eve-1")
    settings.OIDC_ISSUER, settings.OIDC_NAME = f"http://localhost:{free_port()}", ""
    for answer in (client.get(START), client.get(back)):
        page = answer.content.decode()
        assert answer.status_code == 503
        assert "The single sign-on provider cannot be reached" in page
        assert "or sign in with your password" in page
    assert client.get(LOGIN).status_code == 200


@pytest.mark.parametrize("methods", [AUTH_METHODS, AUTH_METHODS[:1]], ids=str)
def test_the_secret_is_sent_as_the_provider_takes_it(provider: Provider, eve: User, methods: list[str]) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": methods}
    assert who(sign_in()[0]) == "eve"


@pytest.mark.parametrize(
    ("known", "prompt"), [(None, "select_account"), (["none", "login", "consent"], "login")], ids=str
)
def test_who_is_refused_can_choose_another_account(
    provider: Provider, eve: User, known: list[str] | None, prompt: str
) -> None:
    provider.knows("private", {"email": "eve@home.example.org", "email_verified": True})
    provider.metadata = {"prompt_values_supported": known} if known else {}
    client = Client()
    wanted = reverse("labeling:transform-list") + "?q=a%26b"
    refusal = client.get(at_provider(client, "private", f"{START}?{urlencode({'next': wanted})}")).content.decode()
    assert "Sign in with another account" in refusal
    address = refusal.split(f'href="{START}')[1].split('"')[0].replace("&amp;", "&")
    asked = parse_qs(urlsplit(client.get(START + address).headers["Location"]).query)
    assert asked["prompt"] == [prompt]
    answer = client.get(at_provider(client, "eve-1", START + address))
    assert (answer.headers["Location"], who(client)) == (wanted, "eve")
    assert "prompt" not in parse_qs(urlsplit(Client().get(START).headers["Location"]).query)


def test_an_issuer_that_is_another_one(provider: Provider, settings: Settings) -> None:
    provider.metadata = {"issuer": "https://elsewhere.example.com"}
    answer = Client().get(START)
    assert (answer.status_code, NOT_VERIFIED in answer.content.decode()) == (403, True)
    settings.OIDC_ISSUER = f"{provider.url}/users"
    assert Client().get(START).status_code == 503


@pytest.mark.parametrize("away", ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", ""])
def test_nobody_is_led_away(provider: Provider, eve: User, away: str) -> None:
    client = Client()
    answer = client.get(at_provider(client, "eve-1", f"{START}?next={away}"))
    assert answer.headers["Location"] == "/"
    assert client.get(START, {"next": away}).headers["Location"] == "/", "signed in already"


def test_people_with_a_password_keep_it(provider: Provider, team: Team) -> None:
    person = create_person(username="sam", password=PASSWORD, email="eve@example.org")
    set_role(team=team, user=person, role=Role.STEWARD, by=Agent.COMMAND)
    client, _answer = sign_in()
    assert who(client) == "sam"
    assert reverse("accounts:password-change") in client.get("/").content.decode()
    assert Client().login(username="sam", password=PASSWORD)
    sent = {"first_name": "Sam", "last_name": "", "email": "colleague@example.org", "password": PASSWORD}
    client.post(reverse("accounts:account"), sent)
    person.refresh_from_db()
    assert (person.first_name, person.email) == ("Sam", "eve@example.org"), "nobody waits at a colleague's address"


def test_an_administrator_without_a_password_is_one(provider: Provider, team: Team, eve: User) -> None:
    boss = create_person(username="boss", password=PASSWORD)
    set_role(team=team, user=boss, role=Role.ADMIN, by=Agent.COMMAND)
    set_role(team=team, user=eve, role=Role.ADMIN, by=Agent.COMMAND)
    membership = Membership.objects.get(user=boss)
    with pytest.raises(LastAdminError):
        deactivate_member(membership=membership, by=Agent.COMMAND)
    sign_in()
    deactivate_member(membership=membership, by=Agent.COMMAND)


def test_asking_for_a_link_signs_nobody_out(provider: Provider, eve: User) -> None:
    client, _answer = sign_in()
    make_link(user=User.objects.get(username="eve"))
    assert who(client) == "eve"


def test_without_a_provider_nothing_is_different(db: None) -> None:
    page = Client().get(LOGIN).content.decode()
    assert START not in page
    assert "or with a password" not in page
    assert Client().get(START).status_code == 404
    assert Client().get(reverse("accounts:oidc-callback")).status_code == 404


def test_where_nobody_uses_passwords(provider: Provider, team: Team, settings: Settings) -> None:
    settings.OIDC_ONLY = True
    person = create_person(username="sam", password=PASSWORD, email="eve@example.org")
    set_role(team=team, user=person, role=Role.STEWARD, by=Agent.COMMAND)
    stranger = Client()
    page = stranger.get(LOGIN).content.decode()
    assert "Sign in with Okta" in page
    assert 'name="password"' not in page
    assert stranger.post(LOGIN, {"username": "sam", "password": PASSWORD}).status_code == 405
    assert who(stranger) == ""
    assert stranger.get(reverse("accounts:password-forgotten")).status_code == 404
    assert stranger.get(make_link(user=person)).status_code == 404
    client, _answer = sign_in()
    assert who(client) == "sam"
    assert reverse("accounts:password-change") not in client.get("/").content.decode()
    assert client.get(reverse("accounts:password-change")).status_code == 404
    with pytest.raises(CommandError, match="OIDC_ONLY"):
        call_command("person", "sam", "--link")
    output = StringIO()
    call_command("person", "ada", "--team", "Customers", "--role", "admin", stdout=output)
    assert "accounts/password" not in output.getvalue()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, []),
        ({"ISSUER": "https://a.example.com", "CLIENT_ID": "portal", "CLIENT_SECRET": "x"}, []),
        ({"ISSUER": "http://localhost:9400", "CLIENT_ID": "portal", "CLIENT_SECRET": "x"}, []),
        ({"ISSUER": "https://a.example.com", "CLIENT_SECRET": "x"}, ["OIDC_CLIENT_ID is not"]),
        ({"ISSUER": "https://a.example.com"}, ["OIDC_CLIENT_ID is not", "OIDC_CLIENT_SECRET is not"]),
        ({"CLIENT_ID": "portal"}, ["OIDC_ISSUER is not"]),
        ({"ONLY": True}, ["OIDC_ISSUER is not"]),
        ({"ISSUER": "http://a.example.com", "CLIENT_ID": "portal", "CLIENT_SECRET": "x"}, ["OIDC_ISSUER is not"]),
        ({"ISSUER": "a.example.com", "CLIENT_ID": "portal", "CLIENT_SECRET": "x"}, ["OIDC_ISSUER is not"]),
    ],
    ids=str,
)
def test_a_configuration_with_gaps_says_what_is_missing(
    settings: Settings, given: dict[str, Any], missing: list[str]
) -> None:
    for name, value in given.items():
        setattr(settings, f"OIDC_{name}", value)
    found = [message.msg.partition(", but ")[2] or message.msg for message in check_single_sign_on()]
    assert [text[: len(words)] for text, words in zip(found, missing, strict=True)] == missing
