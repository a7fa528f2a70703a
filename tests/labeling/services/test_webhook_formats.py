"""Webhooks of chats are told in sentences with a link, and a webhook that was changed is told as it is now."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings

from labeling.choices import MessageFormat, NotificationEvent, OutboxState, RunKind, RunStatus
from labeling.exceptions import InvalidWebhookError
from labeling.models import Occurrence, QuestionSet, TaskRun, Transform, Webhook, WebhookDelivery
from labeling.services.notifications import sweep_notifications, tell
from labeling.services.task_runs.transitions import fail
from labeling.services.webhooks import create_webhook, secret_of, send_again, send_deliveries, send_test, update_webhook
from tests.labeling.builders import Cast, finished_run, question_set
from tests.labeling.receiver import Receiver
from tests.labeling.selectors.test_queries import METRICS

pytestmark = pytest.mark.django_db
ALL = list(NotificationEvent.values)


@pytest.fixture(autouse=True)
def public(settings: Settings) -> None:
    """Where people find the portal."""
    settings.PUBLIC_URL = "https://portal.example.org/"


def hooked(people: Cast, receiver: Receiver, message_format: str) -> Webhook:
    return create_webhook(
        team=people.team, user=people.admin, url=receiver.url, events=ALL, message_format=message_format
    )


def changed(hook: Webhook, people: Cast, **wanted: Any) -> None:
    now = {name: getattr(hook, name) for name in ("url", "events", "message_format", "in_use")}
    update_webhook(webhook=hook, user=people.admin, **(now | wanted))


def failed(of: Transform, error: str = "The column price is missing.") -> TaskRun:
    run = TaskRun.objects.create(transform=of, kind=RunKind.IMPORT_LABELS, status=RunStatus.RUNNING)
    fail(run=run, error=error, advice="Add it.")
    sweep_notifications()
    return run


def card(body: bytes) -> dict[str, Any]:
    """The card of a message to Microsoft Teams."""
    message = json.loads(body)
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    content: dict[str, Any] = attachment["content"]
    assert (content["type"], content["version"]) == ("AdaptiveCard", "1.4")
    return content


def lines(content: dict[str, Any]) -> list[str]:
    assert {block["type"] for block in content["body"]} == {"RichTextBlock"}, "no Markdown is read out of names"
    return [run["text"] for block in content["body"] for run in block["inlines"]]


def shown_in_slack(message: dict[str, Any]) -> list[str]:
    """What its blocks say; all but the link as it is, without markup."""
    texts = [block["text"] for block in message["blocks"]]
    assert [text["type"] for text in texts] == [*["plain_text"] * (len(texts) - 1), "mrkdwn"]
    assert all(len(text["text"]) <= 3000 for text in texts), "else Slack refuses the message"
    return [text["text"] for text in texts]


def test_slack_shows_names_as_they_were_typed(people: Cast, of: Transform, receiver: Receiver) -> None:
    Transform.objects.filter(pk=of.pk).update(name="*my_table_2* ~old~ `x` :tada:")
    hooked(people, receiver, MessageFormat.SLACK)
    failed(of, "<&" * 1000)
    send_deliveries()
    title, _detail, way = shown_in_slack(json.loads(receiver.got[0][1]))
    assert title == "*my_table_2* ~old~ `x` :tada:: “Import labels” has failed."
    assert way.startswith("<https://portal.example.org/runs/")


def test_slack_is_told_in_a_sentence_with_a_link_and_nothing_in_it_mentions_anybody(
    people: Cast, of: Transform, receiver: Receiver
) -> None:
    Transform.objects.filter(pk=of.pk).update(name="R&D <!channel>")
    hooked(people, receiver, MessageFormat.SLACK)
    run = failed(of, "The column <price> is missing.")
    send_deliveries()
    ((headers, body),) = receiver.got
    said = ["R&amp;D &lt;!channel&gt;: “Import labels” has failed.", "The column &lt;price&gt; is missing. Add it."]
    way = f"<https://portal.example.org/runs/{run.pk}/|Open in the label portal>"
    message = json.loads(body)
    assert message["text"] == "\n".join([*said, way])
    assert shown_in_slack(message) == [*said, way]
    assert headers["content-type"] == "application/json"
    assert not [name for name in headers if name.startswith("webhook-")], "Slack looks at no signature"


def test_teams_gets_a_card_with_a_button(people: Cast, of: Transform, receiver: Receiver) -> None:
    Transform.objects.filter(pk=of.pk).update(name="[R&D](https://elsewhere.example)")
    hooked(people, receiver, MessageFormat.TEAMS)
    run = failed(of)
    receiver.statuses = [202]  # as a workflow answers
    send_deliveries()
    content = card(receiver.got[0][1])
    assert lines(content) == [
        "[R&D](https://elsewhere.example): “Import labels” has failed.",
        "The column price is missing. Add it.",
    ]
    (button,) = content["actions"]
    assert button == {
        "type": "Action.OpenUrl",
        "title": "Open in the label portal",
        "url": f"https://portal.example.org/runs/{run.pk}/",
    }
    assert WebhookDelivery.objects.get().state == OutboxState.SENT


def happened(of: Transform, event: NotificationEvent, run: TaskRun | None = None, **figures: Any) -> None:
    asked: QuestionSet | None = None
    if run is None:
        asked = question_set(of, of.created_by, [2])[0].question_set
    tell(
        occurrence=Occurrence.objects.create(
            transform=of, event=event, key=event, run=run, question_set=asked, figures=figures
        )
    )


def test_each_event_is_a_sentence_and_leads_to_its_page(people: Cast, of: Transform, receiver: Receiver) -> None:
    hooked(people, receiver, MessageFormat.TEAMS)
    estimate = finished_run(of, people.lead, RunKind.EVALUATION, metrics=METRICS)
    stopped = TaskRun.objects.create(transform=of, kind=RunKind.EXPORT_LABELS, status=RunStatus.STOPPED)
    late = TaskRun.objects.create(transform=of, kind=RunKind.FIND_MATCHES, status=RunStatus.TIMEOUT)
    waits = TaskRun.objects.create(
        transform=of, kind=RunKind.IMPORT_LABELS, status=RunStatus.QUEUED, error="AWS is throttling."
    )
    happened(of, NotificationEvent.RUN_ENDED, estimate)
    Occurrence.objects.update(key="the first")
    happened(of, NotificationEvent.RUN_ENDED, stopped)
    happened(of, NotificationEvent.RUN_FAILED, late)
    happened(of, NotificationEvent.RUN_WAITS, waits)
    happened(of, NotificationEvent.SET_FINISHED, questions=12, disputed=3)
    happened(of, NotificationEvent.AGREEMENT_FELL, alpha=0.5, alpha_before=0.9)
    send_deliveries()
    told = [card(body) for _headers, body in receiver.got]
    assert [lines(one)[0] for one in told] == [
        "People: “Estimate quality” has succeeded.",
        "People: “Export labels” was stopped.",
        "People: “Find matches” has timed out.",
        "People: “Import labels” is waiting for Glue.",
        f"People: all questions of “{QuestionSet.objects.order_by('number')[0]}” are answered.",
        f"People: people agree less on “{QuestionSet.objects.order_by('number')[1]}”.",
    ]
    pages = [one["actions"][0]["url"].removeprefix("https://portal.example.org/") for one in told]
    first = QuestionSet.objects.order_by("number")[0]
    assert pages == [
        *(f"runs/{run.pk}/" for run in (estimate, stopped, late, waits)),
        f"question-sets/{first.pk}/",
        f"transforms/{of.pk}/agreement/",
    ]


def test_no_message_is_longer_than_a_chat_takes(people: Cast, of: Transform, receiver: Receiver) -> None:
    for message_format in (MessageFormat.SLACK, MessageFormat.TEAMS):
        hooked(people, receiver, message_format)
    failed(of, "é" * 100_000)
    send_deliveries()
    assert [len(body) < 4_000 for _headers, body in receiver.got] == [True, True]


@pytest.mark.parametrize("message_format", MessageFormat)
def test_a_test_arrives_in_each_format(people: Cast, receiver: Receiver, message_format: MessageFormat) -> None:
    hook = hooked(people, receiver, message_format)
    assert send_test(webhook=hook).state == OutboxState.SENT
    ((headers, body),) = receiver.got
    said, page = (
        "This is a test of a webhook of the team “Team”.",
        f"https://portal.example.org/notifications/webhooks/{hook.pk}/",
    )
    match message_format:
        case MessageFormat.JSON:
            assert json.loads(body)["event"] == "test"
            assert "webhook-signature" in headers
        case MessageFormat.SLACK:
            message, way = json.loads(body), f"<{page}|Open in the label portal>"
            assert (message["text"], shown_in_slack(message)) == (f"{said}\n{way}", [said, way])
        case MessageFormat.TEAMS:
            assert lines(card(body)) == [said]
            assert card(body)["actions"][0]["url"] == page


def test_what_waits_or_was_given_up_goes_to_the_new_address_in_the_new_format(
    people: Cast, of: Transform, receiver: Receiver
) -> None:
    """Such as after JSON was sent to Slack, which takes none."""
    hook = hooked(people, receiver, MessageFormat.JSON)
    secret, receiver.statuses = secret_of(hook), [410, 200]
    failed(of)
    send_deliveries()
    failed(of, "No labels.")
    changed(hook, people, url=f"{receiver.url}&new=1", message_format=MessageFormat.SLACK)
    send_deliveries()
    for delivery in WebhookDelivery.objects.filter(state=OutboxState.FAILED):
        send_again(delivery=delivery)
    send_deliveries()
    texts = [json.loads(body).get("text", "") for _headers, body in receiver.got]
    assert [text.splitlines()[1:2] for text in texts] == [
        [],
        ["No labels. Add it."],
        ["The column price is missing. Add it."],
    ]
    assert list(WebhookDelivery.objects.values_list("state", flat=True)) == [OutboxState.SENT] * 2
    assert secret_of(Webhook.objects.get()) == secret, "the secret stays"


def test_a_webhook_that_is_not_in_use_is_told_nothing_until_it_is_again(
    people: Cast, of: Transform, receiver: Receiver
) -> None:
    hook = hooked(people, receiver, MessageFormat.JSON)
    failed(of, "before")
    changed(hook, people, in_use=False)
    failed(of, "meanwhile")
    send_deliveries()
    assert receiver.got == []
    (given_up,) = WebhookDelivery.objects.all()
    assert (given_up.state, given_up.error) == (OutboxState.FAILED, "The webhook was taken out of use.")

    receiver.statuses = [500, 200]
    assert send_test(webhook=hook).state == OutboxState.FAILED, "nothing would send it again"
    changed(hook, people, in_use=True)
    failed(of, "after")
    send_again(delivery=given_up)
    send_deliveries()
    assert [json.loads(body)["run"]["error"] for _headers, body in receiver.got[1:]] == ["before", "after"]


@pytest.mark.parametrize("wanted", [{"url": "ftp://example.org/"}, {"events": ["nonsense"]}])
def test_what_a_new_webhook_may_not_be_no_changed_one_becomes(
    people: Cast, receiver: Receiver, wanted: dict[str, Any]
) -> None:
    hook = hooked(people, receiver, MessageFormat.JSON)
    with pytest.raises(InvalidWebhookError):
        changed(hook, people, **wanted)
    kept = Webhook.objects.get()
    assert (kept.url, kept.events) == (receiver.url, ALL)
