"""A person of two teams who is signed in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.test import Client

from accounts.models import Agent, Role
from accounts.services import create_person, create_team, set_role
from tests.support.servers import Services

PASSWORD = "correct horse battery"
Waiting = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def client(db: None) -> Client:
    person = create_person(username="sam", password=PASSWORD, first_name="Sam", last_name="Rivera")
    for name in ("Customers", "Products"):
        set_role(team=create_team(name=name), user=person, role=Role.STEWARD, by=Agent.COMMAND)
    client = Client()
    assert client.login(username="sam", password=PASSWORD)
    return client


@pytest.fixture
def waiting(redis_server: str, _all_services: Services) -> Iterator[Waiting]:
    """What the worker, which does not run, was told to do: the arguments of each message, oldest first."""
    _all_services.stop("worker")  # of a test before; whoever wants it starts it
    with redis.Redis.from_url(redis_server) as broker:
        broker.delete("portal")

        def arguments() -> list[dict[str, Any]]:
            messages: Any = broker.lrange("portal", 0, -1)
            return [json.loads(base64.b64decode(json.loads(one)["body"]))[1] for one in reversed(messages)]

        yield arguments
        broker.delete("portal")
