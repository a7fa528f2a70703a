"""Transforms that a team is done with."""

from __future__ import annotations

import pytest
from django.urls import reverse

from labeling.choices import RunKind, RunStatus
from labeling.exceptions import RunConflictError
from labeling.models import Transform
from labeling.selectors.questions import queue_for_steward
from labeling.selectors.report import waiting_table
from labeling.services.archive import archive_transform, bring_back_transform
from labeling.services.automation import save_automation, start_due_imports
from labeling.services.chains import Afterwards, move_chains, start_import
from labeling.services.task_runs import request_evaluation
from labeling.services.task_runs.transitions import transition
from tests.labeling.builders import Cast, answer, question_set, transform
from tests.labeling.views.conftest import ClientFor, client_for  # noqa: F401 (a fixture)
from tests.support.concurrency import meanwhile


@pytest.fixture
def of(people: Cast) -> Transform:
    made = transform(people.team, people.admin, glue_transform_id="tfm-1", glue_status="READY")
    answer(question_set(made, people.lead, [2, 2])[0], people.steward, "AB")
    return made


def test_what_is_archived_is_out_of_the_way_and_comes_back(
    people: Cast,
    of: Transform,
    client_for: ClientFor,  # noqa: F811
) -> None:
    detail, archive = (reverse(f"labeling:transform-{name}", args=[of.pk]) for name in ("detail", "archive"))
    admin, lead = client_for(people.admin), client_for(people.lead)
    assert lead.post(archive).status_code == 403
    assert f"“{of.name}” has been archived." in admin.post(archive, follow=True).content.decode()
    assert queue_for_steward(team=people.team, user=people.steward) == []
    assert waiting_table(team=people.team).rows == ()
    listed = lead.get(reverse("labeling:transform-list")).content.decode()
    assert "1 archived transform" in listed
    page = lead.get(detail).content.decode()
    assert "This transform is archived" in page
    assert "Import labels" not in page
    assert "Bring it back" not in page
    back = reverse("labeling:transform-bring-back", args=[of.pk])
    assert lead.post(back).status_code == 403
    assert "Import labels" in admin.post(back, follow=True).content.decode()
    assert [entry.transform for entry in queue_for_steward(team=people.team, user=people.steward)] == [of]


def test_nothing_starts_for_it(people: Cast, of: Transform) -> None:
    save_automation(
        transform=of,
        user=people.lead,
        enabled=True,
        every_answers=1,
        nightly_hour=None,
        time_zone="UTC",
        evaluate=False,
        generate=False,
    )
    as_it_was = Transform.objects.get(pk=of.pk)
    archive_transform(transform=of, user=people.admin)
    of.refresh_from_db()
    start_due_imports()
    imports = of.task_runs.filter(kind=RunKind.IMPORT_LABELS)
    assert not imports.exists()
    for seen in (of, as_it_was):  # the second while it was archived, by whoever had its page before them
        with pytest.raises(RunConflictError, match="archived"):
            request_evaluation(transform=seen, user=people.lead)
    bring_back_transform(transform=of, user=people.admin)
    start_due_imports()
    assert imports.count() == 1


def test_it_waits_for_the_end_of_a_run(people: Cast, of: Transform) -> None:
    run = request_evaluation(transform=of, user=people.lead)
    with pytest.raises(RunConflictError, match="A run is under way"):
        archive_transform(transform=of, user=people.admin)
    transition(run=run, to=RunStatus.FAILED)
    archive_transform(transform=of, user=people.admin)
    since = Transform.objects.get(pk=of.pk).archived_at
    archive_transform(transform=of, user=people.admin)
    assert Transform.objects.get(pk=of.pk).archived_at == since


@pytest.mark.locks
@pytest.mark.django_db(transaction=True)
def test_a_run_that_somebody_just_asks_for_counts(people: Cast, of: Transform) -> None:
    with (
        pytest.raises(RunConflictError, match="A run is under way for this transform"),
        meanwhile(lambda: archive_transform(transform=of, user=people.admin)),
    ):
        request_evaluation(transform=of, user=people.lead)


def test_it_waits_for_the_rest_of_a_round(people: Cast, of: Transform) -> None:
    """Between two runs of a round none is under way, and the next would start for a transform that nobody looks at."""
    run = start_import(transform=of, user=people.lead, afterwards=Afterwards(evaluate=True, generate=False))
    transition(run=run, to=RunStatus.FAILED)
    with pytest.raises(RunConflictError, match="A run is under way"):
        archive_transform(transform=of, user=people.admin)
    move_chains()
    archive_transform(transform=of, user=people.admin)
    assert Transform.objects.get(pk=of.pk).archived_at is not None
