"""API tokens: shown once, known by their hash, revoked by their person."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

from accounts.models import Agent, ApiToken, Membership, Role, User
from accounts.services import create_team, deactivate_member, reactivate_member, set_role
from accounts.tokens import create_token, find_token
from tests.support.pages import question_before

NEW = {"name": "nightly pipeline", "days": "90", "may_write": "read"}


def made(client: Client, **fields: str) -> str:
    response = client.post(reverse("accounts:token-list"), {**NEW, **fields})
    assert "no-store" in response.headers["Cache-Control"]
    found = re.search(r'<code class="secret">(lpt_[\w-]{40})</code>', response.content.decode())
    assert found, response.content
    assert f'data-copy="{found[1]}"' in response.content.decode()
    return found[1]


def test_a_token_is_shown_once_and_works(client: Client) -> None:
    secret = made(client)
    page = client.get(reverse("accounts:token-list")).content.decode()
    assert secret not in page
    assert f"{secret[:8]}…" in page
    assert "nightly pipeline" in page
    token = find_token(secret)
    assert token is not None
    assert (token.may_write, token.membership.user.username) == (False, "sam")
    assert secret not in str(ApiToken.objects.values().get())
    assert find_token(secret + "x") is None
    never = find_token(made(client, days=""))
    assert never is not None
    assert never.expires_at is None


def test_a_token_is_offered_what_the_role_may_do(client: Client) -> None:
    steward = client.get(reverse("accounts:token-list")).content.decode()
    assert "start and stop runs" not in steward, "it would be refused each of them"
    assert client.post(reverse("accounts:token-list"), {**NEW, "may_write": "write"}).status_code == 422
    for role, offered in ((Role.LEAD, "upload labels</label>"), (Role.ADMIN, "make transforms</label>")):
        Membership.objects.filter(user__username="sam").update(role=role)
        page = client.get(reverse("accounts:token-list")).content.decode()
        assert offered in re.sub(r"\s+</label>", "</label>", page)
        token = find_token(made(client, may_write="write"))
        assert token is not None
        assert token.may_write


def test_a_token_without_a_name_is_refused(client: Client) -> None:
    response = client.post(reverse("accounts:token-list"), {**NEW, "name": " "})
    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_people_revoke_their_own_and_no_others(client: Client) -> None:
    secret = made(client)
    other = User.objects.create(username="other")
    theirs, their_secret = create_token(
        membership=set_role(team=create_team(name="Others"), user=other, role=Role.LEAD, by=Agent.COMMAND),
        name="x",
        days=None,
        may_write=True,
    )
    assert client.post(reverse("accounts:token-revoke", args=[theirs.pk])).status_code == 404
    assert find_token(their_secret) == theirs
    own = find_token(secret)
    assert own is not None
    revoke = reverse("accounts:token-revoke", args=[own.pk])
    page = client.get(reverse("accounts:token-list")).content.decode()
    assert "Programs that use this token are refused" in question_before(page, revoke)
    answer = client.post(revoke, follow=True)
    assert "“nightly pipeline” has been revoked." in answer.content.decode()
    assert find_token(secret) is None


def test_who_leaves_the_team_takes_no_token_back(client: Client) -> None:
    secret = made(client)
    membership = Membership.objects.get(user__username="sam", team__name="Customers")
    deactivate_member(membership=membership, by=Agent.COMMAND)
    assert find_token(secret) is None
    reactivate_member(membership=membership, by=Agent.COMMAND)
    assert find_token(secret) is None
