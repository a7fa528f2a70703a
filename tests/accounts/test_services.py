from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError

from accounts.models import Role
from accounts.selectors import members_of, membership_for, membership_in, memberships_for
from accounts.services import create_person, create_team, set_role

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
    create_team(name="Team")
    with pytest.raises(ValidationError):
        create_team(name="Team")


def test_a_role_is_given_and_changed() -> None:
    user = create_person(username="ada", password="correct horse")
    second, first = create_team(name="Zebra"), create_team(name="Aardvark")
    set_role(team=second, user=user, role=Role.STEWARD)
    set_role(team=second, user=user, role=Role.LEAD)
    set_role(team=first, user=user, role=Role.ADMIN)
    assert [membership.role for membership in memberships_for(user=user)] == [Role.ADMIN, Role.LEAD]
    found = membership_in(user=user, team=second)
    assert found is not None
    assert found.role == Role.LEAD
    assert membership_for(user=user) == membership_in(user=user, team=first)
    assert [membership.user for membership in members_of(team=second)] == [user]


def test_strangers_and_people_who_left_are_no_members() -> None:
    user, stranger = (create_person(username=name, password="correct horse") for name in ("ada", "eve"))
    team = create_team(name="Team")
    set_role(team=team, user=user, role=Role.ADMIN)
    assert membership_in(user=stranger, team=team) is None
    user.is_active = False
    user.save()
    assert membership_in(user=user, team=team) is None
    assert membership_for(user=user) is None
    assert not members_of(team=team)
