"""A person of two teams who is signed in."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Role
from accounts.services import create_person, create_team, set_role

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def client(db: None) -> Client:
    person = create_person(username="sam", password=PASSWORD, first_name="Sam", last_name="Rivera")
    for name in ("Customers", "Products"):
        set_role(team=create_team(name=name), user=person, role=Role.STEWARD)
    client = Client()
    assert client.login(username="sam", password=PASSWORD)
    return client
