"""Browsers in which the cast has signed in, and questions for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from labeling.models import Question, Transform
from tests.labeling.builders import Cast, question_set

ClientFor = Callable[[User], Client]


@pytest.fixture
def questions(people: Cast, people_transform: Transform) -> list[Question]:
    """Of three rows, two and two."""
    return question_set(people_transform, people.lead, [3, 2, 2])


@pytest.fixture
def client_for() -> ClientFor:
    """A browser in which that person has signed in."""

    def signed_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return signed_in
