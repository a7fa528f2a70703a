"""What one message of the clock does."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from labeling.choices import RunKind, RunStatus
from labeling.models import Notification, TaskRun
from labeling.services import contradictions
from labeling.services.task_runs.transitions import fail
from labeling.tasks import sweep_answers
from tests.labeling.builders import cast, transform


@pytest.mark.django_db
def test_a_sweep_that_fails_keeps_no_other_from_its_turn_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    people = cast()
    of = transform(people.team, people.admin)
    run = TaskRun.objects.create(
        transform=of, kind=RunKind.IMPORT_LABELS, status=RunStatus.RUNNING, requested_by=people.lead
    )
    fail(run=run, error="The column price is missing.", advice="Add it.")

    def broken() -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(contradictions, "sweep_contradictions", broken)
    with pytest.raises(ExceptionGroup) as raised:
        sweep_answers()
    assert [str(error) for error in raised.value.exceptions] == ["the disk is full"]
    assert Notification.objects.filter(occurrence__run=run).exists()
