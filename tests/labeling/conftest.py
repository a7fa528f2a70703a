"""The cast of the tests of pages and programs."""

from __future__ import annotations

import pytest

from labeling.models import Transform
from tests.labeling.builders import Cast, cast, transform


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
