from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import Membership, Role, User
from labeling.models import SourceFile, Transform
from tests.support.servers import Services


def seed() -> str:
    out = StringIO()
    call_command("seed", stdout=out)
    return out.getvalue()


def test_seeding_twice_makes_everything_once(services: Services, settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    printed = seed()
    kept = tmp_path / "var" / "passwords"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    lines = [line.split("\t") for line in kept.read_text().splitlines()]
    assert [(name, role) for name, role, _password in lines] == [
        ("admin", "admin"),
        ("lead", "lead"),
        ("steward1", "steward"),
        ("steward2", "steward"),
    ]
    assert len({password for _name, _role, password in lines}) == 4
    for name, role, password in lines:
        user = authenticate(username=name, password=password)
        assert isinstance(user, User)
        assert user.first_name
        assert password in printed
        assert Membership.objects.get(user=user).role == role
    transform = Transform.objects.get()
    assert (transform.name, transform.thing, transform.primary_key) == ("People", "person", "id")
    assert seed() == ""
    assert kept.read_text().count("\n") == 4
    assert Transform.objects.count() == SourceFile.objects.count() == 1


def test_one_password_for_all_if_it_is_given(services: Services, settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.DEMO_PASSWORD = "the same for everyone"
    seed()
    for membership in Membership.objects.all():
        assert authenticate(username=membership.user.username, password="the same for everyone") == membership.user
    assert {membership.role for membership in Membership.objects.all()} == set(Role)


def test_people_are_kept_when_glue_is_away(services: Services, settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    services.kill("glue")
    with pytest.raises(CommandError, match="could not be created"):
        seed()
    assert User.objects.count() == 4
    services.start("glue")
    seed()
    assert Transform.objects.count() == SourceFile.objects.count() == 1
