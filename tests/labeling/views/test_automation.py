"""The schedule's page, what follows an import, and a round on the page of its runs."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from labeling.choices import ChainStatus, RunKind, RunStatus
from labeling.models import Automation, Chain, TaskRun, Transform
from tests.labeling.builders import Cast, answer, finished_run, question_set
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import shown_before

HTMX = {"HX-Request": "true"}
SCHEDULE = {"enabled": "on", "every_answers": "50", "nightly_hour": "2", "time_zone": "Europe/Berlin", "evaluate": "on"}


def test_a_lead_sets_the_schedule(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:automation", args=[people_transform.pk])
    client = client_for(people.lead)
    page = client.get(url)
    assert b"Imports and what follows them are listed here" in page.content
    assert len(page.content) < 300_000

    assert client.post(url, {"enabled": "on", "time_zone": "UTC"}).status_code == 422
    client.post(url, SCHEDULE)
    saved = Automation.objects.get()
    assert (saved.enabled, saved.every_answers, saved.nightly_hour) == (True, 50, 2)
    assert (saved.evaluate, saved.generate, saved.changed_by) == (True, False, people.lead)
    people.team.refresh_from_db()
    assert people.team.time_zone == "Europe/Berlin"


def test_what_another_lead_has_set_meanwhile_stays(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    url = reverse("labeling:automation", args=[people_transform.pk])
    lead = client_for(people.lead)
    shown = shown_before(lead.get(url).content)
    client_for(people.admin).post(url, SCHEDULE)
    lead.post(url, {**shown, "time_zone": "UTC", "generate": "on"})
    saved = Automation.objects.get()
    assert (saved.enabled, saved.every_answers, saved.nightly_hour) == (True, 50, 2)
    assert (saved.evaluate, saved.generate) == (False, False), "one was ticked off here, and one there"


def test_what_holds_the_schedule_is_said(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:automation", args=[people_transform.pk])
    client = client_for(people.lead)
    client.post(url, SCHEDULE)
    finished_run(people_transform, None, RunKind.IMPORT_LABELS)
    TaskRun.objects.update(status=RunStatus.FAILED)
    assert "did not succeed" in client.get(url).content.decode()
    run = finished_run(people_transform, None, RunKind.IMPORT_LABELS, foreign=True, replace_all_labels=True)
    TaskRun.objects.filter(pk=run.pk).update(started_at=timezone.now())
    assert "replaced all labels at Glue outside the portal" in client.get(url).content.decode()


def test_an_import_has_done_what_is_ticked(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    answer(question_set(people_transform, people.lead, [3])[0], people.steward, "AAB")
    url = reverse("labeling:import-create", args=[people_transform.pk])
    client = client_for(people.lead)
    page = client.get(url).content.decode()
    assert page.count("checked") == 2
    client.post(url, {"generate": "yes"})
    chain = Chain.objects.get()
    assert (chain.evaluate, chain.generate, chain.created_by) == (False, True, people.lead)

    run = chain.runs.get()
    detail = reverse("labeling:run-detail", args=[run.pk])
    page = client.get(detail).content.decode()
    assert "Generate questions" in page
    assert "Stop the whole round" in page

    TaskRun.objects.update(status=RunStatus.SUCCEEDED, completed_at=timezone.now() + timedelta(seconds=1))
    assert client.get(detail, headers=HTMX).status_code == 200  # something follows: the page goes on looking
    client.post(reverse("labeling:chain-stop", args=[people_transform.pk, chain.pk]))
    chain.refresh_from_db()
    assert (chain.status, chain.note) == (ChainStatus.STOPPED, "Stopped by Lead.")
    last = client.get(detail, headers=HTMX)
    assert last.status_code == 286
    assert "Stopped by Lead." in last.content.decode()
    stop = reverse("labeling:chain-stop", args=[people_transform.pk, chain.pk])
    assert b"nothing left to stop" in client.post(stop, follow=True).content


def test_a_run_of_the_schedule_is_nobodys(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    finished_run(people_transform, None, RunKind.IMPORT_LABELS)
    assert "automatically" in client_for(people.lead).get(reverse("labeling:run-list")).content.decode()
