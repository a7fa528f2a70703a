"""``manage.py person``: the first administrator, and whoever cannot be invited in the portal."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.exceptions import LastAdminError
from accounts.identities import forget_identities
from accounts.links import absolute, is_invited, make_link_for, valid_days
from accounts.models import Agent, Role, Team, User
from accounts.services import (
    create_person,
    create_team,
    reactivate_member,
    set_password,
    set_role,
    update_person,
)

_FIELDS = ("first_name", "last_name", "email")


class Command(BaseCommand):
    """Passwords never stand on the command line, where every process of the machine can read them."""

    help = (
        "Create a person, or change one who is there. Prints a one-time link to choose a password if they have none, "
        "or if --link is given."
    )
    requires_system_checks = []  # made when the installation was prepared; they take longer than all that is done here

    def add_arguments(self, parser: CommandParser) -> None:
        """What is not given stays as it is."""
        parser.add_argument("username", help="the sign-in name")
        team = parser.add_mutually_exclusive_group()
        team.add_argument("--team", metavar="NAME", help="make the person a member of this team, or reactivate them")
        team.add_argument("--new-team", metavar="NAME", help="the same, with a new team")
        parser.add_argument("--role", choices=Role.values, help="what they do in the team")
        for name in _FIELDS:
            parser.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT")
        password = parser.add_mutually_exclusive_group()
        password.add_argument("--link", action="store_true", help="print a link even if the person has a password")
        password.add_argument(
            "--password", action="store_true", help="ask for the password, or read it from standard input: one line"
        )
        parser.add_argument(
            "--forget-single-sign-on",
            action="store_true",
            help="their next account at the provider may be another one; it must have their e-mail address",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """All or nothing; a password is asked for before anything is locked."""
        if bool(options["role"]) != bool(options["team"] or options["new_team"]):
            raise CommandError("A role belongs to a team: give --role with --team or --new-team.")
        if settings.OIDC_ONLY and (options["link"] or options["password"]):
            raise CommandError("Nobody signs in with a password here: OIDC_ONLY is set.")
        password = self._ask(options["username"]) if options["password"] else None
        try:
            with transaction.atomic():
                user = self._person(options, password)
                if options["role"]:
                    self._join(user, options)
                if options["forget_single_sign_on"]:
                    self.stdout.write(
                        f"{user.username}: accounts at the provider forgotten: {forget_identities(user=user, by=Agent.COMMAND)}."
                    )
                if options["link"] or (is_invited(user=user) and not settings.OIDC_ONLY):
                    link = absolute(make_link_for(user=user, by=Agent.COMMAND))
                    self.stdout.write(f"To choose a password, once, within {valid_days()} days:\n{link}")
        except ValidationError as error:
            raise CommandError(_words(error)) from error
        except LastAdminError as error:
            raise CommandError(str(error)) from error

    def _person(self, options: dict[str, Any], password: str | None) -> User:
        """The person, with what was given."""
        given = {name: options[name] for name in _FIELDS if options[name] is not None}
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            if (options["link"] and not options["role"]) or options["forget_single_sign_on"]:
                raise CommandError(f"There is no person {options['username']!r}.")
            if password is not None:
                validate_password(password, User(username=options["username"], **given))
            user = create_person(username=options["username"], password=password, **given)
            self.stdout.write(f"{user.username} has been created.")
            return user
        if given:
            update_person(user=user, **({name: getattr(user, name) for name in _FIELDS} | given), by=Agent.COMMAND)
            self.stdout.write(f"{user.username}: {', '.join(given).replace('_', ' ')} changed.")
        if password is not None:
            validate_password(password, user)
            set_password(user=user, password=password, by=Agent.COMMAND)
            self.stdout.write(f"{user.username}: password changed.")
        return user

    def _join(self, user: User, options: dict[str, Any]) -> None:
        if options["new_team"]:
            if Team.objects.filter(name=options["new_team"]).exists():
                raise CommandError(f"There is already a team {options['new_team']!r}: give --team.")
            team = create_team(name=options["new_team"])
        else:
            team = Team.objects.filter(name=options["team"]).first() or self._no_team(options["team"])
        membership = set_role(team=team, user=user, role=Role(options["role"]), by=Agent.COMMAND)
        if not (membership.is_active and user.is_active):
            reactivate_member(membership=membership, by=Agent.COMMAND)
        self.stdout.write(f"{user.username}: {membership.get_role_display()} of {team.name}.")

    def _no_team(self, name: str) -> Team:
        names = ", ".join(Team.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no team {name!r}. Teams: {names}. --new-team creates one.")

    def _ask(self, username: str) -> str:
        """Twice at a terminal, where nobody sees what they type; else the first line."""
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        first = getpass.getpass(f"Password of {username}: ")
        if getpass.getpass("Again: ") != first:
            raise CommandError("The two passwords do not match.")
        return first


def _words(error: ValidationError) -> str:
    """Which field, if any, and what is wrong with it."""
    if hasattr(error, "error_dict"):
        found = ((name, " ".join(texts)) for name, texts in error.message_dict.items())
        return " ".join(text if name == NON_FIELD_ERRORS else f"{name}: {text}" for name, text in found)
    return " ".join(error.messages)
