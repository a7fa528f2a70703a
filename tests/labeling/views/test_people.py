"""Administrators let people in, change what they do, and let them go; nobody else does."""

from __future__ import annotations

import logging
import re
import smtplib

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Agent, Identity, Membership, Role, Team, User
from accounts.services import set_role
from accounts.tokens import create_token, find_token
from labeling.choices import RunKind
from labeling.models import Transform
from labeling.services.assignment import assign_questions
from labeling.services.people import deactivate_person
from tests.labeling.builders import Cast, answer, finished_run, question_set, saved_for, transform
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import question_before

ACTIONS = ("person-role", "person-details", "person-link", "person-deactivate", "person-reactivate")
NEW = {"username": "eve", "first_name": "Eve", "last_name": "Moss", "email": "eve@example.org", "role": "lead"}


def of(user: User, name: str = "person") -> str:
    return reverse(f"labeling:{name}", args=[Membership.objects.get(user=user).pk])


def link_in(page: str) -> str:
    found = re.search(r'<code class="secret">http://testserver(/[^<]+)</code>', page)
    assert found, page
    return found[1]


def choose(link: str) -> None:
    browser = Client()
    form = browser.get(link, follow=True)
    answer = browser.post(form.redirect_chain[-1][0], dict.fromkeys(("new_password1", "new_password2"), "grey mare 7"))
    assert answer.status_code == 302


@pytest.fixture
def admin(people: Cast, client_for: ClientFor) -> Client:
    people.admin.set_password("correct horse battery")
    people.admin.save()
    return client_for(people.admin)


def test_an_administrator_invites_somebody_and_hands_them_the_link(admin: Client, people: Cast) -> None:
    assert reverse("labeling:person-invite").encode() in admin.get(reverse("labeling:people")).content
    answer = admin.post(reverse("labeling:person-invite"), NEW)
    page = answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "It has been e-mailed to eve@example.org." in page
    eve = User.objects.get(username="eve")
    membership = Membership.objects.get(user=eve)
    assert (membership.team, membership.role, eve.display_name) == (people.team, Role.LEAD, "Eve Moss")
    waiting = admin.get(reverse("labeling:people")).content.count(b">invited<")
    (message,) = mail.outbox
    link = link_in(page)
    assert message.to == ["eve@example.org"]
    assert "Your sign-in name is eve" in message.body
    assert f"{link}\n" in message.body
    choose(link)
    assert Client().login(username="eve", password="grey mare 7")
    assert admin.get(reverse("labeling:people")).content.count(b">invited<") == waiting - 1


def test_without_mail_the_link_is_handed_over(admin: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = admin.post(reverse("labeling:person-invite"), NEW).content.decode()
    assert "It has not been e-mailed" in page
    assert link_in(page)


def test_their_page_says_how_somebody_signs_in(admin: Client, people: Cast, settings: Settings) -> None:
    settings.OIDC_ISSUER, settings.OIDC_NAME = "https://sso.example.com", "Okta"
    page = admin.post(reverse("labeling:person-invite"), NEW).content.decode()
    assert "They can also sign in at Okta without a password of their own, if eve@example.org is" in page
    eve = User.objects.get(username="eve")
    page = admin.get(of(eve)).content.decode()
    assert "Sign-in name: eve." in page
    assert "Invited, and has not signed in yet." in page
    identity = Identity.objects.create(user=eve, issuer="https://sso.example.com", subject="1")
    page = admin.get(of(eve)).content.decode()
    assert "Signs in with single sign-on, and is eve here." in page
    assert "Invited" not in page
    assert "Earlier links stop working." not in page
    choose(link_in(admin.post(of(eve, "person-link")).content.decode()))
    assert "Signs in as eve with a password, or with single sign-on." in admin.get(of(eve)).content.decode()
    identity.delete()
    assert "Signs in as eve with a password." in admin.get(of(eve)).content.decode()


def test_where_nobody_uses_passwords_people_are_told_where_to_sign_in(
    admin: Client, people: Cast, settings: Settings
) -> None:
    settings.OIDC_ISSUER, settings.OIDC_NAME, settings.OIDC_ONLY = "https://sso.example.com", "Okta", True
    form = admin.get(reverse("labeling:person-invite")).content.decode()
    assert "They sign in at Okta." in form
    assert admin.post(reverse("labeling:person-invite"), {**NEW, "email": ""}).status_code == 422
    page = admin.post(reverse("labeling:person-invite"), NEW, follow=True).content.decode()
    assert "Eve Moss has been invited, and can sign in at Okta with the address eve@example.org." in page
    (message,) = mail.outbox
    assert "Sign in with your account at Okta:" in message.body
    assert f"{reverse('accounts:login')}\n" in message.body
    assert "password" not in message.body
    eve = User.objects.get(username="eve")
    assert ">Password</h2>" not in admin.get(of(eve)).content.decode()
    assert admin.post(of(eve, "person-link")).status_code == 404


def test_a_mail_server_that_refuses_is_no_fault_of_the_page(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise smtplib.SMTPRecipientsRefused({})

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    page = admin.post(reverse("labeling:person-invite"), NEW).content.decode()
    assert "It has not been e-mailed" in page
    assert link_in(page)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"username": "steward"}, "Someone already has this sign-in name."),
        ({"username": "Steward"}, "already has this sign-in name, in letters that look the same"),
        ({"username": "two words"}, "This is no sign-in name."),
        ({"email": "nowhere"}, "valid email"),
        ({"role": "owner"}, "valid choice"),
        ({"username": ""}, "required"),
    ],
)
def test_a_bad_invitation_makes_nobody(admin: Client, changed: dict[str, str], words: str) -> None:
    before = User.objects.count()
    answer = admin.post(reverse("labeling:person-invite"), {**NEW, **changed})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert User.objects.count() == before
    assert not mail.outbox


def test_an_administrator_changes_a_role(admin: Client, people: Cast) -> None:
    page = admin.post(of(people.steward, "person-role"), {"role": "lead"}, follow=True).content.decode()
    assert "The role of Steward has been changed." in page
    assert Membership.objects.get(user=people.steward).role == Role.LEAD
    assert admin.post(of(people.steward, "person-role"), {"role": "owner"}).status_code == 422


def test_the_last_administrator_stays(admin: Client, people: Cast) -> None:
    for name, sent in (("person-role", {"role": "lead"}), ("person-deactivate", {})):
        page = admin.post(of(people.admin, name), sent, follow=True).content.decode()
        assert "Admin is the only administrator of Team who can sign in." in page
    membership = Membership.objects.get(user=people.admin)
    assert (membership.role, membership.is_active) == (Role.ADMIN, True)


def test_an_administrator_who_steps_back_is_led_to_a_page_they_may_see(admin: Client, people: Cast) -> None:
    people.lead.set_password("correct horse battery")
    people.lead.save()
    set_role(team=people.team, user=people.lead, role=Role.ADMIN, by=Agent.COMMAND)
    answer = admin.post(of(people.admin, "person-role"), {"role": "steward"}, follow=True)
    assert answer.status_code == 200
    assert b"The role of Admin has been changed." in answer.content


def test_whoever_is_deactivated_is_out_at_once_and_may_come_back(
    admin: Client, people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    questions = question_set(people_transform, people.lead, [2, 2])
    assign_questions(question_set=questions[0].question_set, user=people.lead, people=[people.steward], split=True)
    steward = client_for(people.steward)
    assert steward.get("/").status_code == 200
    page = admin.post(of(people.steward, "person-deactivate"), follow=True).content.decode()
    assert "Steward has been deactivated. Questions assigned to them that go to others: 2." in page
    assert ">Deactivated</h2>" in page
    assert steward.get("/").status_code == 302
    assert "No longer a member of the team." in admin.get(of(people.steward)).content.decode()
    assert b"Steward" not in client_for(people.lead).get(reverse("labeling:people")).content.replace(
        b"Data steward", b""
    )
    page = admin.post(of(people.steward, "person-reactivate"), follow=True).content.decode()
    assert "Steward is a member again." in page
    people.steward.refresh_from_db()
    assert client_for(people.steward).get("/").status_code == 200


def test_a_new_link_for_somebody_who_forgot(admin: Client, people: Cast, caplog: pytest.LogCaptureFixture) -> None:
    people.steward.set_password("the old one 7")
    people.steward.save()
    with caplog.at_level(logging.INFO):
        page = admin.post(of(people.steward, "person-link")).content.decode()
    link = link_in(page)
    assert link not in caplog.text, "whoever reads the log could use it"
    assert f"a link for user {people.steward.pk} made by user {people.admin.pk}" in caplog.text
    assert Client().login(username="steward", password="the old one 7"), "the old one is good until then"
    choose(link_in(admin.post(of(people.steward, "person-link")).content.decode()))
    assert Client().login(username="steward", password="grey mare 7")


def test_a_wrong_address_is_put_right_and_links_sent_there_are_void(admin: Client, people: Cast) -> None:
    admin.post(reverse("labeling:person-invite"), NEW)
    old = re.search(r"/accounts/password/\S+", str(mail.outbox[0].body))
    assert old
    eve = User.objects.get(username="eve")
    sent = {"first_name": "Eve", "last_name": "Moss", "email": "eve.moss@example.org"}
    assert b"have been saved" in admin.post(of(eve, "person-details"), sent, follow=True).content
    assert b"no longer works" in Client().get(old[0], follow=True).content
    bad = admin.post(of(eve, "person-details"), {**sent, "email": "nowhere"})
    assert bad.status_code == 422
    admin.post(of(eve, "person-link"))
    assert mail.outbox[1].to == ["eve.moss@example.org"]


def test_what_two_people_change_of_a_person_at_once_is_both_kept(admin: Client, people: Cast) -> None:
    page = admin.get(of(people.steward, "person")).content.decode()
    seen = dict.fromkeys(("initial-first_name", "initial-last_name", "initial-email"), "")
    assert all(f'name="{name}"' in page for name in seen)
    admin.post(of(people.steward, "person-details"), {**seen, "first_name": "", "last_name": "Moss", "email": ""})
    sent = {**seen, "first_name": "", "last_name": "", "email": "eve@example.org"}
    assert b"have been saved" in admin.post(of(people.steward, "person-details"), sent, follow=True).content
    people.steward.refresh_from_db()
    assert (people.steward.last_name, people.steward.email) == ("Moss", "eve@example.org")


def test_nobody_becomes_somebody_of_another_team_by_a_link(admin: Client, people: Cast) -> None:
    membership = Membership.objects.get(user=people.steward)
    set_role(team=Team.objects.get(name="Other team"), user=people.steward, role=Role.ADMIN, by=Agent.COMMAND)
    address = {name: reverse(f"labeling:{name}", args=[membership.pk]) for name in ("person", *ACTIONS)}
    page = admin.get(address["person"]).content.decode()
    assert "teams that you do not administer" in page
    assert "Create new link" not in page
    assert admin.post(address["person-link"]).status_code == 403
    sent = {"first_name": "", "last_name": "", "email": "admin@example.org"}
    assert admin.post(address["person-details"], sent).status_code == 403
    people.steward.refresh_from_db()
    assert people.steward.email == ""
    admin.post(address["person-deactivate"])
    people.steward.refresh_from_db()
    assert people.steward.is_active, "they are still in the other team"


def test_ones_own_password_needs_the_one_before(admin: Client, people: Cast) -> None:
    assert reverse("accounts:password-change").encode() in admin.get(of(people.admin)).content
    answer = admin.post(of(people.admin, "person-link"))
    assert answer.headers["Location"] == reverse("accounts:password-change")


def test_stewards_and_leads_do_none_of_this(people: Cast, client_for: ClientFor) -> None:
    for person in (people.steward, people.lead):
        client = client_for(person)
        assert client.get(of(people.colleague)).status_code == 403
        assert client.get(reverse("labeling:person-invite")).status_code == 403
        assert client.post(reverse("labeling:person-invite"), NEW).status_code == 403
        for name in ACTIONS:
            assert client.post(of(people.colleague, name), {"role": "admin"}).status_code == 403
    page = client_for(people.lead).get(reverse("labeling:people")).content.decode()
    assert of(people.colleague) + '"' not in page
    assert reverse("labeling:person-invite") not in page
    assert Membership.objects.get(user=people.colleague, is_active=True).role == Role.STEWARD
    assert not User.objects.filter(username="eve").exists()


def test_administrators_of_other_teams_do_not_learn_who_is_here(people: Cast, client_for: ClientFor) -> None:
    Membership.objects.filter(user=people.stranger).update(role=Role.ADMIN)
    stranger = client_for(people.stranger)
    assert stranger.get(of(people.colleague)).status_code == 404
    for name in ACTIONS:
        assert stranger.post(of(people.colleague, name), {"role": "admin"}).status_code == 404
    assert Membership.objects.get(user=people.colleague, is_active=True).role == Role.STEWARD


@pytest.mark.parametrize("name", ACTIONS)
def test_looking_changes_nothing(admin: Client, people: Cast, name: str) -> None:
    assert admin.get(of(people.steward, name)).status_code == 405


def test_what_somebody_did_who_left_can_still_be_picked_out(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    first, second = question_set(people_transform, people.lead, [2, 2])
    answer(first, people.steward, "AB")
    answer(second, people.colleague, "AA")
    finished_run(people_transform, people.steward, RunKind.EVALUATION)
    deactivate_person(membership=Membership.objects.get(user=people.steward), user=people.admin)
    client = client_for(people.lead)
    for name, args in (("answer-list", [people_transform.pk]), ("work", []), ("run-list", [])):
        url = reverse(f"labeling:{name}", args=args)
        assert "Steward (deactivated)</option>" in client.get(url).content.decode(), name
        page = client.get(url, {"person": str(people.steward.pk)}).content.decode().split("<tbody>")[1]
        assert "Steward" in page, name
        assert "Colleague" not in page, name


def test_people_of_one_name_are_told_apart(admin: Client, people: Cast) -> None:
    User.objects.filter(username__in=["steward", "colleague"]).update(first_name="Ada", last_name="Okafor")
    of_set = question_set(transform(people.team, people.admin), people.lead, [2, 2])[0].question_set
    both = [people.steward, people.colleague]
    assign_questions(question_set=of_set, user=people.admin, people=both, split=True)
    pages = (
        reverse("labeling:people"),
        reverse("labeling:question-set-detail", args=[of_set.pk]),
        reverse("labeling:work"),
    )
    for page in pages:
        shown = admin.get(page).content.decode()
        assert "Ada Okafor (@steward)" in shown, page
        assert "Ada Okafor (@colleague)" in shown, page
        assert "(@lead)" not in shown, page


def test_a_form_acts_in_the_team_that_it_was_shown_for(people: Cast, client_for: ClientFor) -> None:
    """Who is in two teams may switch in another tab before they send it."""
    other = Team.objects.get(name="Other team")
    set_role(team=other, user=people.admin, role=Role.ADMIN, by=Agent.COMMAND)
    client = client_for(people.admin)
    client.post(reverse("accounts:team-switch", args=[people.team.pk]))
    sent = {}
    for name in ("person-invite", "people", "webhook-create", "notification-settings", "transform-create"):
        shown = client.get(reverse(f"labeling:{name}")).content.decode()
        sent = {"team": re.findall(r'name="team" value="([^"]+)"', shown)[0]}
        assert sent["team"] == str(people.team.pk), name
    client.post(reverse("accounts:team-switch", args=[other.pk]))
    client.post(reverse("labeling:person-invite"), NEW | sent)
    assert Membership.objects.get(user__username="eve").team == people.team
    assert "Eve Moss" in client.get(reverse("labeling:people")).content.decode(), "the next page is that team's too"
    strangers = client_for(people.stranger)
    assert strangers.post(reverse("labeling:people"), saved_for(None, questions="5") | sent).status_code == 404


def test_a_page_of_another_team_of_the_same_person_is_that_teams_and_so_is_what_follows(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    """A lead here is a steward there, and follows a link from a mail."""
    other = Team.objects.get(name="Other team")
    set_role(team=other, user=people.lead, role=Role.STEWARD, by=Agent.COMMAND)
    client, link = client_for(people.lead), reverse("labeling:transform-detail", args=[people_transform.pk])
    for accept, named in (("*/*", "Data steward · Other team"), ("text/html", "Team lead · Team")):
        client.post(reverse("accounts:team-switch", args=[other.pk]))
        page = client.get(link, headers={"Accept": accept}).content.decode()
        assert "Team lead · Team" in page
        assert reverse("labeling:run-list") in page, accept  # leads see runs
        assert named in client.get(reverse("labeling:home")).content.decode(), accept

    theirs = transform(other, people.stranger, "Theirs")
    refused = client.get(reverse("labeling:question-set-list", args=[theirs.pk]), headers={"Accept": "text/html"})
    assert refused.status_code == 403
    assert "Data steward · Other team" in refused.content.decode()


def test_an_administrator_sees_and_ends_what_acts_for_somebody(
    admin: Client, people: Cast, client_for: ClientFor
) -> None:
    membership = Membership.objects.get(user=people.lead)
    token, secret = create_token(membership=membership, name="nightly pipeline", days=None, may_write=True)
    page = admin.get(of(people.lead)).content.decode()
    assert "nightly pipeline" in page
    url = reverse("labeling:person-token-revoke", args=[membership.pk, token.pk])
    assert "Programs that use this token are refused" in question_before(page, url)
    assert client_for(people.lead).post(url).status_code == 403
    elsewhere = reverse("labeling:person-token-revoke", args=[Membership.objects.get(user=people.steward).pk, token.pk])
    assert admin.post(elsewhere).status_code == 404
    assert find_token(secret) is not None
    assert "“nightly pipeline” has been revoked." in admin.post(url, follow=True).content.decode()
    assert find_token(secret) is None
