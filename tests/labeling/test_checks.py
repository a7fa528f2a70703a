from __future__ import annotations

import pytest
from pytest_django import Settings

from labeling.checks import check_settings


def test_the_settings_of_a_fresh_installation_are_fine() -> None:
    assert check_settings() == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("BUCKET", "", "labeling.E001"),
        ("BUCKET", "Has Capitals", "labeling.E001"),
        ("GLUE_ROLE", "admin", "labeling.E002"),
        ("TASK_RUN_CLAIM_SECONDS", 30, "labeling.E003"),
    ],
)
def test_settings_that_would_go_wrong_later_are_found_now(
    settings: Settings, name: str, value: object, found: str
) -> None:
    setattr(settings, name, value)
    assert [message.id for message in check_settings()] == [found]
