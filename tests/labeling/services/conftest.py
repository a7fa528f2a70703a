"""A transform at Glue."""

from __future__ import annotations

import pytest

from labeling.models import Transform
from tests.labeling.taught import small_transform
from tests.support.servers import Services


@pytest.fixture
def taught(services: Services, monkeypatch: pytest.MonkeyPatch) -> Transform:
    """``small_transform``; messages are lost, so that only the test submits."""
    monkeypatch.setattr("labeling.services.task_runs.request.submit_run.delay", lambda **_message: None)
    return small_transform()
