"""The cast of the view tests, and pages without a collected static folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from labeling.models import Transform
from tests.labeling.builders import Cast, cast, transform

ClientFor = Callable[[User], Client]


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    """Addresses of static files as they are in the source: nothing is collected for a unit test."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def people(db: None) -> Cast:
    """admin, lead, steward, colleague; and a stranger who leads another team."""
    return cast()


@pytest.fixture
def people_transform(people: Cast) -> Transform:
    """A transform of the cast's team."""
    return transform(people.team, people.admin, glue_transform_id="tfm-1", glue_status="NOT_READY")


@pytest.fixture
def client_for() -> ClientFor:
    """A browser in which that person has signed in."""

    def signed_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return signed_in
