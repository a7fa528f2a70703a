"""``manage.py person`` as whoever runs the installation uses it: a process with a terminal or a pipe, and what it prints."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import Agent, AuditAction, AuditEntry, Membership, Role, User
from accounts.services import create_person, create_team, deactivate_member, set_role
from labelportal.run.config import ROOT
from tests.conftest import TEST_ENVIRONMENT

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"


def environment() -> dict[str, str]:
    """That of the tests, with this test's database."""
    name = str(connection.settings_dict["NAME"])
    url = TEST_ENVIRONMENT.env["DATABASE_URL"]
    shared = f"sqlite:///{name}" if url.startswith("sqlite") else f"{url.rpartition('/')[0]}/{name}"
    return {**TEST_ENVIRONMENT.env, "DATABASE_URL": shared, "LABELPORTAL_URL": "https://portal.example.org"}


def person(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "person", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_first_administrator_gets_in_by_the_link_that_is_printed() -> None:
    done = person(
        *("ada", "--new-team", "Data team", "--role", "admin"),
        *("--first-name", "Ada", "--last-name", "Okafor", "--email", "ada@example.org"),
    )
    assert done.returncode == 0, done.stderr
    assert "ada: Administrator of Data team." in done.stdout
    found = re.search(r"within 3 days:\nhttps://portal\.example\.org(/\S+)", done.stdout)
    assert found, done.stdout
    browser = Client()
    form = browser.get(found[1], follow=True)
    browser.post(form.redirect_chain[-1][0], {"new_password1": PASSWORD, "new_password2": PASSWORD})
    user = authenticate(username="ada", password=PASSWORD)
    assert isinstance(user, User)
    assert (user.display_name, user.email) == ("Ada Okafor", "ada@example.org")
    assert Membership.objects.get(user=user).role == Role.ADMIN
    entries = AuditEntry.objects.filter(agent=Agent.COMMAND, about=user)
    assert [entry.action for entry in entries] == [AuditAction.LINK_MADE, AuditAction.PERSON_ADDED]


def test_a_password_comes_from_standard_input_and_is_printed_nowhere() -> None:
    done = person("ada", "--password", stdin=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert "http" not in done.stdout
    assert authenticate(username="ada", password=PASSWORD)


def test_a_password_is_asked_for_at_a_terminal() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "manage.py", "person", "ada", "--password"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        for prompt in (b"Password of ada: ", b"Again: "):
            while not seen.endswith(prompt):
                seen += os.read(ours, 1000)
            os.write(ours, f"{PASSWORD}\n".encode())
        assert process.wait(60) == 0
    os.close(ours)
    assert PASSWORD.encode() not in seen
    assert authenticate(username="ada", password=PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("ada", "--password"), "12345678\n", "too common"),
        (("ada", "--password"), "", "too short"),
        (("two words",), "", "username: This is no sign-in name"),
        (("ada", "--email", "nowhere"), "", "email: Enter a valid email address"),
        (("ada", "--team", "Date team", "--role", "lead"), "", "Teams: Data team. --new-team creates one."),
        (("ada", "--new-team", "Data team", "--role", "lead"), "", "There is already a team 'Data team': give --team."),
        (("adda", "--link"), "", "There is no person 'adda'."),
        (("adda", "--forget-single-sign-on"), "", "There is no person 'adda'."),
        (("ada", "--role", "lead"), "", "give --role with --team"),
        (("ada", "--team", "Data team"), "", "give --role with --team"),
    ],
)
def test_what_is_refused_makes_nobody(
    arguments: tuple[str, ...], stdin: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_team(name="Data team")
    monkeypatch.setattr("sys.stdin", StringIO(stdin))
    with pytest.raises(CommandError, match=re.escape(words)):
        call_command("person", *arguments)
    assert not User.objects.exists()


def test_somebody_who_is_there_is_changed_and_keeps_what_is_not_given(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = "https://portal.example.org"
    team, user = create_team(name="Data team"), create_person(username="sam", password=PASSWORD, first_name="Sam")
    deactivate_member(membership=set_role(team=team, user=user, role=Role.STEWARD, by=Agent.COMMAND), by=Agent.COMMAND)
    call_command("person", "sam", "--team", "Data team", "--role", "lead", "--email", "sam@example.org")
    said = capsys.readouterr().out
    assert "http" not in said, "who has a password needs no link"
    assert "sam: email changed." in said
    found = authenticate(username="sam", password=PASSWORD)
    assert isinstance(found, User)
    assert (found.first_name, found.email) == ("Sam", "sam@example.org")
    assert Membership.objects.get(user=user, is_active=True).role == Role.LEAD
    monkeypatch.setattr("sys.stdin", StringIO("another long password\n"))
    call_command("person", "sam", "--password")
    assert "sam: password changed." in capsys.readouterr().out
    call_command("person", "sam", "--link")
    assert "https://portal.example.org/accounts/password/" in capsys.readouterr().out


def test_the_last_administrator_stays_one() -> None:
    team, user = create_team(name="Data team"), create_person(username="ada", password=PASSWORD)
    set_role(team=team, user=user, role=Role.ADMIN, by=Agent.COMMAND)
    done = person("ada", "--team", "Data team", "--role", "lead")
    assert done.returncode == 1
    assert "ada is the only administrator of Data team who can sign in." in done.stderr
    assert "Traceback" not in done.stderr
    assert Membership.objects.get(user=user).role == Role.ADMIN
