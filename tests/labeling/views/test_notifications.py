"""The bell, its list, choices, and webhooks with a secret that is shown once."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMessage
from django.urls import reverse

from labeling.choices import NotificationEvent, RunKind, RunStatus
from labeling.models import Notification, TaskRun, Transform, Webhook
from labeling.selectors.notifications import choices_of
from labeling.services.notifications import send_mails, sweep_notifications
from labeling.services.task_runs.transitions import fail
from labeling.services.webhooks import secret_of
from tests.labeling.builders import Cast
from tests.labeling.receiver import Receiver
from tests.labeling.views.conftest import ClientFor
from tests.support.pages import question_before

LIST = reverse("labeling:notification-list")
SETTINGS = reverse("labeling:notification-settings")


def failed_run(of: Transform) -> TaskRun:
    run = TaskRun.objects.create(transform=of, kind=RunKind.IMPORT_LABELS, status=RunStatus.RUNNING)
    fail(run=run, error="The column price is missing.")
    sweep_notifications()
    return run


def test_the_bell_counts_and_opening_reads(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    assert "Nothing has happened yet" in lead.get(LIST).content.decode()
    run = failed_run(people_transform)
    assert "Notifications, 1 unread" in lead.get(reverse("labeling:home")).content.decode()
    page = lead.get(LIST).content.decode()
    assert "The column price is missing." in page
    mine = Notification.objects.get(user=people.lead)
    opened = lead.get(reverse("labeling:notification-open", args=[mine.pk]))
    assert opened["Location"] == reverse("labeling:run-detail", args=[run.pk])
    assert "Notifications, 0 unread" in lead.get(LIST).content.decode()
    others = Notification.objects.get(user=people.admin)
    assert lead.get(reverse("labeling:notification-open", args=[others.pk])).status_code == 404
    client_for(people.admin).post(reverse("labeling:notification-read-all"))
    assert not Notification.objects.filter(read_at=None).exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["opened", "watched"])
def test_who_sees_a_run_end_on_its_page_is_not_told_of_it_by_the_bell(
    people: Cast, people_transform: Transform, client_for: ClientFor, headers: dict[str, str]
) -> None:
    run = TaskRun.objects.create(
        transform=people_transform, kind=RunKind.EVALUATION, status=RunStatus.RUNNING, requested_by=people.lead
    )
    page, home = reverse("labeling:run-detail", args=[run.pk]), reverse("labeling:home")
    lead, admin = client_for(people.lead), client_for(people.admin)
    lead.get(page)
    fail(run=run, error="The column price is missing.")
    lead.get(page, headers=headers)  # before the sweep
    sweep_notifications()
    assert "Notifications, 0 unread" in lead.get(home).content.decode()
    assert "The column price is missing." in lead.get(LIST).content.decode()
    assert "Notifications, 1 unread" in admin.get(home).content.decode()
    admin.get(page, headers=headers)
    assert "Notifications, 0 unread" in admin.get(home).content.decode()


def test_who_watches_a_run_fail_gets_no_mail(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    mailoutbox: list[EmailMessage],
) -> None:
    for person in (people.lead, people.admin):
        person.email = f"{person.username}@example.com"
        person.save()
    run = TaskRun.objects.create(transform=people_transform, kind=RunKind.EVALUATION, status=RunStatus.RUNNING)
    fail(run=run, error="The column price is missing.")
    client_for(people.lead).get(reverse("labeling:run-detail", args=[run.pk]), headers={"HX-Request": "true"})
    sweep_notifications()
    send_mails()
    assert [mail.to for mail in mailoutbox] == [["admin@example.com"]]


def test_who_left_before_a_run_ended_is_told(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = TaskRun.objects.create(transform=people_transform, kind=RunKind.EVALUATION, status=RunStatus.RUNNING)
    lead = client_for(people.lead)
    lead.get(reverse("labeling:run-detail", args=[run.pk]))
    fail(run=run, error="The column price is missing.")
    sweep_notifications()
    assert "Notifications, 1 unread" in lead.get(reverse("labeling:home")).content.decode()


def test_stewards_have_no_bell(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    steward = client_for(people.steward)
    assert LIST not in steward.get(reverse("labeling:home")).content.decode()
    assert steward.get(LIST).status_code == 403
    assert steward.post(reverse("labeling:team-choices")).status_code == 403


def test_choices_are_kept_and_given_back(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    assert "as the team has chosen" in lead.get(SETTINGS).content.decode()
    lead.post(reverse("labeling:notification-choices"), {"page": ["run.failed"], "email": ["run.waits"]})
    mine = {choice.event: (choice.in_page, choice.email) for choice in choices_of(team=people.team, user=people.lead)}
    assert mine[NotificationEvent.RUN_FAILED] == (True, False)
    assert mine[NotificationEvent.RUN_WAITS] == (False, True)
    assert "my own choices" in lead.get(SETTINGS).content.decode()
    lead.post(reverse("labeling:team-choices"), {"email": ["run.ended"]})
    lead.post(reverse("labeling:notification-choices"), {"follow": "1"})
    mine = {choice.event: (choice.in_page, choice.email) for choice in choices_of(team=people.team, user=people.lead)}
    assert mine[NotificationEvent.RUN_ENDED] == (False, True)
    assert mine[NotificationEvent.RUN_FAILED] == (False, False)


def test_admins_make_webhooks_and_see_the_secret_once(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    new, admin = reverse("labeling:webhook-create"), client_for(people.admin)
    assert client_for(people.lead).get(new).status_code == 403
    assert new not in client_for(people.lead).get(SETTINGS).content.decode()
    assert new in admin.get(SETTINGS).content.decode()
    refused = admin.post(new, {"url": "gopher://x", "message_format": "json", "events": ["run.failed"]})
    assert refused.status_code == 422
    assert "must start with http" in refused.content.decode()
    shown = admin.post(new, {"url": "https://example.org/hook", "message_format": "json", "events": ["run.failed"]})
    hook = Webhook.objects.get()
    assert f'data-copy="{secret_of(hook)}"' in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    page = reverse("labeling:webhook-detail", args=[hook.pk])
    assert "Until the receiver knows the new secret, it will refuse messages." in admin.get(page).content.decode()
    assert not re.search("whsec_", admin.get(page).content.decode())
    renewed = admin.post(reverse("labeling:webhook-secret", args=[hook.pk])).content.decode()
    hook.refresh_from_db()
    assert secret_of(hook) in renewed
    assert client_for(people.stranger).get(page).status_code == 404


def test_a_test_says_what_came_back_and_the_log_keeps_it(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    hook = Webhook.objects.create(
        team=people.team, url="http://127.0.0.1:9/", events=["run.failed"], created_by=people.admin
    )
    admin = client_for(people.admin)
    page = admin.post(reverse("labeling:webhook-test", args=[hook.pk]), follow=True).content.decode()
    assert "The test did not arrive" in page
    assert page.count("private network") == 2  # said, and in the log
    assert "the log of 1 message will be lost" in page
    delete = reverse("labeling:webhook-delete", args=[hook.pk])
    assert question_before(page, delete) == "This cannot be undone."
    admin.post(delete)
    assert not Webhook.objects.exists()


def test_a_test_that_was_given_up_does_not_promise_another_try(
    people: Cast, people_transform: Transform, receiver: Receiver, client_for: ClientFor
) -> None:
    hook = Webhook.objects.create(team=people.team, url=receiver.url, events=["run.failed"], created_by=people.admin)
    test, admin = reverse("labeling:webhook-test", args=[hook.pk]), client_for(people.admin)
    receiver.statuses = [410, 500]
    page = admin.post(test, follow=True).content.decode()
    said = "The test did not arrive. The receiver answered with status "
    assert f"{said}410: “thanks”. It will not be sent again." in page
    receiver.answer = b""
    page = admin.post(test, follow=True).content.decode()
    assert f"{said}500. It will be sent again automatically." in page
