"""Who is told of what: once, in the page, by e-mail, by webhook; and what is tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Agent, Membership, Role, User
from accounts.services import set_role
from labeling import outbound
from labeling.choices import NotificationEvent, OutboxState, RunKind, RunStatus
from labeling.exceptions import GlueError, InvalidWebhookError
from labeling.models import (
    Notification,
    Occurrence,
    Question,
    QuestionSet,
    TaskRun,
    Transform,
    Webhook,
    WebhookDelivery,
)
from labeling.selectors.notifications import choices_of, payload_of, unread_count, words_of
from labeling.selectors.set_agreement import SetFigures, set_figures
from labeling.services import notifications, outbox, retention, webhooks
from labeling.services.notifications import mark_read, save_choices, send_mails, sweep_notifications, tell
from labeling.services.task_runs.transitions import fail, note_problem, transition
from labeling.services.webhooks import create_webhook, renew_secret, secret_of, send_again, send_deliveries, send_test
from tests.labeling.builders import Cast, answer, cast, finished_run, question_set, wanting
from tests.labeling.receiver import Receiver
from tests.labeling.selectors.test_queries import METRICS

pytestmark = pytest.mark.django_db
ALL = list(NotificationEvent.values)


@pytest.fixture
def people() -> Cast:
    made = cast()
    for user in (made.lead, made.admin, made.steward):
        user.email = f"{user.username}@example.org"
        user.save()
    return made


def running(of: Transform, people: Cast, kind: RunKind = RunKind.IMPORT_LABELS) -> TaskRun:
    return TaskRun.objects.create(transform=of, kind=kind, status=RunStatus.RUNNING, requested_by=people.lead)


def at_once() -> None:
    """The next try is due, and no claim holds it."""
    past = timezone.now() - timedelta(minutes=10)
    for model in (Notification, WebhookDelivery):
        model.objects.filter(state=OutboxState.WAITING).update(not_before=None)
        model.objects.filter(claimed_at__isnull=False).update(claimed_at=past)


def unread(user: User, people: Cast) -> int:
    return unread_count(membership=Membership.objects.get(user=user, team=people.team))


def told(event: NotificationEvent) -> set[str]:
    return set(Notification.objects.filter(occurrence__event=event).values_list("user__username", flat=True))


def test_leads_are_told_once_when_a_run_fails_and_by_mail(people: Cast, of: Transform) -> None:
    run = running(of, people)
    fail(run=run, error="The column price is missing.", advice="Add it.")
    assert not fail(run=run, error="late news")
    for _ in range(2):
        sweep_notifications()
        send_mails()
    assert told(NotificationEvent.RUN_FAILED) == {"lead", "admin"}
    assert Notification.objects.count() == 2
    assert sorted(message.to[0] for message in mail.outbox) == ["admin@example.org", "lead@example.org"]
    message = mail.outbox[0]
    assert "People" in message.subject
    assert "The column price is missing. Add it." in message.body
    assert f"/runs/{run.pk}/" in message.body
    assert unread(people.lead, people) == 1
    mark_read(user=people.lead, team=people.team)
    assert unread(people.lead, people) == 0
    assert unread(people.admin, people) == 1


@pytest.mark.parametrize("leads", [0, 2])
def test_to_tell_many_costs_what_it_costs_to_tell_few(
    people: Cast, of: Transform, leads: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for user in (people.steward, people.colleague)[:leads]:
        set_role(team=people.team, user=user, role=Role.LEAD, by=Agent.COMMAND)
    run = finished_run(of, people.lead, RunKind.EVALUATION)
    happened = Occurrence.objects.create(transform=of, event=NotificationEvent.RUN_ENDED, key="x", run=run)
    happened = Occurrence.objects.select_related("transform__team", "run", "question_set").get(pk=happened.pk)
    with django_assert_num_queries(7):
        tell(occurrence=happened)
    assert len(told(NotificationEvent.RUN_ENDED)) == 2 + leads


def test_what_did_not_happen_is_not_told(people: Cast, of: Transform) -> None:
    """The occurrence belongs to the transaction of the transition: one without the other is not to be had."""
    run = running(of, people)
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED)
    assert not transition(run=run, to=RunStatus.FAILED)
    assert not Occurrence.objects.exists()


def test_what_cannot_be_told_keeps_nothing_else_back(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as what a newer version has written down, before somebody went back to this one."""
    Occurrence.objects.create(transform=of, event="set_renamed", key="newer", run=running(of, people))
    fail(run=running(of, people, RunKind.EVALUATION), error="No labels.")
    answer(question_set(of, people.lead, [2])[0], people.steward, "AB")
    bad = question_set(of, people.lead, [2])[0]
    answer(bad, people.steward, "AB")

    def of_others(*, question_set: QuestionSet) -> SetFigures:
        if question_set == bad.question_set:
            raise ZeroDivisionError
        return set_figures(question_set=question_set)

    monkeypatch.setattr("labeling.services.occurrences.set_figures", of_others)
    sweep_notifications()
    assert told(NotificationEvent.RUN_FAILED) == told(NotificationEvent.SET_FINISHED) == {"lead", "admin"}


def test_a_run_that_waits_in_earnest_is_told_once(people: Cast, of: Transform) -> None:
    run = running(of, people)
    for attempts in (1, 2):
        note_problem(run=run, error=GlueError("Throttled."), attempts=attempts)
    assert not Occurrence.objects.exists()
    for attempts in (3, 4):
        note_problem(run=run, error=GlueError("Throttled."), attempts=attempts)
    occurrence = Occurrence.objects.get()
    assert occurrence.event == NotificationEvent.RUN_WAITS
    assert "Throttled." in words_of(occurrence).detail


def test_a_set_is_finished_when_its_last_question_is(people: Cast, of: Transform) -> None:
    questions = question_set(of, people.lead, [2, 2])
    answer(questions[0], people.steward, "AB")
    sweep_notifications()
    assert not Occurrence.objects.exists()
    answer(questions[1], people.steward, "AB")
    for _ in range(2):
        sweep_notifications()
    assert [one.event for one in Occurrence.objects.all()] == [NotificationEvent.SET_FINISHED]
    assert told(NotificationEvent.SET_FINISHED) == {"lead", "admin"}
    assert "2 questions have been answered" in words_of(Occurrence.objects.get()).detail


def test_sets_that_were_finished_long_ago_are_no_news(people: Cast, of: Transform) -> None:
    answer(question_set(of, people.lead, [2])[0], people.steward, "AB")
    Question.objects.update(changed_at=timezone.now() - timedelta(days=2))
    sweep_notifications()
    assert not Occurrence.objects.exists()


def test_agreement_that_falls_is_told(people: Cast, of: Transform) -> None:
    for number, theirs in enumerate(("AABB", "ABAB")):
        questions = question_set(of, people.lead, [4] * 6, first_key=100 * number)
        wanting(questions, 2)
        for question in questions:
            answer(question, people.steward, "AABB")
            answer(question, people.colleague, theirs)
        sweep_notifications()
    fell = Occurrence.objects.get(event=NotificationEvent.AGREEMENT_FELL)
    assert fell.question_set is not None
    assert fell.question_set.number == 2
    assert fell.figures["alpha_before"] == 1
    assert fell.figures["alpha"] < 0.5
    assert "was 1.00" in words_of(fell).detail


def test_people_and_programs_are_told_the_f1_of_the_precision_and_recall_beside_it(people: Cast, of: Transform) -> None:
    run = finished_run(of, people.lead, RunKind.EVALUATION, metrics=METRICS)
    ended = Occurrence.objects.create(transform=of, event=NotificationEvent.RUN_ENDED, key=str(run.pk), run=run)
    assert words_of(ended).detail == "F1 0.847, precision 0.900, recall 0.800."
    told = payload_of(ended)["run"]["metrics"]
    assert (round(told["f1"], 3), told["best_f1"]) == (0.847, METRICS["f1"])


def test_everybody_chooses_for_themselves_and_the_team_for_the_rest(people: Cast, of: Transform) -> None:
    team = people.team
    assert {choice.email for choice in choices_of(team=team, user=people.lead)} == {True, False}
    save_choices(team=team, user=None, chosen=dict.fromkeys(NotificationEvent, (True, False)), by=people.admin)
    save_choices(team=team, user=people.admin, chosen=dict.fromkeys(NotificationEvent, (False, True)), by=people.admin)
    fail(run=running(of, people), error="x")
    sweep_notifications()
    send_mails()
    assert [message.to for message in mail.outbox] == [["admin@example.org"]]
    assert (unread(people.lead, people), unread(people.admin, people)) == (1, 0)
    notifications.forget_choices(team=team, user=people.admin)
    assert not any(choice.own or choice.email for choice in choices_of(team=team, user=people.admin))


def test_mail_is_tried_again_and_given_up(
    people: Cast, of: Transform, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    fail(run=running(of, people), error="x")
    sweep_notifications()
    send_mails()
    assert sorted(Notification.objects.values_list("attempts", flat=True)) == [0, 1]  # the other would wait as long
    for _ in range(2 * outbox.MAX_ATTEMPTS):
        at_once()
        send_mails()
    one = Notification.objects.filter(user=people.lead).get()
    assert (one.state, one.attempts) == (OutboxState.FAILED, outbox.MAX_ATTEMPTS)
    assert "refused" in one.error
    assert unread(people.lead, people) == 1


def test_a_mail_that_cannot_be_made_is_given_up_and_holds_up_no_other(people: Cast, of: Transform) -> None:
    Transform.objects.filter(pk=of.pk).update(name="Two\nlines")
    User.objects.filter(pk=people.admin.pk).update(email="admin@example.org\nBcc: all@example.org")
    fail(run=running(of, people), error="x")
    sweep_notifications()
    send_mails()
    (message,) = mail.outbox
    assert message.to == ["lead@example.org"]
    assert "Two lines" in message.subject
    one = Notification.objects.get(user=people.admin)
    assert (one.state, one.attempts) == (OutboxState.FAILED, 1)
    assert "BadHeaderError" in one.error


def signed_by(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """What a receiver does, written from the specification alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(headers["webhook-signature"], expected)


def test_webhooks_are_signed_and_told_once(people: Cast, of: Transform, receiver: Receiver) -> None:
    hook = create_webhook(team=people.team, user=people.admin, url=receiver.url, events=ALL)
    deaf = create_webhook(team=people.team, user=people.admin, url=receiver.url, events=["agreement.fell"])
    run = running(of, people)
    transition(run=run, to=RunStatus.SUCCEEDED)
    for _ in range(2):
        sweep_notifications()
        send_deliveries()
    ((headers, body),) = receiver.got
    assert signed_by(secret_of(hook), headers, body)
    assert not signed_by(secret_of(deaf), headers, body)
    assert not signed_by(secret_of(hook), headers, body + b" ")
    content = json.loads(body)
    assert (content["event"], content["run"]["id"], content["run"]["status"]) == ("run.ended", str(run.pk), "SUCCEEDED")
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.status_code, str(delivery.pk)) == (OutboxState.SENT, 200, headers["webhook-id"])

    old = secret_of(hook)
    renew_secret(webhook=hook, user=people.admin)
    assert secret_of(hook) != old
    assert send_test(webhook=hook).state == OutboxState.SENT
    assert signed_by(secret_of(hook), *receiver.got[-1])


def test_a_receiver_that_fails_is_tried_again_under_the_same_id(
    people: Cast, of: Transform, receiver: Receiver
) -> None:
    create_webhook(team=people.team, user=people.admin, url=receiver.url, events=ALL)
    receiver.statuses = [500, 302, 200]
    fail(run=running(of, people), error="x")
    sweep_notifications()
    send_deliveries()
    send_deliveries()  # not yet due
    assert len(receiver.got) == 1
    for _ in range(3):
        at_once()
        send_deliveries()
    assert len(receiver.got) == 3  # the redirect was not followed
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    assert WebhookDelivery.objects.get().state == OutboxState.SENT


def test_a_message_whose_worker_died_is_sent_by_another(people: Cast, of: Transform, receiver: Receiver) -> None:
    create_webhook(team=people.team, user=people.admin, url=receiver.url, events=ALL)
    fail(run=running(of, people), error="x")
    sweep_notifications()
    mine, others = WebhookDelivery.objects.get(), WebhookDelivery.objects.get()
    assert outbox.claim(mine)  # and the worker dies
    assert not outbox.claim(others)
    send_deliveries()
    assert receiver.got == []
    at_once()
    send_deliveries()
    assert len(receiver.got) == 1


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server


def connections(server: socket.socket) -> int:
    """How many there have been since the last look."""
    count = 0
    with suppress(TimeoutError):
        while True:
            server.accept()[0].close()
            count += 1
    return count


def test_a_receiver_that_hangs_holds_up_its_own_messages_only(
    people: Cast, of: Transform, receiver: Receiver, silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 2.0)  # the other receiver shares a busy machine with us
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
    hung = create_webhook(team=people.team, user=people.admin, url=url, events=ALL)
    good = create_webhook(team=people.team, user=people.admin, url=receiver.url, events=ALL)
    made = [WebhookDelivery.objects.create(webhook=hook, body="{}") for hook in [hung] * 22 + [good] * 2]
    for _tick in range(2):
        send_deliveries()
    assert connections(silent) == 1
    assert [headers["webhook-id"] for headers, _body in receiver.got] == [str(one.pk) for one in made[-2:]]
    held = WebhookDelivery.objects.filter(webhook=hung)
    assert held.filter(state=OutboxState.WAITING, not_before__gt=timezone.now()).count() == 22
    assert sorted(held.values_list("attempts", flat=True)) == [0] * 21 + [1]

    # It answers again: all come, in their order, and no try was lost.
    Webhook.objects.filter(pk=hung.pk).update(url=receiver.url)
    for _tick in range(2):
        at_once()
        send_deliveries()
    assert [headers["webhook-id"] for headers, _body in receiver.got[2:]] == [str(one.pk) for one in made[:-2]]


def test_a_pass_is_short_and_one_worker_makes_it(
    people: Cast, of: Transform, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = create_webhook(team=people.team, user=people.admin, url=receiver.url, events=ALL)
    first, *_others = [WebhookDelivery.objects.create(webhook=hook, body="{}") for _ in range(3)]
    assert outbox.claim(first)  # by another worker
    send_deliveries()
    assert receiver.got == []
    at_once()
    monkeypatch.setattr(outbox, "PASS_SECONDS", 0.0)
    for sent in (1, 2, 3):
        send_deliveries()
        assert len(receiver.got) == sent


def test_gone_is_given_up_at_once_and_can_be_sent_again(people: Cast, of: Transform, receiver: Receiver) -> None:
    hook = create_webhook(team=people.team, user=people.admin, url=receiver.url, events=ALL)
    receiver.statuses = [410, 204]
    delivery = send_test(webhook=hook)
    assert (delivery.state, delivery.error) == (OutboxState.FAILED, "thanks")
    send_again(delivery=delivery)
    send_deliveries()
    delivery.refresh_from_db()
    assert delivery.state == OutboxState.SENT


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "https://",
        "http://user:pw@example.org/",
        "file:///etc/passwd",
        "http://x:99999/",
        "nothing",
    ],
)
def test_addresses_that_are_none_are_refused(people: Cast, url: str) -> None:
    with pytest.raises(InvalidWebhookError):
        create_webhook(team=people.team, user=people.admin, url=url, events=ALL)
    with pytest.raises(InvalidWebhookError):
        create_webhook(team=people.team, user=people.admin, url="https://example.org/", events=["nonsense"])


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.1.2.3", "[::ffff:10.1.2.3]", "2130706433"),
        *("[64:ff9b::a01:203]", "[64:ff9b:1::808:808]", "[2002:a01:203::]", "[::10.1.2.3]", "[fec0::1]"),
    ],
)
def test_private_addresses_are_not_called_unless_the_installation_says_so(
    people: Cast, receiver: Receiver, settings: Settings, host: str
) -> None:
    settings.WEBHOOK_PRIVATE = False
    port = receiver.server.server_port
    hook = create_webhook(team=people.team, user=people.admin, url=f"http://{host}:{port}/", events=ALL)
    delivery = send_test(webhook=hook)
    assert "private network" in delivery.error
    assert receiver.got == []


def test_a_name_is_asked_for_once_and_the_checked_address_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that turns to another address after the check gains nothing."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_more: Any, **_named: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("labeling.outbound.socket.getaddrinfo", resolve)
    url = f"http://rebind.example:{receiver.server.server_port}/x"
    reply = outbound.post(url, b"{}", {}, timeout=5, allow_private=True)
    assert (reply.status, reply.text) == (200, "thanks")
    assert receiver.got[0][0]["host"] == f"rebind.example:{receiver.server.server_port}"
    assert asked[:1] == ["rebind.example"]
    with pytest.raises(outbound.OutboundError, match="private network"):
        outbound.post(url, b"{}", {}, timeout=5, allow_private=False)


def test_a_receiver_that_answers_byte_by_byte_holds_nobody_longer_than_the_time_it_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = threading.Event()

        def dribble() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                while True:
                    connection.sendall(b"H")
                    if gone.wait(0.2):
                        return

        thread = threading.Thread(target=dribble)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(outbound.OutboundError, match="no answer in time"):
            outbound.post(url, b"{}", {}, timeout=1, allow_private=True)
        gone.set()
        thread.join()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://nobody.invalid/", "No address was found for the name nobody.invalid."),
        (f"http://{'a' * 70}.org/", f"No address was found for the name {'a' * 70}.org."),
        ("http://127.0.0.1:1/", "The connection was refused: nothing listens at this address and port."),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(address: str, said: str) -> None:
    with pytest.raises(outbound.OutboundError) as refused:
        outbound.post(address, b"{}", {}, timeout=5, allow_private=True)
    assert str(refused.value) == said


def test_https_where_the_receiver_speaks_http_is_said_in_words(receiver: Receiver) -> None:
    with pytest.raises(outbound.OutboundError, match="There is no encrypted connection"):
        outbound.post(receiver.url.replace("http:", "https:"), b"{}", {}, timeout=5, allow_private=True)


def test_a_team_has_only_so_many_webhooks(people: Cast) -> None:
    Webhook.objects.bulk_create(
        Webhook(team=people.team, url="https://example.org/", events=ALL, created_by=people.admin)
        for _ in range(webhooks._MAX_WEBHOOKS)
    )
    with pytest.raises(InvalidWebhookError):
        create_webhook(team=people.team, user=people.admin, url="https://example.org/", events=ALL)


def test_old_messages_are_forgotten_and_what_they_were_about_is_not(
    people: Cast, of: Transform, receiver: Receiver, settings: Settings
) -> None:
    webhook = create_webhook(team=people.team, user=people.admin, url=receiver.url, events=ALL)
    run = running(of, people)
    fail(run=run, error="The column price is missing.")
    sweep_notifications()
    send_deliveries()
    send_mails()
    retention.prune_messages()
    assert (webhook.deliveries.count(), Notification.objects.count()) == (1, 2)

    old = timezone.now() - timedelta(days=100)
    WebhookDelivery.objects.update(created_at=old)
    Occurrence.objects.update(created_at=old)
    WebhookDelivery.objects.create(webhook=webhook, body="{}")  # on its way
    WebhookDelivery.objects.update(created_at=old)
    retention.prune_messages()
    assert [one.state for one in webhook.deliveries.all()] == [OutboxState.WAITING]
    assert Notification.objects.count() == 2

    long_ago = timezone.now() - timedelta(days=400)
    Occurrence.objects.update(created_at=long_ago, told_at=None)
    retention.prune_messages()
    assert Occurrence.objects.count() == 1  # nobody has been told, as while no worker ran
    Occurrence.objects.update(told_at=long_ago)
    Notification.objects.filter(user=people.lead).update(state=OutboxState.WAITING)
    retention.prune_messages()
    assert Occurrence.objects.count() == 1  # a mail about it has not gone yet
    Notification.objects.update(state=OutboxState.FAILED)
    settings.NOTIFICATION_DAYS = 0
    retention.prune_messages()
    assert Occurrence.objects.count() == 1
    settings.NOTIFICATION_DAYS = 365
    retention.prune_messages()
    assert not Occurrence.objects.exists()
    assert not Notification.objects.exists()
    assert TaskRun.objects.filter(pk=run.pk).exists()


def test_sessions_that_have_run_out_are_forgotten(db: None) -> None:
    for name, days in (("over", -1), ("good", 1)):
        Session.objects.create(session_key=name, session_data="", expire_date=timezone.now() + timedelta(days=days))
    retention.prune_messages()
    assert [session.session_key for session in Session.objects.all()] == ["good"]


def test_each_kind_of_run_says_what_it_brought(people: Cast, of: Transform) -> None:
    questions = question_set(of, people.lead, [2, 2])
    generated = TaskRun.objects.get(question_set=questions[0].question_set)
    imported = running(of, people)
    TaskRun.objects.filter(pk=imported.pk).update(labels_before=3, labels_after=7)
    exported = running(of, people, RunKind.EXPORT_LABELS)
    TaskRun.objects.filter(pk=exported.pk).update(label_file=questions[0].question_set.label_file, labels_after=7)
    said = []
    for run in (generated, imported, exported):
        Occurrence.objects.create(transform=of, event=NotificationEvent.RUN_ENDED, key=str(run.pk), run=run)
        said.append(words_of(Occurrence.objects.get(run=run)).detail)
    assert said == [
        f"{generated.question_set.label_file.sets} questions were generated.",
        "Labels at Glue: 3 → 7.",
        f"{questions[0].question_set.label_file.rows} labels were exported.",
    ]
