from __future__ import annotations

import threading

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.exceptions import LastAdminError
from accounts.models import Agent, Membership, Role, Team, User
from accounts.names import names_apart
from accounts.selectors import (
    administers_all_teams_of,
    former_members_of,
    members_of,
    membership_in,
    memberships_for,
)
from accounts.services import (
    create_person,
    create_team,
    deactivate_member,
    invite_person,
    reactivate_member,
    set_password,
    set_role,
    update_person,
)

pytestmark = pytest.mark.django_db


def test_person_can_sign_in() -> None:
    user = create_person(username="ada", password="correct horse", first_name="Ada", last_name="Okafor")
    assert authenticate(username="ada", password="correct horse") == user
    assert authenticate(username="ada", password="wrong") is None
    assert user.display_name == "Ada Okafor"


@pytest.mark.parametrize("username", ["", "two words", "x" * 151])
def test_malformed_names_are_refused(username: str) -> None:
    with pytest.raises(ValidationError):
        create_person(username=username, password="correct horse")


def test_names_are_taken_once() -> None:
    create_person(username="ada", password="correct horse")
    with pytest.raises(ValidationError):
        create_person(username="ada", password="correct horse")
    create_person(username="zoë.x", password="correct horse")
    for name in ("Ada", "ZOË.x"):
        with pytest.raises(ValidationError, match="already has this sign-in name"):
            create_person(username=name, password="correct horse")
    create_team(name="Team")
    with pytest.raises(ValidationError):
        create_team(name="Team")


@pytest.mark.parametrize("name", ["аdа", "ΑDΑ", "а\u0501а", "ＡＤＡ"], ids=["Cyrillic", "Greek", "Cyrillic d", "wide"])
def test_names_and_addresses_that_look_like_those_of_others_are_refused(name: str) -> None:
    ada = create_person(username="ada", password="correct horse", email="ada@example.com")
    with pytest.raises(ValidationError, match="already has this sign-in name, in letters that look the same"):
        create_person(username=name, password="correct horse")
    with pytest.raises(ValidationError, match="already has this e-mail address, in letters that look the same"):
        create_person(username="eve", password="correct horse", email="ada@ехаmple.com")
    eve = create_person(username="eve", password="correct horse", email="eve@example.com")
    with pytest.raises(ValidationError, match="already has this e-mail address"):
        update_person(user=eve, first_name="", last_name="", email="ada@ехаmple.com", by=eve)
    update_person(user=ada, first_name="Ada", last_name="", email="ada@example.com", by=ada)  # her own


def test_names_in_other_alphabets_are_as_good() -> None:
    create_person(username="anna", password="correct horse", email="anna@example.com")
    for name in ("анна", "Νίκος", "мария"):
        create_person(username=name, password="correct horse")
    with pytest.raises(ValidationError, match="already has this sign-in name"):
        create_person(username="ΝΊΚΟΣ", password="correct horse")


def test_names_hold_nothing_that_nobody_sees() -> None:
    """Else one could be called like a colleague without being told apart, or turn round what the audit trail says behind the name."""
    ada = create_person(username="ada", password="correct horse", first_name="Ada", last_name="Okafor")
    eve = create_person(username="eve", password="correct horse", first_name="\u202eEve", last_name="\u2066Ray\u200b")
    assert eve.display_name == "Eve Ray"
    update_person(user=eve, first_name="Ada\u200b", last_name="Okafor\ufeff", email="", by=eve)
    assert names_apart([ada, eve]) == {ada.pk: "Ada Okafor (@ada)", eve.pk: "Ada Okafor (@eve)"}
    joined = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
    assert update_person(user=eve, first_name=joined, last_name="", email="", by=eve).display_name == joined


def test_a_role_is_given_and_changed() -> None:
    user = create_person(username="ada", password="correct horse")
    second, first = create_team(name="Zebra"), create_team(name="Aardvark")
    set_role(team=second, user=user, role=Role.STEWARD, by=Agent.COMMAND)
    set_role(team=second, user=user, role=Role.LEAD, by=Agent.COMMAND)
    set_role(team=first, user=user, role=Role.ADMIN, by=Agent.COMMAND)
    assert [membership.role for membership in memberships_for(user=user)] == [Role.ADMIN, Role.LEAD]
    found = membership_in(user=user, team=second)
    assert found is not None
    assert found.role == Role.LEAD
    assert [membership.user for membership in members_of(team=second)] == [user]


def test_strangers_and_people_who_left_are_no_members() -> None:
    user, stranger = (create_person(username=name, password="correct horse") for name in ("ada", "eve"))
    team = create_team(name="Team")
    set_role(team=team, user=user, role=Role.ADMIN, by=Agent.COMMAND)
    assert membership_in(user=stranger, team=team) is None
    user.is_active = False
    user.save()
    assert membership_in(user=user, team=team) is None
    assert not members_of(team=team)


def member(team: Team, name: str, role: Role, password: str | None = "correct horse") -> Membership:
    return set_role(team=team, user=create_person(username=name, password=password), role=role, by=Agent.COMMAND)


def test_whoever_is_invited_cannot_sign_in_before_they_have_a_password() -> None:
    team = create_team(name="Team")
    invited = invite_person(team=team, username="ada", role=Role.LEAD, email="Ada@EXAMPLE.org", by=Agent.COMMAND)
    assert (invited.role, invited.user.email) == (Role.LEAD, "Ada@example.org")
    for guess in ("", "!", invited.user.password):
        assert authenticate(username="ada", password=guess) is None


def test_an_invitation_makes_all_or_nothing() -> None:
    team = create_team(name="Team")
    with pytest.raises(ValidationError):
        invite_person(team=team, username="ada", role=Role.LEAD, email="no address", by=Agent.COMMAND)
    assert not User.objects.exists()


def test_the_last_admin_stays() -> None:
    team = create_team(name="Team")
    ada = member(team, "ada", Role.ADMIN)
    member(team, "lea", Role.LEAD)
    invited = invite_person(team=team, username="eve", role=Role.ADMIN, by=Agent.COMMAND)
    for _again in range(2):
        with pytest.raises(LastAdminError, match="ada is the only administrator of Team"):
            set_role(team=team, user=ada.user, role=Role.LEAD, by=Agent.COMMAND)
        with pytest.raises(LastAdminError):
            deactivate_member(membership=ada, by=Agent.COMMAND)
        deactivate_member(membership=invited, by=Agent.COMMAND)  # never signed in, so nobody is locked out
        reactivate_member(membership=invited, by=Agent.COMMAND)
    bob = member(team, "bob", Role.ADMIN)
    deactivate_member(membership=ada, by=Agent.COMMAND)
    with pytest.raises(LastAdminError):
        deactivate_member(membership=bob, by=Agent.COMMAND)
    reactivate_member(membership=ada, by=Agent.COMMAND)
    set_role(team=team, user=bob.user, role=Role.STEWARD, by=Agent.COMMAND)


def test_who_was_deactivated_is_out_and_may_come_back() -> None:
    team = create_team(name="Team")
    sam = member(team, "sam", Role.STEWARD)
    deactivate_member(membership=sam, by=Agent.COMMAND)
    assert authenticate(username="sam", password="correct horse") is None
    assert membership_in(user=sam.user, team=team) is None
    assert not members_of(team=team)
    assert list(former_members_of(team=team)) == [sam]
    reactivate_member(membership=sam, by=Agent.COMMAND)
    assert authenticate(username="sam", password="correct horse") == sam.user
    assert list(members_of(team=team)) == [sam]
    assert not former_members_of(team=team)


def test_who_leaves_a_team_keeps_the_password_that_they_have_just_chosen() -> None:
    first, second = create_team(name="First"), create_team(name="Second")
    seen = member(first, "sam", Role.STEWARD)
    set_role(team=second, user=seen.user, role=Role.LEAD, by=Agent.COMMAND)
    set_password(user=User.objects.get(), password="battery staple", by=Agent.COMMAND)
    deactivate_member(membership=seen, by=Agent.COMMAND)
    assert authenticate(username="sam", password="battery staple") == seen.user


def test_leaving_one_team_is_not_leaving_the_others() -> None:
    first, second = create_team(name="First"), create_team(name="Second")
    sam = member(first, "sam", Role.STEWARD)
    set_role(team=second, user=sam.user, role=Role.LEAD, by=Agent.COMMAND)
    deactivate_member(membership=sam, by=Agent.COMMAND)
    assert authenticate(username="sam", password="correct horse") == sam.user
    assert [membership.team for membership in memberships_for(user=sam.user)] == [second]


def test_whose_password_an_admin_may_renew() -> None:
    first, second = create_team(name="First"), create_team(name="Second")
    ada = member(first, "ada", Role.ADMIN).user
    sam = member(first, "sam", Role.STEWARD).user
    assert administers_all_teams_of(admin=ada, person=sam)
    other = set_role(team=second, user=sam, role=Role.STEWARD, by=Agent.COMMAND)
    assert not administers_all_teams_of(admin=ada, person=sam)
    deactivate_member(membership=other, by=Agent.COMMAND)
    assert not administers_all_teams_of(admin=ada, person=sam), "they may come back there"
    set_role(team=second, user=ada, role=Role.LEAD, by=Agent.COMMAND)
    assert not administers_all_teams_of(admin=ada, person=sam)
    set_role(team=second, user=ada, role=Role.ADMIN, by=Agent.COMMAND)
    assert administers_all_teams_of(admin=ada, person=sam)


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_leave_at_the_same_time_one_stays() -> None:
    team = create_team(name="Team")
    admins = [member(team, name, Role.ADMIN) for name in ("ada", "bob")]
    kept: list[str] = []
    ready = threading.Barrier(len(admins))

    def leave(membership: Membership) -> None:
        ready.wait()
        try:
            deactivate_member(membership=membership, by=Agent.COMMAND)
        except LastAdminError:
            kept.append(membership.user.username)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=[membership]) for membership in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [membership.user.username for membership in members_of(team=team)] == kept
    assert len(kept) == 1
