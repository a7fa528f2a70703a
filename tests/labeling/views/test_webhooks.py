"""The pages on which administrators make, change and test webhooks."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.urls import reverse

from labeling.models import Transform, Webhook, WebhookDelivery
from labeling.services.webhooks import secret_of
from tests.labeling.builders import Cast
from tests.labeling.receiver import Receiver
from tests.labeling.views.conftest import ClientFor

NEW = reverse("labeling:webhook-create")
SETTINGS = reverse("labeling:notification-settings")


@pytest.fixture
def hook(people: Cast, people_transform: Transform) -> Webhook:
    """One that is told when runs fail."""
    return Webhook.objects.create(
        team=people.team, url="https://example.org/hook", events=["run.failed"], created_by=people.admin
    )


def address(action: str, hook: Webhook) -> str:
    return reverse(f"labeling:webhook-{action}", args=[hook.pk])


def words(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def sent_along(page: bytes) -> dict[str, list[str]]:
    """What the form sends back of what it showed, which may be several choices of a field."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(initial-[^"]+)"(?: value="([^"]*)")?', page.decode()):
        found.setdefault(name, []).append(unescape(value))
    return found


def test_a_webhook_is_changed_and_its_log_and_secret_stay(people: Cast, hook: Webhook, client_for: ClientFor) -> None:
    WebhookDelivery.objects.create(webhook=hook, body="{}", state="sent", status_code=200)
    secret, admin = secret_of(hook), client_for(people.admin)
    page = admin.get(address("detail", hook)).content.decode()
    assert address("edit", hook) in page
    form = admin.get(address("edit", hook)).content.decode()
    assert 'value="https://example.org/hook"' in form
    wanted = {"url": "https://example.org/other", "message_format": "json", "events": ["run.failed", "run.waits"]}
    done = admin.post(address("edit", hook), wanted | {"in_use": "on"}, follow=True)
    page = done.content.decode()
    assert done.redirect_chain == [(address("detail", hook), 302)]
    assert "The webhook has been saved." in page
    assert "https://example.org/other" in page
    told = "JSON, signed · A run has failed run.failed ; A run is waiting because Glue cannot be reached run.waits"
    assert told in words(page)
    assert "Test test" in words(page), "in the log, too"
    assert "not in use" not in page
    hook.refresh_from_db()
    assert (secret_of(hook), hook.deliveries.count()) == (secret, 1)
    trail = admin.get(reverse("labeling:audit-trail")).content.decode()
    assert "changed the webhook to example.org" in trail
    assert "Rest of the address changed: yes" in " ".join(trail.split())
    assert "other" not in trail.partition("changed the webhook")[2].partition("</tr>")[0], "the path may be a secret"

    admin.post(address("edit", hook), wanted)
    for url in (address("detail", hook), SETTINGS):
        assert "not in use" in admin.get(url).content.decode()


def test_an_address_that_is_none_is_said_at_its_field(people: Cast, hook: Webhook, client_for: ClientFor) -> None:
    wanted = {"url": "gopher://x", "message_format": "json", "events": ["run.failed"], "in_use": "on"}
    refused = client_for(people.admin).post(address("edit", hook), wanted)
    assert refused.status_code == 422
    assert "must start with http" in refused.content.decode()
    hook.refresh_from_db()
    assert hook.url == "https://example.org/hook"


def test_what_another_administrator_has_changed_meanwhile_stays(
    people: Cast, hook: Webhook, client_for: ClientFor
) -> None:
    edit, admin = address("edit", hook), client_for(people.admin)
    seen = sent_along(admin.get(edit).content)
    assert seen["initial-events"] == ["run.failed"]
    other = {"url": "https://example.org/new", "message_format": "slack", "events": ["run.failed", "run.ended"]}
    admin.post(edit, other)  # and out of use
    mine = {"url": "https://example.org/hook", "message_format": "teams", "events": ["run.failed"], "in_use": "on"}
    admin.post(edit, {**seen, **mine})
    hook.refresh_from_db()
    assert hook.message_format == "teams", "the one thing that was changed here"
    assert (hook.url, hook.events, hook.in_use) == ("https://example.org/new", ["run.ended", "run.failed"], False)


def test_a_webhook_of_a_chat_has_no_secret(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    admin = client_for(people.admin)
    wanted = {"url": "https://hooks.example.org/a", "message_format": "slack", "events": ["run.failed"]}
    page = admin.post(NEW, wanted, follow=True).content.decode()
    made = Webhook.objects.get()
    assert "Send a test to see whether messages arrive." in page
    assert "Slack · A run has failed" in words(page)
    assert "run.failed" not in page, "chats are told in words"
    assert secret_of(made) not in page
    assert address("secret", made) not in page
    assert "Slack · A run has failed" in words(admin.get(SETTINGS).content.decode())


def test_a_test_that_fails_says_what_the_receiver_answered(
    people: Cast, hook: Webhook, receiver: Receiver, client_for: ClientFor
) -> None:
    Webhook.objects.update(url=receiver.url, message_format="slack")
    admin = client_for(people.admin)
    receiver.statuses, receiver.answer = [404], b"channel_not_found"
    page = admin.post(address("test", hook), follow=True).content.decode()
    assert "The receiver answered with status 404: “channel_not_found”. It will be sent again automatically." in page
    receiver.answer = b"<html><h1>Bad\n gateway</h1>" + b"x" * 300
    page = admin.post(address("test", hook), follow=True).content.decode()
    said = page.partition("status 404: “")[2].partition("”")[0]
    assert said.startswith("Bad gateway")
    assert len(said) <= 120


def test_nothing_can_be_sent_again_while_it_is_not_in_use(people: Cast, hook: Webhook, client_for: ClientFor) -> None:
    given_up = WebhookDelivery.objects.create(webhook=hook, body="{}", state="failed")
    again, admin = reverse("labeling:delivery-again", args=[hook.pk, given_up.pk]), client_for(people.admin)
    assert again in admin.get(address("detail", hook)).content.decode()
    Webhook.objects.update(in_use=False)
    assert again not in admin.get(address("detail", hook)).content.decode()
    assert "The webhook is not in use" in admin.post(again, follow=True).content.decode()
    given_up.refresh_from_db()
    assert given_up.state == "failed"
