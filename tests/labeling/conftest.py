"""The cast of the tests of pages and programs."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from labeling.models import Transform
from tests.labeling.builders import Cast, cast, transform
from tests.labeling.receiver import Receiver


@pytest.fixture
def people(db: None) -> Cast:
    """admin, lead, steward, colleague; and a stranger who leads another team."""
    return cast()


@pytest.fixture
def of(people: Cast) -> Transform:
    """A transform of the cast's team that only the portal knows."""
    return transform(people.team, people.admin)


@pytest.fixture
def people_transform(people: Cast) -> Transform:
    """One that Glue knows too."""
    return transform(people.team, people.admin, glue_transform_id="tfm-1", glue_status="NOT_READY")


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A receiver of webhooks that answers, on this machine."""
    settings.WEBHOOK_PRIVATE = True
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()
